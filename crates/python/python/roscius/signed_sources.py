"""Signed sources: made by who has a private key, and used where its public key is trusted.

Keys are texts in PEM form. RSA keys sign in the formats of Thespian's Director, Ed25519 keys in the format of Roscius,
which also names the key and may expire.
"""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from roscius import _core
from roscius._core import KeyRefused, SourceRefused

__all__ = [
    "KeyPair",
    "KeyRefused",
    "SourceRefused",
    "TrustedKeys",
    "VerifiedSource",
    "generate_key",
    "key_ids",
    "public_key",
    "sign",
    "verify",
]


@dataclass(frozen=True)
class KeyPair:
    """A private key, to be kept secret, and the public key that verifies what it signs; both in PEM form."""

    private: str
    public: str


@dataclass(frozen=True)
class VerifiedSource:
    """What a trusted key has signed: the content, in which format, by the key with this id, and until when."""

    content: bytes
    format: str
    key: str
    expires: datetime | None


def generate_key() -> KeyPair:
    """A new Ed25519 key."""
    return KeyPair(*_core.generate_key())


def public_key(private: str) -> str:
    """The public part of a private key. Raises `KeyRefused`."""
    return _core.public_key(private)


def key_ids(text: str) -> list[str]:
    """The ids of the public keys in a text, as signed sources name them. Raises `KeyRefused`."""
    return _core.key_ids(text)


def sign(content: bytes, private: str, format: str | None = None, expires: datetime | timedelta | None = None) -> bytes:
    """The signed form of a source.

    Without `format`, it is the best for the key. `expires` is a time or a period from now, in whole seconds. Raises
    `KeyRefused`, and ValueError if key, format and expiry do not go together.
    """
    if isinstance(expires, timedelta):
        expires = datetime.now(UTC) + expires
    seconds = None if expires is None else int(expires.timestamp())
    if seconds is not None and seconds < 0:
        raise ValueError("a signature can not expire before 1970")
    return _core.sign_source(content, private, format, seconds)


def verify(data: bytes, keys: Iterable[str], now: datetime | None = None) -> VerifiedSource:
    """What is inside a signed source, if one of these public keys has signed it and it has not expired.

    Raises `SourceRefused`, which says why, and `KeyRefused`.
    """
    seconds = int(time.time() if now is None else now.timestamp())
    content, layout, key, expires = _core.verify_source(data, list(keys), max(seconds, 0))
    return VerifiedSource(content, layout, key, None if expires is None else _time(expires))


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):  # it is later than datetime can say
        return datetime.max.replace(tzinfo=UTC)


class TrustedKeys:
    """Public keys that are trusted, from texts in PEM form, files, and patterns such as `keys/*.pem`.

    Files are read anew each time, so that a key counts as soon as its file is there, and no longer than that.
    """

    def __init__(self, *places: str | os.PathLike[str]) -> None:
        self.places = [os.fspath(place) for place in places]

    def read(self) -> tuple[dict[str, str], list[str]]:
        """Where each key is and its text; and what is wrong with places that have none."""
        found: dict[str, str] = {}
        problems: list[str] = []
        for place in self.places:
            if "-----BEGIN " in place:
                self._take(f"the text {len(found) + 1}", place, found, problems)
                continue
            files = [place] if os.path.exists(place) else sorted(glob.glob(place))
            if not files:
                problems.append(f"{place}: there is no such file")
            for file in files:
                try:
                    with open(file, encoding="utf-8", errors="replace") as lines:
                        self._take(file, lines.read(), found, problems)
                except OSError as error:
                    problems.append(f"{file}: {error.strerror or error}")
        return found, problems

    def _take(self, place: str, text: str, found: dict[str, str], problems: list[str]) -> None:
        try:
            key_ids(text)
        except KeyRefused as error:
            problems.append(f"{place}: {error}")
        else:
            found[place] = text

    def verify(self, data: bytes, now: datetime | None = None) -> VerifiedSource:
        """Verify a source with all these keys. Raises `SourceRefused`, which also names places without a good key."""
        found, problems = self.read()
        try:
            return verify(data, found.values(), now)
        except SourceRefused as error:
            if not problems:
                raise
            raise SourceRefused(f"{error}; not all keys could be read: {'; '.join(problems)}") from None
