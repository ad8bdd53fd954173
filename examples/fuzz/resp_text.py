"""resp_text: what a client of sharded_kv sends, and whether it is answered in
the protocol's words."""
from nearly import NUMBERS, anything, nearly, number, some

PLAIN = b"*1\r\n$4\r\nPING\r\n"
ANSWER = b"+PONG\r\n"

# And how many words follow, mostly.
COMMANDS = {b"GET": 1, b"SET": 2, b"INCR": 1, b"INCRBY": 2, b"DEL": 3,
            b"EXISTS": 3, b"MGET": 5, b"MSET": 6, b"DBSIZE": 0, b"FLUSHALL": 0,
            b"PING": 0, b"ECHO": 1, b"COMMAND": 1, b"CONFIG": 2}
WILD = {b"QUIT": 0, b"POST": 1, b"Host:": 1, b"EVAL": 2, b"": 0}


def word(rng):
    kind = rng.random()
    if kind < 0.6:
        return b"key:%d" % rng.randrange(20)
    if kind < 0.8:
        return number(rng, rng.randrange(1 << rng.randrange(64)))
    if kind < 0.98:
        return anything(rng, 300)
    return some(rng, 16) * rng.randrange(8000)


def words_of(rng):
    name, count = rng.choice(list(
        (WILD if rng.random() < 0.02 else COMMANDS).items()))
    if rng.random() < 0.05:
        count = rng.choice((0, 1, 2, 3, 40, 2000))
    if rng.random() < 0.1:
        name = name.lower()
    return [name, *(word(rng) for _ in range(count))]


def array(rng, words):
    parts = [b"*%d" % len(words)]
    for one in words:
        parts += [b"$%d" % len(one), one]
    if rng.random() < 0.05:  # a count or a length is another number
        i = rng.randrange(len(words) + 1) * 2
        at = max(0, i - 1)
        parts[at] = parts[at][:1] + rng.choice(NUMBERS)
    return b"\r\n".join(parts) + b"\r\n"


def request(rng):
    words = words_of(rng)
    if rng.random() < 0.15:
        return b" ".join(words) + rng.choice((b"\r\n", b"\n", b""))
    text = array(rng, words)
    if rng.random() < 0.02:
        text = b"*2\r\n" + text  # an array in an array
    return text


def text(rng):
    if rng.random() < 0.05:
        return anything(rng, 100000)
    requests = b"".join(request(rng)
                        for _ in range(rng.choice((1, 2, 5, 30))))
    if rng.random() < 0.05:
        requests *= 100
    return nearly(rng, requests[:1 << 20])


def _line(got, at):
    end = got.find(b"\r\n", at)
    return (None, len(got)) if end < 0 else (got[at:end], end + 2)


def fault(_, got):
    """Replies, the last of them perhaps cut."""
    at = 0
    while at < len(got):
        line, end = _line(got, at)
        if line is None:
            line = got[at:]
            return None if line[:1] in b"+-:$*" and b"\n" not in line else \
                f"replies {line[:100]!r}"
        kind, rest = line[:1], line[1:]
        if kind in (b"$", b"*", b":"):
            if not rest.lstrip(b"-").isdigit():
                return f"replies {line[:100]!r}"
        elif kind not in (b"+", b"-") or b"\n" in rest or b"\r" in rest:
            return f"replies {line[:100]!r}"
        if kind == b"$" and rest != b"-1":
            after = end + int(rest)
            if got[after:after + 2] not in (b"\r\n", b"\r", b""):
                return f"a string of {int(rest)} bytes ends elsewhere"
            end = after + 2
        at = end
    return None
