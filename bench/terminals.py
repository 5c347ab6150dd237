"""The rows of the bench about terminals; see run. The user's terminal is a pty of our own, on both sides."""

import contextlib
import fcntl
import os
import pty
import select
import shutil
import subprocess
import termios
import time

from measure import PATIENCE, Failed, Row, end, gib_rate, microseconds, paired

KEYS, TEXT = 2000, 256 << 20


class Session:
    """A program in front of a terminal, and the person who types."""

    def __init__(self, stack, *command, **variables):
        self.ours, theirs = pty.openpty()
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm", "HOME": "/", **variables}
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))  # fmt: skip
        os.close(theirs)
        stack.callback(self.close)

    def close(self):
        os.close(self.ours)
        end(self.process)

    def read(self):
        if not select.select([self.ours], [], [], PATIENCE)[0]:
            raise Failed("nothing comes from the terminal")
        with contextlib.suppress(OSError):  # EIO: all have closed it
            return os.read(self.ours, 65536)
        return b""

    def until(self, text):
        seen = b""
        while text not in seen:
            piece = self.read()
            if not piece:
                raise Failed(f"the terminal has closed: {seen[-200:]!r}")
            seen += piece

    def key(self):
        """Nanoseconds until a key is shown."""
        begin = time.perf_counter_ns()
        os.write(self.ours, b"x")
        self.until(b"x")
        return time.perf_counter_ns() - begin


class Shown:
    """A contender: how long a program takes until its terminal has shown everything."""

    def __init__(self, *command, **variables):
        self.command, self.variables, self.took = command, variables, 0

    def begin(self, n):
        begin = time.perf_counter_ns()
        for _ in range(n):
            with contextlib.ExitStack() as stack:
                session, bytes = Session(stack, *self.command, **self.variables), 0
                while piece := session.read():
                    bytes += len(piece)
                if bytes < TEXT:
                    raise Failed(f"the terminal has shown {bytes} bytes")
        self.took = time.perf_counter_ns() - begin

    def finish(self):
        return self.took


class Terminals:
    def terminals(self, stack):
        """The words before a command that runs it on a terminal, of remex over TLS and of ssh; and remex's environment."""
        ssh, daemon = self.ssh(stack), self.secure(stack)
        daemon.ann.remex("trust", daemon.address, daemon.fingerprint)
        remex, libraries = self.remex()
        ours = [remex, "shell", "-e", "none", daemon.address, "--"]
        return ours, [*ssh[:-1], "-tt", ssh[-1]], {"LD_LIBRARY_PATH": libraries, "REMEX_CONFIG": daemon.ann.config}

    def key_pairs(self, stack):
        ours, theirs, variables = self.terminals(stack)
        script = "stty raw -echo; echo ready; exec cat"
        sessions = [Session(stack, *ours, "sh", "-c", script, **variables), Session(stack, *theirs, script)]
        for session in sessions:
            session.until(b"ready")
            for _ in range(100):
                session.key()
        pairs = []
        for i in range(KEYS):
            times = {side: sessions[side].key() for side in ((0, 1) if i % 2 else (1, 0))}
            pairs.append((times[0], times[1]))
        return pairs

    def key(self, stack, row):
        row.ratio(self.key_pairs(stack), microseconds)
        row.note = f"{KEYS} keys in turns, `cat` on a raw terminal echoes; remex over TLS, ssh with aes128-gcm, 127.0.0.1"

    def key_slow(self, stack, row):
        pairs = self.key_pairs(stack)
        ours, theirs = (sorted(side)[KEYS * 99 // 100] for side in zip(*pairs))
        row.measured(ours / theirs, "x")
        row.pairs, row.ours, row.theirs = len(pairs), microseconds(ours), microseconds(theirs)

    def text(self, stack, row):
        path = os.path.join(self.directory, "text")
        with open(path, "w") as file:
            line = "the quick brown fox jumps over the lazy dog, and does so many times\n"
            file.write(line * (TEXT // len(line) + 1))
        ours, theirs, variables = self.terminals(stack)
        cat = shutil.which("cat")
        pairs = paired([Shown(*ours, cat, path, **variables)], [Shown(*theirs, cat, path)], 1, 5)
        row.ratio(pairs, lambda ns: gib_rate(ns * 4))
        row.note = "256 MiB of lines until the terminal here has shown them; a login for each"


def rows():
    return {
        "key": Row("a key on a terminal, until its echo, p50", "ssh -tt", 1.0),
        "key_slow": Row("the same, p99", "ssh -tt", 1.0),
        "text": Row("`cat` of 256 MiB of text on a terminal (rate)", "ssh -tt", 1.0, True),
    }
