"""The rows of the bench about finding machines; see run. One program answers for all of them (tests/system/discovery.py)."""

import json
import os
import statistics
import subprocess
import tempfile
import time

import discovery
from measure import PATIENCE, Failed, Row, Skipped

MACHINES, ROUNDS = 200, 11


class Discover:
    def discover(self, stack, where, *words, machine=None):
        """Run remex discover; its nanoseconds, and how many machines it has found."""
        remex, libraries = self.remex()
        variables = {"LD_LIBRARY_PATH": libraries, "REMEX_CONFIG": where, "HOME": where}
        command = [remex, "discover", "--json", *words]
        begin = time.monotonic_ns()
        done = subprocess.run(
            machine.command("env", *(f"{key}={value}" for key, value in variables.items()), *command) if machine else command,
            env=None if machine else {**os.environ, **variables}, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=PATIENCE,
        )  # fmt: skip
        took = time.monotonic_ns() - begin
        if not done.stdout:
            raise Failed(done.stderr.decode())
        return took, len(json.loads(done.stdout)["machines"])

    def answerer(self, stack, kinds, machine=None):
        process, port = discovery.start_responder(kinds, machine)
        stack.callback(process.stdout.close)
        stack.callback(process.wait)
        stack.callback(process.kill)
        return port

    def discover_addresses(self, stack, row):
        where = stack.enter_context(tempfile.TemporaryDirectory(dir=self.directory))
        port = self.answerer(stack, [{"listen": "0.0.0.0", "on": 0, "each": True}])
        words = [f"127.0.1.[1-{MACHINES}]:{port}", "-t", "10"]
        runs = [self.discover(stack, where, *words) for _ in range(ROUNDS)]
        if any(found != MACHINES for _, found in runs):
            raise Failed(f"not all of {MACHINES} machines were found: {[found for _, found in runs]}")
        times = [took / 1e6 for took, _ in runs]
        row.measured(statistics.median(times), "ms")
        row.low, _, row.high = statistics.quantiles(times, n=4)
        row.pairs = ROUNDS
        row.note = "a fresh process, each address asked alone; it ends when all have answered"

    def discover_network(self, stack, row):
        if discovery.obstacle():
            raise Skipped(discovery.obstacle())
        where = stack.enter_context(tempfile.TemporaryDirectory(dir=self.directory))
        network = discovery.Network()
        stack.callback(network.close)
        desk, many = network.add("desk", 1), network.add("many", 2)
        subprocess.run(many.command("ip", "-batch", "-"), check=True, text=True,
                       input="".join(f"address add 192.0.2.{20 + i}/24 dev eth0\n" for i in range(MACHINES)))
        kinds = [{"name": f"node{i:03}", "address": f"192.0.2.{20 + i}"} for i in range(MACHINES)]
        self.answerer(stack, kinds, many)
        runs = [self.discover(stack, where, machine=desk) for _ in range(3)]
        row.measured(min(found for _, found in runs), "machines")
        row.pairs = len(runs)
        row.note = "the fewest that one second of listening has found; queries by broadcast and multicast"


def rows():
    return {
        "discover_addresses": Row(f"`remex discover` of {MACHINES} addresses", "-"),
        "discover_network": Row(f"`remex discover` of {MACHINES} machines on a bridge", "-", MACHINES, True, "machines"),
    }
