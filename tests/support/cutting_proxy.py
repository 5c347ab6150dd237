"""A proxy between a client and a server on Unix sockets, which cuts connections at random bytes.

Each of the first `cuts` connections gets a number of bytes, of both directions together, and is cut behind the last of them:
within a length, a header, a body, wherever it falls. A quarter of the numbers is small, so that greetings and starts are cut
too. Later connections are not cut.
"""

import os
import random
import select
import socket
import tempfile
import threading

SMALL = 2000


class CuttingProxy:
    """Use with `with`. `behind`: the path of the server's socket; `span`: about how many bytes pass between two cuts;
    `first`: the numbers of the first connections."""

    def __init__(self, behind, cuts, span, seed, first=()):
        self.behind, self.cuts, self.span, self.first = behind, cuts, span, list(first)
        self.rng, self.lock = random.Random(seed), threading.Lock()
        self.done = self.connections = self.passed = 0

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="remex-")
        self.path = os.path.join(self.directory.name, "proxy")
        self.where = "unix://" + self.path
        os.chmod(self.directory.name, 0o755)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.directory.cleanup()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def limit(self):
        """How many bytes the next connection passes on; None: all."""
        with self.lock:
            self.connections += 1
            if self.done >= self.cuts:
                return None
            self.done += 1
            if self.first:
                return self.first.pop(0)
            small = self.rng.randrange(4) == 0
            return self.rng.randrange(1, SMALL if small else 2 * self.span)

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        left = self.limit()
        try:
            server.connect(self.behind)
            others = {client: server, server: client}
            while left is None or left > 0:
                for end in select.select(list(others), [], [])[0]:
                    data = end.recv(262144 if left is None else min(left, 262144))
                    if not data:
                        return
                    others[end].sendall(data)
                    self.passed += len(data)
                    if left is not None:
                        left -= len(data)
                        if not left:
                            break
        except OSError:
            pass
        finally:
            client.close()
            server.close()
