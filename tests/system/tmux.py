"""A terminal emulator (tmux), and what is on its screen."""

import os
import shutil
import subprocess
import tempfile

from support import LIMIT, alive, bind_to_parent, family, process, wait_until

THERE = shutil.which("tmux")


class Tmux:
    """A terminal of 80 x 24 with a shell, `near> `, in a tmux server of our own."""

    def __init__(self, test, env):
        self.directory = tempfile.mkdtemp(prefix="remex-tmux-", dir="/tmp")
        test.addCleanup(shutil.rmtree, self.directory)
        self.env = dict(env, TMUX_TMPDIR=self.directory, ENV=self.directory + "/profile", HOME=self.directory, SHELL="/bin/sh")
        with open(self.env["ENV"], "w") as file:
            file.write("PS1='near> '\n")
        self.env.pop("TMUX", None)
        self.server = subprocess.Popen(["tmux", "-D", "-f", "/dev/null"], env=self.env, preexec_fn=bind_to_parent,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        test.addCleanup(lambda: (self.server.kill(), self.server.wait()))
        wait_until(lambda: self.tmux("new-session", "-d", "-x", "80", "-y", "24", "sh", check=False) is not None, "tmux")
        self.until("near>")
        self.shell = process(int(self.ask("pane_pid")))
        self.tty = self.ask("pane_tty")

    def tmux(self, *words, check=True):
        # -N: it is the server above that answers, and no other is started.
        done = subprocess.run(["tmux", "-N", *words], env=self.env, capture_output=True, text=True, timeout=LIMIT)
        if done.returncode:
            if check:
                raise AssertionError("tmux %r: %s" % (words, done.stderr))
            return None
        return done.stdout

    def ask(self, *names):
        return self.tmux("display-message", "-p", " ".join("#{%s}" % name for name in names)).strip()

    def screen(self):
        return self.tmux("capture-pane", "-p").rstrip("\n")

    def type(self, *keys):
        """Text, or names of keys (C-c, Escape)."""
        for key in keys:
            named = key in ("Enter", "Escape", "C-c", "C-d", "C-z", "C-l", "Down")
            self.tmux("send-keys", *([] if named else ["-l"]), "--", key)
        return self

    def run(self, line):
        return self.type(line, "Enter")

    def until(self, condition, what=None):
        """Wait for a text on the screen, or for a condition on its lines."""
        found = (lambda: condition.rstrip() in self.screen()) if isinstance(condition, str) else lambda: condition(self.screen())
        wait_until(found, lambda: "%s; the screen is\n%s" % (what or repr(condition), self.screen()))
        return self

    def prompt(self, text="near> "):
        """Wait until the last line is this prompt, and nothing else."""
        return self.until(lambda screen: screen.split("\n")[-1].strip() == text.strip(), "the prompt " + text)

    def modes(self):
        return self.ask("alternate_on", "cursor_flag", "keypad_cursor_flag", "keypad_flag", "mouse_any_flag", "insert_flag")

    def settings(self):
        return subprocess.run(["stty", "-F", self.tty, "-a"], capture_output=True, text=True, timeout=LIMIT).stdout

    def remex(self):
        """The remex in this terminal, once it is there."""
        return wait_until(lambda: next((one for one in family(self.shell.pid)
                                        if one.name in ("remex", "lt-remex") and alive(one)), None), "remex")


PLAIN = "0 1 0 0 0 0"


def same(*screens, ready):
    """The screens become the same when both programs are ready."""
    for screen in screens:
        screen.until(ready)
    wait_until(lambda: screens[0].screen() == screens[1].screen() and screens[0].modes() == screens[1].modes(),
               lambda: "equal screens, not\n%s\n%s\n----\n%s\n%s" % (
                   screens[0].screen(), screens[0].modes(), screens[1].screen(), screens[1].modes()))
