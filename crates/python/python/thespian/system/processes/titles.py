"""The titles of processes, as `ps` shows them."""

from __future__ import annotations

import importlib
from contextlib import suppress


def set_title(title: str) -> None:
    """Show this title, if the package `setproctitle` is there."""
    with suppress(ImportError):
        importlib.import_module("setproctitle").setproctitle(title)
