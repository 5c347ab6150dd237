"""Shared parts of the tests of put and get: a real remexd, two directories, and a relay between the client and remexd
that stops when it is told to.

remexd and the client are on one machine here: `here` is the client's directory, `there` the one it calls HOST:.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from support import LIMIT, REMEX, Shared, environment, wait_until

ROOT = os.geteuid() == 0


class Relay:
    """Passes bytes between clients and remexd's socket, and counts them. `hold_up` and `hold_down`: after that number
    of bytes towards remexd, or back, nothing more is passed until `release`."""

    def __init__(self, target, directory, hold_up=None, hold_down=None):
        self.target, self.path = target, os.path.join(directory, "relay")
        self.limits = {"up": hold_up, "down": hold_down}
        self.changed = threading.Condition()
        self.counts = {"up": 0, "down": 0}
        self.held = set()
        self.sockets = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.where = "unix://" + self.path
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.target)
            self.sockets += [near, far]
            for way, source, sink in (("up", near, far), ("down", far, near)):
                threading.Thread(target=self.move, args=[way, source, sink], daemon=True).start()

    def move(self, way, source, sink):
        try:
            while piece := source.recv(65536):
                with self.changed:
                    limit = self.limits[way]
                    if limit is not None and self.counts[way] + len(piece) > limit:
                        self.held.add(way)
                        self.changed.notify_all()
                        self.changed.wait_for(lambda: self.limits[way] is None)
                        self.held.discard(way)
                    self.counts[way] += len(piece)
                sink.sendall(piece)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def wait_held(self, way):
        with self.changed:
            assert self.changed.wait_for(lambda: way in self.held, LIMIT), "nothing to hold came"

    def release(self):
        with self.changed:
            self.limits = {"up": None, "down": None}
            self.changed.notify_all()

    def cut(self):
        """The network fails."""
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.release()

    def close(self):
        self.listener.close()
        self.cut()
        for one in self.sockets:
            one.close()
        os.unlink(self.path)


def write(path, data=b"", mode=None):
    """Make a file, and the directories above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    if mode is not None:
        os.chmod(path, mode)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def mtime(path):
    return os.stat(path, follow_symlinks=False).st_mtime_ns


def mode(path):
    return os.stat(path, follow_symlinks=False).st_mode & 0o7777


def temporaries(directory):
    """The temporaries that interrupted transfers have left beneath the directory."""
    return [os.path.join(where, name) for where, _, names in os.walk(directory) for name in names
            if name.startswith(".") and ".remex-" in name]


def sparse(path, size, data=()):
    """A file with holes: `data` has (offset, bytes)."""
    with open(path, "wb") as file:
        for at, piece in data:
            file.seek(at)
            file.write(piece)
        file.truncate(size)
    return path


class Copy(Shared):
    """Two directories, and remex in one of them."""

    def setUp(self):
        super().setUp()
        self.work_below("/tmp")

    def work_below(self, parent):
        self.root = tempfile.mkdtemp(prefix="remex-copy-", dir=parent)
        self.addCleanup(shutil.rmtree, self.root, True)
        os.chmod(self.root, 0o755)
        self.here, self.there = os.path.join(self.root, "here"), os.path.join(self.root, "there")
        os.mkdir(self.here)
        os.mkdir(self.there)

    def work_in_memory(self, size):
        """Replace the two directories by directories in memory, if there is room for so many bytes there."""
        memory = "/dev/shm"
        if os.access(memory, os.W_OK | os.X_OK):
            room = os.statvfs(memory)
            if room.f_bavail * room.f_frsize >= size:
                self.work_below(memory)

    def remex(self, *words, **more):
        """Where `words` has bytes, they are passed unchanged."""
        return self.shared.remex(*words, cwd=more.pop("cwd", self.here), **more)

    def good(self, *words, **more):
        done = self.remex(*words, **more)
        self.assertEqual((done.returncode, done.stderr), (0, b""), words)
        return done

    def bad(self, says, *words, status=255, **more):
        done = self.remex(*words, **more)
        self.assertEqual(done.returncode, status, (words, done.stderr))
        self.assertIn(says, done.stderr.decode())
        return done

    def start(self, *words, **more):
        """Start remex in the background; it is killed at the end whatever happens."""
        settings = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.here)
        child = subprocess.Popen([REMEX, *words], env=environment(REMEX_SOCKET=self.shared.socket), **{**settings, **more})

        def end():
            if child.poll() is None:
                child.kill()
            child.wait()
            for file in (child.stdin, child.stdout, child.stderr):
                if file and not file.closed:
                    file.close()
        self.addCleanup(end)
        return child

    def finish(self, child, status):
        out, err = child.communicate(timeout=LIMIT)
        self.assertEqual(child.returncode, status, err)
        return out, err

    def relay(self, **limits):
        relay = Relay(self.shared.socket, tempfile.mkdtemp(prefix="relay-", dir=self.root), **limits)
        self.addCleanup(relay.close)
        return relay

    def interrupt(self, child, relay, status=130):
        """Ctrl-C while the transfer is held. Where bytes of remexd are held, remexd is told first: it may have more of
        them under way than are missing."""
        child.send_signal(signal.SIGINT)
        if relay.limits["down"] is not None:
            self.calm()
        relay.release()
        return self.finish(child, status)

    def calm(self):
        """remexd runs nothing any more except this status call."""
        wait_until(lambda: self.client.wait(self.client.call("status.show")).result["requests"]["running"] <= 1,
                   "the requests to end")

    def same(self, one, other):
        done = subprocess.run(["diff", "-r", "--no-dereference", one, other], capture_output=True, timeout=LIMIT)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
