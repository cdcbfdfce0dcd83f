# ruff: noqa: N999 - programs know the module by this name
"""Errors about what cannot be pickled, under the module name that programs know."""

from __future__ import annotations

from typing import Any


class CannotPickle(Exception):
    """This object belongs to one process and must not be pickled."""


class CannotPickleAddress(CannotPickle):
    """The real form of this address is not known yet, so it cannot leave the process."""

    def __init__(self, address: Any) -> None:
        self.args = (address,)
        self.address = address

    def __str__(self) -> str:
        return f"Cannot pickle address {self.address}"
