"""Load for ssh channels: streams of which each byte is known, an echo server for them, and a relay that is slow.

A stream is made of blocks; each block begins with the number of its stream and its own number. Who receives it compares it
with what it must be, so that the first wrong byte is told. Nothing of a stream is kept.
"""

import contextlib
import random
import select
import socket
import struct
import threading
import time

BLOCK = 1 << 16
FILL = random.Random(12).randbytes(BLOCK)


def piece(number, at, size):
    """The bytes from `at` of a stream, up to the end of their block."""
    index, start = divmod(at, BLOCK)
    block = struct.pack("!QQ", number, index) + FILL[16:]
    return block[start : start + size]


def send(ours, number, size, chunk=BLOCK):
    """All of it, then the end."""
    for at in range(0, size, chunk):
        data = piece(number, at, min(chunk, size - at))
        while len(data) < min(chunk, size - at):
            data += piece(number, at + len(data), min(chunk, size - at) - len(data))
        ours.sendall(data)
    ours.shutdown(socket.SHUT_WR)


def receive(ours, number, size, slow=0):
    """None, or what is wrong. `slow`: bytes per second, about."""
    at = 0
    while data := ours.recv(min(slow // 50, BLOCK) if slow else 1 << 18):
        if slow:
            time.sleep(0.02)
        while data:
            want = piece(number, at, len(data))
            if data[: len(want)] != want:
                wrong = next(i for i in range(len(want)) if i >= len(data) or data[i] != want[i])
                return "stream %d differs at byte %d" % (number, at + wrong)
            at, data = at + len(want), data[len(want) :]
    return None if at == size else "stream %d has %d bytes, not %d" % (number, at, size)


class Threads:
    """Runs functions at once; `run` returns what is wrong: what they returned and what they raised."""

    def __init__(self):
        self.threads, self.wrong = [], []

    def add(self, function, *args, **more):
        def call():
            try:
                said = function(*args, **more)
            except Exception as why:
                said = "%s%r: %r" % (function.__name__, args[1:], why)
            if said:
                self.wrong.append(said)
        self.threads.append(threading.Thread(target=call, daemon=True))

    def run(self, limit):
        end = time.monotonic() + limit
        for one in self.threads:
            one.start()
        for one in self.threads:
            one.join(max(0, end - time.monotonic()))
        hang = sum(one.is_alive() for one in self.threads)
        return self.wrong + (["%d streams hang" % hang] if hang else [])


def echo(threads, ours, number, size, slow=0):
    """There and back."""
    threads.add(send, ours, number, size)
    threads.add(receive, ours, number, size, slow)


class Server:
    """A TCP server on the loopback that runs a function with each connection, in a thread of its own."""

    def __init__(self, serve, address="127.0.0.1", small=0):
        self.socket = socket.create_server((address, 0), backlog=256)
        if small:
            shrink(self.socket, small)
        self.address, self.serve, self.small = self.socket.getsockname(), serve, small
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                one = self.socket.accept()[0]
                threading.Thread(target=self.use, args=(one,), daemon=True).start()

    def use(self, one):
        with one, contextlib.suppress(OSError):
            self.serve(one)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def serve_echo(one):
    while data := one.recv(1 << 18):
        one.sendall(data)
    one.shutdown(socket.SHUT_WR)


def serve_sink(one):
    while one.recv(1 << 18):
        pass
    one.sendall(b"all")


def shrink(one, size):
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        one.setsockopt(socket.SOL_SOCKET, option, size)


class Relay(Server):
    """Passes connections on, with small socket buffers. `delay`: seconds that each byte takes."""

    def __init__(self, to, address="127.0.0.1", small=4096, delay=0):
        self.to, self.delay = to, delay
        super().__init__(self.pass_on, address, small)

    def pass_on(self, one):
        other = socket.socket()
        if self.small:
            shrink(other, self.small)
        with other:
            other.connect(self.to)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self.pump, args=(other, one), daemon=True)
            back.start()
            self.pump(one, other)
            back.join()

    def pump(self, source, target):
        queue, ended = [], False
        with contextlib.suppress(OSError):
            while queue or not ended:
                now = time.monotonic()
                wait = max(0, queue[0][0] - now) if queue else None
                if not ended and select.select([source], [], [], wait)[0]:
                    data = source.recv(1 << 16)
                    ended = not data
                    if data:
                        queue.append((time.monotonic() + self.delay, data))
                elif ended and wait:
                    time.sleep(wait)
                while queue and queue[0][0] <= time.monotonic():
                    target.sendall(queue.pop(0)[1])
            target.shutdown(socket.SHUT_WR)
