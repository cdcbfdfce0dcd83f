"""What was typed, from one session to the next."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

MAXIMUM_LINES = 1000


def history_file() -> Path:
    """Where it is kept: in the user's state directory."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "roscius" / "shell_history"


@contextlib.contextmanager
def kept_history() -> Iterator[None]:
    """Keep the lines of an interactive session. Without a terminal, or a place to keep them, nothing is kept."""
    try:
        import readline
    except ImportError:
        readline = None  # type: ignore[assignment]
    if readline is None or sys.stdin is None or not sys.stdin.isatty():
        yield
        return
    # Addresses are words.
    readline.set_completer_delims(" \t\n")
    with contextlib.suppress(OSError, RuntimeError):
        readline.read_history_file(history_file())
    try:
        yield
    finally:
        readline.set_history_length(MAXIMUM_LINES)
        with contextlib.suppress(OSError, RuntimeError):
            file = history_file()
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
            readline.write_history_file(file)
