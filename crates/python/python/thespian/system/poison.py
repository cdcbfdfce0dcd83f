"""What is logged when an actor fails to handle a message. The core calls this."""

from __future__ import annotations

import logging
from typing import Any

from thespian.system.messages.delivery import text_of
from thespian.system.thesplog import thesplog

# Enough to recognise a message, and no more of one that may hold megabytes.
_MESSAGE_WIDTH = 150


def log_failure(actor: Any, message: Any, details: str, is_last: bool) -> None:
    """Log a failure: a warning while the message is tried again, an error when it goes back as poison."""
    level = logging.ERROR if is_last else logging.WARNING
    kind = "unretryable" if is_last else "retryable"
    text = text_of(message)[:_MESSAGE_WIDTH]
    where = "%s exception in actor %s on message %s: %s"
    logging.getLogger(str(type(actor))).log(
        level, where, kind, type(actor).__name__, text, details, extra=_address(actor)
    )
    thesplog(where, kind, type(actor).__name__, text, details, level=level)


# Where notes wait until they are written. None: they are written at once.
_kept: list[str] | None = None


def keep_notes() -> None:
    """Let notes wait until the process ends: who is to hear of the exit of its actor does not wait for a file."""
    global _kept
    _kept = []


def write_notes() -> None:
    """Write the notes that wait."""
    for text in _kept or ():
        thesplog("%s", text, level=logging.WARNING)


def note_failed_exit(text: str) -> None:
    """Note that an actor raised something on its exit request. It exits all the same."""
    if _kept is not None:
        _kept.append(text)
        return
    thesplog("%s", text, level=logging.WARNING)


def _address(actor: Any) -> dict[str, str]:
    try:
        return {"actorAddress": str(actor.myAddress)}
    except Exception:  # noqa: BLE001 - a log line is not worth a second failure
        return {}
