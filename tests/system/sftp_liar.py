#!/usr/bin/env python3
"""An SFTP server that lies, for sftp.test: the first path that it is asked for says how. It runs as `Subsystem sftp`."""

import os
import struct
import sys

INIT, VERSION, STATUS, HANDLE, DATA, NAME, ATTRS = 1, 2, 101, 102, 103, 104, 105
OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, OPENDIR, READDIR, REALPATH, STAT, READLINK = 3, 4, 5, 6, 7, 8, 11, 12, 16, 17, 19
EOF, NO_SUCH_FILE, FAILURE = 1, 2, 4
FILE, DIRECTORY, LINK, FIFO = 0o100644, 0o040755, 0o120777, 0o010644
EXTENSIONS = ((b"posix-rename@openssh.com", b"1"), (b"fsync@openssh.com", b"1"))


def string(data):
    return struct.pack(">I", len(data)) + data


def send(kind, *parts):
    message = bytes([kind]) + b"".join(parts)
    os.write(1, struct.pack(">I", len(message)) + message)


def u32(n):
    return struct.pack(">I", n)


def attributes(mode, size=0):
    return struct.pack(">IQIII", 1 | 4 | 8, size, mode, 1000, 1000)


def read(n):
    data = b""
    while len(data) < n:
        more = os.read(0, n - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


def receive():
    length, = struct.unpack(">I", read(4))
    message = read(length)
    return message[0], message[1:5], message[5:]


def first_string(rest):
    length, = struct.unpack(">I", rest[:4])
    return rest[4:4 + length]


def names(number, *entries):
    send(NAME, number, u32(len(entries)), *(string(name) + string(b"") + what for name, what in entries))


def status(number, code, text=b""):
    send(STATUS, number, u32(code), string(text), string(b""))


class Liar:
    way, depth, count = "", 0, 0

    def answer(self, kind, number, rest):
        if not self.way and kind in (STAT, LSTAT, OPEN, OPENDIR):
            self.way = first_string(rest).decode().rsplit("/", 1)[-1]
        method = getattr(self, "do_" + self.way.replace("-", "_"), None)
        if not method or method(kind, number, rest) is False:
            self.honest(kind, number, rest)

    def honest(self, kind, number, rest, mode=FILE, size=10):
        """One file of ten bytes."""
        if kind in (STAT, LSTAT, FSTAT):
            send(ATTRS, number, attributes(mode, size))
        elif kind in (OPEN, OPENDIR):
            send(HANDLE, number, string(b"h"))
        elif kind == READ:
            offset, length = struct.unpack(">QI", rest[-12:])
            if offset >= size:
                status(number, EOF)
            else:
                send(DATA, number, string(b"x" * min(length, size - offset)))
        elif kind == READDIR:
            status(number, EOF)
        else:
            status(number, 0)

    # --- what is wrong, whatever was asked ---

    def do_garbage(self, kind, number, rest):
        os.write(1, b"HTTP/1.0 400 Bad Request\r\n\r\n" * 10)

    def do_wrong_id(self, kind, number, rest):
        send(ATTRS, u32(4711), attributes(FILE))

    def do_twice(self, kind, number, rest):
        self.honest(kind, number, rest)
        self.honest(kind, number, rest)

    def do_other_kind(self, kind, number, rest):
        send(HANDLE, number, string(b"h"))

    def do_long_handle(self, kind, number, rest):
        if kind != OPEN:
            return False
        send(HANDLE, number, string(b"h" * 257))

    def do_huge(self, kind, number, rest):
        os.write(1, u32(1 << 31) + b"x" * 100)

    def do_silent(self, kind, number, rest):
        pass

    def do_gone(self, kind, number, rest):
        sys.exit(3)

    def do_success(self, kind, number, rest):
        status(number, 0)

    # --- names ---

    def listing(self, kind, number, entries):
        if kind in (STAT, LSTAT):
            send(ATTRS, number, attributes(DIRECTORY))
        elif kind == READDIR and entries is not None:
            names(number, *entries)
        else:
            return False

    def do_up(self, kind, number, rest):
        return self.listing(kind, number, [(b"../../etc/cron.d/evil", attributes(FILE))])

    def do_absolute(self, kind, number, rest):
        return self.listing(kind, number, [(b"/etc/passwd", attributes(FILE))])

    def do_empty_name(self, kind, number, rest):
        return self.listing(kind, number, [(b"", attributes(FILE))])

    def do_nul(self, kind, number, rest):
        return self.listing(kind, number, [(b"a\0b", attributes(FILE))])

    def do_no_names(self, kind, number, rest):
        return self.listing(kind, number, [])

    def do_dots(self, kind, number, rest):
        return self.listing(kind, number, [(b".", attributes(DIRECTORY)), (b"..", attributes(DIRECTORY))])

    def do_long_name(self, kind, number, rest):
        self.count += kind == READDIR
        return self.listing(kind, number, [(b"n" * 300, attributes(FILE)), (b"good", attributes(FILE, 10))]
                            if self.count == 1 else None)

    def do_endless(self, kind, number, rest):
        self.count += 1
        return self.listing(kind, number, [(b"%d-%d" % (self.count, i), attributes(FIFO)) for i in range(100)])

    def do_deep(self, kind, number, rest):
        self.depth += kind == OPENDIR
        if kind == OPENDIR:
            self.count = 0
        self.count += kind == READDIR
        deeper = self.count == 1 and self.depth <= 256
        return self.listing(kind, number, [(b"d", attributes(DIRECTORY))] if deeper else None)

    def do_no_kind(self, kind, number, rest):
        send(ATTRS, number, u32(0))

    # --- sizes ---

    def do_more_than_its_size(self, kind, number, rest):
        if kind != READ:
            return False
        send(DATA, number, string(b"x" * struct.unpack(">I", rest[-4:])[0]))

    def do_less_than_its_size(self, kind, number, rest):
        if kind != READ:
            return self.honest(kind, number, rest, FILE, 100000)
        status(number, EOF)

    def do_more_than_asked(self, kind, number, rest):
        if kind != READ:
            return False
        send(DATA, number, string(b"x" * 40000))

    def do_nothing_to_read(self, kind, number, rest):
        if kind != READ:
            return False
        send(DATA, number, string(b""))

    def do_impossible_size(self, kind, number, rest):
        if kind not in (STAT, FSTAT):
            return False
        send(ATTRS, number, attributes(FILE, 1 << 63))

    def do_crumbs(self, kind, number, rest):
        """One byte for each read: slow, and right."""
        if kind != READ or struct.unpack(">Q", rest[-12:-4])[0] >= 10:
            return False
        send(DATA, number, string(b"x"))

    def do_target_size(self, kind, number, rest):
        """It takes a file, and says that there is less in it."""
        if kind in (STAT, LSTAT):
            status(number, NO_SUCH_FILE)
        elif kind == FSTAT:
            send(ATTRS, number, attributes(FILE, 3))
        else:
            return False

    def do_target_full(self, kind, number, rest):
        if kind in (STAT, LSTAT):
            status(number, NO_SUCH_FILE)
        elif kind == WRITE:
            status(number, FAILURE, b"Failure")
        else:
            return False


def main():
    how = sys.argv[1] if len(sys.argv) > 1 else ""
    if how == "silent":
        while os.read(0, 65536):  # the session has ended at the end of file
            pass
        return
    receive()
    if how == "banner":
        os.write(1, b"Welcome to this machine!\n")
    version = 6 if how == "version" else 3
    send(VERSION, u32(version), *(string(a) + string(b) for a, b in EXTENSIONS if how != "plain"))
    liar = Liar()
    while True:
        liar.answer(*receive())


main()
