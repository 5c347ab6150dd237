#!/usr/bin/env python3
"""Run as root in a booted system with systemd and remex (scripts/booted-jobs): jobs of root's remexd survive restart, stop and
start of the unit, and are lost with the machine.

    booted_job.py before     starts jobs, and restarts remexd around them
    booted_job.py after      after a reboot: the jobs are over, and their output is there"""

import json
import os
import socket
import struct
import subprocess
import sys
import time

SOCKET = "/run/remex/remexd.sock"


def connect():
    for _ in range(200):
        try:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(SOCKET)
            return connection
        except OSError:
            time.sleep(0.05)
    sys.exit("remexd does not answer")


def receive(connection):
    def exactly(n):
        data = b""
        while len(data) < n:
            piece = connection.recv(n - len(data))
            if not piece:
                sys.exit("the connection ended")
            data += piece
        return data
    header = json.loads(exactly(struct.unpack(">I", exactly(4))[0]))
    return header, exactly(header.get("body", 0))


def call(name, args, **more):
    """Make one call on a connection of its own; (terminal message, {stream: bytes})."""
    connection = connect()
    receive(connection)
    text = json.dumps({"id": 1, "call": name, "args": args, **more}).encode()
    connection.sendall(struct.pack(">I", len(text)) + text)
    streams = {}
    while True:
        header, body = receive(connection)
        if "data" in header:
            streams[header["data"]] = streams.get(header["data"], b"") + body
        elif "done" in header or "error" in header:
            connection.close()
            return header, streams


def jobs():
    end, streams = call("job.list", {})
    assert "done" in end, end
    return {job["id"]: job for job in json.loads(streams["result"])}


def start(script, limits=None, **job):
    end, _ = call("exec.run", {"argv": ["/bin/sh", "-c", script]}, job=job, **({"limits": limits} if limits else {}))
    assert "done" in end, end
    print("started:", end["done"])
    return end["done"]["job"]


def systemctl(*words):
    subprocess.run(["systemctl", *words], check=True)
    print("systemctl", *words)


def pids(job):
    """The processes in the job's scope."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cgroup" % name) as file:
                if "remex-job-%s.scope" % job in file.read():
                    found.append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return sorted(found)


def controllers(job):
    """The controllers that are enabled beneath the job's scope."""
    root = next(where for where in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup") if os.path.exists(where + "/cgroup.procs"))
    with open("%s/remex.slice/remex-job-%s.scope/cgroup.subtree_control" % (root, job)) as file:
        return file.read().split()


def limits():
    """The scope of a job holds the memory and the number of all its processes together."""
    job = start("sleep 1000", {"memory": 64 << 20, "processes": 20})
    shown = subprocess.run(["systemctl", "show", "-p", "MemoryMax,TasksMax,Slice", "remex-job-%s.scope" % job],
                           capture_output=True, text=True, check=True).stdout
    assert sorted(shown.split()) == ["MemoryMax=%d" % (80 << 20), "Slice=remex.slice", "TasksMax=23"], shown
    where = "/sys/fs/cgroup/remex.slice/remex-job-%s.scope/" % job
    counted = os.path.exists(where + "memory.events") and os.path.exists(where + "pids.events")
    assert "done" in call("job.kill", {"id": job})[0]
    if not counted:
        print("limits: the properties of the scope only: no controllers of cgroup2 here")
        return
    for limit, value, script in (
            ("processes", 20, "for i in $(seq 100); do sleep 1000 & done; exit 1"),
            ("memory", 64 << 20, "for i in 1 2 3; do python3 -c 'import time; x = b\"x\" * (40 << 20); time.sleep(2)' & "
                                 "pids=\"$pids $!\"; done; for i in $pids; do wait $i || exit 3; done")):
        job = start(script, {limit: value})
        done = call("job.wait", {"id": job})[0]["done"]
        assert (done["limit"], done["limit_value"]) == (limit, value), done
    print("limits: passed")


def before():
    limits()
    ticks = start("i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done", name="ticks")
    short = start("sleep 6; echo short; exit 7", name="short")
    members = pids(ticks)
    assert len(members) >= 4, members  # holder, keeper, worker, command
    for words in (["restart"], ["stop"], ["start"], ["restart"], ["kill", "--signal=KILL"]):
        seen = jobs()[ticks]["bytes"] if words != ["start"] else 0
        systemctl(*words, "remexd")
        if words == ["stop"]:
            time.sleep(1)
            assert set(members[:3]) <= set(pids(ticks)), "the job is gone with the unit"
            continue
        for _ in range(200):
            if jobs().get(ticks, {}).get("bytes", 0) > seen:
                break
            time.sleep(0.1)
        else:
            sys.exit("the job does not go on after %s" % words)
        assert jobs()[ticks]["state"] == "running"
    assert not controllers(ticks)
    end, streams = call("job.wait", {"id": short})
    assert end["done"]["exit"] == 7, end
    assert call("job.logs", {"id": short})[1]["stdout"] == b"short\n"
    with open("/var/tmp/booted-job", "w") as file:
        file.write(ticks)
    left = subprocess.run(["systemctl", "list-units", "--plain", "--no-legend", "remex-job-*"], capture_output=True, text=True).stdout
    assert left.split()[0] == "remex-job-%s.scope" % ticks and len(left.splitlines()) == 1, left
    print("before: passed")


def after():
    with open("/var/tmp/booted-job") as file:
        ticks = file.read()
    job = jobs()[ticks]
    # A machine that is switched off in order ends the command first, which is the job's end; else it is lost.
    assert job["state"] == "lost" or job["done"]["outcome"] == "signalled", job
    assert not pids(ticks)
    end, streams = call("job.logs", {"id": ticks})
    assert streams["stdout"].startswith(b"1\n2\n3\n"), streams
    assert "done" in call("job.remove", {"id": ticks})[0]
    print("after: passed")


if __name__ == "__main__":
    {"before": before, "after": after}[sys.argv[1]]()
