#!/usr/bin/env python3
"""Writes the seeds of agent, item, message, session and ssh_session in fuzz/corpus anew: fuzz/seeds.py [DIRECTORY].

What a fuzzer found and is worth keeping lies beside them under names that start with "found_", and stays.
"""
import hashlib
import json
import os
import struct
import sys

CLIENT, SERVER = 0, 1


def message(header, body=b'', length=None):
    if not isinstance(header, (bytes, str)):
        if body:
            header = dict(header, body=len(body))
        header = json.dumps(header, separators=(',', ':'))
    if isinstance(header, str):
        header = header.encode()
    return struct.pack('>I', len(header) if length is None else length) + header + body


def side(which, *messages):
    return bytes([which, 7]) + b''.join(messages)


CALL = {'id': 1, 'call': 'exec.run', 'args': {'argv': ['uname', '-a']}, 'deadline': 30}

MESSAGES = {
    'call': side(CLIENT, message(CALL)),
    'call_b64': side(CLIENT, message({'id': 1, 'call': 'a.b', 'args': {'argv': [{'b64': '//4='}]}})),
    'call_tty': side(CLIENT, message(dict(CALL, tty={'rows': 24, 'cols': 80, 'term': 'xterm-256color', 'utf8': True,
                                                     'erase': 127})),
                     message({'id': 1, 'resize': [0, 65535]})),
    'call_body': side(CLIENT, message({'id': 2, 'call': 'a.b', 'input': True, 'window': 9}, b'stdin\0\xff')),
    'client_all': side(CLIENT, message(CALL), message({'id': 1, 'data': 'stdin'}, b'abc'),
                       message({'id': 1, 'end': 'stdin'}), message({'id': 1, 'credit': 65536}),
                       message({'id': 1, 'signal': 'INT'}), message({'id': 1, 'resize': [24, 80]}),
                       message({'id': 1, 'cancel': True}),
                       message({'ping': -1}), message({'pong': 2 ** 62}), message({'bye': True})),
    'server_all': side(SERVER, message({'remex': 1, 'host': 'web1', 'limits': {}}),
                       message({'id': 1, 'data': 'stdout'}, b'out'), message({'id': 1, 'credit': 262144}),
                       message({'id': 1, 'done': {'outcome': 'exited', 'exit': 0, 'seconds': 0.004}}),
                       message({'id': 2, 'error': {'code': 'busy', 'message': 'full', 'retry_after': 0.5}}),
                       message({'error': {'code': 'bad_message', 'message': ''}}), message({'ping': 1}),
                       message({'pong': 1})),
    'data_padded': side(SERVER, message('{"id":1,"data":"stdout","body":      3}', b'abc')),
    'wrong_side': side(CLIENT, message({'id': 1, 'done': {}})),
    'length_0': side(CLIENT, b'\0\0\0\0'),
    'length_1': side(CLIENT, b'\0\0\0\x01{'),
    'length_max': side(CLIENT, b'\xff\xff\xff\xff{}'),
    'length_over': side(CLIENT, struct.pack('>I', 2 ** 20 + 1) + b'{}'),
    'truncated': side(CLIENT, message(CALL)[:-3]),
    'body_missing': side(CLIENT, message('{"id":1,"call":"a","body":5}', b'abc')),
    'body_over': side(CLIENT, message('{"id":1,"call":"a","body":65537}')),
    'body_float': side(CLIENT, message('{"id":1,"call":"a","body":1.0}')),
    'body_word': side(CLIENT, message('{"id":1,"call":"a","body":"5"}')),
    'no_body': side(CLIENT, message('{"id":1,"data":"stdin"}')),
    'cancel_body': side(CLIENT, message('{"id":1,"cancel":true,"body":1}', b'x')),
    'duplicate': side(CLIENT, message('{"id":1,"id":1,"call":"a"}')),
    'depth_8': side(CLIENT, message('{"id":1,"call":"a","args":' + '[' * 7 + ']' * 7 + '}')),
    'depth_9': side(CLIENT, message('{"id":1,"call":"a","args":' + '[' * 8 + ']' * 8 + '}')),
    'nul_escape': side(CLIENT, message('{"id":1,"call":"a\\u0000"}')),
    'nul_raw': side(CLIENT, message(b'{"ping":1\0}')),
    'surrogate': side(CLIENT, message('{"id":1,"call":"\\ud800"}')),
    'not_utf8': side(CLIENT, message(b'{"id":1,"call":"\xc0\x80"}')),
    'numbers': side(CLIENT, message('{"ping":1,"a":-0,"b":1E9,"c":1e-300,"d":0.1}')),
    'too_big': side(CLIENT, message('{"ping":9223372036854775808}')),
    'infinite': side(CLIENT, message('{"ping":1,"x":1e999}')),
    'id_0': side(CLIENT, message('{"id":0,"call":"a"}')),
    'id_max': side(CLIENT, message('{"id":9007199254740991,"call":"a"}')),
    'id_over': side(CLIENT, message('{"id":9007199254740992,"call":"a"}')),
    'array': side(CLIENT, message('[1]')),
    'quotes': side(CLIENT, message('{"id":1,"call":"\\"}{\\\\"}')),
    'tokens': side(SERVER, message('{"ping":1,"x":[' + '0,' * 2048 + '0]}')),
}

# --- streams of files for fuzz_item: the first byte is the size of a piece, less one ---


def items(*headers, piece=255):
    return bytes([piece]) + b''.join(header if isinstance(header, bytes) else message(header) for header in headers)


def sum_of(content):
    return hashlib.sha256(content).hexdigest()


def small(name, content=b'hello', **more):
    return message({'file': name, 'size': len(content), 'sha256': sum_of(content), **more}, content)


LEAVE = {'leave': True}
ITEMS = {
    'whole': items(small('a', source=0), small('b', b'', source=1), piece=0),
    'parts': items({'file': 'a', 'source': 0, 'size': 12, 'mode': 0o644, 'mtime': -1}, message({'data': True}, b'hello'),
                   {'hole': 2}, message({'data': True}, b'world'),
                   {'end': True, 'sha256': sum_of(b'hello\0\0world')}, piece=6),
    'tree': items({'total': 2, 'bytes': 10}, {'directory': 'd', 'source': 0, 'mode': 0o755}, small('x'),
                  {'directory': 'e'}, {'link': 'l', 'target': '../x'}, LEAVE, LEAVE, small('y', source=1)),
    'merge': items({'directory': '.', 'source': 0}, small('x'), LEAVE),
    'resume': items({'file': 'a', 'source': 0, 'size': 5, 'resume': True}, {'from': 0}, message({'data': True}, b'hello'),
                    {'end': True, 'sha256': sum_of(b'hello')}),
    'failures': items({'failed': 'a', 'source': 0, 'code': 'denied', 'message': 'no'}, {'file': 'b', 'source': 1},
                      {'abort': True, 'code': 'failed', 'message': 'changed'}),
    'back': items({'done': 'a/b', 'source': 0, 'size': 1, 'sha256': sum_of(b'x')}, {'have': 9, 'sha256': sum_of(b'')}),
    'names': items({'directory': {'b64': '/w=='}, 'source': 0}, small({'b64': '//4='}), LEAVE),
    'dots': items({'directory': '..', 'source': 0}),
    'slash': items(small('a/b', source=0)),
    'long_hole': items({'file': 'a', 'source': 0}, {'hole': 2 ** 62}, {'hole': 2 ** 62}, {'hole': 2 ** 62}),
    'no_leave': items({'directory': 'd', 'source': 0}, small('x')),
    'leave': items(LEAVE),
    'nested_source': items({'directory': 'd', 'source': 0}, small('x', source=1)),
    'wrong_sum': items({'file': 'a', 'source': 0}, message({'data': True}, b'x'), {'end': True, 'sha256': sum_of(b'y')}),
    'cut': items(small('a', source=0))[:-2],
    'huge': items(b'\0\1\0\1{}'),
}

# --- scripts for fuzz_session: see step () there ---

RAW, SAY, ACT, HEAR, TICK = 0, 1, 4, 6, 7
HELD = bytes([6])                     # what the dispatcher does: nothing
DONE = bytes([8])
ERROR = bytes([0])


def say(what, *operands, cut=0):
    return bytes([SAY, cut, what, *operands])


def act(which, what, *operands):
    return bytes([ACT, which, what, *operands])


def call(answer=HELD, first=0, cut=0):
    return say(first, cut=cut) + answer


def windowed(window, answer=HELD):
    return say(3, window) + answer


def hear(n=255):
    return bytes([HEAR, n])


def tick(flags, n=0):
    return bytes([TICK | flags, n])


def raw(text, cut=0):
    return bytes([RAW, cut, len(text)]) + text


START, SMALL = bytes([0]), bytes([1])
INPUT = 16                            # a call with input
SCRIPTS = {
    'answered': START + call(DONE) + hear(),
    'refused': START + call(ERROR) + hear(),
    'held': START + call() + act(0, 8) + hear(),
    'calls': START + call() * 6 + hear(),
    'output': START + call() + act(0, 2, 100) + act(0, 10, 200) + hear() + act(0, 8),
    'output_half': START + call() + act(0, 18, 100) + act(0, 8) + hear(3) + hear(),
    'full': START + call() + act(0, 2, 255) * 3 + hear() + act(0, 2, 255),
    'window': START + windowed(10) + act(0, 2, 50) + hear() + say(9, 0, 20) + HELD + act(0, 2, 50) + act(0, 8),
    'window_0': START + windowed(0) + hear(),
    'window_over': START + windowed(9) + (say(10, 0) + HELD) * 40,
    'input': START + call(first=INPUT) + act(0, 5, 50) + say(5, 0, 40) + HELD + say(8, 0) + HELD + act(0, 8),
    'flow': START + call(first=INPUT) + act(0, 5, 50) + say(5, 0, 60) + ERROR + hear(),
    'body': START + say(4, 200) + HELD + act(0, 5, 200) + say(5, 0, 90) + HELD,
    'late_input': START + call(DONE, INPUT) + say(5, 0, 9) + hear(),
    'signals': START + call() + say(11, 0) + HELD + say(27, 0) + HELD + say(43, 0) + HELD,
    'resize': START + call() + say(15, 0) + HELD + say(127, 0) + HELD + say(143, 0) + DONE,
    'bad_signal': START + call() + say(59, 0) + hear(),
    'cancel': START + call() + say(12, 0) + DONE + say(12, 0) + hear(),
    'unknown': START + say(12, 255) + hear(),
    'bye': START + call() + say(255) + call(first=0) + act(1, 8) + hear(),
    'bye_idle': START + say(255) + hear(),
    'ping': START + say(14) + hear() + say(13),
    'flood': SMALL + say(254) * 20 + hear(),
    'flood_calls': SMALL + call() + say(254) * 30 + act(0, 8) + hear(),
    'silence': START + call() + tick(24) + tick(24) + tick(24) + tick(24) + hear(),
    'stopped': START + call() + tick(8) + tick(8) + tick(8) + tick(16) + tick(16) + hear(),
    'slow': START + raw(b'\0\0\0\x10{') + tick(16) + hear(),
    'split': START + call(DONE, cut=100) + hear(7) + hear(),
    'violation': START + call() + raw(b'\0\0\0\x02[]') + act(0, 8) + act(0, 2, 9) + hear(),
    'raw': START + raw(message({'id': 9, 'call': 'x', 'window': 3})) + HELD + act(0, 2, 9) + act(0, 8),
}


# --- answers of an ssh agent ---
def text_of(value):
    return struct.pack('>I', len(value)) + value


ED25519 = text_of(b'ssh-ed25519') + text_of(bytes(range(32)))
ECDSA = text_of(b'ecdsa-sha2-nistp256') + text_of(b'nistp256') + text_of(b'\4' + bytes(64))
RSA = text_of(b'ssh-rsa') + text_of(b'\1\0\1') + text_of(b'\1' * 65)


def keys_of(*keys):
    listed = b''.join(text_of(key) + text_of(b'me@here') for key in keys)
    return text_of(b'\x0c' + struct.pack('>I', len(keys)) + listed)


AGENT = {
    'none': keys_of(),
    'keys': keys_of(ED25519, ECDSA, RSA),
    'twice': keys_of(ED25519, b'none', ED25519),
    'signature': text_of(b'\x0e' + text_of(text_of(b'ssh-ed25519') + text_of(bytes(64)))),
    'algorithm': text_of(b'\x0e' + text_of(text_of(b'rsa-sha2-256') + text_of(bytes(64)))),
    'refused': text_of(b'\5'),
    'cut': keys_of(ED25519)[:-3],
    'count': text_of(b'\x0c' + b'\xff' * 4 + text_of(ED25519)),
}


# --- servers for fuzz_ssh_session: see enum honest and step () there ---


RAW, BANNER, SILENT = 1, 2, 4
KEXINIT = bytes([20]) + bytes(16) + b''.join(text_of(name) for name in (
    b'curve25519-sha256', b'ssh-ed25519', b'aes128-ctr', b'aes128-ctr', b'hmac-sha2-256', b'hmac-sha2-256', b'none', b'none',
    b'', b'')) + bytes(5)
OPEN_EXEC, OPEN_DIRECT, REKEY, TURN, NO_ANSWERS = b'\x0b', b'\x03', b'\x05', b'\x07', b'\x0e'


def plain(payload):
    padding = 16 - (5 + len(payload)) % 8
    return struct.pack('>IB', 1 + len(payload) + padding, padding) + payload + bytes(padding)


def step(payload, op=0):
    n = len(payload)
    return bytes([op, n]) + payload if n < 255 else bytes([op, 255, n >> 8, n & 255]) + payload


def use(channel, how):
    return bytes([4 + 8 * channel, how])


def to_channel(kind, channel=0, *parts):
    out = bytes([kind]) + struct.pack('>I', channel)
    return step(out + b''.join(struct.pack('>I', part) if isinstance(part, int) else text_of(part) for part in parts))


SSH_SESSIONS = {
    'banner': bytes([RAW]) + b'welcome\r\nSSH-2.0-x\r\n' + plain(KEXINIT),
    'lines': bytes([RAW]) + b'welcome\r\n' * 50,
    'http': bytes([RAW]) + b'HTTP/1.0 400 Bad Request\r\n\r\n',
    'kexinit': bytes([BANNER]) + plain(KEXINIT) + plain(b'\x1f' + text_of(b'key') + text_of(bytes(32)) + text_of(b'sum')),
    'disconnect': bytes([BANNER]) + plain(b'\1\0\0\0\2' + text_of(b'go \x1b[m away') + text_of(b'')),
    'stdout': bytes([0]) + to_channel(94, 0, b'output') + use(0, 3) + to_channel(96) + to_channel(97) + TURN,
    'stderr': bytes([0]) + to_channel(95, 0, 1, b'error\n') + step(b'\x62\0\0\0\0' + text_of(b'exit-status') + b'\0\0\0\0\1')
    + to_channel(96) + to_channel(97),
    'signal': bytes([0]) + step(b'\x62\0\0\0\0' + text_of(b'exit-signal') + b'\0' + text_of(b'TERM') + b'\0' + text_of(b'')
                               + text_of(b'')) + to_channel(96) + to_channel(97),
    'unknown_kind': bytes([0]) + to_channel(95, 0, 9, b'odd') + to_channel(94, 0, b'x'),
    'zero': bytes([0]) + to_channel(94, 0, b'') * 5 + use(0, 0) + to_channel(93, 0, 1 << 20),
    'input': bytes([0]) + use(0, 128) + to_channel(93, 0, 1 << 16) + use(0, 1) + TURN,
    'abandoned': bytes([0]) + use(0, 2) + TURN + to_channel(97),
    'three': bytes([0]) + OPEN_DIRECT + OPEN_EXEC + to_channel(94, 1, b'one') + to_channel(94, 2, b'two') + use(1, 3) + use(2, 2),
    'refused': bytes([0]) + NO_ANSWERS + OPEN_DIRECT + to_channel(92, 1, 1, b'no', b''),
    'rekey': bytes([0]) + REKEY + to_channel(94, 0, b'x') + REKEY + use(0, 0),
    'login_silence': bytes([SILENT]) + step(b'\6' + text_of(b'ssh-userauth')) + step(b'\x33' + text_of(b'password') + b'\0'),
    'others': bytes([0]) + step(b'\x50' + text_of(b'keepalive@openssh.com') + b'\1') + step(b'\x5a' + text_of(b'x11') + bytes(12)),
    'close_first': bytes([0]) + to_channel(97) + to_channel(96) + to_channel(94, 0, b'late'),
}


def write(directory, name, seeds):
    directory = os.path.join(directory, name)
    os.makedirs(directory, exist_ok=True)
    for old in os.listdir(directory):
        if not old.startswith('found_'):
            os.unlink(os.path.join(directory, old))
    for seed, data in seeds.items():
        with open(os.path.join(directory, seed), 'wb') as file:
            file.write(data)


if __name__ == '__main__':
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), 'corpus')
    write(top, 'agent', AGENT)
    write(top, 'item', ITEMS)
    write(top, 'message', MESSAGES)
    write(top, 'session', SCRIPTS)
    write(top, 'ssh_session', SSH_SESSIONS)
