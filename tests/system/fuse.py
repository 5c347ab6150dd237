"""A file system in user space (fuse(4)) whose file keeps every close(2) waiting: the server does not answer FUSE_FLUSH.
Only root can mount it, in a mount namespace of one child of the test; it ends with that child."""

import os
import signal
import socket
import struct

from people import check_call, private_mounts

LOOKUP, FORGET, GETATTR, OPEN, RELEASE, FLUSH, INIT, BATCH_FORGET = 1, 2, 3, 14, 18, 25, 26, 42
FILE = 2  # its node; the root is 1
ENOENT, ENOSYS = 2, 38


def attributes(node):
    mode, size = (0o40755, 0) if node == 1 else (0o100666, 4096)
    return struct.pack("=6Q10I", node, size, 8, 0, 0, 0, 0, 0, 0, mode, 1, os.getuid(), os.getgid(), 0, 4096, 0)


def answer(opcode, node, body):
    """(errno, the bytes of the answer); None: no answer."""
    if opcode == INIT:
        return 0, struct.pack("=4I2H2I2HI7I", 7, 31, 65536, 0, 12, 9, 65536, 1, 16, 0, 0, *[0] * 7)
    if opcode == LOOKUP:
        if body.rstrip(b"\0") != b"file":
            return ENOENT, b""
        return 0, struct.pack("=4Q2I", FILE, 0, 3600, 3600, 0, 0) + attributes(FILE)
    if opcode == GETATTR:
        return 0, struct.pack("=Q2I", 3600, 0, 0) + attributes(node)
    if opcode == OPEN:
        return 0, struct.pack("=Q2I", 1, 0, 0)
    if opcode == RELEASE:
        return 0, b""
    return None if opcode in (FLUSH, FORGET, BATCH_FORGET) else (ENOSYS, b"")


def serve(device):
    while True:
        request = os.read(device, 1 << 20)
        _, opcode, unique, node = struct.unpack("=2I2Q", request[:24])
        said = answer(opcode, node, request[40:])
        if said:
            os.write(device, struct.pack("=IiQ", 16 + len(said[1]), -said[0], unique) + said[1])


def open_and_send(directory, said):
    """Open the file; send its descriptor to each socket that comes."""
    file = os.open(directory + "/file", os.O_RDWR)
    said.send(b"open")
    while True:
        data, fds, _, _ = socket.recv_fds(said, 4096, 1)
        if not fds:
            return
        try:
            with socket.socket(fileno=fds[0]) as where:
                socket.send_fds(where, [data], [file])
            said.send(b"sent")
        except OSError as error:
            said.send(str(error).encode())


class HangingFile:
    """The file, open in a child: `send` sends its descriptor over a Unix socket. OSError: there is no such file system
    here. At the `end` all waiting calls return."""

    def __init__(self, directory):
        self.ours, theirs = socket.socketpair()
        self.server = os.fork()  # has no copy of the file: its end must not wait for itself
        if self.server == 0:
            self.ours.close()
            try:
                self.work(directory, theirs)
            except BaseException as error:
                theirs.send(str(error).encode())
            os._exit(1)
        theirs.close()
        said = self.ours.recv(1000).decode()
        if said != "open":
            self.end()
            raise OSError("no file system in user space: " + said)

    def work(self, directory, theirs):
        libc = private_mounts()
        device = os.open("/dev/fuse", os.O_RDWR)
        options = "fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other" % (device, os.getuid(), os.getgid())
        check_call(libc.mount(b"remex", directory.encode(), b"fuse", 0, options.encode()), "the mount")
        if os.fork() == 0:
            os.close(device)
            try:
                open_and_send(directory, theirs)
            except BaseException as error:
                theirs.send(str(error).encode())
            os._exit(0)
        theirs.close()
        serve(device)

    def send(self, where, data=b"\0"):
        """Send the descriptor with these bytes. Returns "sent", or the words of the error."""
        socket.send_fds(self.ours, [data], [where.fileno()])
        return self.ours.recv(1000).decode()

    def end(self):
        if self.server:
            os.kill(self.server, signal.SIGKILL)
            os.waitpid(self.server, 0)
            self.server = 0
            self.ours.close()
