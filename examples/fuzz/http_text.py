"""http_text: what a client of http_server and of accept_pool sends, by HTTP/1
and HTTP/2, and whether it is answered in one of the two."""
import base64
import struct
import zlib

from nearly import NUMBERS, anything, nearly, number, some

PLAIN = b"GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
ANSWER = b"HTTP/1.1 200"

# What is right, mostly, and what is not. Of WILD of the choices there is none.
WILD = 0.03
METHODS = (b"GET", b"GET", b"HEAD")
WILD_METHODS = (b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE",
                b"PRI", b"get", b"M-SEARCH", b"", b"G\0T")
PATHS = (b"/", b"/health", b"/stats", b"/heavy")
BODY_PATHS = (b"/password", b"/thumbnail?width=4", b"/thumbnail?width=%d")
WILD_PATHS = (b"/password", b"/thumbnail", b"/?width=1&width=2", b"*",
              b"http://me/", b"//", b"/%00", b"/" + b"a" * 1100, b"")
VERSIONS = (b"HTTP/1.1",) * 8 + (b"HTTP/1.0",)
WILD_VERSIONS = (b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.10", b"")
HEADS = (b"Connection: keep-alive", b"Accept: */*", b"Content-Type: a/b",
         b"Expect: 100-continue", b"User-Agent: me", b"X: " + b"x" * 500)
WILD_HEADS = (b"Host: me", b"Host: you", b"Connection: close",
              b"Connection: Upgrade, HTTP2-Settings", b"Expect: more",
              b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked",
              b"Transfer-Encoding: chunked, chunked", b": none", b"None",
              b"Trailer: X", b"Upgrade: h2c", b"Upgrade: websocket",
              b" folded: 1", b"X: " + b"x" * 5000, b"X:\x80\xff")


def choice(rng, right, wild):
    return rng.choice(wild if rng.random() < WILD else right)


# ------------------------------------------------------------------ bodies

def chunk_of_png(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def png(rng):
    """A small picture; what it says of itself need not be so."""
    width, height = rng.randrange(1, 30), rng.randrange(1, 30)
    depth, colour = rng.choice(((8, 2), (8, 6), (8, 0), (1, 0), (16, 2), (8, 3),
                                (4, 3), (16, 4)))
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = (width * channels * depth + 7) // 8 + 1
    rows = bytes(rng.randrange(5) if i % row == 0 else rng.randrange(256)
                 for i in range(row * height))
    if rng.random() < 0.1:
        width, height = (rng.choice((0, 1, width, 4097, 1 << 20, 1 << 31))
                         for _ in range(2))
    parts = [chunk_of_png(b"IHDR", struct.pack(
        ">IIBBBBB", width, height, depth, colour, 0, 0,
        rng.choice((0, 0, 0, 1))))]
    if colour == 3 or rng.random() < 0.1:
        parts.append(chunk_of_png(b"PLTE", some(rng, 
            3 * rng.choice((1, 16, 256)))))
    if rng.random() < 0.2:
        name = rng.choice((b"tRNS", b"gAMA", b"tEXt", b"zTXt", b"iCCP", b"acTL",
                           b"aaaa"))
        parts.append(chunk_of_png(name, anything(rng, 60)))
    packed = zlib.compress(rows)
    if rng.random() < 0.2:
        packed = nearly(rng, packed)
    parts += [chunk_of_png(b"IDAT", packed), chunk_of_png(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def body(rng):
    kind = rng.random()
    if kind < 0.5:
        return png(rng) if rng.random() < 0.7 else nearly(rng, png(rng))
    if kind < 0.9:
        return anything(rng, 2000)
    return some(rng, 64) * rng.randrange(4000)


def chunked(rng, content):
    parts = []
    while content:
        most = rng.choice((1, 7, 100, 5000))
        piece, content = content[:most], content[most:]
        size = b"%x" % len(piece)
        if rng.random() < 0.01:
            size = rng.choice((*NUMBERS, b"f" * 16, b"f" * 17, b"-5", b" 5"))
        if rng.random() < 0.1:
            size += rng.choice((b";a=b", b";", b"; a=\"b\"", b" ", b";" * 200))
        parts.append(size + b"\r\n" + piece + b"\r\n")
        if len(parts) > 500:
            break
    parts.append(choice(rng, (b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n"),
                        (b"00\r\n\r\n", b"0\r\n", b"")))
    return b"".join(parts)


# ------------------------------------------------------------------ HTTP/1

def path(rng, paths=PATHS):
    one = choice(rng, paths, WILD_PATHS)
    return one.replace(b"%d", number(rng, rng.randrange(1, 100)))


def request(rng):
    heads = [b"Host: me"] if rng.random() > WILD else []
    heads += (choice(rng, HEADS, WILD_HEADS)
              for _ in range(rng.choice((0, 0, 1, 2, 5))))
    if rng.random() < 0.5:
        method, where = choice(rng, METHODS, WILD_METHODS), path(rng)
        content = b""
    else:
        method = choice(rng, (b"POST",), WILD_METHODS)
        where = path(rng, BODY_PATHS)
        content = body(rng)
        length = len(content)
        is_chunked = rng.random() < 0.3
        if is_chunked:
            heads.append(b"Transfer-Encoding: chunked")
            content = chunked(rng, content)
        if is_chunked == (rng.random() < WILD):
            heads.append(b"Content-Length: " + number(rng, length))
    rng.shuffle(heads)
    first = b" ".join((method, where, choice(rng, VERSIONS, WILD_VERSIONS)))
    return b"\r\n".join((first, *heads, b"", content))


def http1(rng):
    return b"".join(request(rng) for _ in range(rng.choice((1, 1, 2, 5, 20))))


# ------------------------------------------------------------------ HTTP/2

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, MORE = \
    range(10)


def frame(kind, flags, stream, payload=b""):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) +
            struct.pack(">I", stream) + payload)


def integer(prefix, bits, value):
    """As HPACK packs it."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([prefix | value])
    packed = bytearray([prefix | most])
    value -= most
    while value >= 128:
        packed.append(value & 127 | 128)
        value >>= 7
    packed.append(value)
    return bytes(packed)


def string(rng, value):
    huffman = 128 if rng.random() < 0.001 else 0
    return integer(huffman, 7, len(value)) + value


def field(rng, name, value):
    return (bytes([rng.choice((0, 0x10, 0x40))]) + string(rng, name) +
            string(rng, value))


def fields(rng, method, where):
    parts = [field(rng, b":method", method), field(rng, b":path", where),
             field(rng, b":scheme", b"http"), field(rng, b":authority", b"me")]
    for _ in range(rng.choice((0, 0, 1, 5))):
        if rng.random() > WILD:
            parts.append(field(rng, rng.choice((b"x", b"te", b"cookie")),
                               b"trailers"))
            continue
        kind = rng.random()
        if kind < 0.3:
            parts.append(integer(0x80, 7, rng.randrange(rng.choice((62, 200)))))
        elif kind < 0.4:
            parts.append(integer(0x20, 5, rng.choice((0, 4096, 1 << 20))))
        elif kind < 0.5:
            parts.append(some(rng, 5))
        elif kind < 0.6:
            parts.append(field(rng, b"content-length", rng.choice(NUMBERS)))
        else:
            name = rng.choice((b"x", b"X", b"", b"host", b"connection", b"te",
                               b"expect", b":path", b":status", b"cookie"))
            parts.append(field(rng, name, anything(rng, 100)))
    if rng.random() < WILD:
        rng.shuffle(parts)
    return b"".join(parts)


def headers(rng, stream, flags, block):
    """Perhaps in pieces."""
    if rng.random() < 0.9:
        return frame(HEADERS, flags | 4, stream, block)
    cut = rng.randrange(len(block) + 1)
    second = stream if rng.random() > WILD else stream + 2
    return (frame(HEADERS, flags, stream, block[:cut]) +
            frame(MORE, 0, second, b"") * rng.choice((0, 1, 100)) +
            frame(MORE, 4, second, block[cut:]))


def stream_of(rng, stream):
    """One request."""
    if rng.random() < 0.5:
        return headers(rng, stream, 1, fields(
            rng, choice(rng, METHODS, WILD_METHODS), path(rng)))
    content = body(rng)[:40000]
    parts = [headers(rng, stream, 0, fields(
        rng, b"POST", path(rng, BODY_PATHS)))]
    while content:
        most = rng.choice((1, 100, 16384))
        piece, content = content[:most], content[most:]
        flags = 0 if content else 1
        if rng.random() < 0.1:
            flags |= 8
            piece = bytes([rng.choice((0, 5, 255))]) + piece + bytes(5)
        parts.append(frame(DATA, flags, stream, piece[:16384]))
        if len(parts) > 100:
            break
    return b"".join(parts)


def settings(rng):
    sound = ((1, 0), (1, 4096), (2, 0), (3, 100), (4, 0), (4, 1), (4, 65535),
             (4, (1 << 31) - 1), (5, 16384), (5, 1 << 20), (6, 1 << 20))
    pairs = (rng.choice(sound) if rng.random() > WILD else
             (rng.randrange(10), rng.choice((2, 1 << 24, 1 << 31, 0xffffffff)))
             for _ in range(rng.choice((0, 1, 1, 3, 40))))
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *one)
                                          for one in pairs))


def other(rng, stream):
    """A frame that is no request, right or wrong."""
    there = choice(rng, (1, max(1, stream - 2)),
                   (0, 2, stream, stream + 20, (1 << 31) - 1))
    kind = rng.random()
    if kind < 0.15:
        return settings(rng)
    if kind < 0.3:
        step = choice(rng, (1, 100, 65535), (0, (1 << 31) - 1, 1 << 31))
        return frame(WINDOW, 0, rng.choice((0, there)), struct.pack(">I", step))
    if kind < 0.4:
        return frame(RST, 0, there, struct.pack(">I", rng.randrange(15)))
    if kind < 0.5:
        return frame(PING, rng.randrange(2), 0, some(rng, 8)) * \
            rng.choice((1, 1, 20, 2000))
    if kind < 0.52:
        return frame(GOAWAY, 0, 0, bytes(4) + some(rng, rng.choice((4, 4, 20))))
    if kind < 0.7:
        return frame(PRIORITY, 0, there, bytes(4) + some(rng, 1))
    if kind < 0.9:
        return frame(rng.randrange(10, 256), rng.randrange(256), there,
                     anything(rng, 200))  # of a kind that nobody knows
    if kind < 0.95:
        return frame(SETTINGS, 1, 0) * rng.choice((1, 1, 100))
    return frame(rng.randrange(12), rng.randrange(256), there,
                 anything(rng, 200))


def frames(rng):
    parts = []
    stream = 1
    for _ in range(rng.choice((1, 2, 5, 20, 120))):
        if rng.random() < 0.8:
            parts.append(stream_of(rng, stream))
            if rng.random() < 0.1:
                parts.append(frame(RST, 0, stream, bytes(4)))
            stream += choice(rng, (2, 2, 2, 20), (0, 1))
        else:
            parts.append(other(rng, stream))
    return b"".join(parts)


def http2(rng):
    if rng.random() < 0.2:
        packed = base64.urlsafe_b64encode(
            settings(rng)[9:]).rstrip(b"=").replace(b"=", b"")
        return (b"GET / HTTP/1.1\r\nHost: me\r\nConnection: Upgrade, "
                b"HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: " + packed +
                b"\r\n\r\n" + PREFACE + settings(rng) + frames(rng))
    return PREFACE + settings(rng) + frames(rng)


def text(rng):
    kind = rng.random()
    if kind < 0.05:
        return anything(rng, 100000)
    if kind < 0.5:
        return nearly(rng, http1(rng))
    made = http2(rng)
    keep = len(PREFACE) if made.startswith(PREFACE) else 0
    return made[:keep] + nearly(rng, made[keep:])


def fault(sent, got):
    """Answers of HTTP/1.1, or, if it was asked for, frames."""
    if got[:9] == b"HTTP/1.1 "[:len(got)]:
        return None
    if sent.startswith(PREFACE):
        return fault_2(got)
    return f"answers {got[:100]!r}"


def fault_2(got):
    at = 0
    while at + 9 <= len(got):
        length = int.from_bytes(got[at:at + 3], "big")
        if got[at + 3] > MORE or length > 1 << 24:
            return f"a frame {got[at:at + 9]!r}"
        at += 9 + length
    return None
