"""A private sshd of OpenSSH on addresses of the loopback: its own host keys, configuration and authorized keys, and a user
whose home is a private directory. What the far side runs as `remex` and `remexd` is found in a private directory of PATH.

An sshd of root wants /run/sshd: it is made where it is missing, and removed by the last test that uses it.
"""

import array
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile

from support import BUILD, LIMIT, PLUGINS, REMEXD, REPORTS, bind_to_parent, environment, family, kill, skip, wait_until

SSHD = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin:/usr/bin")
HELPER = os.path.join(BUILD, "remex-ssh")
RUN = "/run/sshd"
MARK = RUN + "/made-by-a-test-of-remex"


def need_sshd():
    """Skip the whole file where there is no sshd, or where remex was built without libssh2."""
    if not SSHD:
        skip("there is no sshd (Debian: openssh-server)")
    if not os.path.exists(HELPER):
        skip("built without libssh2")


def keygen(path, kind="ed25519", passphrase=""):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", path], check=True, stdin=subprocess.DEVNULL)
    with open(path + ".pub") as file:
        return " ".join(file.read().split()[:2])


class Home:
    """The home of a user who logs in: one key, known hosts, and the environment for remex."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="remex-ssh-", dir="/tmp")
        self.ssh = self.path(".ssh")
        os.mkdir(self.ssh, 0o700)
        self.key = keygen(self.path(".ssh/id_ed25519"))
        self.env = environment(HOME=self.directory, REMEX_SSH=HELPER, REMEX_CONFIG=self.path("config"))
        for name in ("SSH_AUTH_SOCK", "SSH_ASKPASS"):
            self.env.pop(name, None)

    def path(self, name):
        return os.path.join(self.directory, name)

    def know(self, *lines):
        with open(self.path(".ssh/known_hosts"), "a") as file:
            file.write("".join(line + "\n" for line in lines))
            os.chmod(file.name, 0o600)

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def enter_run():
    """Make /run/sshd if it is missing. Returns a descriptor that holds it, or None: nobody needs it."""
    while os.geteuid() == 0:
        try:
            os.mkdir(RUN, 0o755)
            open(MARK, "w").close()
        except FileExistsError:
            pass
        try:
            fd = os.open(RUN, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(fd, fcntl.LOCK_SH)
        if os.path.exists(RUN) and os.stat(RUN).st_ino == os.fstat(fd).st_ino:
            return fd
        os.close(fd)
    return None


def leave_run(fd):
    """The last one removes what a test has made."""
    if fd is None:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(MARK)
        os.rmdir(RUN)
    except OSError:
        pass
    os.close(fd)


class Sshd:
    """It listens on n addresses and one port. `options`: lines of sshd_config. `home`: whose key it takes. `addresses`: instead
    of its own ones. `enter`: words before the command, which enter a network namespace. `remexd`: is there one? `prepare`: called
    in the child that becomes the sshd. `password`: that of root, for this sshd only: its view of /etc/shadow is private."""

    serial = 0
    port = None  # until it was started once

    def __init__(self, home, n=1, options=(), kinds=("ed25519",), known=True, addresses=None, enter=(), remexd=True,
                 prepare=None, password=None):
        Sshd.serial += 1
        self.home = home
        self.directory = tempfile.mkdtemp(prefix="remex-sshd-", dir="/tmp")
        pid = os.getpid()
        self.enter = enter
        self.addresses = addresses or ["127.%d.%d.%d" % (100 + Sshd.serial % 100, pid >> 8 & 255, (pid + i) % 254 + 1) for i in range(n)]
        self.keys = {kind: keygen(self.path("host_" + kind), kind) for kind in kinds}
        self.bin = self.path("bin")
        os.mkdir(self.bin)
        os.chmod(self.directory, 0o755)
        self.options, self.password = list(options), password
        with open(self.path("authorized"), "w") as file:
            file.write(home.key + "\n")
        self.prepare = prepare
        if remexd:
            self.remexd()
        self.start()
        if known:
            self.known()

    def remexd(self):
        """A remexd that the far side finds."""
        with open(self.path("remexd.yaml"), "w") as file:
            file.write("plugins:\n  directory: %s\nlimits:\n  grace: 300ms\n" % PLUGINS)
        os.chmod(self.path("remexd.yaml"), 0o644)
        self.program("remexd", 'exec "%s" -c "%s" "$@"' % (REMEXD, self.path("remexd.yaml")))

    def path(self, name):
        return os.path.join(self.directory, name)

    def program(self, name, script):
        """A program that the far side finds."""
        path = os.path.join(self.bin, name)
        with open(path + ".new", "w") as file:
            file.write("#!/bin/sh\n%s\n" % script)
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)

    def known(self):
        self.home.know(*("[%s]:%d %s" % (address, self.port, key) for address in self.addresses
                         for key in self.keys.values()))

    def url(self, i=0, user=None):
        return "ssh://%s%s:%d" % (user + "@" if user else "", self.addresses[i], self.port)

    def start(self):
        self.run = enter_run()
        if not self.port:
            with socket.socket() as one:
                one.bind(("127.0.0.1" if self.enter else self.addresses[0], 0))
                self.port = one.getsockname()[1]
        lines = ["Port %d" % self.port, *("ListenAddress " + address for address in self.addresses),
                 *("HostKey " + self.path("host_" + kind) for kind in self.keys),
                 "AuthorizedKeysFile " + self.path("authorized"), "PidFile none", "StrictModes no", "UsePAM no",
                 "PasswordAuthentication no", "KbdInteractiveAuthentication no", "UseDNS no", "MaxStartups 200",
                 "PrintMotd no", "PrintLastLog no", "LogLevel VERBOSE",
                 "SetEnv PATH=%s:/usr/bin:/bin HOME=%s" % (self.bin, self.home.directory)]
        with open(self.path("sshd_config"), "w") as file:
            # The first line for a keyword counts, but the last one for MaxStartups.
            given = {line.split()[0] for line in self.options}
            file.write("".join(line + "\n" for line in self.options + [line for line in lines if line.split()[0] not in given]))
        self.file = open(self.path("log"), "ab")
        words = [*self.enter, SSHD, "-D", "-e", "-f", self.path("sshd_config")]
        if self.password:
            crypted = subprocess.run(["openssl", "passwd", "-6", self.password], capture_output=True, check=True, text=True)
            with open(self.path("shadow"), "w") as file:
                file.write("root:%s:19000:0:99999:7:::\n" % crypted.stdout.strip())
            os.chmod(self.path("shadow"), 0o600)
            words = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/shadow && exec "$@"', self.path("shadow"), *words]
        def prepare():
            bind_to_parent()
            if self.prepare:
                self.prepare()
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                        stdout=self.file, stderr=self.file, preexec_fn=prepare)

        def listens():
            if self.process.poll() is not None:
                raise AssertionError("sshd ended:\n" + self.log())
            return all("Server listening on %s" % address in self.log() for address in self.addresses)
        wait_until(listens, lambda: "sshd to listen:\n" + self.log())

    def restart(self):
        """It was killed: start it again, at the same port."""
        self.process.wait(LIMIT)
        self.file.close()
        leave_run(self.run)
        os.truncate(self.path("log"), 0)
        self.start()

    def log(self):
        with open(self.path("log"), errors="replace") as file:
            return file.read()

    def sessions(self):
        """Its processes for connections."""
        return [one for one in family(self.process.pid) if one.parent == self.process.pid]

    def session_processes(self):
        """All its processes for connections: each has two after the login, and the second one outlives the first one where
        an ordinary user has started the sshd."""
        return [one for one in family(self.process.pid) if one.name == "sshd" and one.pid != self.process.pid]

    def clean(self):
        everybody = family(self.process.pid)
        self.process.kill()
        self.process.wait(LIMIT)
        for one in everybody:
            kill(one)
        self.file.close()
        leave_run(self.run)
        shutil.rmtree(self.directory, ignore_errors=True)


# --- remex-ssh by hand ------------------------------------------------------------------------------------------------

REACH, REACHED, UNREACHED, SEVERED = 80, 88, 89, 90
STDIO, DIRECT = 0, 1
RECORD = "=IIQqq"
ECHO = "printf '\\0'; exec cat"  # a program that begins as a hello does, and sends back what it gets


class Helper:
    """remex-ssh, spoken to as libremex does (src/wire/records.h)."""

    def __init__(self, home, enter=()):
        import struct

        self.struct = struct
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*enter, HELPER], stdin=theirs, stdout=subprocess.DEVNULL, stderr=self.errors, env=home.env,
                                        preexec_fn=bind_to_parent)
        theirs.close()
        self.last = 0
        self.answers = {}  # by id: [(type, code, text)]

    def reach(self, sshd, i=0, user="", to=None, via=""):
        """Ask for a tunnel: its id, and our end of it."""
        self.last += 1
        ours, theirs = socket.socketpair()
        texts = [user, sshd.addresses[i], via, *([to[0], str(to[1])] if to else [])]
        payload = b"".join(text.encode() + b"\0" for text in texts)
        record = self.struct.pack(RECORD, REACH, len(payload), self.last, sshd.port, DIRECT if to else STDIO)
        self.ours.sendmsg([record + payload], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
        theirs.close()
        self.answers[self.last] = []
        return self.last, ours

    def take(self):
        self.ours.settimeout(LIMIT)
        data = self.ours.recv(1 << 17)
        if not data:
            raise AssertionError("remex-ssh has ended:\n" + self.said())
        kind, length, number = self.struct.unpack_from(RECORD, data)[:3]
        texts = data[self.struct.calcsize(RECORD):].split(b"\0")
        self.answers[number].append((kind, texts[0].decode(), texts[1].decode() if len(texts) > 1 else ""))

    def wait(self, number, n=1):
        """The n-th answer for that id."""
        while len(self.answers[number]) < n:
            self.take()
        return self.answers[number][n - 1]

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def end(self):
        """It ends with its control socket, and has complained about nothing."""
        self.ours.close()
        status = self.process.wait(LIMIT)
        said = self.said()
        self.errors.close()
        assert status == 0 and not any(word in said for word in REPORTS), (status, said)
