#!/usr/bin/env python3
"""clients.py CASE PORT [PID]: a client that behaves as no library does.

Nothing here asserts a time, or waits a while and hopes; what should come and
does not, is a time-out of the socket, and a failure.
"""
import os
import random
import select
import signal
import socket
import struct
import sys
import time

PATIENCE_S = 300
SERVER = 3  # the descriptor of a pipe that the server holds until it ends


class Client:
    def __init__(self, port):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        # Small, so that it does not take much to fill them.
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, buffer, 1 << 16)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def send(self, text):
        self.socket.sendall(text)

    def expect(self, text):
        got = self.file.read(len(text))
        assert got == text, f"expected {text[:80]!r}, got {got[:80]!r}"

    def expect_end(self):
        try:
            got = self.file.read(1)
        except ConnectionResetError:
            got = b""
        assert got == b"", f"expected the end, got {got!r}"

    def ask(self, text, reply):
        self.send(text)
        self.expect(reply)

    def vanish(self):
        """Closes with a reset, as a client that crashed."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.file.close()
        self.socket.close()


def fill(client, text):
    """Sends text again and again until nothing more goes for a second: the
    server does not listen, or on a busy machine has not come to it yet. Returns
    the number of bytes."""
    most = 16 << 20
    sent = 0
    client.socket.settimeout(1)
    try:
        while sent < most:
            sent += client.socket.send(text[sent % len(text):])
    except socket.timeout:
        pass
    client.socket.settimeout(PATIENCE_S)
    assert sent < most, "the server took everything"
    return sent


def request(*words):
    """The words as an array of strings."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def string(text):
    return b"$%d\r\n%s\r\n" % (len(text), text)


def keys(count):
    """So many that every shard has some."""
    return [f"key:{i}" for i in range(count)]


def cuts(port):
    """A request cut in two at each of its bytes. The PING before it is answered
    when the server has read the first piece too: they come as one segment."""
    client = Client(port)
    text = request("MSET", *sum(([k, "value\r\n" + k] for k in keys(3)), []))
    text += request("MGET", *keys(3)) + b"EXISTS key:0 key:1 none\r\n"
    reply = b"+OK\r\n*3\r\n"
    reply += b"".join(string(b"value\r\n" + k.encode()) for k in keys(3))
    reply += b":2\r\n"
    for i in range(len(text) + 1):
        client.ask(b"PING\r\n" + text[:i], b"+PONG\r\n")
        client.ask(text[i:], reply)


def order(port):
    """Replies come in the order of the requests, whichever shards they are
    from; and one client's requests for one key are done in their order."""
    client = Client(port)
    text = reply = b""
    for i, key in enumerate(keys(500)):
        text += request("SET", key, str(i)) + request("ECHO", str(i))
        text += request("GET", key) + request("INCR", key) + b"GET nothing\r\n"
        text += request("DEL", key, key)
        reply += b"+OK\r\n" + string(b"%d" % i) * 2
        reply += b":%d\r\n$-1\r\n:1\r\n" % (i + 1)
    client.ask(text, reply)
    many = keys(1000)
    client.ask(request("MSET", *sum(([k, k] for k in many), [])), b"+OK\r\n")
    client.ask(request("MGET", *many), b"*1000\r\n" +
               b"".join(string(k.encode()) for k in many))
    client.ask(b"DBSIZE\r\n", b":1000\r\n")
    client.ask(request("DEL", *many, *many), b":1000\r\n")
    client.ask(b"DBSIZE\r\nQUIT\r\nPING\r\n", b":0\r\n+OK\r\n")
    client.expect_end()


def half_closed(port):
    """A client that has said all it will say, still gets its replies."""
    client = Client(port)
    client.send(b"INCR half\r\n" * 5000 + b"GET ha")
    client.socket.shutdown(socket.SHUT_WR)
    client.expect(b"".join(b":%d\r\n" % (i + 1) for i in range(5000)))
    client.expect_end()


def big(port):
    """Values up to the limit, and what is beyond it."""
    client = Client(port)
    value = os.urandom((1 << 20) - 64)
    for key in keys(4):
        client.ask(request("SET", key, value), b"+OK\r\n")
    client.ask(request("MGET", *keys(4)), b"*4\r\n" + string(value) * 4)
    client.ask(request("DEL", *keys(4)), b":4\r\n")
    client.send(b"*2\r\n$4\r\nECHO\r\n$1048577\r\n")
    client.expect(b"-ERR Protocol error: invalid bulk length\r\n")
    client.expect_end()


def malformed(port):
    """A reply that says so, after the replies to what came before; then the
    end. Other clients notice nothing."""
    other = Client(port)
    for text in (b"*1\r\nPING\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$4x\r\nPING\r\n",
                 b"*x\r\n", b"*\r\n", b"*99999999\r\n", b"*1\n$4\r\nPING\r\n",
                 b"*1\r\n$4\r\nPINGPING\r\n", b"*1\r\n$9999999999999999999\r\n",
                 b"*1" + b"1" * 64, b"x" * 70000, b"*2\r\n$3\r\nGET\r\n:1\r\n"):
        client = Client(port)
        client.send(b"INCR before\r\n" + text)
        client.file.readline()
        line = client.file.readline()
        assert line.startswith(b"-ERR Protocol error: "), (text[:80], line)
        client.expect_end()
        other.ask(b"PING still\r\n", b"$5\r\nstill\r\n")
    # What is understood and makes no sense is answered, and no more.
    client = Client(port)
    client.ask(b"\r\n*0\r\n*-1\r\n \t \r\nNO\x01N\x00E\r\n",
               b"-ERR unknown command 'NO?N?E'\r\n")
    client.ask(b"GET\r\nGET a b\r\nMSET a\r\nPING\r\n",
               b"-ERR wrong number of arguments for 'GET' command\r\n" * 2 +
               b"-ERR wrong number of arguments for 'MSET' command\r\n"
               b"+PONG\r\n")
    client.ask(b"SET word w\r\nINCR word\r\nSET most 9223372036854775807\r\n"
               b"INCR most\r\nSET least -9223372036854775808\r\n"
               b"INCRBY least -1\r\nINCRBY least 9223372036854775807\r\n",
               b"+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n"
               b"-ERR increment or decrement would overflow\r\n+OK\r\n"
               b"-ERR increment or decrement would overflow\r\n:-1\r\n")


def browser(port):
    """A web page may have a browser send requests of HTTP, with a body that the
    page wrote. What is in the body is not done."""
    other = Client(port)
    head = b"Host: localhost\r\nContent-Length: 9\r\n\r\nSET a 1\r\n"
    for first in (b"POST / HTTP/1.1\r\n", b"PUT / HTTP/1.1\r\n"):
        client = Client(port)
        client.send(first + head)
        said = client.file.read().splitlines()
        assert said[-1] == b"-ERR this server does not speak HTTP", said
    other.ask(b"EXISTS a\r\n", b":0\r\n")


def silent(port):
    """A client that sends and never reads is not listened to after a while,
    and keeps nobody from being served. When it reads, all is there."""
    other = Client(port)
    client = Client(port)
    values = [b"%d" % i * 1000 for i in range(10)]
    for i, value in enumerate(values):
        other.ask(request("SET", f"silent:{i}", value), b"+OK\r\n")
    text = b"".join(b"GET silent:%d\r\n" % i for i in range(10))
    sent = fill(client, text)
    for key in keys(20):
        other.ask(request("SET", key, "v") + request("GET", key),
                  b"+OK\r\n$1\r\nv\r\n")
    whole = sent // len(text) * 10 + text[:sent % len(text)].count(b"\n")
    for i in range(whole):
        client.expect(string(values[i % 10]))


def vanishing(port):
    """Clients that are gone while their requests are with other shards."""
    text = b"".join(request("INCR", f"vanish:{i}") for i in range(64))
    for _ in range(300):
        client = Client(port)
        client.send(text * 4)
        client.vanish()
    Client(port).ask(b"PING\r\n", b"+PONG\r\n")


def stop(port, pid):
    """A stop in the middle of many requests: the replies that come are whole
    and in order, and end. Prints how many, for that is how many steps the
    server has to have done: each request that it read is answered."""
    clients = [Client(port) for _ in range(8)]
    for number, client in enumerate(clients):
        client.send(b"".join(b"INCR %d:%d\r\n" % (number, i % 10)
                             for i in range(20000)))
        client.expect(b":1\r\n")
    os.kill(pid, signal.SIGTERM)
    told = 0
    for client in clients:
        count = 1
        for line in iter(client.file.readline, b""):
            assert line == b":%d\r\n" % (count // 10 + 1), line
            count += 1
        client.socket.close()
        told += count
    print(told)


def has_ended(wait_s):
    """Whether the server ends before so long. Its clients cannot be asked: the
    end of one that does not read waits behind all that it did not read."""
    poll = select.poll()
    poll.register(SERVER, 0)
    return bool(poll.poll(wait_s * 1000))


def impatient(port, pid):
    """A stop with clients that do not read, and one that does not hang up. They
    are there until the server has ended."""
    deaf = [Client(port) for _ in range(2)]
    idle = Client(port)
    for client in deaf:
        fill(client, b"PING\r\n" * 1000)
    os.kill(pid, signal.SIGINT)
    idle.expect_end()
    assert has_ended(PATIENCE_S), "the server waits and waits"


def promise(client):
    """Makes the server promise 20 MB: it has read all the requests, for they
    are one segment, and the first reply comes. Returns what is to be read."""
    value = os.urandom(1000000)
    client.ask(request("SET", "long", value), b"+OK\r\n")
    client.send(b"GET long\r\n" * 20)
    reply = string(value)
    assert client.socket.recv(1) == reply[:1]  # not more, into a buffer
    return reply[1:] + reply * 19


def steady(port, pid):
    """A stop with a client that reads, but takes its time: more than the server
    has patience for in all, and never so much at once. It gets everything."""
    client = Client(port)
    left = memoryview(promise(client))
    os.kill(pid, signal.SIGTERM)
    while left:
        got = client.socket.recv(min(len(left), 1 << 16))
        assert got, f"the end, with {len(left)} bytes left"
        assert got == left[:len(got)], "other bytes"
        left = left[len(got):]
        time.sleep(0.03)  # for each 64 KiB at most: 9 seconds or more
    client.expect_end()


def slow(port, pid):
    """A stop with a client that reads on and on, too slowly for the time that
    the server has in all."""
    client = Client(port)
    left = len(promise(client))
    os.kill(pid, signal.SIGTERM)
    while left > 0 and not has_ended(0.1):
        left -= len(client.socket.recv(1 << 14))
    assert left > 0, "the server waited for all of it"


def empty(port):
    """Nothing, in all places where something could be."""
    Client(port).vanish()
    client = Client(port)
    client.socket.shutdown(socket.SHUT_WR)
    client.expect_end()
    client = Client(port)
    client.ask(b"\n\r\n*0\r\n" + request(""), b"-ERR unknown command ''\r\n")
    client.ask(request("ECHO", "") + request("PING", ""), string(b"") * 2)
    client.ask(request("GET", ""), b"$-1\r\n")
    client.ask(request("SET", "", "") + request("GET", ""),
               b"+OK\r\n" + string(b""))
    client.ask(request("MSET", "", "", "a", "") + request("MGET", "", "a", "b"),
               b"+OK\r\n*3\r\n" + string(b"") * 2 + b"$-1\r\n")
    client.ask(request("INCRBY", "", "") + request("INCRBY", "b", ""),
               b"-ERR value is not an integer or out of range\r\n" * 2)
    client.ask(request("EXISTS", "", "") + request("DEL", "", ""),
               b":2\r\n:1\r\n")
    client.ask(b"FLUSHALL\r\nDBSIZE\r\nFLUSHALL\r\n", b"+OK\r\n:0\r\n+OK\r\n")
    client.ask(b"*1\r\n$4\r\nQUIT\r\n", b"+OK\r\n")
    client.expect_end()


def jenkins_mix(i, j, h):
    for a, b, c in ((13, 8, 13), (12, 16, 5), (3, 10, 15)):
        i = (i - j - h ^ (h & M32) >> a) & M32
        j = (j - h - i ^ i << b) & M32
        h = (h - i - j ^ j >> c) & M32
    return i, j, h


M32 = (1 << 32) - 1


def colliding(count):
    """Different keys with one and the same hash by uthash's own function, which
    has no secret: the second half of each undoes what the first half did."""
    draw = random.Random(1)
    wanted = (1, 2, 3)
    result = []
    for _ in range(count):
        first = [draw.randrange(1 << 32) for _ in range(3)]
        begin = (0x9e3779b9, 0x9e3779b9, 0xfeedbeef)
        state = jenkins_mix(*((b + f) & M32 for b, f in zip(begin, first)))
        second = [(w - s) & M32 for w, s in zip(wanted, state)]
        result.append(struct.pack("<6I", *first, *second))
    return result


def collisions(port, pid):
    """A client that has chosen its keys. The steps have to be several loops',
    as those for any keys are; the test looks at the counts."""
    client = Client(port)
    chosen = colliding(1000)
    client.ask(b"".join(request("INCR", key) for key in chosen), b":1\r\n" * 1000)
    os.kill(pid, signal.SIGTERM)
    client.expect_end()


def kib(pid, name):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status
                    if line.startswith(name + ":"))


def memory(port, pid):
    """Requests that lack a byte, each as long and of as many words as may be:
    the server keeps what README.md says, and no more."""
    text = request("DEL", *["k" * 9] * ((1 << 16) - 1))
    assert 0.9 * (1 << 20) < len(text) < 1 << 20
    count = 10
    Client(port).ask(b"PING\r\n", b"+PONG\r\n")
    before = kib(pid, "VmRSS")
    clients = [Client(port) for _ in range(count)]
    for client in clients:
        client.send(text[:-1])
    while kib(pid, "VmRSS") < before + count * 1024 * 9 // 10:
        pass
    for client in clients:
        client.ask(text[-1:], b":0\r\n")
    each = (kib(pid, "VmHWM") - before) / count
    assert each < 1024 + 512 + 64, f"{each} KiB each"
    os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
