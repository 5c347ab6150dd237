"""The rows of the bench about `remex put` and `remex get`, next to scp, nc and tar; see run.

All contenders copy from and to the bench's own directory, over TCP by the loopback interface, and start when the file
system is at rest and the target does not exist. The clock stops when the file is on the disk, where the row says so.
What the last of them wrote is compared with the source at the end. Trees are removed only when the bench ends, and are
moved aside until then: ext4 without a journal looks at each inode that was freed in the last minutes before it makes
a file, so whoever makes 10,000 files after the removal of as many is measured at that.
"""

import collections
import contextlib
import filecmp
import os
import resource
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

from measure import GIB, Failed, Row, Skipped, cpu_seconds, descendants, end, gib_rate, paired, read, wait_for

HANGS = 600  # seconds after which a copy of seconds does
PIECE = 1 << 20
DIRECTORIES, EACH, SIZE = 100, 100, 4096  # of the tree
CIPHER = "aes128-gcm@openssh.com"


def files_rate(ns):
    return f"{DIRECTORIES * EACH * 1e9 / ns:.0f} files/s"


def sync(path):
    """Bring one file to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def make_file(path):
    with open(path, "wb") as file:
        for _ in range(GIB // PIECE):
            file.write(os.urandom(PIECE))


def make_tree(path):
    for i in range(DIRECTORIES):
        directory = os.path.join(path, f"directory{i}")
        os.makedirs(directory)
        for j in range(EACH):
            with open(os.path.join(directory, f"file{j}"), "wb") as file:
                file.write(os.urandom(SIZE))


def free_port():
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def listens(port):
    """Does somebody, on 127.0.0.1? To connect would be to take the only turn of an nc."""
    lines = [line.split() for line in read("/proc/net/tcp").splitlines()[1:]]
    return any(words[1] == f"0100007F:{port:04X}" and words[3] == "0A" for words in lines)


# --- contenders -------------------------------------------------------------------------------------------------------


class Copy:
    """A contender, as Meter is one: it makes one copy at a time, by a command, and says how long that took."""

    def __init__(self, source, target, command, fsync=False, **variables):
        self.source, self.target, self.command, self.fsync = source, target, command, fsync
        self.environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", **variables}

    def begin(self, n):
        """What does not count: the old target goes, or stays aside, and nothing of that is left for the disk to do."""
        assert n == 1
        if os.path.isdir(self.target):
            os.rename(self.target, tempfile.mkdtemp(prefix="old", dir=os.path.dirname(self.target)))
        else:
            remove(self.target)
        subprocess.run(["sync", "-f", os.path.dirname(self.target)], check=True, timeout=HANGS)

    def finish(self):
        start = time.monotonic_ns()
        self.copy()
        if self.fsync:
            sync(self.target)
        return time.monotonic_ns() - start

    def copy(self):
        self.run(self.command)

    def run(self, command, **files):
        files = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **files}
        try:
            done = subprocess.run(command, stderr=subprocess.PIPE, env=self.environment, timeout=HANGS, **files)
        except subprocess.TimeoutExpired:
            raise Failed(f"{command[0]} did not end in {HANGS} s") from None
        if done.returncode:
            raise Failed(f"{command[0]} ended with {done.returncode}: {done.stderr[-300:]!r}")

    def verify(self):
        """That what is there now is the source: a bench must not measure a failure."""
        if os.path.isdir(self.source):
            differ = subprocess.run(["diff", "-r", self.source, self.target], capture_output=True).returncode
        else:
            differ = not filecmp.cmp(self.source, self.target, shallow=False)
        if differ:
            raise Failed(f"{self.command[0]} copied something else")


class Piped(Copy):
    """By nc or socat, one of which listens before the clock runs and takes one connection. Up, that one receives."""

    def __init__(self, stack, source, target, up):
        super().__init__(source, target, [pipe_program()], fsync=True)
        self.up, self.other = up, None
        stack.callback(self.stop)

    def begin(self, n):
        super().begin(n)
        self.port = free_port()
        with self.files(listening=True) as files:
            self.other = subprocess.Popen(self.words(listening=True), env=self.environment, **files)
        wait_for(f"{self.command[0]}'s listening", lambda: listens(self.port))

    def copy(self):
        with self.files(listening=False) as files:
            self.run(self.words(listening=False), **files)
        if self.other.wait(HANGS):
            raise Failed(f"the {self.command[0]} that listens ended with {self.other.returncode}")

    def words(self, listening):
        sends = listening != self.up
        if os.path.basename(self.command[0]) == "socat":
            address = f"TCP-LISTEN:{self.port},bind=127.0.0.1" if listening else f"TCP:127.0.0.1:{self.port}"
            return [*self.command, "-b", "65536", "-u", *(("STDIN", address) if sends else (address, "STDOUT"))]
        # -N: tell the other side where the input ends; -d: there is none.
        return [*self.command, "-N" if sends else "-d", *(["-l"] if listening else []), "127.0.0.1", str(self.port)]

    @contextlib.contextmanager
    def files(self, listening):
        """Its standard input or output."""
        sends = listening != self.up
        with open(self.source if sends else self.target, "rb" if sends else "wb") as file:
            yield {"stdin": file} if sends else {"stdin": subprocess.DEVNULL, "stdout": file}

    def stop(self):
        if self.other:
            end(self.other)


class Own(Copy):
    """By remex. It also counts the CPU time of the client, and of the processes of the daemon by what they are."""

    def __init__(self, bench, daemon, source, target, *words, down=False):
        remex, libraries = bench.remex()
        host = f"{daemon.address}:"
        between = (host + source, target) if down else (source, host + target)
        command = [remex, "get" if down else "put", "-q", *words, *between]
        super().__init__(source, target, command, LD_LIBRARY_PATH=libraries, REMEX_CONFIG=daemon.ann.config)
        self.daemon, self.cpu, self.times = daemon, collections.Counter(), 0

    def copy(self):
        before, mine = self.processes(), resource.getrusage(resource.RUSAGE_CHILDREN)
        super().copy()
        after, now = self.processes(), resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu["client"] += now.ru_utime + now.ru_stime - mine.ru_utime - mine.ru_stime
        for (pid, what), seconds in after.items():
            self.cpu[what] += seconds - before.get((pid, what), 0)
        self.times += 1

    def processes(self):
        """(pid, what it is): its CPU time. The supervisor and the keepers, who do nothing, count as workers."""
        found = {}
        for pid, words in descendants(self.daemon.process.pid):
            what = "front" if any(word.startswith("--front") for word in words) else "workers"
            with contextlib.suppress(OSError):
                found[pid, what] = cpu_seconds(pid)
        return found

    def spent(self):
        each = {what: seconds / self.times for what, seconds in self.cpu.items()}
        told = ", ".join(f"{what} {each[what]:.2f} s" for what in ("client", "front", "workers"))
        return f"CPU of remex each time: {told}"


def pipe_program():
    """nc by its OpenBSD version, which can tell where its input ends; else socat."""
    nc, socat = shutil.which("nc"), shutil.which("socat")
    if nc and "OpenBSD" in subprocess.run([nc, "-h"], capture_output=True, text=True).stderr:
        return nc
    if not socat:
        raise Skipped("there is no nc (Debian: netcat-openbsd) and no socat here")
    return socat


def piped_words(program):
    return "nc of OpenBSD" if os.path.basename(program) == "nc" else "socat -b 65536, as there is no nc of OpenBSD"


# --- rows -------------------------------------------------------------------------------------------------------------


class Files:
    """What Bench has for them: directory, remex(), secure() and ssh() are its own."""

    def place(self):
        """A directory for them, with room. It stays, as others beside it are numbered."""
        directory = os.path.join(self.directory, "files")
        os.makedirs(directory, exist_ok=True)
        free = os.statvfs(directory)
        if free.f_bavail * free.f_frsize < 5 * GIB:
            raise Skipped(f"less than 5 GiB are free in {directory}")
        if free.f_files and free.f_favail < 1000000:
            raise Skipped(f"fewer than a million files can be made in {directory}")
        return directory

    def source(self, name, make):
        """Made once, and in the page cache from then on."""
        path = os.path.join(self.place(), name)
        if not os.path.exists(path):
            make(path + ".new")
            os.rename(path + ".new", path)
        return path

    def target(self, stack, name):
        """Trees have directories of their own for each row, where they stay."""
        directory = tempfile.mkdtemp(prefix="row", dir=self.place())
        path = os.path.join(directory, name)
        stack.callback(lambda: os.path.isdir(path) or remove(path))
        return path

    def secure_trusted(self, stack):
        daemon = self.secure(stack)
        daemon.ann.remex("trust", daemon.address, daemon.fingerprint)
        return daemon

    def scp(self, stack, source, target, *words, down=False, fsync=False):
        ssh = self.ssh(stack)
        scp, options, host = shutil.which("scp"), ["-P" if word == "-p" else word for word in ssh[1:-1]], ssh[-1]
        if not scp:
            raise Skipped("there is no scp here (Debian: openssh-client)")
        between = (f"{host}:{source}", target) if down else (source, f"{host}:{target}")
        return Copy(source, target, [scp, "-q", *options, *words, *between], fsync=fsync)

    def compete(self, row, ours, theirs, rounds, show):
        row.ratio(paired([ours], [theirs], 1, rounds), show)
        ours.verify()
        theirs.verify()
        row.note = "; ".join(filter(None, (row.note, ours.spent())))

    # one large file

    def own_file(self, stack, down):
        source = self.source("gib", make_file)
        return Own(self, self.secure_trusted(stack), source, self.target(stack, "ours"), down=down)

    def against_scp(self, stack, row, down):
        ours = self.own_file(stack, down)
        theirs = self.scp(stack, ours.source, self.target(stack, "theirs"), down=down, fsync=True)
        row.note = "random bytes from the page cache to the disk, fsync on both sides; XXH128 of both ends with remex"
        self.compete(row, ours, theirs, 9, gib_rate)

    def against_pipe(self, stack, row, down):
        ours = self.own_file(stack, down)
        theirs = Piped(stack, ours.source, self.target(stack, "theirs"), up=not down)
        row.note = f"{piped_words(theirs.command[0])}: no encryption, no sum; fsync on both sides"
        self.compete(row, ours, theirs, 9, gib_rate)

    def put(self, stack, row):
        self.against_scp(stack, row, down=False)

    def put_nc(self, stack, row):
        self.against_pipe(stack, row, down=False)

    def get(self, stack, row):
        self.against_scp(stack, row, down=True)

    def get_nc(self, stack, row):
        self.against_pipe(stack, row, down=True)

    # many small ones

    def own_tree(self, stack, *words, down=False):
        source = self.source("tree", make_tree)
        return Own(self, self.secure_trusted(stack), source, self.target(stack, "ours"), "-r", *words, down=down)

    def files(self, stack, row, *words, down=False):
        ours = self.own_tree(stack, *words, down=down)
        theirs = self.scp(stack, ours.source, self.target(stack, "theirs"), "-r", down=down)
        row.note = "nobody waits for the disk" if words else "remex brings all to the disk, scp does not wait for it"
        self.compete(row, ours, theirs, 5, files_rate)

    def files_nosync(self, stack, row):
        self.files(stack, row, "--no-sync")

    def files_down(self, stack, row):
        self.files(stack, row, down=True)

    def files_down_nosync(self, stack, row):
        self.files(stack, row, "--no-sync", down=True)

    def files_tar(self, stack, row):
        ours, target = self.own_tree(stack), self.target(stack, "theirs")
        there = f"mkdir {shlex.quote(target)} && tar -C {shlex.quote(target)} -x"
        command = f"tar -C {shlex.quote(ours.source)} -c . | {shlex.join([*self.ssh(stack), there])}"
        theirs = Copy(ours.source, target, ["bash", "-o", "pipefail", "-c", command])
        row.note = "remex brings all to the disk, tar does not"
        self.compete(row, ours, theirs, 9, files_rate)


def rows():
    """As in run."""
    scp, many = f"scp -c {CIPHER}", f"{DIRECTORIES * EACH:,} files of {SIZE // 1024} KiB (rate)"
    return {
        "put": Row("`remex put` of 1 GiB (rate)", f"{scp}, fsync", 1.5, True),
        "put_nc": Row("`remex put` of 1 GiB", "nc > file, fsync", 1.2),
        "get": Row("`remex get` of 1 GiB (rate)", f"{scp}, fsync", 1.5, True),
        "get_nc": Row("`remex get` of 1 GiB", "nc > file, fsync", 1.2),
        "files": Row(f"`remex put -r` of {many}", f"scp -r -c {CIPHER}", 5, True),
        "files_nosync": Row(f"`remex put -r --no-sync` of {many}", f"scp -r -c {CIPHER}", higher=True),
        "files_tar": Row(f"`remex put -r` of {many}", "tar -c | ssh tar -x", higher=True),
        "files_down": Row(f"`remex get -r` of {many}", f"scp -r -c {CIPHER}", higher=True),
        "files_down_nosync": Row(f"`remex get -r --no-sync` of {many}", f"scp -r -c {CIPHER}", higher=True),
    }
