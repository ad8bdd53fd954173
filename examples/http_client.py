"""http_client: what the clients of both HTTP servers' tests need. They are
called with PORT PID CASE ...; PID is the server's."""

import os
import socket
import sys
import time

PORT, PID, CASE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
PATIENCE = 100  # s: for a server that does not answer at all


def fail(sentence):
    print(f"{CASE}: {sentence}", file=sys.stderr)
    os._exit(1)


def connect(text=b"", room=None):
    s = socket.socket()
    if room:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    s.settimeout(PATIENCE)
    s.connect(("127.0.0.1", PORT))
    if text:
        s.sendall(text)
    return s


def rest(s):
    """All that comes until the server hangs up."""
    got = b""
    try:
        while more := s.recv(1 << 16):
            got += more
    except ConnectionError:
        pass
    return got


def status_of(answer):
    """0: there is none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            fail("waited in vain")
        time.sleep(0.02)


def listens():
    try:
        connect().close()
        return True
    except ConnectionError:
        return False


def cpu():
    """Seconds of a processor that the server has had."""
    with open(f"/proc/{PID}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kib(name):
    """What the system says of the server's memory: VmRSS, or VmHWM, which is
    the most that it has had."""
    with open(f"/proc/{PID}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith(name + ":"))
