"""Three network namespaces: desk -- gateway -- inner. Only the gateway has both nets, and it forwards no packets. For root."""

import contextlib
import ctypes
import os
import shutil
import subprocess

from support import LIMIT, bind_to_parent

CLONE_NEWNET = 0x40000000  # unshare(2), setns(2)
libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def obstacle():
    """Why there can be no such nets, or None."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    for program in ("ip", "nsenter", "unshare"):
        if not shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin"):
            return "there is no %s (Debian: iproute2, util-linux)" % program
    tried = subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    return "no network namespace can be made: " + tried.stderr.strip() if tried.returncode else None


class Machine:
    """A namespace, kept by a process that sleeps in it."""

    def __init__(self, address):
        self.address = address

        def prepare():
            bind_to_parent()
            check(libc.unshare(CLONE_NEWNET))
        self.holder = subprocess.Popen(["sleep", "infinity"], preexec_fn=prepare)
        self.enter = ("nsenter", "-t", str(self.holder.pid), "-n")
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *words):
        subprocess.run([*self.enter, *words], check=True, timeout=LIMIT)

    def buffers(self, size):
        """Of all TCP sockets that are made in it from now on."""
        for name in ("tcp_rmem", "tcp_wmem"):
            self.run("sh", "-c", "echo '%d %d %d' >/proc/sys/net/ipv4/%s" % (size, size, size, name))

    @contextlib.contextmanager
    def here(self):
        """Sockets that this thread makes belong to the namespace."""
        with open("/proc/thread-self/ns/net") as back, open("/proc/%d/ns/net" % self.holder.pid) as there:
            check(libc.setns(there.fileno(), CLONE_NEWNET))
            try:
                yield
            finally:
                check(libc.setns(back.fileno(), CLONE_NEWNET))

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Net:
    def __init__(self):
        self.desk, self.gateway, self.inner = (Machine(address) for address in ("192.0.2.1", "192.0.2.2", "198.51.100.2"))
        self.join(self.desk, "desk", "192.0.2.1/24", self.gateway, "outside", "192.0.2.2/24")
        self.join(self.gateway, "inside", "198.51.100.1/24", self.inner, "inner", "198.51.100.2/24")

    @staticmethod
    def join(one, name, address, other, other_name, other_address):
        subprocess.run(["ip", "link", "add", "name", name, "netns", str(one.holder.pid), "type", "veth", "peer", "name",
                        other_name, "netns", str(other.holder.pid)], check=True)
        for machine, device, ip in ((one, name, address), (other, other_name, other_address)):
            machine.run("ip", "address", "add", ip, "dev", device)
            machine.run("ip", "link", "set", device, "up")

    def worsen(self, delay, loss):
        """Between desk and gateway, in both directions. Returns why that cannot be, or None."""
        for machine, device in ((self.desk, "desk"), (self.gateway, "outside")):
            tried = subprocess.run([*machine.enter, "tc", "qdisc", "add", "dev", device, "root", "netem", "delay", delay, "loss",
                                    loss], capture_output=True, text=True)
            if tried.returncode:
                return "no delay and no loss (netem): " + tried.stderr.strip()
        return None

    def close(self):
        for machine in (self.desk, self.gateway, self.inner):
            machine.close()
