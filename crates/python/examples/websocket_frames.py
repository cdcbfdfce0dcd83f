"""What the example with web sockets needs of RFC 6455. It is no example by itself."""

import base64
import hashlib
import os
import struct
from itertools import cycle

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class BrokenStream(ValueError):
    """The other side does not speak the protocol."""


def accept_key(key):
    """What a server answers to the key of a client."""
    return base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()


def greeting(host, path, key):
    """The request of a client."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    return "\r\n".join([*lines, f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]).encode()


def frame(kind, content, masked):
    """A message as one frame. Clients mask theirs, servers do not."""
    size, bit = len(content), _MASKED if masked else 0
    if size < 126:
        head = struct.pack("!BB", _FINAL | kind, bit | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", _FINAL | kind, bit | 126, size)
    else:
        head = struct.pack("!BBQ", _FINAL | kind, bit | 127, size)
    if not masked:
        return head + content
    mask = os.urandom(4)
    return head + mask + _masked(content, mask)


def _masked(content, mask):
    return bytes(byte ^ key for byte, key in zip(content, cycle(mask), strict=False))


class Reader:
    """Makes messages of the bytes that come, however they are cut."""

    def __init__(self, maximum=1 << 20):
        self.maximum = maximum
        self.data = b""
        self.parts = []
        self.kind = None

    def head(self, data):
        """Take bytes as long as the head of HTTP is not complete. Then the result is its lines."""
        self.data += data
        if len(self.data) > self.maximum:
            raise BrokenStream("the head is too long")
        if b"\r\n\r\n" not in self.data:
            return None
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        return head.decode("latin-1").split("\r\n")

    def messages(self, data=b""):
        """Take bytes, and give each message that is complete: its kind and its content."""
        self.data += data
        while (found := self._frame()) is not None:
            final, kind, content = found
            if kind >= CLOSE:  # these come in one piece, also amid others
                yield kind, content
                continue
            self.kind = kind or self.kind
            self.parts.append(content)
            if sum(map(len, self.parts)) > self.maximum:
                raise BrokenStream("a message is too long")
            if final:
                yield self.kind, b"".join(self.parts)
                self.parts = []

    def _frame(self):
        """The next frame, and whether it is the last of its message. None if it is not complete."""
        if len(self.data) < 2:
            return None
        first, second = self.data[:2]
        size, begin = second & 0x7F, 2
        for mark, form, length in ((126, "!H", 2), (127, "!Q", 8)):
            if size == mark:
                if len(self.data) < 2 + length:
                    return None
                (size,) = struct.unpack_from(form, self.data, 2)
                begin = 2 + length
                break
        if size > self.maximum:
            raise BrokenStream(f"a frame of {size} bytes is too long")
        mask = b""
        if second & _MASKED:
            mask = self.data[begin : begin + 4]
            begin += 4
        end = begin + size
        if len(self.data) < end:
            return None
        content, self.data = self.data[begin:end], self.data[end:]
        return bool(first & _FINAL), first & 0x0F, _masked(content, mask) if mask else content
