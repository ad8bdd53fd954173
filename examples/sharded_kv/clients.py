#!/usr/bin/env python3
"""clients.py CASE PORT [PID]: a client that behaves as no library does.

Nothing here sleeps or asserts a time; what should come and does not, is a
time-out of the socket, and a failure.
"""
import os
import select
import signal
import socket
import struct
import sys

PATIENCE_S = 60


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
    """Sends text again and again until nothing more goes for a second. Returns
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


def impatient(port, pid):
    """A stop with clients that do not read, and one that does not hang up. They
    are alive until the server hangs up on them."""
    deaf = [Client(port) for _ in range(2)]
    idle = Client(port)
    for client in deaf:
        fill(client, b"PING\r\n" * 1000)
    os.kill(pid, signal.SIGINT)
    idle.expect_end()
    for client in deaf:
        poll = select.poll()
        poll.register(client.socket, 0)
        assert poll.poll(PATIENCE_S * 1000), "the server waits for ever"


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
