"""The actor system's own log: a small file for when ordinary logging cannot be relied on.

The environment is looked at when the first line is written: THESPLOG_FILE (else `thespian.log` in TMPDIR or the
temporary directory), THESPLOG_FILE_MAXSIZE (rotated to `.old` beyond it) and THESPLOG_THRESHOLD.
"""

from __future__ import annotations

import contextlib
import logging
import os
from datetime import datetime
from typing import Any

DEFAULT_MAXIMUM_SIZE = 50 * 1024
# A file that may not even grow to this size is not written at all.
MINIMUM_SIZE = 10 * 1024

_LEVEL_NAMES = {
    logging.DEBUG: "dbg",
    logging.INFO: "I",
    logging.WARNING: "Warn",
    logging.ERROR: "ERR",
    logging.CRITICAL: "CRIT",
}
_THRESHOLDS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")


class InternalLog:
    """Where the lines go, and which lines."""

    def __init__(self) -> None:
        self.path = os.environ.get("THESPLOG_FILE") or _default_path()
        self.maximum_size = _size(os.environ.get("THESPLOG_FILE_MAXSIZE"))
        wanted = os.environ.get("THESPLOG_THRESHOLD", "").upper()
        self.threshold: int = getattr(logging, wanted if wanted in _THRESHOLDS else "WARNING")
        self.use_logging = False

    def write(self, text: str, level: int, always: bool) -> None:
        """Write one line if its level is high enough. Errors in writing are ignored."""
        if level < self.threshold and not always:
            return
        if self.use_logging:
            logging.getLogger("Thespian").log(level, "%s", text)
        if self.maximum_size < MINIMUM_SIZE:
            return
        name = _LEVEL_NAMES.get(level, str(level))
        with contextlib.suppress(OSError):
            self._rotate()
            with open(self.path, "a", encoding="utf-8", errors="replace") as file:
                file.write(f"{datetime.now()} p{os.getpid()} {name} {text}\n")

    def _rotate(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if os.stat(self.path).st_size > self.maximum_size:
                os.replace(self.path, f"{self.path}.old")


def _default_path() -> str:
    # `tempfile` would write a file to find the directory, and imports a lot.
    candidates = (os.environ.get("TEMP"), os.environ.get("TMP"), "/tmp", "/var/tmp", "/usr/tmp")
    usable = (path for path in candidates if path and os.access(path, os.W_OK | os.X_OK))
    return os.path.join(os.environ.get("TMPDIR") or next(usable, os.curdir), "thespian.log")


def _size(given: str | None) -> int:
    try:
        return DEFAULT_MAXIMUM_SIZE if given is None else int(given)
    except ValueError:
        return DEFAULT_MAXIMUM_SIZE


_log: InternalLog | None = None


def _the_log() -> InternalLog:
    global _log
    if _log is None:
        _log = InternalLog()
    return _log


def thesplog(msg: str, *args: Any, level: int = logging.INFO, primary: bool = False, **ignored: Any) -> None:
    """Write `msg % args` to the internal log; `primary` writes it whatever the threshold is."""
    log = _the_log()
    if level < log.threshold and not primary:
        return
    try:
        text = msg % args if args else str(msg)
    except Exception:  # noqa: BLE001 - arguments of users may fail in any way to make a text
        text = f"{msg} <its arguments cannot be shown>"
    log.write(text, level, primary)


def thesplog_control(baseLevel: int = logging.DEBUG, useLogging: bool = True, tmpFileMaxSize: int = 0) -> None:
    """Set the threshold, whether lines also go to `logging`, and the size of the file (0: no file)."""
    log = _the_log()
    log.threshold = baseLevel
    log.use_logging = useLogging
    log.maximum_size = tmpFileMaxSize
