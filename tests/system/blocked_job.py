"""A job whose process is held up in the kernel: a process of the job holds the lock of the pipe that is its output, by
splice(2) from a socket without data, as long as it likes. The job's process reads that pipe and waits (state D)."""

import os
import tempfile

from support import children, kill, process, wait_until

LOCK = """
import os, socket, sys
ours, theirs = socket.socketpair()
pid = os.fork()
if pid == 0:
    while True:
        os.splice(ours.fileno(), 1, 65536)
def holds():
    with open("/proc/%d/syscall" % pid) as file:
        return file.read().split()[2:4] == ["0x0", "0x1"]
os.mkfifo(sys.argv[1] + "/end")
open(sys.argv[1] + "/end").close()
while not holds():
    pass
with open(sys.argv[1] + "/new", "w") as file:
    file.write(str(pid))
os.rename(sys.argv[1] + "/new", sys.argv[1] + "/pid")
"""


class BlockedJob:
    """The job runs, and answers, until `block`; `release` lets it end."""

    def __init__(self, case, daemon, client, job=None):
        self.case, self.daemon = case, daemon
        self.place = tempfile.mkdtemp(prefix="remex-blocked-", dir="/tmp")
        case.addCleanup(os.system, "rm -rf -- " + self.place)
        before = {one.pid for one in self.holders()}
        answer = client.wait(client.python(LOCK, self.place, job=job or {}))
        case.assertEqual(answer.outcome, "completed", answer.error)
        self.id = answer.done["job"]
        self.holder = [one for one in self.holders() if one.pid not in before][0]
        self.lock = None
        case.addCleanup(self.release)

    def holders(self):
        return children(self.daemon.pid, "remexd-job")

    def block(self):
        """The command ends, with its output locked: the job's process looks for what is left there."""
        wait_until(lambda: os.path.exists(self.place + "/end"), "the command to begin")
        with open(self.place + "/end", "w"):
            pass

        seen = []

        def held_up():
            with open("/proc/%d/status" % self.holder.pid) as file:
                seen.append([line for line in file if line.startswith(("State:", "voluntary"))])
            return "D (disk sleep)" in seen[-1][0] and seen[-3:] == 3 * [seen[-1]]
        wait_until(lambda: os.path.exists(self.place + "/pid"), "the lock to be held")
        with open(self.place + "/pid") as file:
            self.lock = process(int(file.read()))
        self.daemon.left.append(self.lock)
        wait_until(held_up, "the job's process to be held up")

    def release(self):
        if self.lock:
            kill(self.lock)
        self.lock = None
