"""A remexd of a few lines that has jobs (doc/protocol.md, 13), for the tests of the client. A job is a thread that runs one
of the functions of `programs`; its output, its input and its end are kept in a Job."""

import json
import os
import random
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_server import Server

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


class Job:
    def __init__(self, server, header, body):
        wanted = header["job"]
        self.server, self.header, self.args = server, header, header.get("args", {})
        self.id = "".join(random.choices(LETTERS, k=12))
        self.key, self.name, self.open = wanted.get("key"), wanted.get("name"), wanted.get("input", False)
        self.changed = threading.Condition()
        self.output, self.pieces = bytearray(), []  # pieces: (offset, stream, length)
        self.input, self.taken = bytearray(body), len(body)
        self.cut = 0  # bytes at the beginning that are not kept
        self.end = self.why = self.tty = None
        self.events = []
        words = self.args.get("argv") or self.args["command"].split()
        threading.Thread(target=self.run, args=[words], daemon=True).start()

    def run(self, words):
        self.server.programs[words[0]](self, *words[1:])

    def note(self, event):
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, 180)

    def write(self, data, stream="stdout"):
        with self.changed:
            self.pieces.append((len(self.output), stream, len(data)))
            self.output += data
            self.changed.notify_all()

    def read(self):
        """Some bytes of input; b"" at its end."""
        self.wait(lambda: self.input or not self.open)
        with self.changed:
            data, self.input = bytes(self.input), bytearray()
            self.changed.notify_all()
        return data

    def ends(self, outcome, **members):
        with self.changed:
            self.end = dict({"outcome": outcome, "seconds": 0.5}, **members)
            self.changed.notify_all()

    def row(self):
        state = "lost" if self.why else "ended" if self.end else "running"
        row = {"id": self.id, "you": "tester", "user": "alice", "call": self.header["call"], "command": "make all",
               "state": state, "started": 1700000000, "seconds": 3.5, "bytes": len(self.output), "cut": self.cut, "tty": False}  # fmt: skip
        return {**row, **({"name": self.name} if self.name else {}), **({"done": self.end} if self.end else {}),
                **({"why": self.why} if self.why else {})}  # fmt: skip


class JobServer(Server):
    """programs: {word: function of the job and the other words}. `window`: the first credit for input."""

    def __init__(self, programs, window=65536, **more):
        super().__init__(**more)
        self.programs, self.window, self.jobs, self.starts = programs, window, {}, 0
        self.lock = threading.Lock()
        for call in ("list", "attach", "logs", "peek", "wait", "kill", "remove"):
            self.verbs.setdefault("job." + call, getattr(self, "call_" + call))
        for call in ("exec.run", "exec.shell"):
            self.verbs.setdefault(call, self.start)

    def start(self, request, args):
        header = request.header
        if "job" not in header:
            words = args.get("argv") or args["command"].split()
            return request.command(words)
        assert "job" in header["must"]
        key = header["job"].get("key")
        with self.lock:
            job = next((one for one in self.jobs.values() if key and one.key == key), None)
            again = job is not None
            if not again:
                self.starts += 1
                job = Job(self, header, request.input)
                self.jobs[job.id] = job
        request.done("completed", job=job.id, **({"again": True} if again else {}))

    def find(self, request, args):
        job = self.jobs.get(args.get("id")) or next((one for one in self.jobs.values() if args.get("key") and one.key == args["key"]), None)
        if not job:
            request.error("not_found", "no job '%s' here" % (args.get("id") or args.get("key")))
        return job

    def call_list(self, request, args):
        request.out(json.dumps([job.row() for job in self.jobs.values()]).encode(), "result")
        request.done("completed")

    def call_remove(self, request, args):
        if job := self.find(request, args):
            if not job.end and not job.why:
                return request.error("failed", "the job runs")
            del self.jobs[job.id]
            request.done("completed")

    def call_kill(self, request, args):
        if job := self.find(request, args):
            job.note(args.get("signal", "TERM"))
            request.done("completed")

    def wait_for_end(self, request, job):
        while not job.end and not job.why and not set(request.events) & {"cancel", "gone"}:
            with job.changed:
                job.changed.wait(0.02)
        self.say_end(request, job)

    def say_end(self, request, job):
        if job.why:
            request.done("lost", why=job.why)
        elif job.end:
            request.done(**job.end)
        elif "cancel" in request.events:
            request.done("cancelled")

    def call_wait(self, request, args):
        if job := self.find(request, args):
            self.wait_for_end(request, job)

    def call_peek(self, request, args):
        if job := self.find(request, args):
            request.out(bytes(job.output).splitlines(True)[-1])
            request.done("completed")

    def call_logs(self, request, args):
        if job := self.find(request, args):
            if self.feed(request, args, job, args.get("follow", False)) and args.get("follow") and job.why:
                request.done("lost", why=job.why)
            else:
                request.done("cancelled" if "cancel" in request.events else "completed")

    def call_attach(self, request, args):
        if job := self.find(request, args):
            if self.feed(request, args, job, True, not args.get("read_only")):
                self.say_end(request, job)
            elif "cancel" in request.events:
                request.done("cancelled")

    def feed(self, request, args, job, follow, writes=False):
        """Send output from `since` on and, with `writes`, take input. True: the job has ended."""
        since, streams = args.get("since", 0), args.get("streams", "both")
        since = len(job.output) if since < 0 else since
        first = {"id": job.id, "offset": max(since, job.cut), "input": job.taken}
        if since < job.cut:
            first["cut"] = [since, job.cut]
            since = job.cut
        if job.tty:
            first["tty"] = job.tty
        request.out(json.dumps(first).encode() + b"\n", "job")
        if writes and job.open and request.header.get("input"):
            request.grant(self.window)
        while True:
            if set(request.events) & {"gone", "cancel"}:
                return False
            if writes:
                self.take_input(request, job)
            ended = job.end or job.why
            with job.changed:
                pieces = [(at, stream, n) for at, stream, n in job.pieces if at + n > since]
            for at, stream, n in pieces:
                skip = max(0, since - at)
                data = bytes(job.output[at + skip : at + min(n, skip + 65536)])
                since = at + skip + len(data)
                if streams in ("both", stream) and not request.out(data, stream):
                    return False
                break
            else:
                if ended or not follow:
                    return True
                with job.changed:
                    job.changed.wait(0.005)

    def take_input(self, request, job):
        with request.changed:
            data, request.input, ended = request.input, b"", request.ended
            events, request.events = request.events, [one for one in request.events if one in ("gone", "cancel")]
        for event in events:
            if event not in ("gone", "cancel"):
                job.note(event)
        with job.changed:
            if data:
                job.input += data
                job.taken += len(data)
            if ended and request.header.get("input"):
                job.open = False
            job.changed.notify_all()
        if data and request.header.get("input") and not ended:
            request.grant(len(data))

