"""Reading the file of an actor source."""

from __future__ import annotations

from typing import Any


def read_source(fname: Any) -> tuple[str, bytes]:
    """The identity (the md5 of the content, as hex) and the content of a path or of an open file.

    An open file is closed. A path that cannot be read raises OSError.
    """
    if hasattr(fname, "read"):
        try:
            content = fname.read()
        finally:
            fname.close()
        if isinstance(content, str):
            content = content.encode()
    else:
        with open(fname, "rb") as file:
            content = file.read()
    # Few programs load sources, and the libraries behind it are large.
    import hashlib

    # The id only names the source: whether it may be trusted is the source authority's decision.
    return hashlib.md5(content, usedforsecurity=False).hexdigest(), content


def source_name(fname: Any) -> str:
    """What a source is called for people: its path, or what an open file says of itself."""
    if hasattr(fname, "read"):
        fname = getattr(fname, "name", fname)
    return str(fname)
