"""The titles of processes, as `ps` shows them."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def set_title(title: str) -> None:
    """Show this title, if the package `setproctitle` is there."""
    setter = _setter()
    if setter is not None:
        setter(title)


@cache
def _setter() -> Callable[[str], None] | None:
    """Looked for once, in the starter, and not again in each process that is forked from it."""
    try:
        setter: Callable[[str], None] = importlib.import_module("setproctitle").setproctitle
    except ImportError:
        return None
    return setter
