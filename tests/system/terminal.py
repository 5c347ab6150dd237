"""A program on a terminal of its own, and the person in front of it."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time

from support import LIMIT, bind_to_parent


class Terminal:
    """The program's session has this terminal; stdin, stdout and stderr are the terminal, too, unless they are given."""

    def __init__(self, words, env, **more):
        self.ours, self.theirs = pty.openpty()

        def prepare():
            bind_to_parent()
            fcntl.ioctl(self.theirs, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(words, env=env, start_new_session=True, preexec_fn=prepare, pass_fds=(self.theirs,),
                                        **{"stdin": self.theirs, "stdout": self.theirs, "stderr": self.theirs, **more})
        self.seen = ""

    def until(self, text):
        """Wait for this text behind what was waited for before."""
        end = time.monotonic() + LIMIT
        while text not in self.seen:
            if not select.select([self.ours], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("waited for %r, saw %r" % (text, self.seen))
            piece = os.read(self.ours, 4096)
            self.seen += piece.decode()
        before, text, self.seen = self.seen.partition(text)
        return before + text

    def type(self, text):
        os.write(self.ours, text.encode())
        return self

    def echoes(self):
        return bool(termios.tcgetattr(self.theirs)[3] & termios.ECHO)

    def ends(self):
        """Its exit status, and what it has shown since."""
        end = time.monotonic() + LIMIT
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self.ours], [], [], 0.05)[0]:
                self.seen += os.read(self.ours, 65536).decode()
        status = self.process.wait(0.1)
        while select.select([self.ours], [], [], 0)[0]:
            self.seen += os.read(self.ours, 65536).decode()
        return status, self.seen.replace("\r\n", "\n")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)
