"""Marks classes as members of `thespian.actors`, the module that programs import and pickles name."""

from __future__ import annotations

from typing import TypeVar

_Class = TypeVar("_Class", bound=type)

PUBLIC_MODULE = "thespian.actors"


def public(cls: _Class) -> _Class:
    """Let `cls` pickle, and show itself, as a member of `thespian.actors`."""
    cls.__module__ = PUBLIC_MODULE
    return cls
