"""Bringing actors in Rust into a running system."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from roscius.rust_actors import NEED_PROCESSES


def announce(system: Any, program: str | os.PathLike[str], arguments: Sequence[str] = ()) -> list[str]:
    """Start an executable that has actors in Rust to offer, and return their names, which `createActor` knows from now on.

    It calls `roscius_host::rust::enter` first in its `main`, and ends with the system. `arguments` are those of its command
    line, if it needs some to come that far. Raises ValueError if it is no such executable.
    """
    base = getattr(system, "_systemBase", system)
    begin = getattr(base, "announce", None)
    if begin is None:
        raise ValueError(f"actors in Rust {NEED_PROCESSES}")
    names: list[str] = begin(os.fspath(program), [str(argument) for argument in arguments])
    return names
