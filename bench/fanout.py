"""The rows of the bench about one command on many hosts, next to pdsh and clush; see run.

The hosts are addresses of the loopback interface: one remexd listens on all of them, and private sshds do for pdsh and
clush. Keys, pins and names are made for the row and go with it. Whatever is measured includes the servers, which have the
same processors.
"""

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from measure import PATIENCE, Failed, Row, Skipped, end, paired, read, wait_for

HOSTS, MANY, WINDOW = 64, 1000, 64
NUMBERS = 315466  # `seq` of so many prints 2 MiB
SIZE = 64 << 20  # of the file that is put
LISTENERS = 16  # addresses that one sshd can listen on (MAX_LISTEN_SOCKS)
HANGS = 300  # seconds after which a command of seconds does


def address(i):
    """Of host number i, from 0."""
    return f"127.0.{1 + i // 250}.{1 + i % 250}"


def seconds(ns):
    return f"{ns / 1e9:.2f} s"


class Fleet:
    """A remexd that is n hosts, with the names n1, n2 ...; `words` and `variables` run remex as one who may use it."""

    def __init__(self, bench, stack, n):
        # An identity gets three quarters of the workers.
        self.daemon = bench.secure(
            stack, "limits: {unauthenticated: 2000, unauthenticated_each: 2000, connections_each: 4000, calls: 4000}\n",
            address="0.0.0.0", most=2 * WINDOW,
        )  # fmt: skip
        person, self.bench = self.daemon.ann, bench
        port = int(self.daemon.address.rsplit(":", 1)[1])
        person.remex("trust", f"127.0.0.1:{port}", self.daemon.fingerprint)
        pins = os.path.join(person.config, "hosts")
        for i in range(n):
            shutil.copy(os.path.join(pins, f"127.0.0.1:{port}.pem"), os.path.join(pins, f"{address(i)}:{port}.pem"))
        with open(os.path.join(person.config, "hosts.yaml"), "w") as file:
            file.write("hosts:\n")
            for i in range(n):
                file.write(f"  n{i + 1}: {{address: {address(i)}, port: {port}}}\n")
        remex, libraries = bench.remex()
        self.program, self.hosts = remex, f"n[1-{n}]"
        self.words = [remex, "run", "-f", str(WINDOW), self.hosts]
        self.variables = {
            "LD_LIBRARY_PATH": libraries, "REMEX_CONFIG": person.config, "HOME": self.daemon.directory,
            "XDG_STATE_HOME": os.path.join(self.daemon.directory, "state"),
        }  # fmt: skip

    def usage(self, *words):
        """Run once on all of them: (nanoseconds, KiB, descriptors, nanoseconds of processor time)."""
        return self.usage_of([*self.words, *words])

    def usage_of(self, words):
        command = [self.bench.program("usage"), *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=HANGS,
                              env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **self.variables})  # fmt: skip
        if done.returncode:
            raise Failed(f"{' '.join(words)}: {done.stderr[-300:]!r}")
        return tuple(map(int, done.stdout.split()))


class Fanout:
    """Rows, for the class of all rows."""

    # ssh

    def run_sshd(self, stack):
        """What root's sshd wants, and the sshd package makes when the service is started."""
        if os.getuid() != 0 or os.path.isdir("/run/sshd"):
            return
        with contextlib.suppress(FileExistsError):
            os.mkdir("/run/sshd", 0o755)
            stack.callback(self.leave_sshd)

    def leave_sshd(self):
        with contextlib.suppress(OSError):
            os.rmdir("/run/sshd")

    def free_port(self, n):
        """A port that is free on each address."""
        for _ in range(100):
            with contextlib.ExitStack() as tried, contextlib.suppress(OSError):
                port = 0
                for i in range(n):
                    one = tried.enter_context(socket.socket())
                    one.bind((address(i), port))
                    port = one.getsockname()[1]
                return port
        raise Failed(f"no port is free on {n} addresses")

    def sshds(self, stack, n, more=""):
        """Private sshds on n addresses; `more` is for sshd_config. Returns their directory, their port, and the options with
        which ssh logs in there without a question."""
        sshd, ssh = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"), shutil.which("ssh")
        if not sshd or not ssh:
            raise Skipped("there is no ssh and sshd here (scripts/packages install bench)")
        self.run_sshd(stack)
        directory = tempfile.mkdtemp(prefix="sshds", dir=self.directory)
        for name in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(directory, name)]
            subprocess.run(command, check=True)
        port = self.free_port(n)
        with open(os.path.join(directory, "known"), "w") as file:
            file.write(f"[127.0.*]:{port} {' '.join(read(os.path.join(directory, 'host.pub')).split()[:2])}\n")
        log = stack.enter_context(open(os.path.join(directory, "log"), "w"))
        for first in range(0, n, LISTENERS):
            conf = os.path.join(directory, f"conf{first}")
            with open(conf, "w") as file:
                file.write(f"Port {port}\nHostKey {directory}/host\nPidFile none\nUsePAM no\nUseDNS no\nPrintMotd no\n"
                           f"AuthorizedKeysFile {directory}/user.pub\nStrictModes no\nPermitRootLogin prohibit-password\n"
                           f"PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 1000\n{more}")  # fmt: skip
                for i in range(first, min(first + LISTENERS, n)):
                    file.write(f"ListenAddress {address(i)}\n")
            stack.callback(end, subprocess.Popen([sshd, "-D", "-e", "-f", conf], stdout=log, stderr=log))
        options = ["-F", "none", "-p", str(port), "-i", os.path.join(directory, "user"), "-o", "IdentitiesOnly=yes", "-o",
                   "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={directory}/known", "-o",
                   "GlobalKnownHostsFile=none", "-o", "LogLevel=ERROR"]  # fmt: skip
        try:
            for first in range(0, n, LISTENERS):
                wait_for("a login by ssh", lambda: not subprocess.run(
                    [ssh, *options, address(first), "true"], capture_output=True, stdin=subprocess.DEVNULL).returncode)
        except Failed:
            said = read(os.path.join(directory, "log"))[-200:]
            raise Skipped(f"the private sshd does not let us in: {said!r}") from None
        return directory, port, " ".join(options)

    def against(self, stack, row, other, command, variable):
        """`hostname` on all hosts by both, cold."""
        program = shutil.which(other)
        if not program:
            raise Skipped(f"there is no {other} here (scripts/packages install bench)")
        (_, _, options), fleet = self.sshds(stack, HOSTS), Fleet(self, stack, HOSTS)
        home = tempfile.mkdtemp(prefix="home", dir=self.directory)
        hosts = ",".join(address(i) for i in range(HOSTS))
        command = [word.format(hosts=hosts, options=options) for word in command]
        more = {variable: options} if variable else {}
        for words, variables in (([program, *command], {**more, "HOME": home}), (fleet.words, fleet.variables)):
            self.check_lines([*words, "hostname"], variables)
        ours = self.floor(stack, *fleet.words, "hostname", **fleet.variables)
        theirs = self.floor(stack, program, *command, "hostname", **{**more, "HOME": home})
        row.ratio(paired([ours], [theirs], 1, 5), seconds)
        row.note = (f"a fresh process and {HOSTS} logins each time, {WINDOW} at once, all keys known; one remexd, sshds with "
                    f"{LISTENERS} addresses each, on the same processors as the clients")  # fmt: skip

    def check_lines(self, command, variables):
        """A bench must not measure a failure: one line from each host."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=HANGS,
                              env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **variables})  # fmt: skip
        if done.returncode or len(set(line.rsplit(b": ", 1)[0] for line in done.stdout.splitlines())) != HOSTS:
            raise Failed(f"{command[0]}: status {done.returncode}, {done.stdout[-200:]!r}, {done.stderr[-300:]!r}")

    def fanout_pdsh(self, stack, row):
        self.against(stack, row, "pdsh", ["-S", "-R", "ssh", "-f", str(WINDOW), "-w", "{hosts}"], "PDSH_SSH_ARGS_APPEND")

    def fanout_clush(self, stack, row):
        self.against(stack, row, "clush", ["-S", "-f", str(WINDOW), "-o", "{options}", "-w", "{hosts}"], None)

    # times

    def times(self, row, fleet, command, rounds):
        """The median of some runs, after one that does not count; their usages."""
        return self.times_of(row, lambda: fleet.usage(command), rounds)

    def times_of(self, row, usage, rounds):
        usage()
        usages = [usage() for _ in range(rounds)]
        times = [usage[0] / 1e9 for usage in usages]
        row.measured(statistics.median(times), "s")
        row.low, _, row.high = statistics.quantiles(times, n=4)
        row.pairs = rounds
        return usages

    def fanout_sleep(self, stack, row):
        self.times(row, Fleet(self, stack, HOSTS), "sleep 1", 5)
        row.note = f"a fresh process, {HOSTS} logins and {HOSTS} sleeps at once"

    def fanout_thousand(self, stack, row):
        usages = self.times(row, Fleet(self, stack, MANY), "true", 5)
        files = max(usage[2] for usage in usages)
        row.ours = f"{max(usage[1] for usage in usages) / 1024:.1f} MiB, {files} files"
        row.note = f"{WINDOW} at once; the client's largest memory, and the most files it had open, of all runs"

    def fanout_thousand_memory(self, stack, row):
        self.memory_of(row, Fleet(self, stack, MANY), 1, "true")

    # files

    def fanout_put(self, stack, row):
        need = 2 * HOSTS * SIZE
        if shutil.disk_usage(self.directory).free < need:
            raise Skipped(f"there is less than {need >> 30} GiB free in {self.directory}")
        directory = tempfile.mkdtemp(prefix="put", dir=self.directory)
        os.mkdir(os.path.join(directory, "there"))
        stack.callback(shutil.rmtree, directory)
        source = os.path.join(directory, "source")
        with open(source, "wb") as file:
            for _ in range(SIZE >> 20):
                file.write(os.urandom(1 << 20))
        time.sleep(3.5)  # a file that has just changed is hashed for each host (files/shared_digest.h)
        fleet = Fleet(self, stack, HOSTS)
        words = [fleet.program, "put", "-f", str(WINDOW), "--no-sync", source, f"{fleet.hosts}:{directory}/there/"]
        usages = self.times_of(row, lambda: fleet.usage_of(words), 3)
        row.ours = (f"client: {statistics.median(usage[3] for usage in usages) / 1e9:.2f} s of processor time, "
                    f"{max(usage[1] for usage in usages) / 1024:.1f} MiB")  # fmt: skip
        row.note = (f"--no-sync; {HOSTS * SIZE >> 30} GiB go over TLS, and remexd hashes and writes them on the same "
                    "processors")  # fmt: skip

    # memory

    def memory_of(self, row, fleet, rounds, *words):
        usages = [fleet.usage(*words) for _ in range(rounds)]
        row.measured(max(usage[1] for usage in usages) / 1024, "MiB")
        row.ours = seconds(statistics.median(usage[0] for usage in usages))
        row.note = f"the largest resident set of the client in {rounds} run{'s' * (rounds > 1)}; beside it their median time"

    def fanout_equal(self, stack, row):
        self.memory_of(row, Fleet(self, stack, HOSTS), 3, "-b", f"seq {NUMBERS}")

    def fanout_distinct(self, stack, row):
        self.memory_of(row, Fleet(self, stack, HOSTS), 3, "-b", f"seq {NUMBERS}; echo $REMEX_RANK")


def rows():
    return {
        "fanout_pdsh": Row(f"`hostname` on {HOSTS} hosts, cold", f"pdsh -R ssh -f {WINDOW}", 30, True),
        "fanout_clush": Row("the same", f"clush -f {WINDOW}", 30, True),
        "fanout_sleep": Row(f"`sleep 1` on {HOSTS} hosts, cold", "-", 1.3, aim_unit="s"),
        "fanout_thousand": Row(f"`true` on {MANY} hosts, cold", "-"),
        "fanout_thousand_memory": Row("the same, memory of the client", "-", 48, aim_unit="MiB"),
        "fanout_put": Row(f"`remex put` of {SIZE >> 20} MiB to {HOSTS} hosts", "-"),
        "fanout_equal": Row(f"2 MiB from each of {HOSTS} hosts with -b, all equal", "memory of the client", 64, aim_unit="MiB"),
        "fanout_distinct": Row("the same, all distinct", "memory of the client", 64, aim_unit="MiB"),
    }
