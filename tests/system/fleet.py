"""A fleet: one remexd that is many hosts, 127.0.1.1, 127.0.1.2 ..., all of them pinned, with names in a hosts.yaml."""

import os
import shutil

from keys import Person, TcpDaemon, grant


class Fleet:
    """`hosts`: how many. Their names are n1, n2 ...; fleet.person.env is the environment for remex."""

    def __init__(self, hosts=8, config=None, **more):
        limits = {"grace": 0.3, "penalty": "0s", "unproved": 2000, "unproved_each": 2000, "connections": 4000,
                  "connections_each": 4000}
        self.daemon = TcpDaemon({"limits": limits, "workers": {"max": 64}, **(config or {})}, address="0.0.0.0", **more)
        self.directory = self.daemon.directory
        self.person = Person(self.directory, "ann")
        grant(self.daemon, self.person, limits="{connections: 4000, calls: 4000}", **({"user": "root"} if os.geteuid() == 0 else {}))
        self.daemon.start()
        self.port = self.daemon.port
        state = os.path.join(self.directory, "state")
        self.person.env.update(XDG_STATE_HOME=state, NO_COLOR="1", HOME=self.directory)
        self.person.env.pop("WCOLL", None)
        self.person.remex("trust", "127.0.0.1:%d" % self.port, self.daemon.fingerprint)
        self.pins = os.path.join(self.person.config, "hosts")
        self.names = ["n%d" % (i + 1) for i in range(hosts)]
        self.settings = {name: (self.address(i), self.port) for i, name in enumerate(self.names)}
        for address, port in self.settings.values():
            self.pin(address, port)
        self.write()

    @staticmethod
    def address(i):
        return "127.0.%d.%d" % (1 + i // 250, 1 + i % 250)

    def pin(self, address, port):
        first = os.path.join(self.pins, "127.0.0.1:%d.pem" % self.port)
        shutil.copy(first, os.path.join(self.pins, "%s:%d.pem" % (address, port)))

    def write(self, more=""):
        """Write hosts.yaml anew from `settings`: {name: (address, port)}."""
        text = "hosts:\n" + "".join(
            "  %s: {address: %s, port: %d}\n" % (name, *where) for name, where in self.settings.items())
        with open(os.path.join(self.person.config, "hosts.yaml"), "w") as file:
            file.write(text + more)

    def remex(self, *words, check=False, **more):
        return self.person.remex(*words, check=check, **more)
