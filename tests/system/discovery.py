"""Shared parts of the tests of discovery, and of its bench: machines that are network namespaces on one bridge, the datagrams
(doc/protocol.md, section 15), and a program that answers for any number of simulated machines."""

import ctypes
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys

PORT, GROUP4, GROUP6 = 7363, "239.255.73.63", "ff02::7363"
CLONE_NEWNET, CLONE_NEWUTS = 0x40000000, 0x04000000  # unshare(2)
IP_PKTINFO = 8


def query(nonce):
    return b"remex?\0\1" + nonce + bytes(104)


def answer(nonce, name, port=PORT, key=None):
    name = name if isinstance(name, bytes) else name.encode()
    digest = hashlib.sha256(key if key is not None else name).digest()
    return b"remex!\0\1" + nonce + struct.pack(">H", port) + digest + bytes([len(name)]) + name


def obstacle():
    """Why no machines can be made here; None: they can."""
    if os.geteuid() != 0:
        return "only root can make machines"
    for program in ("ip", "nsenter", "unshare"):
        if not shutil.which(program):
            return "there is no %s (Debian: iproute2, util-linux)" % program
    tried = subprocess.run(["unshare", "-n", "-u", "true"], capture_output=True, text=True)
    return tried.stderr.strip() or "there are no namespaces" if tried.returncode else None


def libc(name, *words):
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*words) < 0:
        raise OSError(ctypes.get_errno(), name)


class Machine:
    """A network namespace and a host name of its own, kept by a process that sleeps in them."""

    def __init__(self, name):
        self.name = name

        def prepare():
            libc("prctl", 1, 9)  # PR_SET_PDEATHSIG
            libc("unshare", CLONE_NEWNET | CLONE_NEWUTS)
            socket.sethostname(name)
        self.holder = subprocess.Popen(["sleep", "infinity"], preexec_fn=prepare)

    def close(self):
        self.holder.kill()
        self.holder.wait()

    def enter(self):
        """For a child: be on that machine from now on."""
        for kind, flag in (("net", CLONE_NEWNET), ("uts", CLONE_NEWUTS)):
            fd = os.open("/proc/%d/ns/%s" % (self.holder.pid, kind), os.O_RDONLY | os.O_CLOEXEC)
            libc("setns", fd, flag)
            os.close(fd)

    def command(self, *words):
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-u", *words]

    def run(self, *words, **more):
        return subprocess.run(self.command(*words), check=True, **more)

    def counter(self, name):
        """A number of UDP over IPv4, as "OutDatagrams"."""
        with open("/proc/%d/net/snmp" % self.holder.pid) as file:
            names, values = [line.split()[1:] for line in file if line.startswith("Udp:")]
        return int(values[names.index(name)])


class Network(Machine):
    """A bridge that machines are joined to, 192.0.2.0/24 and fe80::/10."""

    def __init__(self):
        super().__init__("bridge")
        self.machines = []
        self.run("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        self.run("ip", "link", "set", "br0", "up")

    def add(self, name, number, link=True):
        machine = Machine(name)
        self.machines.append(machine)
        machine.run("ip", "link", "set", "lo", "up")
        if link:
            self.join(machine, number)
        return machine

    def join(self, machine, number):
        self.run("ip", "link", "add", "port%d" % number, "type", "veth", "peer", "name", "eth0", "netns",
                 str(machine.holder.pid))
        self.run("ip", "link", "set", "port%d" % number, "master", "br0", "up")
        machine.run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad")
        machine.run("ip", "address", "add", "192.0.2.%d/24" % number, "brd", "+", "dev", "eth0")
        machine.run("ip", "link", "set", "eth0", "up")

    def close(self):
        for machine in self.machines:
            machine.close()
        super().close()


# --- a program that answers -------------------------------------------------------------------------------------------


def respond(kinds):
    """Answer each query for each of `kinds`: a map with the name, and what is wrong or different with it. With `each` in the
    first one there is one machine for each address that is asked."""
    main = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    main.bind((kinds[0].get("listen", "0.0.0.0"), kinds[0].get("on", PORT)))
    if "listen" not in kinds[0]:
        group = struct.pack("=4s4si", socket.inet_aton(GROUP4), bytes(4), socket.if_nametoindex("eth0"))
        main.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    main.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind((kinds[0].get("listen", "0.0.0.0"), 0))
    print(main.getsockname()[1], flush=True)
    while True:
        data, control, _, peer = main.recvmsg(2048, 256)
        if len(data) != 128 or not data.startswith(b"remex?\0\1"):
            continue
        if kinds[0].get("each"):
            here = control[0][2][4:8]  # ip(7): ipi_spec_dst
            back = [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i4s4s", 0, here, bytes(4)))]
            main.sendmsg([answer(data[8:24], "node-" + socket.inet_ntoa(here))], back, 0, peer)
            continue
        for one in kinds:
            nonce = os.urandom(16) if one.get("nonce") else data[8:24]
            name = bytes.fromhex(one["hex"]) if "hex" in one else one["name"].encode()
            key = one["key"].encode() if "key" in one else name
            bytes_ = answer(nonce, name, one.get("port", PORT), key)
            if "cut" in one:
                bytes_ = bytes_[: one["cut"]]
            bytes_ += bytes(one.get("more", 0))
            control = []
            if "address" in one:
                control = [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i4s4s", 0, socket.inet_aton(one["address"]), bytes(4)))]
            (other if one.get("stray") else main).sendmsg([bytes_], control, 0, peer)
            for n in range(one.get("flood", 0)):
                main.sendto(answer(nonce, "n%d" % n), peer)


def start_responder(kinds, machine=None, **more):
    """Start that program, on that machine; the process, and its port."""
    words = [sys.executable, os.path.abspath(__file__), json.dumps(kinds)]
    process = subprocess.Popen(machine.command(*words) if machine else words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               text=True, preexec_fn=lambda: libc("prctl", 1, 9), **more)
    return process, int(process.stdout.readline())


if __name__ == "__main__":
    respond(json.loads(sys.argv[1]))
