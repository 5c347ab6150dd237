"""What all rows of the bench need: processes, contenders that take turns, and the row itself; see run."""

import contextlib
import os
import signal
import statistics
import subprocess
import time

PATIENCE = 30  # seconds for what takes milliseconds
GIB = 1 << 30
MET = {True: "met", False: "not met", None: "-"}


class Failed(Exception):
    """A row that could not be measured, and why."""


class Skipped(Failed):
    """A row that this machine or this user cannot measure: no fault of remex or of the bench."""


# --- processes --------------------------------------------------------------------------------------------------------


def cpu_seconds(pid):
    """User and system time of a process (proc(5), stat)."""
    words = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what} did not happen in {PATIENCE} s")
        time.sleep(0.01)


def read(path):
    with open(path) as file:
        return file.read()


def descendants(pid):
    """pid and all beneath it, as (pid, command line)."""
    with contextlib.suppress(OSError):
        yield pid, read(f"/proc/{pid}/cmdline").split("\0")
        for child in read(f"/proc/{pid}/task/{pid}/children").split():
            yield from descendants(int(child))


def kib(pid, file, key):
    """A line of /proc/PID/smaps_rollup or status that is in KiB."""
    return next(int(line.split()[1]) for line in read(f"/proc/{pid}/{file}").splitlines() if line.startswith(f"{key}:"))


def end(process):
    """SIGTERM twice is "at once" for remexd; KILL is for what does not work."""
    for signo in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            break
        process.send_signal(signo)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE / 3)


# --- contenders -------------------------------------------------------------------------------------------------------


class Meter:
    """A contender: told how many operations, it answers how many nanoseconds they took."""

    endless = False

    def __init__(self, stack, *command, uid=None, groups=None, **variables):
        self.name = os.path.basename(command[0])
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", **variables}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, bufsize=1,
            user=uid, group=uid, extra_groups=groups,
        )  # fmt: skip
        stack.callback(self.close)

    def begin(self, n):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{n}\n")

    def run_on(self):
        """Operations without an end, until it is closed."""
        self.begin(1 << 40)
        self.endless = True

    def finish(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"bench/{self.name} gave up")
        return int(line)

    def close(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        if self.endless:
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE / 3)
        end(self.process)
        self.process.stdout.close()


def block(meters, n):
    """Nanoseconds per operation of n, shared by some meters that run at once."""
    for meter in meters:
        meter.begin(n // len(meters))
    return max(meter.finish() for meter in meters) / n


def paired(ours, theirs, n, rounds):
    """Rounds of pairs in turn, each side first every other time: [(our ns per operation, theirs)]."""
    pairs = []
    for meters in (ours, theirs):
        block(meters, n)  # wakes what is asleep: workers, caches
    for i in range(rounds):
        if i % 2:
            a = block(ours, n)
            b = block(theirs, n)
        else:
            b = block(theirs, n)
            a = block(ours, n)
        pairs.append((a, b))
    return pairs


# --- rows -------------------------------------------------------------------------------------------------------------


class Row:
    def __init__(self, what, against, aim=None, higher=False, aim_unit="x"):
        self.what, self.against, self.aim, self.higher, self.aim_unit = what, against, aim, higher, aim_unit
        self.value = self.low = self.high = None
        self.pairs, self.bound = 0, False  # bound: the value is an upper bound
        self.ours = self.theirs = self.unit = self.note = ""

    def ratio(self, pairs, show):
        """Of the times; of the rates where more is better. `show` says nanoseconds per operation for people."""
        ratios = [b / a if self.higher else a / b for a, b in pairs]
        self.value, self.pairs, self.unit = statistics.median(ratios), len(ratios), "x"
        self.low, _, self.high = statistics.quantiles(ratios, n=4)
        self.ours = show(statistics.median(a for a, _ in pairs))
        self.theirs = show(statistics.median(b for _, b in pairs))

    def measured(self, value, unit):
        self.value, self.unit = value, unit

    def percentiles(self, times):
        """Of nanoseconds: the 99th is the figure."""
        times = sorted(time / 1e6 for time in times)
        self.measured(times[len(times) * 99 // 100], "ms")
        self.low, _, self.high = statistics.quantiles(times, n=4)
        self.pairs, self.ours = len(times), f"p50 {statistics.median(times):.1f} ms"

    def met(self):
        if self.aim is None or self.value is None:
            return None
        if self.bound and self.value > self.aim:
            return None
        return self.value >= self.aim if self.higher else self.value <= self.aim

    def cells(self):
        figure, spread, aim = "-", "-", "information"
        if self.value is not None:
            figure = f"{self.value:.2f}x" if self.unit == "x" else f"{self.value:.1f} {self.unit}"
            figure = f"{'<= ' if self.bound else ''}{figure}"
        if self.low is not None:
            spread = f"{self.low:.2f}-{self.high:.2f} ({self.pairs})"
        if self.aim is not None:
            aim = f"{'>=' if self.higher else '<='} {self.aim:g}{'x' if self.aim_unit == 'x' else ' ' + self.aim_unit}"
        return self.what, self.against, figure, spread, aim, MET[self.met()], self.ours, self.theirs

    def data(self):
        keys = ("what", "against", "value", "unit", "low", "high", "pairs", "bound", "aim", "ours", "theirs", "note")
        return {**{key: getattr(self, key) for key in keys}, "at_least": self.higher, "met": self.met()}


def microseconds(ns):
    return f"{ns / 1e3:.0f} us"


def milliseconds(ns):
    return f"{ns / 1e6:.2f} ms"


def rate(ns):
    return f"{1e9 / ns:.0f}/s"


def gib_rate(ns):
    return f"{GIB / ns:.2f} GB/s"
