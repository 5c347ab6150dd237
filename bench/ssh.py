"""The rows of the bench about hosts that are reached through ssh, next to ssh, pdsh, clush, and libssh2 alone; see run.

The hosts are addresses of the loopback interface with private sshds (fanout.py), and what is measured includes them. Those who
log in have an empty home, so that no ~/.bashrc is measured.
"""

import os
import shutil
import tempfile

from fanout import HOSTS, WINDOW, Fleet, address, seconds
from measure import GIB, Failed, Meter, Row, Skipped, gib_rate, microseconds, milliseconds, paired

COPIES, COPY = 16, 64 << 20


class Reach:
    """Private sshds on n addresses, and a home that can log in there. `words` come before what remex runs; `remexd`: a
    remexd that `remex stdio` finds there; without, nothing of remex is found."""

    def __init__(self, bench, stack, n, remexd=None):
        self.bench, self.n = bench, n
        if not os.path.exists(os.path.join(bench.build, "remex-ssh")):
            raise Skipped("built without libssh2")
        remex, libraries = bench.remex()
        self.home = tempfile.mkdtemp(prefix="reach", dir=bench.directory)
        ssh, there = os.path.join(self.home, ".ssh"), os.path.join(self.home, "there")
        for directory in (ssh, there):
            os.mkdir(directory, 0o700)
        if remexd:
            path = os.path.join(there, "remex")
            with open(path, "w") as file:
                file.write(f'#!/bin/sh\nLD_LIBRARY_PATH="{libraries}" REMEX_SOCKET="{remexd.socket}" exec "{os.path.abspath(remex)}" "$@"\n')
            os.chmod(path, 0o755)
        self.directory, self.port, self.options = bench.sshds(stack, n, f"SetEnv PATH={there}:/usr/bin:/bin HOME={there}\nMaxSessions 100\nSubsystem sftp internal-sftp\n")
        self.key = os.path.join(ssh, "id_ed25519")
        shutil.copy(os.path.join(self.directory, "user"), self.key)
        shutil.copy(os.path.join(self.directory, "known"), os.path.join(ssh, "known_hosts"))
        self.variables = {"HOME": self.home, "REMEX_SSH": os.path.abspath(os.path.join(bench.build, "remex-ssh")),
                          "REMEX_CONFIG": os.path.join(self.home, "config"), "LD_LIBRARY_PATH": libraries}  # fmt: skip
        self.program, self.ssh = remex, shutil.which("ssh")

    def url(self, i=0):
        return f"ssh://{address(i)}:{self.port}"

    def all(self):
        return ",".join(self.url(i) for i in range(self.n))

    def config(self, gateway):
        """A file for ssh -F with all options, and a way through the gateway."""
        path, words = os.path.join(self.directory, "config"), self.options.split()
        lines = [word.replace("=", " ", 1) for word in words if "=" in word] + [f"Port {self.port}", f"IdentityFile {self.directory}/user"]
        with open(path, "w") as file:
            file.write("".join(line + "\n" for line in lines))
            file.write(f"Match host !{gateway},*\n ProxyJump {gateway}:{self.port}\n")
        return path


class Ssh:
    """Rows, for the class of all rows."""

    def bare_exec(self, stack, row, reach):
        ours = self.calls_through(stack, reach)
        theirs = Meter(stack, self.program("ssh_exec"), address(0), str(reach.port), reach.key, self.true)
        row.ratio(paired([ours], [theirs], 20, 60), microseconds)

    def calls_through(self, stack, reach):
        return Meter(stack, self.program("calls"), reach.url(), "1", "true", self.true, **reach.variables)

    def ssh_remexd(self, stack, row):
        self.bare_exec(stack, row, Reach(self, stack, 1, self.daemon))
        row.note = "`remex stdio` there, whose remexd runs the commands; the other: one channel for each command"

    def ssh_alone(self, stack, row):
        self.bare_exec(stack, row, Reach(self, stack, 1))

    def ssh_cold(self, stack, row):
        reach = Reach(self, stack, 1)
        ours = self.floor(stack, reach.program, "run", reach.url(), "--", self.true, **reach.variables)
        theirs = self.floor(stack, reach.ssh, *reach.options.split(), address(0), self.true)
        row.ratio(paired([ours], [theirs], 3, 15), milliseconds)
        row.note = "a fresh process and a login each time; nothing of remex is there"

    def pdsh(self):
        program = shutil.which("pdsh")
        if not program:
            raise Skipped("there is no pdsh here (scripts/packages install bench)")
        return program

    def hosts_of(self, row, stack, ours, theirs, rounds):
        """`hostname` on all hosts by both: (words, variables) each."""
        for words, variables in (ours, theirs):
            self.check_lines([*words, "hostname"], variables)
        meters = [self.floor(stack, *words, "hostname", **variables) for words, variables in (ours, theirs)]
        row.ratio(paired(meters[:1], meters[1:], 1, rounds), seconds)

    def ssh_pdsh(self, stack, row):
        program, reach = self.pdsh(), Reach(self, stack, HOSTS)
        hosts = ",".join(address(i) for i in range(HOSTS))
        ours = [reach.program, "run", "-f", str(WINDOW), "-w", reach.all(), "--"], reach.variables
        theirs = ([program, "-S", "-R", "ssh", "-f", str(WINDOW), "-w", hosts],
                  {"PDSH_SSH_ARGS_APPEND": reach.options, "HOME": reach.home})  # fmt: skip
        self.hosts_of(row, stack, ours, theirs, 5)
        row.note = f"a fresh process and {HOSTS} logins each time, {WINDOW} at once; nothing of remex is there"

    def ssh_put(self, stack, row):
        program = shutil.which("clush")
        if not program:
            raise Skipped("there is no clush here (scripts/packages install bench)")
        reach = Reach(self, stack, COPIES)
        source, there = os.path.join(reach.home, "source"), os.path.join(reach.home, "copies")
        os.mkdir(there)
        with open(source, "wb") as file:
            for _ in range(COPY >> 20):
                file.write(os.urandom(1 << 20))
        hosts = ",".join(address(i) for i in range(COPIES))
        ours = self.floor(stack, reach.program, "put", "-f", str(COPIES), "--no-sync", "-w", reach.all(), source, f"{there}/ours",
                          **reach.variables)  # fmt: skip
        theirs = self.floor(stack, program, "-S", "-f", str(COPIES), "-o", reach.options.replace("-p ", "-o Port="), "-w", hosts, "-c", source,
                            "--dest", f"{there}/theirs", HOME=reach.home)  # fmt: skip
        row.ratio(paired([ours], [theirs], 1, 3), seconds)
        for name in ("ours", "theirs"):
            if os.path.getsize(os.path.join(there, name)) != COPY:
                raise Failed(f"{name}: not a whole copy")
        row.note = "all hosts have one file system; neither waits for the disk; remex: a temporary for each host, and sums"

    def ssh_jump(self, stack, row):
        reach, daemon = Reach(self, stack, 2), self.secure(stack)
        daemon.ann.remex("trust", daemon.address, daemon.fingerprint)
        producer = os.path.abspath(self.program("producer"))
        variables = {**reach.variables, "REMEX_CONFIG": daemon.ann.config}
        ours = Meter(stack, self.program("drain"), "-", str(GIB), reach.program, "run", "--via", reach.url(), daemon.address, "--",
                     producer, str(GIB), **variables)  # fmt: skip
        theirs = Meter(stack, self.program("drain"), "-", str(GIB), reach.ssh, "-F", reach.config(address(0)), address(1), producer,
                       str(GIB))  # fmt: skip
        row.ratio(paired([ours], [theirs], 1, 5), gib_rate)
        row.note = "remex: TLS in a channel of a session with the gateway; ssh: a session through a session; each with its login"

    def ssh_jump_hosts(self, stack, row):
        program, reach, fleet = self.pdsh(), Reach(self, stack, HOSTS + 1), Fleet(self, stack, HOSTS)
        hosts = ",".join(address(i) for i in range(1, HOSTS + 1))
        config = reach.config(address(0))
        ours = ([fleet.program, "run", "--via", reach.url(), "-f", str(WINDOW), fleet.hosts],
                {**reach.variables, **fleet.variables, "HOME": reach.home})  # fmt: skip
        theirs = ([program, "-S", "-R", "ssh", "-f", str(WINDOW), "-w", hosts],
                  {"PDSH_SSH_ARGS_APPEND": f"-F {config}", "HOME": reach.home})  # fmt: skip
        self.hosts_of(row, stack, ours, theirs, 3)
        row.note = "remex: one login at the gateway, and a channel for each host; pdsh: two logins for each host"


def rows():
    bare = "a channel of libssh2 alone"
    return {
        "ssh_remexd": Row("`true` over ssh, open session, remexd there", bare),
        "ssh_alone": Row("`true` over ssh, open session, sshd alone", bare),
        "ssh_cold": Row("a whole `remex run ssh://HOST -- true`", "`ssh HOST true`", 3, True),
        "ssh_pdsh": Row(f"`hostname` on {HOSTS} hosts with sshd alone", f"pdsh -R ssh -f {WINDOW}", 3, True),
        "ssh_put": Row(f"`remex put` of {COPY >> 20} MiB to {COPIES} of them", "clush -c", higher=True),
        "ssh_jump": Row("1 GiB of stdout through a gateway (rate)", "ssh -J", higher=True),
        "ssh_jump_hosts": Row(f"`hostname` on {HOSTS} hosts behind a gateway", "pdsh with ProxyJump", higher=True),
    }
