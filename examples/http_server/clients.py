#!/usr/bin/env python3
"""clients.py PORT PID CASE: clients that curl cannot play: they say what is
wrong on purpose, or say it slowly. Ends with 1 and a sentence when the server
does not do what its README says. PID is the server's: some cases stop it."""

import os
import re
import select
import signal
import socket
import struct
import sys
import threading
import time
import zlib

sys.dont_write_bytecode = True  # not beside the sources
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from http_client import (CASE, PID, connect, cpu, fail, listens, memory_kib,
                         rest, status_of, until)


def ask(text, body=b""):
    """The status of the last answer to what is said on a connection of its
    own; 0 if there is none."""
    s = connect()
    try:
        s.sendall(text.encode() + body)
    except ConnectionError:
        pass  # it may have answered already
    return status_of(rest(s))


def head(s):
    """The head of an answer; its body is left in the socket."""
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        one = s.recv(1)
        if not one:
            break
        got += one
    return got


def post(path, length, more=""):
    return (f"POST {path} HTTP/1.1\r\nHost: me\r\n{more}"
            f"Content-Length: {length}\r\n\r\n")


def chunked(version, coding):
    """An HTTP/1.0 client has no chunks, so somebody in between may not."""
    return (f"POST /password HTTP/{version}\r\nHost: me \r\n"
            f"Connection: close\r\nTransfer-Encoding: {coding}\r\n\r\n"
            "5\r\nhello\r\n0\r\n\r\n")


def reset(s):
    """Hangs up so that the server notices."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def is_readable(s):
    return bool(select.select([s], [], [], 0)[0])


def stats():
    s = connect()
    s.sendall(b"GET /stats HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n")
    body = rest(s).split(b"\r\n\r\n", 1)[1].decode()
    return {k: int(v) for k, v in (line.split() for line in body.splitlines())}


def stop():
    os.kill(PID, signal.SIGTERM)
    until(lambda: not listens())


# --------------------------------------------------------------------- HTTP/2

DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = \
    0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
REFUSED_STREAM, ENHANCE_YOUR_CALM = 7, 11


def literal(name, value):
    """A field of a head, as it is; shorter than 127."""
    return (b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) +
            value.encode())


def fields(method, path):
    return (literal(":method", method) + literal(":path", path) +
            literal(":scheme", "http") + literal(":authority", "me"))


def frame(kind, flags, stream, payload=b""):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) +
            struct.pack(">I", stream) + payload)


class Http2:
    """A connection. It has no table for the server's fields, so a status is one
    of the static table, or spelt out."""

    STATIC = {0x88: 200, 0x8c: 400, 0x8d: 404, 0x8e: 500}

    def __init__(self, room=None, acknowledges=True):
        self.s = connect(room=room)
        self.acknowledges = acknowledges
        self.status = {}
        self.bytes = {}
        self.ended = set()
        self.reset = {}
        self.goaway = None
        self.closed = False
        self.window = {0: 65535}
        self.initial = 65535
        self.buffer = b""
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                  frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0)))

    def send(self, data):
        try:
            self.s.sendall(data)
        except ConnectionError:
            self.closed = True

    def ask(self, stream, method, path, last=True):
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if last else 0),
                        stream, fields(method, path)))

    def read(self):
        """Takes in one frame; False: the server has hung up."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + self.length():
            try:
                more = self.s.recv(1 << 16)
            except ConnectionError:
                more = b""
            if not more:
                self.closed = True
                return False
            self.buffer += more
        length = self.length()
        kind, flags = self.buffer[3], self.buffer[4]
        stream = struct.unpack(">I", self.buffer[5:9])[0]
        payload = self.buffer[9:9 + length]
        self.buffer = self.buffer[9 + length:]
        self.take(kind, flags, stream, payload)
        return True

    def length(self):
        return int.from_bytes(self.buffer[:3], "big")

    def take(self, kind, flags, stream, payload):
        if kind == HEADERS:
            while payload[0] & 0xe0 == 0x20:  # "no table", once
                payload = payload[1:]
            self.status[stream] = self.STATIC.get(payload[0]) or \
                self.literal_status(payload)
        elif kind == DATA:
            self.bytes[stream] = self.bytes.get(stream, 0) + len(payload)
        elif kind == RST:
            self.reset[stream] = struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            self.goaway = struct.unpack(">I", payload[4:8])[0]
        elif kind == WINDOW:
            more = struct.unpack(">I", payload)[0]
            self.window[stream] = self.left(stream) + more
        elif kind == SETTINGS and not flags & ACK and self.acknowledges:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                if name == 4:
                    for one in self.window:
                        self.window[one] += (value - self.initial) * (one > 0)
                    self.initial = value
            self.send(frame(SETTINGS, ACK, 0))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)

    @staticmethod
    def literal_status(payload):
        """nghttp2 indexes :status by its name and packs the digits."""
        codes = {"0": (0, 5), "1": (1, 5), "2": (2, 5), "3": (0x19, 6),
                 "4": (0x1a, 6), "5": (0x1b, 6), "6": (0x1c, 6),
                 "7": (0x1d, 6), "8": (0x1e, 6), "9": (0x1f, 6)}
        length = payload[1]
        value = payload[2:2 + (length & 0x7f)]
        if not length & 0x80:
            return int(value)
        bits = "".join(f"{b:08b}" for b in value)
        text = ""
        while len(text) < 3:
            for digit, (code, count) in codes.items():
                if bits[:count] == f"{code:0{count}b}":
                    text += digit
                    bits = bits[count:]
                    break
            else:
                return -1
        return int(text)

    def left(self, stream):
        return self.window.get(stream, self.initial if stream else 65535)

    def data(self, stream, payload, last):
        """Sends as the server's windows allow, and reads meanwhile."""
        at = 0
        while at < len(payload):
            room = min(self.left(0), self.left(stream), 16384,
                       len(payload) - at)
            if stream in self.status or stream in self.reset or self.closed:
                return
            if room <= 0:
                self.read()
                continue
            end = last and at + room == len(payload)
            self.send(frame(DATA, END_STREAM if end else 0, stream,
                            payload[at:at + room]))
            self.window[0] = self.left(0) - room
            self.window[stream] = self.left(stream) - room
            at += room


# ---------------------------------------------------------------------- cases

def refuses():
    """By the book, over HTTP/1: what is said, and the status it gets."""
    get = "GET {} HTTP/1.1\r\nHost: me\r\nConnection: close\r\n{}\r\n"
    for text, wanted in (
            (get.format("/", ""), 200),
            (get.format("http://me/stats?x", ""), 200),
            (get.format("http://me", ""), 200),
            (get.format("http://[::1]:80/", ""), 200),
            (get.format("http:///", ""), 400),
            (get.format("http://:80/", ""), 400),
            (get.format("http://you:secret@me/", ""), 400),
            (get.format("/", "").replace("Host: me", "Host: m e"), 400),
            (get.format("/", "").replace("Host: me", "Host: me/"), 400),
            (get.format("/", "").replace("Host: me", "Host: you@me"), 400),
            (get.format("/stats/", ""), 404),
            (get.format("/statsx", ""), 404),
            (get.format("/" + "x" * 1100, ""), 414),
            (get.format("/", "A: " + "b" * 20000 + "\r\n"), 431),
            (get.format("/", "A: b\r\n" * 5000), 431),
            (get.format("/", "Host: you\r\n"), 400),
            (get.format("/", "Expect: wonders\r\n"), 417),
            (get.format("/\x01", ""), 400),
            (get.format("/", "A: b\0c\r\n"), 400),
            (get.format("/", "A B: c\r\n"), 400),
            (get.format("/", "Content-Length : 0\r\n"), 400),
            (get.format("/", "Transfer-Encoding : chunked\r\n"), 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.0\r\n\r\n", 200),
            ("\r\n\r\nGET / HTTP/1.0\r\n\r\n", 200),
            ("\r\n" * 40000, 431),
            ("DELETE /stats HTTP/1.0\r\n\r\n", 405),
            ("PUT /password HTTP/1.0\r\n\r\n", 405),
            ("DELETE /nothing HTTP/1.0\r\n\r\n", 404),
            ("BREW / HTTP/1.0\r\n\r\n", 501),
            ("hello\r\n\r\n", 400),
            ("\x16\x03\x01\x02\r\n\r\n", 400),
            (post("/password", "-1"), 400),
            (post("/password", "1x"), 400),
            (post("/password", "99999999999999999999999"), 400),
            (post("/password", 8 * 2**20 + 1), 413),
            (post("/password", 5, "Transfer-Encoding: chunked\r\n"), 400),
            (post("/password", 5, "Content-Length: 6\r\n"), 400),
            (chunked("1.1", "chunked"), 200),
            (chunked("1.1", "Chunked"), 200),
            (chunked("1.0", "chunked"), 400),
            (chunked("1.0", "gzip, chunked"), 400),
            (chunked("1.1", "gzip, chunked"), 501),
            (chunked("1.1", "chunked\r\nTransfer-Encoding: chunked"), 400),
            (post("/password", 10**7, "Expect: 100-continue\r\n"), 413),
            (post("/thumbnail?width=0", 10**6), 400)):
        got = ask(text)
        if got != wanted:
            fail(f"{text[:60]!r} is answered with {got}, not {wanted}")


def framing():
    """Where a request ends is beyond doubt, or it is refused and the last one:
    what follows it may be a body to somebody in between. All at once, and byte
    for byte."""
    get = b"GET / HTTP/1.1\r\nHost: me\r\n"
    chunked = (b"POST /password HTTP/1.1\r\nHost: me\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n")
    last = get + b"Connection: close\r\n\r\n"
    for text, wanted in (
            (get + b"\r\n", [200, 200]),
            (get + b"\rX", [400]),
            (b"\r\n" + get + b"\r\r\n", [400]),
            (chunked + b"5\r\nhello\r\n0\r\n\r\n", [200, 200]),
            (chunked + b"0\r\n\r\n", [200, 200]),
            (chunked + b"3;a=b;c\r\n\r\n\r\r\n00A;d\r\n0123456789\r\n000\r\n"
             b"a: b\r\nc:\r\n\r\n", [200, 200]),
            (chunked + b"5\r\nhelloXX0\r\n\r\n", [400]),
            (chunked + b"5\r\nhello\rX0\r\n\r\n", [400]),
            (chunked + b"5\r\nhello\n0\r\n\r\n", [400]),
            (chunked + b"5\rXhello\r\n0\r\n\r\n", [400]),
            (chunked + b"5\nhello\r\n0\r\n\r\n", [400]),
            (chunked + b"5;\nzz\r\nhello\r\n0\r\n\r\n", [400]),
            (chunked + b"5;\rzz\r\nhello\r\n0\r\n\r\n", [400]),
            (chunked + b"5 junk\r\nhello\r\n0\r\n\r\n", [400]),
            (chunked + b"0 junk\r\n\r\n", [400]),
            (chunked + b"0x5\r\nhello\r\n0\r\n\r\n", [400]),
            (chunked + b"\r\nhello\r\n0\r\n\r\n", [400]),
            (chunked + b"5\r\nhello\r\n0\r\n\rX", [400]),
            (chunked + b"5\r\nhello\r\n0\r\na: b\r\n\rX", [400])):
        for step in (1000, 1):
            s = connect()
            try:
                for at in range(0, len(text + last), step):
                    s.sendall((text + last)[at:at + step])
            except ConnectionError:
                pass  # it has been refused
            got = [int(n) for n in re.findall(rb"HTTP/1.1 (\d+) ", rest(s))]
            if got != wanted:
                fail(f"{text!r} is answered with {got}, not {wanted}")


def widths():
    """Only a whole number in range is one."""
    for query in ("width=1e9", "width=4294967297", "width=64abc", "width=",
                  "width=+64", "width=-64", "width=%2064", "width=0x40",
                  "width=18446744073709551680", "width=64&width=65",
                  "foo=1&width=64b"):
        got = ask(post(f"/thumbnail?{query}", 3, "Connection: close\r\n"),
                  b"abc")
        if got != 400:
            fail(f"{query} is answered with {got}")


def upgrade():
    """Over to HTTP/2 only as it is to be asked for: 101, and by HTTP/1.1."""
    for version, settings, wanted in (("1.1", 1, 101), ("1.0", 1, 200),
                                      ("1.1", 0, 200), ("1.1", 2, 200)):
        got = ask(f"GET / HTTP/{version}\r\nHost: me\r\nConnection: Upgrade, "
                  "HTTP2-Settings, close\r\nUpgrade: h2c\r\n" +
                  "HTTP2-Settings: AAMAAABk\r\n" * settings + "\r\n")
        if got != wanted:
            fail(f"{settings} settings by {version}: {got}, not {wanted}")


def pipeline():
    """Many requests at once, the last ends the connection."""
    s = connect()
    one = b"GET / HTTP/1.1\r\nHost: me\r\n\r\n"
    s.sendall(one * 999 + b"POST /password HTTP/1.1\r\nHost: me\r\n"
              b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
              b"3\r\nsec\r\n3\r\nret\r\n0\r\n\r\n")
    got = rest(s)
    if got.count(b"hello\n") != 999 or b"$pbkdf2-sha256$" not in got:
        fail("not all were answered")
    s = connect()  # byte for byte
    for byte in b"POST /password HTTP/1.0\r\nContent-Length: 2\r\n\r\nab":
        s.sendall(bytes([byte]))
    if b"$pbkdf2-sha256$" not in rest(s):
        fail("slow bytes were not understood")


def fields_2():
    """What a field says counts over HTTP/2 as over HTTP/1."""
    for more, last, wanted in (
            ((), True, 200), ((("host", "ME"),), True, 200),
            ((("host", "you"),), True, 400), ((("host", "me:80"),), True, 400),
            ((("expect", "wonders"),), True, 417),
            ((("expect", "wonders"),), False, 417),
            ((("expect", "100-Continue"),), False, 100)):
        c = Http2()
        c.send(frame(HEADERS, END_HEADERS | (END_STREAM if last else 0), 1,
                     fields("GET", "/") +
                     b"".join(literal(*one) for one in more)))
        while 1 not in c.status and c.read():
            pass
        if c.status.get(1) != wanted:
            fail(f"{more} is answered with {c.status}, not {wanted}")
        c.s.close()


def halves():
    """A client that closes its direction gets all its answers. One that has
    gone altogether is noticed by a reset, or by the answer that it does not
    take; then its jobs that have not begun are skipped. One worker."""
    hash_it = (post("/password", 6) + "secret").encode()
    hello = b"GET / HTTP/1.1\r\nHost: me\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
    for text, hashes, hellos in ((hash_it, 1, 0), (hello, 0, 1),
                                 (hash_it + hello * 2 + hash_it, 2, 2),
                                 (hash_it + last + hello, 1, 1)):
        s = connect(text)
        s.shutdown(socket.SHUT_WR)
        got = rest(s)
        if (got.count(b"$pbkdf2-sha256$"), got.count(b"hello\n")) != \
                (hashes, hellos):
            fail(f"{text!r} is answered with {got!r}")

    answered = True
    while answered:  # before the others had left: then once more
        before, begun = stats(), cpu()
        busy = connect(hash_it)
        until(lambda: stats()["accepted"] == before["accepted"] + 1)
        left = [connect(hash_it) for _ in range(3)]
        until(lambda: stats()["accepted"] == before["accepted"] + 4)
        for s in left:
            reset(s)
        busy.shutdown(socket.SHUT_WR)
        until(lambda: stats()["abandoned"] == before["abandoned"] + 3)
        answered = is_readable(busy)
        if b"$pbkdf2-sha256$" not in rest(busy):
            fail("one was not answered because others left")
        needed = cpu() - begun
        until(lambda: stats()["open"] == 0)
    if cpu() - begun > 2 * needed:
        fail(f"{cpu() - begun} s of the processor, and {needed} were needed")

    before = stats()
    s = connect(hash_it * 4)
    s.close()
    until(lambda: stats()["accepted"] > before["accepted"])
    until(lambda: stats()["open"] == 0)
    if stats()["accepted"] > before["accepted"] + 2:
        fail(f"it works on for a client that has gone: {stats()}")


def deaf():
    """An HTTP/2 client that goes on asking after the stop is refused. It stays
    connected because it waits for a password."""
    c = Http2()
    c.ask(1, "POST", "/password")
    until(lambda: stats()["open"] == 1)
    stop()
    stream, answered = 3, 0
    while not c.closed:
        c.ask(stream, "GET", "/")
        while not (stream in c.status or stream in c.reset) and c.read():
            pass
        answered += stream in c.status
        stream += 2
        time.sleep(0.05)
    if answered:
        fail(f"{answered} requests were answered after the stop")
    if c.reset.get(3) != REFUSED_STREAM:
        fail("the stream was not refused")
    if c.status.get(1) != 200:
        fail("what was accepted is not answered")


def late():
    """At the stop one password is being hashed. A client that asks then, or has
    asked by half, is told to come back; the password is answered."""
    busy, idle, half, two = connect(), connect(), connect(), Http2()
    busy.sendall((post("/password", 6) + "secret").encode())
    idle.sendall(b"GET / HTTP/1.1\r\nHost: me\r\n\r\n")
    head(idle)
    idle.recv(6)
    half.sendall((post("/password", 6) + "sec").encode())
    two.ask(1, "POST", "/password", False)
    until(lambda: stats()["open"] == 1)
    stop()
    try:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: me\r\n\r\n")
    except ConnectionError:
        pass
    for s in (idle, half):
        got = rest(s)
        if s == idle and got == b"":
            continue  # we were too late, after a second it was closed
        if status_of(got) != 503 or b"Retry-After: 1" not in got:
            fail(f"after the stop: {got!r}")
    while 1 not in two.ended and two.read():
        pass
    if two.status.get(1) != 503:
        fail(f"after the stop, by HTTP/2: {two.status}")
    if b"$pbkdf2-sha256$" not in rest(busy):
        fail("what was accepted is not answered")


def reader():
    """A client reads its big answer slowly but steadily over the stop, and
    gets all of it."""
    length, read = read_over_stop(700_000)
    if read != length:
        fail(f"got {read} of {length} bytes")


def dawdler():
    """One that would take longer than a stop may is cut off."""
    length, read = read_over_stop(100_000)
    if read == length:
        fail("it got all of its answer")


def read_over_stop(pace):
    """So many bytes a second. Returns how many there are, and were read."""
    side = 1600
    rows = b"".join(b"\0" + os.urandom(side * 3) for _ in range(side))
    noise = png(side, side, zlib.compress(rows, 1))
    s = connect(room=1 << 16)
    s.sendall(post(f"/thumbnail?width={side}", len(noise)).encode() + noise)
    got = head(s)
    length = int(got.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    if length < 1 << 19:
        fail(f"{length} bytes are too few")
    stop()
    read, begun = 0, time.monotonic()
    try:
        while more := s.recv(1 << 15):
            read += len(more)
            time.sleep(max(read / pace - (time.monotonic() - begun), 0))
    except ConnectionError:
        pass
    return length, read


def chunk(name, data):
    return (struct.pack(">I", len(data)) + name + data +
            struct.pack(">I", zlib.crc32(name + data)))


def png(width, height, packed, more=b""):
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0,
                                       0)) + more + chunk(b"IDAT", packed) +
            chunk(b"IEND", b""))


def bombs():
    """Small pictures that unpack to gigabytes take no time; a side has a limit."""
    z = zlib.compressobj(9)
    start = z.compress((b"\0" + b"\x55" * 48) * 16) + z.flush(zlib.Z_FULL_FLUSH)
    zeros = z.compress(bytes(1 << 24)) + z.flush(zlib.Z_FULL_FLUSH)
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(7 << 20), 9))
    for side, wanted in ((1_000_000, 200), (1_000_001, 400)):  # libpng's limit
        for width, height in ((side, 1), (1, side)):
            row = b"\0" + bytes(3 * width)
            body = png(width, height, zlib.compress(row * height, 9))
            got = ask(post("/thumbnail?width=1", len(body),
                           "Connection: close\r\n"), body)
            if got != wanted:
                fail(f"{width} times {height} is answered with {got}")
    for bomb in (png(16, 16, start + zeros * (7_500_000 // len(zeros))),
                 png(16, 16, start + z.flush(), text * 900)):
        before = cpu()
        got = ask(post("/thumbnail?width=16", len(bomb),
                       "Connection: close\r\n"), bomb)
        if got not in (200, 400):
            fail(f"it is answered with {got}")
        if cpu() - before > 4:
            fail(f"it took {cpu() - before} s of the processor")


def picture():
    """The greatest picture takes no more memory than the README says."""
    side = 4096
    body = png(side, side, zlib.compress((b"\0" + b"\x55" * (side * 3)) * side))
    before = memory_kib("VmRSS")
    for width, most in ((128, 56), (side, 104)):
        got = ask(post(f"/thumbnail?width={width}", len(body),
                       "Connection: close\r\n"), body)
        if got != 200:
            fail(f"it is answered with {got}")
        more = memory_kib("VmHWM") - before
        if more > most << 10:
            fail(f"{more} KiB for a picture that becomes {width} wide")


def memory():
    """Uploads that stop one byte short hold no more than the README says."""
    size = 8 * 2**20
    body = bytes(size - 1)
    answers = []
    held = [connect() for _ in range(20)]

    def one(s):
        try:
            s.sendall(post("/password", size).encode() + body)
        except ConnectionError:
            pass  # it may have answered already
        try:
            answers.append(status_of(head(s)))
        except ConnectionError:
            answers.append(503)  # and reset
        except (TimeoutError, OSError):
            pass

    for s in held:
        threading.Thread(target=one, args=(s,), daemon=True).start()
    until(lambda: len(answers) >= 10)
    if stats()["held"] > 64 * 2**20:
        fail(f"{stats()['held']} bytes are held")
    if answers.count(503) < 10:
        fail(f"they were answered with {answers}")
    for s in held:
        s.shutdown(socket.SHUT_RDWR)
    until(lambda: stats()["held"] == 0)
    c = Http2()  # one connection may have less
    for stream in range(1, 61, 2):
        c.ask(stream, "POST", "/password", False)
        c.data(stream, body[:2**20], False)
    if stats()["held"] > 16 * 2**20:
        fail(f"{stats()['held']} bytes are held for one connection")
    if list(c.status.values()).count(503) < 10:
        fail(f"the streams were answered with {c.status}")
    c.s.close()
    until(lambda: stats()["held"] == 0)


def checks():
    """So many checks of the disk are under way, and no more."""
    c = Http2()
    c.send(b"".join(
        frame(HEADERS, END_HEADERS | END_STREAM, stream, fields("GET",
                                                               "/health"))
        for stream in range(1, 191, 2)))
    while len(c.ended) < 95:
        if not c.read():
            fail("the server hung up")
    got = list(c.status.values())
    if got.count(200) < 64 or got.count(503) < 1 or len(got) != 95:
        fail(f"they were answered with {got}")


def crowd():
    """One connection too many is told so, and the others are served."""
    all_of_them = [connect() for _ in range(512)]
    more = connect()
    if status_of(head(more)) != 503:
        fail("one too many was not refused")
    for s in (all_of_them[0], all_of_them[-1]):
        s.sendall(b"GET / HTTP/1.1\r\nHost: me\r\n\r\n")
        if status_of(head(s)) != 200:
            fail("the others are not served")
    for s in all_of_them + [more]:
        s.close()


def slow():
    """Uploads that move on may take their time; what stands still is told so.
    All at once, each on a thread."""
    wrong = []

    def upload():
        s = connect()
        s.sendall(post("/password", 26).encode())
        for _ in range(26):
            s.sendall(b"a")
            time.sleep(0.5)
        if status_of(head(s)) != 200:
            wrong.append("a slow upload is not answered")

    def still(text):
        got = ask(text)
        if got != 408:
            wrong.append(f"{text[:20]!r} is answered with {got}")

    def still_2():
        c = Http2()
        c.ask(1, "POST", "/password", False)
        c.data(1, b"sec", False)
        while 1 not in c.ended and c.read():
            pass
        if c.status.get(1) != 408:
            wrong.append(f"by HTTP/2 it is answered with {c.status}")

    def half_2():
        c = Http2()
        c.ask(1, "GET", "/")
        while 1 not in c.ended and c.read():
            pass
        c.send(frame(HEADERS, 0, 3, fields("GET", "/")))
        while c.goaway is None and c.read():
            pass
        if c.goaway != ENHANCE_YOUR_CALM:
            wrong.append(f"half a head by HTTP/2 ends with {c.goaway}")

    threads = [threading.Thread(target=f, args=a) for f, a in (
        (upload, ()), (still_2, ()), (half_2, ()),
        (still, ("GET / HTTP/1.1\r\nHost: m",)),
        (still, (post("/password", 9) + "abc",)))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if wrong:
        fail("; ".join(wrong))


def floods():
    """Each ends its own connection, and none the server."""
    def continuations(c):
        c.send(frame(HEADERS, END_STREAM, 1, fields("GET", "/")))
        for _ in range(1000):
            c.send(frame(CONTINUATION, 0, 1, literal("a", "b" * 100)))

    def empty_continuations(c):
        c.send(frame(HEADERS, END_STREAM, 1, fields("GET", "/")))
        for _ in range(20000):
            c.send(frame(CONTINUATION, 0, 1))

    def head_bomb(c):
        # The first puts 3000 bytes into the table, a byte each repeats them.
        value = b"b" * 3000
        c.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields("GET", "/") +
                     b"\x40\x01a\x7f" + bytes([0x80 | (3000 - 127) % 128,
                                               (3000 - 127) // 128]) + value +
                     b"\xbe" * 10000))

    def resets(c):
        for stream in range(1, 4001, 2):
            c.send(frame(HEADERS, END_HEADERS | END_STREAM, stream,
                         fields("POST", "/password")) +
                   frame(RST, 0, stream, b"\0\0\0\x08"))

    def made_to_reset(c):
        for stream in range(1, 4001, 2):
            c.send(frame(HEADERS, END_HEADERS, stream,
                         fields("POST", "/password")) +
                   frame(WINDOW, 0, stream, bytes(4)))

    for flood in (continuations, empty_continuations, head_bomb, resets,
                  made_to_reset):
        c = Http2()
        flood(c)
        while c.read():
            pass
        if ask("GET / HTTP/1.0\r\n\r\n") != 200:
            fail(f"{flood.__name__}: the server is gone")
    until(lambda: stats()["open"] == 0)

    c = Http2()  # a head that is a little too long is only refused
    c.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields("GET", "/") +
                 literal("a", "b" * 100) * 150))
    c.ask(3, "GET", "/")
    while not {1, 3} <= c.ended and c.read():
        pass
    if c.status != {1: 431, 3: 200}:
        fail(f"a long head: {c.status}")


def unread():
    """A client does not read, so nothing that the server has to say to its
    wrong requests can be sent: the server must not keep it all. The client has
    not acknowledged that it may have so many streams and no more, either."""
    c = Http2(room=1 << 12, acknowledges=False)
    side = 600
    noise = png(side, side, zlib.compress(
        b"".join(b"\0" + os.urandom(side * 3) for _ in range(side)), 1))
    c.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1 << 30)) +
           frame(WINDOW, 0, 0, struct.pack(">I", 1 << 30)))
    c.ask(1, "POST", f"/thumbnail?width={side}", False)
    c.data(1, noise, True)
    until(lambda: stats()["sending"] == 1)
    before = memory_kib("VmRSS")
    for stream in range(3, 800003, 2):
        c.send(frame(HEADERS, END_HEADERS | END_STREAM, stream,
                     literal("a", "b")))
    while c.read():
        pass
    more = memory_kib("VmHWM") - before
    if c.goaway != ENHANCE_YOUR_CALM:
        fail(f"it ends with {c.goaway}")
    if more > 24 << 10:  # of 60 MiB; a sanitizer keeps more than the program
        fail(f"it had {more} KiB kept for it")


# One worker, a password that takes it seconds, and room for one more behind it.
# Whatever is asked for then waits in the queue.

NO_PICTURE = "/thumbnail"  # without a body: it takes no time, and gets 400


class TooLate(Exception):
    """The worker is done."""


FULL = []  # the worker's work, and what waits for it, each on a connection


def fill():
    """One at the worker, one behind it. The second may have to wait in the queue
    until the worker has taken the first: if that is done by then, once more."""
    while not FULL or is_readable(FULL[0]):
        for s in FULL:
            reset(s)
        until(lambda: stats()["open"] + stats()["waiting"] == 0)
        before = stats()["accepted"]
        FULL.clear()
        for path in ("/password", NO_PICTURE):
            FULL.append(connect(post(path, 0).encode()))
            until(lambda: stats()["accepted"] == before + len(FULL))
    return list(FULL)


def queued(count):
    """Waits until there are so many."""
    until(lambda: stats()["waiting"] == count or is_readable(FULL[0]))
    if is_readable(FULL[0]):
        raise TooLate


def while_full(once):
    """Does once with what fill returns, and what it has seen counts if the
    worker has not been done meanwhile; or else once more. Ends with an idle
    server that holds nothing."""
    done = False
    while not done:
        full = fill()
        try:
            wrong = once(full)
            done = not is_readable(full[0])
        except TooLate:
            wrong = None
        if done and wrong:
            fail(wrong)
        for s in full:
            reset(s)
        FULL.clear()
        until(lambda: stats()["open"] + stats()["waiting"] == 0)
        left = stats()
        if left["waiting"] or left["held"]:
            fail(f"it is left with {left}")


def order():
    """Who finds no room is served all the same: first come, first served, over
    HTTP/2 and HTTP/1, and nobody is refused."""
    full = fill()
    c = Http2()
    streams = range(1, 121, 2)
    for stream in streams:
        c.ask(stream, "POST", NO_PICTURE)
    until(lambda: stats()["accepted"] + stats()["waiting"] >= 62)
    others = []
    for _ in range(20):
        others.append(connect(post(NO_PICTURE, 0).encode()))
        until(lambda: stats()["accepted"] + stats()["waiting"] >=
              62 + len(others))
    for s, wanted in zip(full, (200, 400)):
        if status_of(head(s)) != wanted:
            fail("what was accepted is not answered")
    while len(c.ended) < len(streams) and c.read():
        pass
    if list(c.status.items()) != [(stream, 400) for stream in streams]:
        fail(f"by HTTP/2: {c.status}")
    for s in reversed(others):  # when the last has its answer, all have theirs
        if not is_readable(s) and s is not others[-1]:
            fail("one was overtaken")
        if status_of(head(s)) != 400:
            fail("one is not answered")
    newcomers()
    if stats()["refused"]:
        fail(f"somebody was refused: {stats()}")


def newcomers():
    """Jobs are done and others come, all the time: no newcomer finds the place
    that one in the queue is about to get."""
    c = Http2()
    c.send(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 30)))
    asked, many = 0, 4000
    while len(c.ended) < many:
        while asked < min(many, len(c.ended) + 60):
            c.ask(1 + 2 * asked, "POST", NO_PICTURE)
            asked += 1
        if not c.read():
            fail("the server hung up")
    if list(c.status) != sorted(c.status):
        fail("newcomers overtook others")


def ask_hundred(c):
    c.send(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream,
                          fields("POST", NO_PICTURE))
                    for stream in range(1, 201, 2)))


def length():
    """The queue has an end, in number and in bytes; who comes then is refused at
    once. Those who stand in it get out of it when they hang up."""
    def many(_):
        before = stats()["refused"]
        everybody = [Http2() for _ in range(4)]
        for c in everybody:
            ask_hundred(c)
        queued(384)
        until(lambda: stats()["refused"] == before + 16 or
              is_readable(FULL[0]))
        for c in everybody[:3]:
            if is_readable(c.s) and c.read() and c.status:
                return f"refused, and there was room: {c.status}"
        while len(everybody[3].ended) < 16 and everybody[3].read():
            pass
        if list(everybody[3].status.values()) != [503] * 16:
            return f"one too many: {everybody[3].status}"
        for c in everybody:
            reset(c.s)
        queued(0)
        return None

    def big(_):
        size = 8 * 2**20
        text = post(NO_PICTURE, size).encode() + bytes(size)
        everybody = []
        for nth in range(4):
            everybody.append(connect(text))
            queued(nth + 1)
        more = connect(text)
        status = status_of(head(more))
        if status != 503 or stats()["waiting"] != 4:
            return f"32 MiB wait in the queue, and more got {status}"
        small = connect(post(NO_PICTURE, 0).encode())
        queued(5)
        for s in everybody + [more, small]:
            reset(s)
        queued(0)
        return None

    while_full(many)
    while_full(big)


def under_way():
    """There is no queue, but only so many are accepted and not delivered."""
    def many(_):
        before = stats()["refused"]
        everybody = [Http2() for _ in range(6)]
        for c in everybody:
            ask_hundred(c)
        until(lambda: stats()["refused"] == before + 90 or
              is_readable(FULL[0]))
        left = stats()
        for c in everybody:
            reset(c.s)
        if left["open"] != 512 or left["waiting"]:
            return f"of 602 {left}"
        return None

    while_full(many)


def patience():
    """In the queue a client is not kept for ever: it is refused although nobody has
    been served meanwhile. Its connection goes on."""
    def once(_):
        c = Http2()
        c.ask(1, "POST", NO_PICTURE)
        s = connect(post(NO_PICTURE, 0).encode())
        queued(2)
        got = head(s)
        s.recv(100)
        while 1 not in c.ended and c.read():
            pass
        if status_of(got) != 503 or b"Retry-After: 1" not in got or \
                b"Connection:" in got or c.status.get(1) != 503:
            return f"they got {got!r} and {c.status}"
        s.sendall(b"GET / HTTP/1.1\r\nHost: me\r\n\r\n")
        c.ask(3, "GET", "/")
        while 3 not in c.ended and c.read():
            pass
        if status_of(head(s)) != 200 or c.status.get(3) != 200:
            return "its connection does not go on"
        return None

    while_full(once)


def leaving():
    """Who hangs up or resets a stream is out of the queue at once, and is not
    worked for; who only closes its sending direction stays."""
    def once(full):
        ask_it = post(NO_PICTURE, 0).encode()
        c, gone = Http2(), Http2()
        for stream in range(1, 11, 2):
            c.ask(stream, "POST", NO_PICTURE)
            gone.ask(stream, "POST", NO_PICTURE)
        left = [connect(ask_it) for _ in range(3)]
        queued(13)
        half = connect(ask_it)
        half.shutdown(socket.SHUT_WR)
        queued(14)
        for s in left:
            reset(s)
        queued(11)
        gone.s.close()  # there is no half of HTTP/2
        queued(6)
        for stream in (1, 5, 9):  # the first, one in the middle
            c.send(frame(RST, 0, stream, b"\0\0\0\x08"))
        queued(3)
        if is_readable(full[0]):
            return None  # too late: once more
        before = stats()
        if before["accepted"] != begun + 2:
            return f"somebody was accepted: {before}"
        if status_of(rest(half)) != 400:
            fail("who closed a direction is not answered")
        while len(c.ended) < 2 and c.read():
            pass
        if c.status != {3: 400, 7: 400}:
            fail(f"the others are answered with {c.status}")
        if stats()["accepted"] != before["accepted"] + 3:
            fail(f"it worked for somebody who had left: {stats()}")
        seen.append(True)
        return None

    seen = []
    while not seen:
        full = fill()
        begun = stats()["accepted"] - 2
        try:
            wrong = once(full)
        except TooLate:
            wrong = None
        if wrong:
            fail(wrong)
        for s in full:
            reset(s)
        FULL.clear()
        until(lambda: stats()["open"] + stats()["waiting"] == 0)


def turned_away():
    """At the stop, who waits in the queue is told so at once; what was accepted is
    answered."""
    s = None
    while s is None:
        full = fill()
        c = Http2()
        c.ask(1, "POST", NO_PICTURE)
        s = connect(post(NO_PICTURE, 0).encode())
        try:
            queued(2)
        except TooLate:
            s = None
    stop()
    got = rest(s)
    if status_of(got) != 503 or b"Retry-After: 1" not in got or \
            b"Connection: close" not in got:
        fail(f"after the stop: {got!r}")
    while 1 not in c.ended and c.read():
        pass
    if c.status.get(1) != 503:
        fail(f"after the stop, by HTTP/2: {c.status}")
    for s, wanted in zip(full, (200, 400)):
        if status_of(rest(s)) != wanted:
            fail("what was accepted is not answered")


cases = {f.__name__: f for f in (refuses, framing, widths, upgrade, pipeline,
                                 fields_2, halves, deaf, late, reader, dawdler,
                                 bombs, picture, memory, checks, crowd, slow,
                                 floods, unread, order, length, under_way,
                                 patience, leaving, turned_away)}
cases[CASE]()
