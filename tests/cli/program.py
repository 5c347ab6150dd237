"""Shared parts of the tests of the program: its path, and functions to run it, with a terminal or without."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

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
    env["TERM"] = "xterm"  # so that there is a status line at a terminal
    env.update(more)
    return env


def remex(*args, input=None, stdin=None, env=None, **more):
    """Run remex to its end. Without input or stdin, stdin is /dev/null."""
    if input is None and stdin is None:
        stdin = subprocess.DEVNULL
    return subprocess.run(
        [REMEX, *args], input=input, stdin=stdin, capture_output=True, timeout=PATIENCE, env=env or environment(), **more
    )


def called(name, *words):
    """remex under another name: the words of Popen. (The program of a build directory may be a script of libtool.)"""
    real = os.path.join(os.path.dirname(os.path.abspath(REMEX)), ".libs", "remex")
    return ["bash", "-c", 'LD_LIBRARY_PATH="${1%/*}" exec -a "$0" "$@"', name, real if os.path.exists(real) else REMEX, *words]


def start(*args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=None, **more):
    return subprocess.Popen(
        [REMEX, *args], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=env or environment(), **more
    )


class Terminal:
    """remex with a terminal as stdin and stderr (and stdout, with `all`) and the environment `test.env`. name: what
    remex is called; "": the words are another command."""

    def __init__(self, test, *words, all=False, stdin=None, columns=80, name=None, **more):
        self.test = test
        self.ours, theirs = pty.openpty()
        self.resize(columns)
        self.child = subprocess.Popen(
            list(words) if name == "" else called(name, *words) if name else [REMEX, *words], stdin=theirs if stdin is None else stdin, stderr=theirs,
            stdout=theirs if all else subprocess.PIPE, env={**test.env, **more}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),  # so that Ctrl-C is a signal
        )
        os.close(theirs)
        self.seen = ""

    def resize(self, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        return self

    def until(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.ours], [], [], max(0, end - time.monotonic()))
            self.test.assertTrue(ready, "waited for %r, saw %r" % (text, self.seen))
            try:
                self.seen += os.read(self.ours, 4096).decode()
            except OSError:
                self.test.fail("waited for %r, saw %r" % (text, self.seen))
        return self

    def screen(self):
        """The lines that a person sees, as far as they were read."""
        rows, column = [""], 0
        for piece in re.findall(r"\r|\n|\x1b\[K|[^\r\n\x1b]+|\x1b", self.seen):
            if piece == "\r":
                column = 0
            elif piece == "\n":
                rows.append("")
            elif piece == "\x1b[K":
                rows[-1] = rows[-1][:column]
            else:
                rows[-1] = rows[-1][:column] + piece + rows[-1][column + len(piece):]
                column += len(piece)
        return rows

    def type(self, text):
        os.write(self.ours, text.encode())
        return self

    def ends(self, status):
        out, _ = self.child.communicate(timeout=PATIENCE)
        try:
            while piece := os.read(self.ours, 65536):
                self.seen += piece.decode()
        except OSError:
            pass  # EIO: the other end is closed, and all was read
        os.close(self.ours)
        self.test.assertEqual(self.child.returncode, status, self.seen)
        return (out or b"").decode()
