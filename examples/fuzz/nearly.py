"""nearly: makes right bytes nearly right."""

NUMBERS = (b"0", b"1", b"-1", b"-2", b"-3", b"+1", b"00", b" 1", b"1 ",
           b"0x10", b"1e3",
           b"2147483647", b"2147483648", b"4294967295", b"4294967296",
           b"9223372036854775807", b"9223372036854775808", b"-0",
           b"18446744073709551615", b"18446744073709551616", b"9" * 40, b"")


def number(rng, right):
    """The right one, mostly."""
    if rng.random() < 0.97:
        return str(right).encode()
    return rng.choice(NUMBERS)


def some(rng, length):
    """Random bytes; Random.randbytes came with Python 3.9."""
    return bytes(rng.getrandbits(8) for _ in range(length))


def anything(rng, most):
    length = rng.randrange(rng.choice((2, 20, most)) + 1)
    return some(rng, length)


def _flip(rng, text, at):
    text[at] ^= 1 << rng.randrange(8)


def _other(rng, text, at):
    text[at] = rng.choice(b"\0\r\n\t \x7f\x80\xff:;,=-+0129%*$\"\\/?#")


def _lose(rng, text, at):
    del text[at:at + rng.choice((1, 1, 2, 9, 100))]


def _repeat(rng, text, at):
    piece = text[at:at + rng.choice((1, 9, 50, 300))]
    text[at:at] = piece * rng.choice((1, 2, 10, 300))


def _insert(rng, text, at):
    text[at:at] = anything(rng, 300)


def _end(_, text, at):
    del text[at:]


def _swap(rng, text, at):
    there = rng.randrange(len(text))
    text[at], text[there] = text[there], text[at]


def _lines(_, text, at):
    text[at:] = text[at:].replace(b"\r\n", b"\n", 1)


def _count(rng, text, at):
    """Some digits after that become another number."""
    while at < len(text) and not 48 <= text[at] < 58:
        at += 1
    end = at
    while end < len(text) and 48 <= text[end] < 58:
        end += 1
    text[at:end] = rng.choice(NUMBERS)


CHANGES = (_flip, _flip, _other, _other, _lose, _repeat, _insert, _end, _swap,
           _lines, _count)


def nearly(rng, text):
    """Right as it is in half of the cases."""
    text = bytearray(text)
    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 1, 2, 4, 16))):
        if text:
            rng.choice(CHANGES)(rng, text, rng.randrange(len(text)))
    return bytes(text)
