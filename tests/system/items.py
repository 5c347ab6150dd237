"""Streams of files (doc/protocol.md, 12.7) for the tests: items built and parsed by hand."""

import hashlib
import json
import struct

ZEROS = "0" * 64


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def item(header, body=b"", **more):
    header = dict(header, **more)
    if body and "body" not in header:
        header["body"] = len(body)
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + body


def whole(name, content, source=None, **more):
    top = {} if source is None else {"source": source}
    return item({"file": name, "size": len(content), "sha256": sha256(content), "body": len(content), **top, **more}, content)


def begin(name, source=None, **more):
    return item({"file": name, **({} if source is None else {"source": source}), **more})


def enter(name, source=None, **more):
    return item({"directory": name, **({} if source is None else {"source": source}), **more})


def link(name, target, source=None):
    return item({"link": name, "target": target, **({} if source is None else {"source": source})})


def data(content):
    return item({"data": True}, content)


def end(content):
    return item({"end": True, "sha256": sha256(content)})


LEAVE = item({"leave": True})


def items(stream):
    """The items of the stream `files`: (header, body)."""
    stream, found = bytes(stream), []
    while stream:
        (n,) = struct.unpack(">I", stream[:4])
        header = json.loads(stream[4 : 4 + n])
        rest = stream[4 + n :]
        found.append((header, rest[: header.get("body", 0)]))
        stream = rest[header.get("body", 0) :]
    return found
