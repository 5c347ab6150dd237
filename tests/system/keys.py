"""Shared parts of the tests of TCP: people with keys, a remexd that listens on TCP too, a raw client over TLS."""

import os
import re
import socket
import ssl
import subprocess

from support import LIMIT, REMEX, Client, Daemon, environment


class Person:
    """A person with a key, made by `remex keygen` in a configuration of its own."""

    def __init__(self, directory, name):
        self.name = name
        self.config = os.path.join(directory, name)
        self.env = environment(REMEX_CONFIG=self.config)
        self.line = self.remex("keygen", "-C", name).stdout.decode().strip()
        self.pem = os.path.join(self.config, "id.pem")

    def remex(self, *words, check=True, **more):
        done = subprocess.run([REMEX, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, env=self.env,
                              **more)
        assert not check or done.returncode == 0, (words, done)
        return done


def grant(daemon, person, name=None, reload=False, **keys):
    """Write the person's identity file; the values are YAML."""
    keys = {"allow": "['*']", **keys}
    path = os.path.join(daemon.identities, (name or person.name) + ".yaml")
    with open(path + ".new", "w") as file:
        file.write("key: %s\n" % person.line + "".join("%s: %s\n" % item for item in keys.items() if item[1]))
    os.rename(path + ".new", path)
    if reload:
        daemon.reload()


class TcpDaemon(Daemon):
    """A remexd that listens on its Unix socket, and on TCP at a port that the kernel picks."""

    def __init__(self, config=None, address="127.0.0.1", **more):
        settings = dict(config or {})
        super().__init__(settings, start=False, **more)
        self.identities = os.path.join(self.directory, "identities.d")
        self.host_key = os.path.join(self.directory, "host.pem")
        os.mkdir(self.identities, 0o755)
        with open(self.config) as file:
            text = file.read().replace("listen: %s\n" % self.where, "listen: [%s, 'tcp://%s:0']\n" % (self.where, address))
        with open(self.config, "w") as file:
            file.write(text + "host_key: %s\n" % self.host_key)

    def start(self, *args, **more):
        super().start(*args, **more)
        if more.get("ready", True):
            # At some log levels the port is not logged.
            client = self.connect()
            table = client.wait(client.call("identities")).result
            client.close()
            self.fingerprint = table["host_key"]
            self.address = [one for one in table["listen"] if one.startswith("tcp://")][0][len("tcp://") :]
            self.host, port = self.address.rsplit(":", 1)
            self.host, self.port = self.host.strip("[]"), int(port)
        return self

    def reload(self):
        client = self.connect()
        try:
            answer = client.wait(client.call("reload"))
            assert answer.outcome == "completed", answer.end
        finally:
            client.close()



def certificate_of(path):
    """The certificate as PEM, from a key file."""
    with open(path) as file:
        return re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", file.read(), re.S).group()


def context(daemon, pem):
    return context_of(certificate_of(daemon.host_key), pem)


def context_of(certificate, pem):
    """The TLS context of doc/protocol.md: the server's certificate is its own trust anchor."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    tls.check_hostname = False
    tls.load_verify_locations(cadata=certificate)
    if pem:
        tls.load_cert_chain(pem)
    return tls


class TlsClient(Client):
    """remex/1 by hand, over TLS."""

    def __init__(self, daemon, pem, source=None, tls=None, **more):
        plain = socket.create_connection((daemon.host, daemon.port), LIMIT, (source, 0) if source else None)
        try:
            self.tls = (tls or context(daemon, pem)).wrap_socket(plain)
        except BaseException:
            plain.close()
            raise
        super().__init__((self.tls.fileno(), self.tls.fileno()), **more)

    def raw(self, data):
        self.tls.sendall(data)

    def fill(self, limit):
        self.tls.settimeout(limit)
        piece = self.tls.recv(1 << 20)
        if self.at:
            del self.buffer[: self.at]
            self.at = 0
        self.buffer += piece
        self.ended = not piece
        return bool(piece)

    def close(self):
        self.tls.close()
