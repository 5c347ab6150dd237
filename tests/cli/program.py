"""Shared parts of the tests of the program: its path, and functions to run it."""

import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from runner import main  # noqa: F401 (for the tests)

# The caller of the tests may ignore signals (nohup, a shell's background job), and ignored signals are inherited: remex
# respects that, and the tests of Ctrl-C would wait for ever.
for signo in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(signo, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

REMEX = os.environ.get("REMEX", os.path.join(os.environ.get("top_builddir", "."), "remex"))
PATIENCE = 180  # seconds; only a broken program needs them


def environment(**more):
    hidden = ("REMEX_SOCKET", "REMEX_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    env.update(more)
    return env


def remex(*args, input=None, stdin=None, env=None, **more):
    """Run remex to its end. Without input or stdin, stdin is /dev/null."""
    if input is None and stdin is None:
        stdin = subprocess.DEVNULL
    return subprocess.run(
        [REMEX, *args], input=input, stdin=stdin, capture_output=True, timeout=PATIENCE, env=env or environment(), **more
    )


def start(*args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **more):
    return subprocess.Popen(
        [REMEX, *args], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=environment(), **more
    )
