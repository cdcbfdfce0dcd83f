"""Signing zip files, and getting them back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

from roscius.signed_sources import KeyRefused, SourceRefused, sign, verify

Verbose = Callable[..., Any]


def _quiet(*_args: Any) -> None:
    pass


def write_whole(path: str, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it. Raises OSError."""
    directory, name = os.path.split(path)
    unfinished = os.path.join(directory, f".{name}.{os.getpid()}")
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
        os.replace(unfinished, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(unfinished)
        raise OSError(error.errno, error.strerror, path) from None


class SourceEncoding:
    """From zip files to signed sources (`.tls`), and back."""

    @staticmethod
    def zip_to_tls(zfpath: str, private_keyfile: str, format: str | None = None, verbose: Verbose = _quiet) -> str:
        """Write the signed form of a zip file beside it, with the suffix `.tls`; returns its path.

        Raises OSError, `roscius.signed_sources.KeyRefused`, and ValueError if key and format do not go together.
        """
        path = f"{os.path.splitext(zfpath)[0]}.tls"
        with open(private_keyfile, encoding="ascii", errors="replace") as key, open(zfpath, "rb") as zip_file:
            content, private = zip_file.read(), key.read()
        verbose("Signing %s", path)
        write_whole(path, sign(content, private, format))
        return path

    @staticmethod
    def tls_to_zip(tlsdata: bytes, public_key: str, verbose: Verbose | None = None) -> bytes | None:
        """The zip file in a signed source; None if it is not signed with this key."""
        try:
            verified = verify(tlsdata, [public_key])
        except (KeyRefused, SourceRefused) as error:
            (verbose or _quiet)("Not validated: %s", error)
            return None
        (verbose or _quiet)("Decoded %s", verified.format)
        return verified.content


SourceEncoding.__module__ = "thespian.director"
