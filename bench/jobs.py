"""The rows of the bench about jobs; see run."""

import contextlib
import json
import os
import shutil
import struct
import subprocess
import time

from measure import GIB, Failed, Meter, Row, descendants, gib_rate, kib, paired, read

JOBS, MEASURED = 1000, 50  # started; of these, whose memory is looked at


def message(header):
    text = json.dumps(header).encode()
    return struct.pack("!I", len(text)) + text


def answer(connection):
    """The next terminal message of a connection on which nothing else comes."""
    while True:
        length = struct.unpack("!I", connection.recv(4, 0x100))[0]  # MSG_WAITALL
        header = json.loads(connection.recv(length, 0x100))
        if "error" in header:
            raise Failed(header["error"]["message"])
        if "done" in header:
            return header["done"]


def holders():
    """The pids of all processes of that name: the holders live on without a daemon, so they are nobody's children."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if read(f"/proc/{pid}/comm") == "remexd-job\n":
                yield int(pid)


class Jobs:
    def with_jobs(self, stack, name, spool="2G"):
        """A remexd that takes many jobs; they end with the row."""
        before = set(holders())
        daemon = self.another(stack, name, more=f"jobs:\n  directory: {self.directory}/{name}/jobs\n  max: 5000\n  each: 5000\n  keep_number: 5000\n  spool: {spool}\n")
        stack.callback(self.stop_jobs, daemon, before)
        return daemon

    def stop_jobs(self, daemon, before):
        for pid in set(holders()) - before:
            with contextlib.suppress(OSError):
                os.kill(pid, 9)  # its keeper kills what is beneath it

    def job_command(self, daemon, *words):
        remex, libraries = self.remex()
        return [remex, *words], {"LD_LIBRARY_PATH": libraries, "REMEX_HOST": f"unix://{daemon.socket}"}

    def start_jobs(self, daemon, n, *argv):
        """Start them over one connection, one at a time. Returns their ids."""
        ids = []
        with daemon.connect() as connection:
            for i in range(n):
                connection.sendall(message({"id": i + 1, "call": "exec.run", "args": {"argv": argv}, "job": {}}))
                ids.append(answer(connection)["job"])
        return ids

    def job_start(self, stack, row):
        daemon = self.with_jobs(stack, "job-start")
        begin = time.perf_counter()
        self.start_jobs(daemon, JOBS, shutil.which("sleep"), "100000")
        row.measured((time.perf_counter() - begin) * 1000 / JOBS, "ms")
        command, variables = self.job_command(daemon, "job", "list", f"unix://{daemon.socket}", "-q")
        begin = time.perf_counter()
        listed = subprocess.run(command, env={**os.environ, **variables}, stdout=subprocess.PIPE, check=True).stdout
        row.theirs = f"listed in {(time.perf_counter() - begin) * 1000:.0f} ms"
        row.ours = f"{JOBS} in {row.value * JOBS / 1000:.1f} s"
        if len(listed.splitlines()) != JOBS:
            raise Failed(f"{len(listed.splitlines())} jobs are listed")
        row.note = "over one connection, each when the one before runs; then `remex job list`"

    def job_memory(self, stack, row):
        daemon = self.with_jobs(stack, "job-memory")
        before = set(holders())
        self.start_jobs(daemon, MEASURED, shutil.which("sleep"), "100000")
        total = 0
        for holder in set(holders()) - before:
            for pid, words in descendants(holder):
                if not words[0].endswith("sleep"):
                    try:
                        total += kib(pid, "smaps_rollup", "Pss")
                    except PermissionError:
                        total += kib(pid, "status", "VmRSS")
                        row.bound = True
        row.measured(total / MEASURED, "KiB")
        row.note = f"the proportional set size of holder, keeper and worker, without the command; {MEASURED} jobs"

    def job_logs(self, stack, row):
        daemon = self.with_jobs(stack, "job-logs")
        producer = os.path.abspath(self.program("producer"))
        job, = self.start_jobs(daemon, 1, producer, str(GIB))
        command, variables = self.job_command(daemon, "job", "logs", f"unix://{daemon.socket}:{job}")
        wait, _ = self.job_command(daemon, "job", "wait", f"unix://{daemon.socket}:{job}")
        subprocess.run(wait, env={**os.environ, **variables}, check=True)
        output = os.path.join(daemon.directory, "jobs", job, "output")
        ours = Meter(stack, self.program("drain"), "-", str(GIB), *command, **variables)
        theirs = Meter(stack, self.program("drain"), "-", str(GIB), shutil.which("cat"), output)
        row.ratio(paired([ours], [theirs], 1, 7), gib_rate)
        row.note = "of a job that has ended, over the Unix socket, through a pipe; the file is in the page cache"

    def durable(self, stack, row):
        daemon = self.with_jobs(stack, "durable", "64M")
        producer = os.path.abspath(self.program("producer"))
        words = f"unix://{daemon.socket}", "--", producer, str(GIB)
        ours, variables = self.job_command(daemon, "run", "--durable", *words)
        theirs, _ = self.job_command(daemon, "run", *words)
        row.ratio(paired([Meter(stack, self.program("drain"), "-", str(GIB), *ours, **variables)],
                         [Meter(stack, self.program("drain"), "-", str(GIB), *theirs, **variables)], 1, 7), gib_rate)  # fmt: skip
        row.note = "over the Unix socket, through a pipe; the spool has its default size of 64 MiB"


def rows():
    return {
        "job_start": Row("starting a job", f"{JOBS} of them"),
        "job_memory": Row("a running job", "its holder, keeper and worker", 700, aim_unit="KiB"),
        "job_logs": Row("`remex job logs` of 1 GiB (rate)", "cat", 0.5, True),
        "durable": Row("`remex run --durable`, 1 GiB of stdout (rate)", "remex run", 0.8, True),
    }
