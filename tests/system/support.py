"""Shared parts of the system tests: a private remexd, a raw client of remex/1, the program, and checks of processes.

A Daemon lives in a directory of its own below /tmp and is ready when its notification has come. All processes that it
starts are found again by parent links and by a marker in the environment. Daemon.stop, which every test case reaches,
asserts that the daemon exits with status 0, that none of its processes lives on, that its socket and lock are gone,
that no descriptor was leaked and that no sanitizer complained. Nothing here waits for a fixed time: LIMIT only bounds
how long a hang may last.
"""

import collections
import ctypes
import faulthandler
import hashlib
import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../support")]
import runner
from people import hide_group

# The caller of the tests may ignore signals (nohup, a background job of a shell), and ignored signals are inherited.
# remex respects that, and the tests of Ctrl-C would wait for ever.
for signo in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(signo, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

SOURCE = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "../..")))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
REMEXD = os.path.join(BUILD, "remexd")
REMEX = os.path.join(BUILD, "remex")
PLUGINS = os.path.join(BUILD, "plugins/built")
PYTHON = sys.executable
LIMIT = int(os.environ.get("REMEX_TEST_LIMIT", 180))  # seconds after which something hangs; nothing is decided by less
GRACE = 0.3  # limits.grace of the daemons here, so that stops are quick
REPORTS = ("ERROR: AddressSanitizer", "runtime error:", "LeakSanitizer", "Assertion", "glibc detected")


def sanitized():
    """Was remex built with sanitizers? It is then slower and larger."""
    with open(os.path.join(BUILD, "config.h")) as file:
        return "#define SANITIZED 1" in file.read()


def skip(reason):
    """Skip the whole file, which cannot run."""
    print("SKIP: %s: %s" % (os.path.basename(sys.argv[0]), reason))
    sys.exit(77)


def wait_until(condition, what="that", limit=LIMIT):
    """Wait until the condition returns a true value, and return that; an AssertionError when it never does."""
    end = time.monotonic() + limit
    pause = 0.001
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError("waited %d s for %s" % (limit, what() if callable(what) else what))
        select.select([], [], [], pause)
        pause = min(pause * 1.5, 0.05)
    return value


def json_lines(file):
    """The documents of a file with one on each line. The last line may be seen in part while it is written: a reader and
    one write(2) are not atomic where the line crosses a page."""
    data = file.read()
    return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]


def environment(**more):
    hidden = ("REMEX_SOCKET", "REMEX_CGROUP", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "NOTIFY_SOCKET", "JOURNAL_STREAM")
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    env["TERM"] = "xterm"  # so that there is a status line at a terminal
    env.update(more)
    return env


def me():
    """Our name and home, as remexd would find them."""
    try:
        entry = pwd.getpwuid(os.geteuid())
        return entry.pw_name, entry.pw_dir
    except KeyError:
        return "uid:%d" % os.geteuid(), "/"


# --- processes --------------------------------------------------------------------------------------------------------

Process = collections.namedtuple("Process", "pid parent start state name")


def process(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            text = file.read()
    except OSError:
        return None
    name, rest = text[text.index(b"(") + 1 : text.rindex(b")")], text[text.rindex(b")") + 2 :].split()
    return Process(int(pid), int(rest[1]), int(rest[19]), rest[0].decode(), name.decode("utf-8", "replace"))


def processes():
    found = (process(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {one.pid: one for one in found if one}


def family(root):
    """The process and all its descendants, by parent links."""
    everybody = processes()
    children = collections.defaultdict(list)
    for one in everybody.values():
        children[one.parent].append(one)
    found, todo = [], [everybody[root]] if root in everybody else []
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children[one.pid]
    return found


def children(pid, name=None):
    return [one for one in processes().values() if one.parent == pid and (name is None or one.name == name)]


def alive(one):
    """Is it still the same process, and not a zombie?"""
    now = process(one.pid)
    return now is not None and now.start == one.start and now.state not in "ZX"


def marked(mark):
    """The processes with the marker in their environment."""
    found = []
    for one in processes().values():
        try:
            with open("/proc/%d/environ" % one.pid, "rb") as file:
                if mark.encode() in file.read() and one.state not in "ZX":
                    found.append(one)
        except OSError:
            pass
    return found


def tell(found):
    lines = []
    for one in found:
        try:
            with open("/proc/%d/cmdline" % one.pid, "rb") as file:
                words = file.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            words = "?"
        lines.append("%d (parent %d, %s) %s: %s" % (one.pid, one.parent, one.state, one.name, words[:200]))
    return "\n".join(lines)


def kill(one, signo=signal.SIGKILL):
    """Signal that process, and never another one that has its pid now: tests of fork chains use all pids up."""
    try:
        pidfd = os.pidfd_open(one.pid)
    except OSError:
        return
    try:
        if alive(one):
            signal.pidfd_send_signal(pidfd, signo)
    except ProcessLookupError:
        pass
    finally:
        os.close(pidfd)


def count_fds(pid):
    """The number of descriptors; 0 when we may not look: the front is not dumpable, so only root may (prctl(2),
    PR_SET_DUMPABLE)."""
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except PermissionError:
        return 0


def can_make_cgroups():
    """Can a cgroup be made here? The tests find out by themselves: where the answer is yes, a remexd that makes none
    has failed."""
    try:
        with open("/proc/self/cgroup") as file:
            own = [line[3:].strip() for line in file if line.startswith("0::/")][0]
        with open("/proc/self/mounts") as file:
            where = [line.split()[1] for line in file if line.split()[2] == "cgroup2"][-1]
        path = "%s%s/remex-test-%d" % (where, own, os.getpid())
        os.mkdir(path)
    except (IndexError, OSError):
        return False
    try:
        enter = "echo 0 >'%s/cgroup.procs'" % path
        return (os.access(path + "/cgroup.kill", os.W_OK)
                and subprocess.run(["sh", "-c", enter], stderr=subprocess.DEVNULL).returncode == 0)
    finally:
        os.rmdir(path)


# A command that leaves a sleep behind, which holds no pipe when the command ends. sh prints "$!" before the child has
# redirected its output, so the command waits for that.
LEAVE = "setsid sleep 1000 >/dev/null 2>&1 & until grep -q sleep /proc/$!/comm; do :; done; echo $!"


def bind_to_parent():
    """Called in a child: when the tests are killed, the child is killed, too, and its keepers kill the rest."""
    ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG


# --- the daemon -------------------------------------------------------------------------------------------------------


def yaml(value, indent=0):
    """These values as YAML, as far as a configuration needs it."""
    lines = ""
    for key, item in value.items():
        if isinstance(item, dict):
            lines += "%s%s:\n%s" % (" " * indent, key, yaml(item, indent + 2))
        else:
            text = "true" if item is True else "false" if item is False else str(item)
            lines += "%s%s: %s\n" % (" " * indent, key, text)
    return lines


class Daemon:
    """A remexd of our own. `config` is merged into the usual one: {"workers": {"max": 1}}."""

    serial = 0

    def __init__(self, config=None, cgroup=False, prepare=None, env=None, files=None, directory=None, remexd=None,
                 plugins=None, start=True, close_fds=True):
        Daemon.serial += 1
        self.mark = "REMEX_MARK=%d.%d.%d." % (os.getpid(), Daemon.serial, time.monotonic_ns())
        self.directory = directory or tempfile.mkdtemp(prefix="remex-", dir="/tmp")
        self.owned = directory is None
        self.socket = os.path.join(self.directory, "run", "s")
        self.where = "unix://" + self.socket
        self.config = os.path.join(self.directory, "remexd.yaml")
        self.log_path = os.path.join(self.directory, "log")
        self.remexd = remexd or REMEXD
        self.left = []  # processes that finished commands may leave behind: [Process]
        self.replaced = False  # a test killed the front: descriptors cannot be compared
        self.env = environment(**({} if cgroup else {"REMEX_CGROUP": "none"}), **(env or {}))
        self.env[self.mark.split("=")[0]] = self.mark.split("=")[1]
        self.prepare = prepare
        self.close_fds = close_fds
        self.process = self.notify = None
        settings = {
            "listen": self.where,
            "plugins": {"directory": plugins or PLUGINS},
            # The jobs and the identities of this machine are not used.
            "jobs": {"directory": os.path.join(self.directory, "jobs")},
            "identities": os.path.join(self.directory, "identities.d"),
            # A test that answers pings slowly is not a lost client.
            "limits": {"grace": "%dms" % (GRACE * 1000), "silence": "1h"},
        }
        for key, value in (config or {}).items():
            if isinstance(value, dict) and isinstance(settings.get(key), dict):
                settings[key].update(value)
            else:
                settings[key] = value
        with open(self.config, "w") as file:
            os.chmod(self.config, 0o644)  # whatever the umask: a file that others may write to is not trusted
            file.write(yaml(settings))
        if start:
            try:
                self.start()
            except BaseException:
                self.clean()
                raise

    def start(self, *args, ready=True):
        """Start remexd and, with `ready`, wait until it says that it is ready. Without `ready` the caller watches the
        process."""
        def prepare():
            bind_to_parent()
            if os.geteuid() == 0:
                hide_group(self.directory)
            if self.prepare:
                self.prepare()

        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = os.path.join(self.directory, "notify")
        if os.path.exists(name):
            os.unlink(name)
        notify.bind(name)
        self.notify = notify
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.remexd, "-c", self.config, *args], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(self.env, NOTIFY_SOCKET=name), preexec_fn=prepare, close_fds=self.close_fds,
            )
        self.pid = self.process.pid
        if ready:
            self.expect_notice("READY=1")
            self.front_fds = count_fds(self.front().pid)
            self.fds = count_fds(self.pid)
        return self

    def expect_notice(self, text):
        pidfd = os.pidfd_open(self.pid)
        try:
            able = select.select([self.notify, pidfd], [], [], LIMIT)[0]
            if self.notify not in able:
                raise AssertionError("remexd did not say %s\n%s" % (text, self.log()))
            got = self.notify.recv(4096).decode()
            if got != text:
                raise AssertionError("remexd said %r in place of %s" % (got, text))
        finally:
            os.close(pidfd)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    # who is who

    def carrier(self):
        """The carrier of the front, once both exist."""
        front = self.front()
        return wait_until(lambda: next(iter(children(front.pid)), None), "the carrier")

    def front(self):
        """The front, once it exists."""
        def find():
            for one in children(self.pid):
                try:
                    with open("/proc/%d/cmdline" % one.pid, "rb") as file:
                        if b"--front=" in file.read() and one.state not in "ZX":
                            return one
                except OSError:
                    pass
            return None
        return wait_until(find, "a front")

    def family(self):
        return family(self.pid)

    def marked(self):
        """All processes with our marker except those that may live on."""
        return [one for one in marked(self.mark) if not any(one.pid == some.pid for some in self.left)]

    def commands(self):
        """The processes of commands: marked by their own environment, and not of the daemon's program."""
        found = self.marked()
        # The family is read afterwards, so that it has a worker that was born in between.
        names = {one.pid for one in self.family() if one.name.startswith(("remexd", "remex-ssh")) or one.name == "exe"}
        return [one for one in found if one.pid not in names and one.pid != self.pid and alive(one)]

    def expect_no_commands(self, what="the command's processes to be gone"):
        wait_until(lambda: not self.commands(), lambda: what + ":\n" + tell(self.commands()))

    # how to talk to it

    def connect(self, **more):
        return Client(self.socket, mark=self.mark, **more)

    def remex(self, *args, input=None, stdin=None, **more):
        """Run remex to its end. Without input or stdin, stdin is /dev/null."""
        if input is None and stdin is None:
            stdin = subprocess.DEVNULL
        return subprocess.run([REMEX, *args], input=input, stdin=stdin, capture_output=True, timeout=LIMIT,
                              env=environment(REMEX_SOCKET=self.socket), **more)

    def run(self, *words, options=(), **more):
        return self.remex("run", "--env", self.mark, *options, "local", *words, **more)

    def popen(self, *words, options=(), stdin=subprocess.DEVNULL, **more):
        return subprocess.Popen([REMEX, "run", "--env", self.mark, *options, "local", *words], stdin=stdin,
                                env=environment(REMEX_SOCKET=self.socket), **more)

    # the end

    def expect_no_leak(self):
        """With all connections closed and all requests ended, the descriptors are those of the beginning, and of the
        kept workers."""
        if self.replaced:
            return
        def compare():
            front, keepers = self.front(), len(children(self.pid)) - 1
            # Each worker has its link in the front; in the supervisor a keeper has its link, a spare's other link and a
            # cgroup. A front that has just become ready may still wait for its listeners: 2 at most here.
            return (count_fds(front.pid) <= self.front_fds + 2 + keepers
                    and count_fds(self.pid) <= self.fds + 3 * keepers)
        def words():
            return "descriptors to be closed: front %d, then %d; supervisor %d, then %d; %d children" % (
                self.front_fds, count_fds(self.front().pid), self.fds, count_fds(self.pid), len(children(self.pid)))
        wait_until(compare, words)

    def expect_no_zombies(self):
        def zombies():
            return [one for one in self.family() if one.state == "Z" and one.pid != self.pid]
        wait_until(lambda: not zombies(), lambda: "zombies to be reaped:\n" + tell(zombies()))

    def check_log(self):
        for word in REPORTS:
            if word in self.log():
                raise AssertionError("remexd's stderr has %r:\n%s" % (word, self.log()))

    def expect_gone(self, family=()):
        """No process of ours is left except those that may live on."""
        def rest():
            left = {some.pid for some in self.left}
            found = {one.pid: one for one in family if one.pid not in left and alive(one)}
            found.update((one.pid, one) for one in self.marked())
            return list(found.values())
        wait_until(lambda: not rest(), lambda: "everything to be gone:\n" + tell(rest()))

    def stop(self, status=0, signo=signal.SIGTERM):
        """End the daemon and check its promises. May be called again."""
        if not self.process:
            self.remove()  # never started, or already stopped
            return
        try:
            if self.process.poll() is None:
                self.expect_no_commands()
                self.expect_no_zombies()
                self.expect_no_leak()
            everybody = self.family()
            if self.process.poll() is None and signo:
                self.process.send_signal(signo)
            got = self.process.wait(LIMIT)
            assert got == status, "remexd left with %d, not %d:\n%s" % (got, status, self.log())
            self.expect_gone(everybody)
            if status != -signal.SIGKILL:
                for name in (self.socket, self.socket + ".lock"):
                    assert not os.path.lexists(name), name + " is still there"
            self.check_log()
        except BaseException:
            print(self.log())
            raise
        finally:
            self.clean()

    def clean(self):
        """Kill and remove everything, whatever has happened."""
        everybody = self.family() if self.process else []
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        wait_until(lambda: not [kill(one) for one in marked(self.mark)], "the killed to be gone")
        for one in everybody + self.left:
            if one.pid != os.getpid():
                kill(one)
        self.process = None
        self.remove()

    def remove(self):
        if self.notify:
            self.notify.close()
        if self.owned:
            shutil.rmtree(self.directory, ignore_errors=True)


class Case(unittest.TestCase):
    """A test case whose daemons are stopped and checked at its end."""

    maxDiff = 2000

    def run(self, result=None):
        """A test that hangs all the same prints its stack and ends."""
        faulthandler.dump_traceback_later(10 * LIMIT, exit=True)
        try:
            return super().run(result)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def with_time(self, attempt, seconds=0.3):
        """Run `attempt` with a time limit that must expire, but only after the tested action has begun: when `attempt`
        returns nothing the limit was too short, and the double limit is tried."""
        while not (got := attempt(seconds)):
            seconds *= 2
            self.assertLess(seconds, 4 * LIMIT)
        return got

    def daemon(self, config=None, **more):
        daemon = Daemon(config, start=False, **more)
        self.addCleanup(lambda: daemon.stop())
        daemon.start()
        return daemon

    def expect_log(self, daemon, words):
        """The daemon's log has these words, or a match of that pattern. Another process writes it, perhaps later than the
        event."""
        def has():
            return words.search(daemon.log()) if isinstance(words, re.Pattern) else words in daemon.log()
        wait_until(has, lambda: "%r in the log:\n%s" % (words, daemon.log()))

    def connect(self, daemon, **more):
        client = daemon.connect(**more)
        self.addCleanup(client.close)
        return client


def plugin_directory(case, *names):
    """A private directory with the shipped plugins and these plugins of tests/plugins."""
    where = tempfile.mkdtemp(prefix="remex-plugins-", dir="/tmp")
    case.addCleanup(shutil.rmtree, where, True)
    for one in os.listdir(PLUGINS):
        shutil.copy(os.path.join(PLUGINS, one), where)
    for name in names:
        shutil.copy(os.path.join(BUILD, "tests/plugins/.libs", name + ".so"), where)
    for one in os.listdir(where):
        os.chmod(os.path.join(where, one), 0o644)
    os.chmod(where, 0o755)
    return where


class Shared(Case):
    """The same for a class whose cases share one daemon; `config` and `cgroup` are its settings."""

    config, cgroup = None, False

    @classmethod
    def setUpClass(cls):
        cls.shared = Daemon(cls.config, cgroup=cls.cgroup)
        cls.addClassCleanup(lambda: cls.shared.stop())

    def setUp(self):
        self.client = self.connect(self.shared)


# --- the protocol -----------------------------------------------------------------------------------------------------

Message = collections.namedtuple("Message", "header body")


def encode(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + body


class Answer:
    """All messages that were received for one call."""

    def __init__(self, number, sink=None):
        self.id, self.sink = number, sink
        self.streams = collections.defaultdict(bytearray)
        self.credit = self.credits = 0  # credit left for sending; all credit granted
        self.received = 0
        self.end = None
        self.first = None  # the order in which requests first had output
        self.order = []

    out = property(lambda self: bytes(self.streams["stdout"]))
    err = property(lambda self: bytes(self.streams["stderr"]))
    done = property(lambda self: (self.end or {}).get("done"))
    error = property(lambda self: (self.end or {}).get("error"))
    code = property(lambda self: self.error["code"] if self.error else None)
    outcome = property(lambda self: self.done["outcome"] if self.done else "error " + str(self.error))
    exit = property(lambda self: self.done.get("exit") if self.done else None)
    result = property(lambda self: json.loads(bytes(self.streams["result"])))


class Client:
    """remex/1 by hand. Every message is checked against the rules for a server: at most one terminal message for a
    call, no message after it, no message for a call that was not made."""

    def __init__(self, where, mark=None, hello=True, pong=True):
        self.socket = None
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(where)
            where = (self.socket.fileno(), self.socket.fileno())
        self.reader, self.writer = where
        self.mark, self.pong = mark, pong
        self.buffer, self.at = bytearray(), 0
        self.ended = False
        self.last = 0
        self.answers = {}
        self.others = []  # messages without an id
        self.hello = self.recv().header if hello else None

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    # bytes

    def raw(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.writer, view) :]

    def send(self, header, body=b""):
        if body and isinstance(header, dict):
            header = dict(header, body=len(body))
        self.raw(encode(header, body))

    def fill(self, limit):
        if not select.select([self.reader], [], [], limit)[0]:
            raise AssertionError("nothing came for %d s" % limit)
        try:
            piece = os.read(self.reader, 1 << 20)
        except ConnectionResetError:
            piece = b""
        if self.at:
            del self.buffer[: self.at]
            self.at = 0
        self.buffer += piece
        self.ended = not piece
        return bool(piece)

    def recv(self, limit=LIMIT):
        """The next message, or None at the end of the stream."""
        while True:
            have = len(self.buffer) - self.at
            if have >= 4:
                (length,) = struct.unpack_from(">I", self.buffer, self.at)
                if have >= 4 + length:
                    header = json.loads(self.buffer[self.at + 4 : self.at + 4 + length])
                    whole = 4 + length + header.get("body", 0)
                    if have >= whole:
                        body = bytes(self.buffer[self.at + 4 + length : self.at + whole])
                        self.at += whole
                        return Message(header, body)
            if self.ended or not self.fill(limit):
                assert have == 0 or len(self.buffer) == self.at, "the stream ends within a message"
                return None

    # calls

    def call(self, call, args=None, body=b"", sink=None, **keys):
        """Make a call; the Answer fills as messages are taken."""
        self.last = keys.pop("id", self.last + 1)
        header = {"id": self.last, "call": call, **keys}
        if args is not None:
            header["args"] = args
        answer = self.answers[self.last] = Answer(self.last, sink)
        self.send(header, body)
        return answer

    def run(self, *argv, cwd=None, env=None, **more):
        args = {"argv": list(argv)}
        if cwd is not None:
            args["cwd"] = cwd
        env = dict(env or {})
        if self.mark:
            name, value = self.mark.split("=")
            env[name] = value
        if env:
            args["env"] = env
        return self.call("exec.run", args, **more)

    def python(self, script, *argv, **more):
        return self.run(PYTHON, "-c", script, *argv, **more)

    def take(self, limit=LIMIT):
        """Take one message and store it; None at the end of the stream."""
        message = self.recv(limit)
        if message is None:
            return None
        header = message.header
        number = header.get("id")
        if number is None:
            if self.pong and "ping" in header:
                self.send({"pong": header["ping"]})
            self.others.append(header)
            return message
        answer = self.answers.get(number)
        assert answer, "a message for an id that made no call: %r" % header
        assert answer.end is None, "a message after the terminal one: %r after %r" % (header, answer.end)
        if "data" in header:
            assert message.body, "an empty data message"
            answer.received += len(message.body)
            if answer.sink:
                answer.sink(header["data"], message.body)
            else:
                answer.streams[header["data"]] += message.body
        elif "credit" in header:
            answer.credit += header["credit"]
            answer.credits += header["credit"]
        else:
            assert ("done" in header) != ("error" in header), "no message of remex/1: %r" % header
            answer.end = header
        return message

    def wait(self, *answers, until=None, limit=LIMIT):
        """Take messages until these calls have ended (or the condition holds)."""
        until = until or (lambda: all(answer.end for answer in answers))
        end = time.monotonic() + limit
        while not until():
            message = self.take(limit)
            if message is None:
                raise AssertionError("the stream ended; %r" % [header for header in self.others if "error" in header])
            if "id" in message.header:
                end = time.monotonic() + limit
            elif time.monotonic() > end:
                raise AssertionError("nothing came for %d s but pings" % limit)
        return answers[0] if answers else None

    def wait_for(self, answer, text, stream="stdout"):
        """Wait until that text has come."""
        self.wait(until=lambda: text in answer.streams[stream] or answer.end)
        assert text in answer.streams[stream], (text, answer.end, answer.out, answer.err)

    def feed(self, answer, pieces):
        """Send input against credit, then its end. Stops when the call has ended."""
        for piece in pieces:
            view = memoryview(piece)
            while view and not answer.end:
                self.wait(until=lambda: answer.credit > 0 or answer.end)
                n = min(len(view), answer.credit, 1 << 18)
                if n and not answer.end:
                    answer.credit -= n
                    self.send({"id": answer.id, "data": "stdin"}, view[:n])
                    view = view[n:]
            if answer.end:
                return
        self.send({"id": answer.id, "end": "stdin"})

    def expect_violation(self, code):
        """Exactly one error message without an id, then the end of the stream."""
        while True:
            message = self.take()
            assert message is not None, "the stream ended without an error message"
            if "error" in message.header and "id" not in message.header:
                break
        error = message.header["error"]
        assert error["code"] == code and error["message"], (code, error)
        rest = self.take()
        assert rest is None, "after the error that ends the connection: %r" % (rest,)
        return error

    def expect_end(self):
        """The stream ends, whatever comes before."""
        while self.take() is not None:
            pass

    def ping(self):
        """A round trip: the server has read all that was sent before."""
        self.counter = getattr(self, "counter", 0) + 1
        self.send({"ping": self.counter})
        self.wait(until=lambda: {"pong": self.counter} in self.others)


def status(daemon):
    client = daemon.connect()
    try:
        answer = client.wait(client.call("status.show"))
        assert answer.outcome == "completed", answer.end
        return answer.result
    finally:
        client.close()


# --- bytes that can be made twice -------------------------------------------------------------------------------------

GENERATOR = r"""
import os, random, sys
def pieces(size, seed):
    block = random.Random(seed).randbytes(1 << 20)
    for i in range(0, size, 1 << 20):
        yield (i.to_bytes(8, "big") + block[8:])[:size - i]
def write(fd, size, seed):
    for piece in pieces(size, seed):
        view = memoryview(piece)
        while view:
            view = view[os.write(fd, view):]
"""
WRITER = GENERATOR + "write(int(sys.argv[3]), int(sys.argv[1]), int(sys.argv[2]))\n"
exec(GENERATOR)


def digest(size, seed):
    whole = hashlib.sha256()
    for piece in pieces(size, seed):  # noqa: F821 (from GENERATOR)
        whole.update(piece)
    return whole.hexdigest()


def main(**how):
    for program in (REMEXD, REMEX):
        if not os.access(program, os.X_OK):
            sys.exit(program + " is not built (top_builddir says where)")
    runner.main(**how)
