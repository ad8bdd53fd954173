#!/usr/bin/env python3
"""clients.py PORT PID CASE [WORD]: clients that curl cannot play: they do wrong
on purpose, or wait, or are many. Ends with 1 and a sentence when the server
does not do what its README says. PID is the server's: some cases stop it."""

import os
import random
import resource
import select
import signal
import socket
import sys
import threading

sys.dont_write_bytecode = True  # not beside the sources
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from http_client import (CASE, PATIENCE, PID, connect, cpu, fail, listens, rest,
                         status_of, until)

WORD = sys.argv[4] if len(sys.argv) > 4 else ""
GET = b"GET / HTTP/1.1\r\nHost: me\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
HEAVY = b"GET /heavy HTTP/1.1\r\nHost: me\r\n\r\n"


def answer(s):
    """The body of one answer; None if the server hangs up instead."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = s.recv(1)
        if not more:
            return None
        got += more
    length = int(got.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += s.recv(length - len(body))
    return body


def is_silent(s):
    return not select.select([s], [], [], 0)[0]


def sockets():
    """How many the server has open. (Other files a loop opens when it first
    needs them.)"""
    count = 0
    for fd in os.listdir(f"/proc/{PID}/fd"):
        try:
            count += os.readlink(f"/proc/{PID}/fd/{fd}").startswith("socket:")
        except FileNotFoundError:
            pass  # it has just been closed
    return count


def wrong():
    """Requests that are wrong or nearly right, each on its own connection."""
    host = "Host: me\r\n"
    for text, wanted in [
            ("GET / HTTP/1.1\r\n\r\n", 400),
            (f"GET / HTTP/1.1\r\n{host}{host}\r\n", 400),
            (f"GET / HTTP/2.0\r\n{host}\r\n", 505),
            (f"GET / HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n", 200),
            (f"GET / HTTP/1.1\r\n{host}Content-Length: 1\r\n\r\nx", 413),
            (f"GET / HTTP/1.1\r\n{host}Content-Length: 1x\r\n\r\n", 400),
            (f"GET / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n"
             "0\r\n\r\n", 413),
            (f"POST / HTTP/1.1\r\n{host}Content-Length: 99999999999\r\n\r\n", 405),
            (f"GET / HTTP/1.1\r\n{host}Expect: wonders\r\n\r\n", 417),
            (f"GET / HTTP/1.1\r\n{host}A B: c\r\n\r\n", 400),
            (f"GET / HTTP/1.1\r\n{host}Content-Length : 0\r\n\r\n", 400),
            (f"GET / HTTP/1.1\r\n{host}Content-Length : 1\r\n\r\nx", 400),
            (f"GET / HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\n\r\n"
             "0\r\n\r\n", 400),
            (f"GET http://me/?x HTTP/1.1\r\n{host}\r\n", 200),
            (f"GET http://me HTTP/1.1\r\n{host}\r\n", 200),
            (f"GET http://me?x HTTP/1.1\r\n{host}\r\n", 200),
            (f"GET http:///?x HTTP/1.1\r\n{host}\r\n", 400),
            (f"GET http://:80/ HTTP/1.1\r\n{host}\r\n", 400),
            (f"GET http://you:secret@me/ HTTP/1.1\r\n{host}\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: m e\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: you@me\r\n\r\n", 400),
            (f"GET http://me/nothing HTTP/1.1\r\n{host}\r\n", 404),
            (f"GET / HTTP/1.1\r\n{host}Upgrade: h2c\r\n"
             "Connection: Upgrade\r\n\r\n", 200),
            (f"CONNECT me:80 HTTP/1.1\r\n{host}\r\n", 404),
            (f"GET /{'x' * 2000} HTTP/1.1\r\n{host}\r\n", 414),
            (f"GET / HTTP/1.1\r\n{host}A: {'x' * 20000}\r\n\r\n", 431),
            (f"GET / HTTP/1.1\r\n{host}{'a: b' * 5000}\r\n\r\n", 431),
            ("\r\n" * 20000, 431),
            (f"GET /\x01 HTTP/1.1\r\n{host}\r\n", 400),
            (f"GET / HTTP/1.1\r\n{host}A: b\0c\r\n\r\n", 400),
            (f"GET / HTTP/1.1\r\n{host}\rX", 400),
            ("GET / HTTP/1.1\r\nHost: me \t\r\n\r\n", 200),
            ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
             "0\r\n\r\n", 400),
            (f"GET / HTTP/1.1\r\n{host}Transfer-Encoding: gzip, chunked\r\n\r\n"
             "0\r\n\r\n", 501),
            (f"BREW / HTTP/1.1\r\n{host}\r\n", 501),
            ("nonsense\r\n\r\n", 400),
            ("\x00\x01\x02\r\n\r\n", 400)]:
        s = connect()
        try:
            s.sendall(text.encode())
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it may have answered already
        got = status_of(rest(s))
        if got != wanted:
            fail(f"{text[:60]!r} is answered with {got}, not {wanted}")


def pipeline():
    """More requests at once than the server keeps; all answers, in order."""
    ask, told = b"", []
    for i in range(500):
        page = random.choice(["", "nothing"])
        ask += f"GET /{page} HTTP/1.1\r\nHost: me\r\n\r\n".encode()
        told.append(b"404 Not Found\n" if page else b"hello\n")
    s = connect()
    sender = threading.Thread(target=s.sendall, args=(ask,))
    sender.start()
    for i, body in enumerate(told):
        got = answer(s)
        if got != body:
            fail(f"answer {i} is {got}")
    sender.join()
    for cut in range(1, len(GET)):
        s.sendall(GET[:cut])
        s.sendall(GET[cut:])
        if answer(s) != b"hello\n":
            fail(f"a request cut at {cut}")
    s.shutdown(socket.SHUT_WR)
    if rest(s) != b"":
        fail("more than was asked for")
    s = connect(GET * 3)  # closes its direction with requests under way
    s.shutdown(socket.SHUT_WR)
    if rest(s).count(b"hello") != 3:
        fail("not all answers for a client that has closed its direction")


def nonsense():
    """Bytes that are nearly requests. The server goes on."""
    words = [b"GET", b" ", b"/", b"/heavy", b"HTTP/1.1", b"\r\n", b"\r", b"\n",
             b"Host", b":", b"me", b"Content-Length: 5", b"\0", b"\xff" * 9,
             b"Transfer-Encoding: chunked", b"Connection: close", b"HEAD",
             b"\r\n\r\n", GET, LAST, b"x" * 5000]
    pick = random.Random(1)
    for _ in range(400):
        s = connect()
        try:
            for _ in range(pick.randrange(1, 5)):
                s.sendall(b"".join(pick.choices(words, k=pick.randrange(1, 20))))
            if pick.random() < 0.5:
                s.shutdown(socket.SHUT_WR)
                rest(s)
        except OSError:
            pass
        s.close()
    if answer(connect(GET)) != b"hello\n":
        fail("the server is not well")


def vanishing():
    """Clients that leave with requests under way, or reset the connection."""
    before = sockets()
    for i in range(200):
        s = connect()
        if i % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         b"\1\0\0\0\0\0\0\0")
        s.sendall((HEAVY + GET * 3) if i % 3 else GET[:10])
        s.close()
    if answer(connect(LAST)) != b"hello\n":
        fail("the server is not well")
    until(lambda: sockets() == before)


def placing():
    """While a request is worked on for long, others come, alone and then many
    at once. free: all of them are answered before that one. stuck: not all."""
    busy = connect()
    busy.sendall(HEAVY)
    start = cpu()
    until(lambda: cpu() > start + 0.1)
    stuck = 0
    for count in [1] * 30 + [30]:
        waiting = [connect(LAST) for _ in range(count)]
        while waiting and not stuck:
            ready = select.select([busy] + waiting, [], [], PATIENCE)[0]
            if not ready:
                fail("waited in vain")
            for s in ready:
                if s is not busy:
                    waiting.remove(s)
                    if status_of(rest(s)) != 200:
                        fail("not all were answered")
            if ready == [busy]:
                stuck = len(waiting)
    if WORD == "free" and stuck:
        fail(f"{stuck} waited for a loop that worked")
    if WORD == "stuck" and not stuck:
        fail("nobody waited: then this proves nothing")
    if answer(busy) != b"that was heavy\n":
        fail("the heavy one was not answered")


def crowd():
    """More clients than there may be: they wait, until others go."""
    those = [connect(GET) for _ in range(12)]
    served = 0
    while those:
        ready = select.select(those, [], [], PATIENCE)[0]
        if not ready:
            fail(f"{len(those)} wait in vain")
        if len(ready) > 3 + served:
            fail(f"{len(ready)} at once")
        if answer(ready[0]) != b"hello\n":
            fail("no hello")
        ready[0].close()
        those.remove(ready[0])
        served += 1


def lack():
    """The server may open no descriptor more; later it may again."""
    first = connect(GET)
    if answer(first) != b"hello\n":
        fail("no hello")
    soft, hard = resource.prlimit(PID, resource.RLIMIT_NOFILE)
    taken = [int(fd) for fd in os.listdir(f"/proc/{PID}/fd")]
    least = min(set(range(max(taken) + 2)) - set(taken))
    resource.prlimit(PID, resource.RLIMIT_NOFILE, (least, hard))
    waiting = [connect(GET) for _ in range(5)]
    for _ in range(900):  # those that are there are served meanwhile
        first.sendall(GET)
        if answer(first) != b"hello\n":
            fail("no hello")
    if not all(is_silent(s) for s in waiting):
        fail("it has a descriptor")
    resource.prlimit(PID, resource.RLIMIT_NOFILE, (soft, hard))
    for s in waiting:
        if answer(s) != b"hello\n":
            fail("does not recover")


def dropped():
    """Two are served and say no more; three are in the channel, one waits for
    room there, and others in the kernel. Then a stop: all are hung up on."""
    base = sockets()
    those = [connect() for _ in range(8)]
    until(lambda: sockets() == base + 6)
    os.kill(PID, signal.SIGTERM)
    for s in those:
        if rest(s) != b"":
            fail("something was answered")


def load():
    """Eight clients that ask and ask, on connections long and short, until the
    server stops. Prints how many answers of 200 they got."""
    counts = [0] * 8
    begun = threading.Barrier(9)

    def client(me):
        pick = random.Random(me)
        s = None
        for i in range(1 << 30):
            if i == 100:
                begun.wait()
            try:
                if s is None:
                    s = connect()
                short = pick.random() < 0.3
                s.sendall(HEAVY if pick.random() < 0.1 else LAST if short else GET)
                body = answer(s)
            except OSError:
                body = None
            if body in (b"hello\n", b"that was heavy\n"):
                counts[me] += 1
            elif i >= 100:
                return  # refused: it stops
            else:
                fail(f"got {body}")
            if short and body == b"hello\n":
                s.close()
                s = None

    threads = [threading.Thread(target=client, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    begun.wait()
    os.kill(PID, signal.SIGTERM)
    for t in threads:
        t.join()
    print(sum(counts))


def stop():
    """One client is idle, one has sent half a request, one has never said
    anything until the stop."""
    idle, half, asks = connect(GET), connect(), connect()
    if answer(idle) != b"hello\n":
        fail("no hello")
    half.sendall(GET[:20])
    os.kill(PID, signal.SIGTERM)
    if status_of(rest(half)) != 503:
        fail("a request that has come by half is not refused")
    try:
        asks.sendall(GET)
    except ConnectionError:
        pass
    if status_of(rest(asks)) not in (0, 503):  # 0: it came too late
        fail("a request after the stop is not refused")
    if rest(idle) != b"":
        fail("an idle client was told something")
    until(lambda: not listens())


def deaf():
    """Clients that never read, and go on asking after the stop; as long as the
    server takes it."""
    def ask(s):
        try:
            while True:
                s.sendall(GET * 100)
        except OSError:
            pass

    those = [connect(room=4096) for _ in range(6)]
    threads = [threading.Thread(target=ask, args=(s,)) for s in those]
    for t in threads:
        t.start()
    start = cpu()
    until(lambda: cpu() > start + 0.1)
    os.kill(PID, signal.SIGTERM)
    for t in threads:
        t.join()


def slow():
    """A client that says nothing is hung up on. One that begins a request and
    does not end it gets 408. One that asks now and then stays."""
    silent, half, now_and_then = connect(), connect(GET[:20]), connect()
    while select.select([silent, half], [], [], 3)[0] == []:
        now_and_then.sendall(GET)
        if answer(now_and_then) != b"hello\n":
            fail("one that asks now and then is not answered")
    if rest(silent) != b"":
        fail("a silent client was told something")
    if status_of(rest(half)) != 408:
        fail("half a request, and no 408")
    now_and_then.sendall(GET)
    if answer(now_and_then) != b"hello\n":
        fail("one that asks now and then is not answered")


CASES = {f.__name__: f for f in (wrong, pipeline, nonsense, vanishing, placing,
                                 crowd, lack, dropped, load, stop, deaf, slow)}
CASES[CASE]()
