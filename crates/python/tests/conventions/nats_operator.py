"""An operator of NATS servers with an account: what `nsc` makes, as far as a test needs it."""

import base64
import hashlib
import json
import os

# Ed25519 (RFC 8032): the field, the curve, its base point and the order of that.
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ORDER = 2**252 + 27742317777372353535851937790883648493
_Y = 4 * pow(5, -1, _P) % _P
_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE = (_X, _Y, 1, _X * _Y % _P)

OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3


def _add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c, d = 2 * one[3] * other[3] * _D % _P, 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times_base(number):
    """A multiple of the base point, as bytes."""
    point, doubled = (0, 1, 1, 0), _BASE
    while number:
        if number & 1:
            point = _add(point, doubled)
        doubled, number = _add(doubled, doubled), number >> 1
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _checked(content):
    """With a sum at its end, as text."""
    crc = 0
    for byte in content:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return base64.b32encode(content + crc.to_bytes(2, "little")).decode().rstrip("=")


class Key:
    """A key of an operator, an account or a user."""

    def __init__(self, kind):
        secret = os.urandom(32)
        self.seed = _checked(bytes([SEED | kind >> 5, (kind & 31) << 3]) + secret)
        half = bytearray(hashlib.sha512(secret).digest())
        self._prefix = bytes(half[32:])
        half[0] &= 248
        half[31] = half[31] & 63 | 64
        self._scalar = int.from_bytes(half[:32], "little")
        self._point = _times_base(self._scalar)
        self.public = _checked(bytes([kind]) + self._point)

    def sign(self, message):
        nonce = _number(self._prefix, message) % _ORDER
        commitment = _times_base(nonce)
        challenge = _number(commitment, self._point, message)
        return commitment + ((nonce + challenge * self._scalar) % _ORDER).to_bytes(32, "little")

    def token(self, subject, **claims):
        """What this key says of another."""
        body = {"jti": "1", "iat": 1_700_000_000, "iss": self.public, "name": "test", "sub": subject.public}
        parts = {"typ": "JWT", "alg": "ed25519-nkey"}, {**body, "nats": {**claims, "version": 2}}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_encoded(self.sign(signed.encode()))}"


def _encoded(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class Operator:
    """Signs accounts and users."""

    def __init__(self):
        self.key, self.account, self.system = Key(OPERATOR), Key(ACCOUNT), Key(ACCOUNT)

    def configuration(self):
        """What a server that knows these has in its configuration."""
        own = self.key.token(self.key, type="operator")
        accounts = {key.public: self._account(key) for key in (self.account, self.system)}
        preload = ", ".join(f"{key}: {token}" for key, token in accounts.items())
        return (
            f"operator: {own}\nsystem_account: {self.system.public}\nresolver: MEMORY\n"
            f"resolver_preload: {{ {preload} }}\n"
        )

    def _account(self, key):
        unlimited = ("subs", "data", "payload", "imports", "exports", "conn", "leaf")
        # Those of the system have no streams.
        streams = 0 if key is self.system else -1
        stored = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), streams)
        return self.key.token(key, type="account", limits={**dict.fromkeys(unlimited, -1), "wildcards": True, **stored})

    def user(self, path):
        """Writes a file with credentials of a user."""
        user = Key(USER)
        token = self.account.token(user, type="user", pub={}, sub={}, subs=-1, data=-1, payload=-1)
        path.write_text(
            f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
        )
        return path
