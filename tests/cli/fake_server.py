"""A remexd of a few lines for the tests of the client: it implements doc/protocol.md and runs nothing.

The first word of argv (exec.run) or of the command (exec.shell) selects the action of the "command"; see COMMANDS. A
server listens on a Unix socket in a directory of its own; messages of clients are kept in `calls` and `seen`. A
TlsServer listens on TCP, with TLS 1.3 as Python has it; a RawServer runs a function for each TCP connection.
"""

import base64
import hashlib
import json
import os
import select
import shlex
import socket
import ssl
import struct
import tempfile
import threading


class Connection:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.lock = threading.Lock()
        self.requests = {}
        self.last_id = 0
        self.mute = False  # from now on it does not even answer pings

    def send(self, header, body=b""):
        if body:
            header = dict(header, body=len(body))
        text = json.dumps(header).encode()
        with self.lock:
            self.sock.sendall(struct.pack(">I", len(text)) + text + body)

    def raw(self, data):
        with self.lock:
            self.sock.sendall(data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def receive(self):
        (n,) = struct.unpack(">I", self.exactly(4))
        header = json.loads(self.exactly(n))
        return header, self.exactly(header.get("body", 0))

    def serve(self):
        try:
            if self.server.greeting:
                self.server.greeting(self)
            else:
                self.hello()
            while True:
                self.take(*self.receive())
        except (EOFError, OSError):
            pass
        finally:
            for request in list(self.requests.values()):
                request.note("gone")
            self.server.note(("gone",))
            self.sock.close()

    def hello(self):
        self.send({"remex": 1, "host": "fake", "version": "0.0", "instance": "1", "you": "tester", "future": [1]})

    def take(self, header, body):
        self.server.note((header, body))
        if self.mute:
            pass
        elif "ping" in header:
            self.send({"pong": header["ping"]})
        elif "call" in header:
            assert header["id"] > self.last_id, "ids do not increase"
            self.last_id = header["id"]
            request = Request(self, header, body)
            self.requests[request.id] = request
            threading.Thread(target=request.run, daemon=True).start()
        elif header.get("id") in self.requests:
            self.requests[header["id"]].take(header, body)


class Request:
    def __init__(self, connection, header, body):
        self.connection, self.header, self.id = connection, header, header["id"]
        self.changed = threading.Condition()
        self.window = header.get("window", 1 << 60)
        self.granted = 0
        self.input = body
        self.ended = not header.get("input", False)
        self.events = []

    def note(self, event):
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def take(self, header, body):
        with self.changed:
            if "credit" in header:
                self.window += header["credit"]
            elif "data" in header:
                assert len(body) <= self.granted, "more input than credit"
                self.granted -= len(body)
                self.input += body
            elif "end" in header:
                self.ended = True
            elif "signal" in header:
                self.events.append(header["signal"])
            elif "resize" in header:
                self.events.append("%d x %d" % tuple(header["resize"]))
            elif "cancel" in header:
                self.events.append("cancel")
            self.changed.notify_all()

    def wait(self, condition):
        with self.changed:
            if not self.changed.wait_for(condition, 180):
                raise EOFError

    def out(self, data, stream="stdout"):
        while data:
            self.wait(lambda: self.window > 0 or "gone" in self.events or "cancel" in self.events)
            if "gone" in self.events or "cancel" in self.events:
                return False
            with self.changed:
                piece, data = data[: min(self.window, 65536)], data[min(self.window, 65536) :]
                self.window -= len(piece)
            self.connection.send({"id": self.id, "data": stream}, piece)
        return True

    def done(self, outcome, **members):
        self.connection.send({"id": self.id, "done": dict({"outcome": outcome, "seconds": 0.25}, **members)})

    def error(self, code, message, **members):
        self.connection.send({"id": self.id, "error": dict({"code": code, "message": message}, **members)})

    def grant(self, n):
        with self.changed:
            self.granted += n
        self.connection.send({"id": self.id, "credit": n})

    def run(self):
        try:
            call, args = self.header["call"], self.header.get("args", {})
            special = self.connection.server.verbs.get(call)
            if special:
                special(self, args)
            elif call == "exec.run":
                words = [w if isinstance(w, str) else base64.b64decode(w["b64"]) for w in args["argv"]]
                self.command(words)
            elif call == "exec.shell":
                self.command(shlex.split(args.get("command", "shell")))
            else:
                self.error("unknown_call", "no call '%s' here" % call)
        except (EOFError, OSError):
            pass
        self.connection.requests.pop(self.id, None)

    def command(self, words):
        COMMANDS.get(words[0], cmd_missing)(self, words[1:])


# --- what the commands do -------------------------------------------------------------------------------------------


def cmd_missing(request, words):
    name = request.header["args"].get("argv", ["?"])[0]
    request.done("never_started", message="No such file or directory", errno=2, name=str(name))


def cmd_echo(request, words):
    request.out(b" ".join(w if isinstance(w, bytes) else w.encode() for w in words) + b"\n")
    request.done("exited", exit=0)


def cmd_warn(request, words):
    request.out(b"out\n")
    request.out(b"err\n", "stderr")
    request.done("exited", exit=int(words[0]))


def cmd_exit(request, words):
    request.done("exited", exit=int(words[0]))


def cmd_signal(request, words):
    request.done("signalled", signal=words[0])


def cmd_end(request, words):
    request.done(words[0], **json.loads(words[1] if len(words) > 1 else "{}"))


def cmd_error(request, words):
    request.error(words[0], words[1], **json.loads(words[2] if len(words) > 2 else "{}"))


def cmd_drop(request, words):
    request.out(b"before\n")
    request.connection.sock.shutdown(socket.SHUT_RDWR)


def cmd_raw(request, words):
    request.connection.raw(base64.b64decode(words[0]))
    request.wait(lambda: "gone" in request.events)


def cmd_flood(request, words):
    """Write that number of bytes (0: without end), as the window allows."""
    left = int(words[0]) or 1 << 60
    while left > 0:
        n = min(left, 65536)
        if not request.out(b"0123456789abcde\n" * (n // 16) + b"x" * (n % 16)):
            request.done("cancelled")
            return
        left -= n
    request.done("exited", exit=0)


def cmd_cat(request, words):
    """Copy input to output, granting credit in small steps."""
    if not request.ended:
        request.grant(int(words[0]) if words else 100000)
    while True:
        request.wait(lambda: request.input or request.ended or "gone" in request.events)
        with request.changed:
            data, request.input = request.input, b""
        if not data:
            break
        if not request.out(data):
            request.done("cancelled")
            return
        if not request.ended and request.header.get("input"):
            request.grant(len(data))
    request.done("exited", exit=0)


def cmd_count(request, words):
    """Take all input; print the number of bytes."""
    n = 0
    if not request.ended:
        request.grant(262144)
    while True:
        request.wait(lambda: request.input or request.ended or "gone" in request.events)
        with request.changed:
            data, request.input = request.input, b""
        if not data:
            break
        n += len(data)
        if not request.ended:
            request.grant(len(data))
    request.out(b"%d\n" % n)
    request.done("exited", exit=0)


def cmd_wait(request, words):
    """Wait for a signal that ends the command, or a cancel; the named signals are ignored. "deaf" ignores
    everything."""
    request.out(b"waiting\n")
    seen = 0
    while True:
        request.wait(lambda: len(request.events) > seen)
        event = request.events[seen]
        seen += 1
        if event == "gone":
            return
        if "deaf" in words or event in words:
            request.connection.send({"id": request.id, "data": "stderr"}, b"ignored %s\n" % event.encode())
        elif event == "cancel":
            request.done("cancelled")
            return
        else:
            request.done("signalled", signal=event)
            return


def cmd_shell(request, words):
    """A shell on a terminal, without an echo: `exit N`, `die SIGNAL`, `drop`, `fail`, `say ESCAPES`; another line is written
    between < and >."""
    request.grant(100000)
    request.out(b"$ ")
    line = b""
    while True:
        request.wait(lambda: request.input or "gone" in request.events or "cancel" in request.events)
        with request.changed:
            if not request.input:
                break
            data, request.input = request.input[:1], request.input[1:]
        request.grant(1)
        if data not in b"\r\n":
            line += data
            continue
        command, line = line.decode("latin-1").split(None, 1) or [""], b""
        if command[0] == "exit":
            request.done("exited", exit=int(command[1]))
            return
        if command[0] == "die":
            request.done("signalled", signal=command[1])
            return
        if command[0] == "drop":
            request.connection.sock.shutdown(socket.SHUT_RDWR)
            return
        if command[0] == "fail":
            request.error("failed", "it failed")
            return
        if command[0] == "say":
            request.out(command[1].encode("latin-1").decode("unicode_escape").encode("latin-1"))
        elif command[0]:
            request.out(b"<%s>" % " ".join(command).encode("latin-1"))
        request.out(b"\r\n$ ")
    request.done("cancelled")


COMMANDS = {name[4:]: function for name, function in list(globals().items()) if name.startswith("cmd_")}


# --- files ------------------------------------------------------------------------------------------------------------


def item(header, body=b"", **more):
    """An item of a stream of files (doc/protocol.md, 12.7), as bytes; the body is announced unless `more` says otherwise."""
    header = dict(header, **more)
    if body and "body" not in header:
        header["body"] = len(body)
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + body


def whole(name, content, source=None, **more):
    """A small file."""
    header = {"file": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "body": len(content)}
    if source is not None:
        header["source"] = source
    return item(dict(header, **more), content)


class Items:
    """The items that a client's put sends: (header, body); credit is granted as they are taken."""

    def __init__(self, request):
        self.request = request

    def exactly(self, n):
        request = self.request
        if n and not request.ended:
            request.grant(n)
        request.wait(lambda: len(request.input) >= n or request.ended or set(request.events) & {"gone", "cancel"})
        with request.changed:
            if len(request.input) < n:
                raise EOFError
            piece, request.input = request.input[:n], request.input[n:]
        return piece

    def __iter__(self):
        try:
            while True:
                (n,) = struct.unpack(">I", self.exactly(4))
                header = json.loads(self.exactly(n))
                yield header, self.exactly(header.get("body", 0))
        except EOFError:
            return


class Server:
    """Use with `with`. greeting: a function of the connection in place of hello. verbs: {call: function}."""

    def __init__(self, greeting=None, verbs=None):
        self.greeting, self.verbs = greeting, verbs or {}
        self.changed = threading.Condition()
        self.seen = []
        self.connections = []

    def note(self, item):
        with self.changed:
            self.seen.append(item)
            self.changed.notify_all()

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.seen), 180), "waited in vain; saw %r" % self.seen[-5:]

    @property
    def calls(self):
        return [item[0] for item in self.seen if len(item) == 2 and "call" in item[0]]

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="remex-")
        self.path = os.path.join(self.directory.name, "s")
        self.where = "unix://" + self.path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.directory.cleanup()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.take, args=[sock], daemon=True).start()

    def take(self, sock):
        connection = Connection(self, sock)
        self.connections.append(connection)
        connection.serve()


class RawServer(Server):
    """A server on TCP. `answer` gets each connection's socket, and closes it or not."""

    def __init__(self, answer, family=socket.AF_INET, **more):
        super().__init__(**more)
        self.answer, self.family = answer, family
        self.kept = []

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="remex-")
        self.listener = socket.socket(self.family)
        self.listener.bind(("::1" if self.family == socket.AF_INET6 else "127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.where = ("[::1]:%d" if self.family == socket.AF_INET6 else "127.0.0.1:%d") % self.port
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def take(self, sock):
        self.kept.append(sock)
        self.note(("accepted",))
        self.answer(sock)


class TlsConnection(Connection):
    """Two threads cannot read and write an SSLSocket at once: reading waits outside of it, for 'readable'."""

    def exactly(self, n):
        data = b""
        while len(data) < n:
            with self.lock:
                more = None
                try:
                    more = self.sock.recv(n - len(data))
                except ssl.SSLWantReadError:
                    pass
            if more == b"":
                raise EOFError
            if more is None:
                select.select([self.sock], [], [], 60)
            data += more or b""
        return data

    def raw(self, data):
        with self.lock:
            self.sock.setblocking(True)
            self.sock.sendall(data)
            self.sock.setblocking(False)

    def send(self, header, body=b""):
        if body:
            header = dict(header, body=len(body))
        text = json.dumps(header).encode()
        self.raw(struct.pack(">I", len(text)) + text + body)


class TlsServer(RawServer):
    """`pem` is the server's key and certificate; `clients` the file with the accepted certificates. tune: changes the
    context."""

    def __init__(self, pem, clients=None, tune=None, **more):
        super().__init__(self.shake, **more)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.num_tickets = 0
        self.context.load_cert_chain(pem)
        if clients:
            self.context.load_verify_locations(clients)
            self.context.verify_mode = ssl.CERT_REQUIRED
        if tune:
            tune(self.context)

    def shake(self, sock):
        try:
            sock = self.context.wrap_socket(sock, server_side=True)
            self.note(("shaken", sock.getpeercert(True)))
        except (OSError, ssl.SSLError) as why:
            self.note(("refused", str(why)))
            sock.close()
            return
        sock.setblocking(False)
        connection = TlsConnection(self, sock)
        self.connections.append(connection)
        connection.serve()


if __name__ == "__main__":
    import signal
    import sys

    with Server() as server:
        print(server.where, flush=True)
        signal.pause()
