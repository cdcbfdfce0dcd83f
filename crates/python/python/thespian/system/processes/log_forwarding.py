"""Logging in the process of an actor: records go to the logger of the system."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from roscius._core import ActorAddress, Process

_formatter = logging.Formatter()


def forward(core: Process, me: ActorAddress, level: int | None) -> None:
    """Send records from this level on to the logger. None: the system has no logger, and logging stays as it is."""
    if level is None:
        return
    # What the program has configured belongs to the program.
    for logger in logging.Logger.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True
            logger.disabled = False
            logger.setLevel(logging.NOTSET)
    logging.disable(logging.NOTSET)
    logging.root.handlers[:] = [Forwarder(core, me)]
    logging.root.setLevel(level)


class Forwarder(logging.Handler):
    """Sends each record to the logger, in a form that can be pickled."""

    def __init__(self, core: Process, me: ActorAddress) -> None:
        super().__init__()
        self._core = core
        self._me = str(me)
        # A record about the sending of a record is dropped.
        self._busy = threading.local()

    def createLock(self) -> None:
        """The core has its own."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record."""
        if getattr(self._busy, "is_busy", False):
            return
        self._busy.is_busy = True
        try:
            self._core.post(self._core.logger, self._prepared(record))
        except Exception as error:  # noqa: BLE001 - an actor does not fail because a record can not be sent
            thesplog("A log record could not be sent: %r", error, level=logging.ERROR)
        finally:
            self._busy.is_busy = False

    def _prepared(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record as a text, since its parts may be anything."""
        try:
            text = record.getMessage()
        except Exception as error:  # noqa: BLE001 - arguments of users may fail in any way to make a text
            text = f"{record.msg} <its arguments cannot be shown: {error!r}>"
        exc_text = record.exc_text
        if record.exc_info and not exc_text:
            exc_text = _formatter.formatException(record.exc_info)
        prepared = logging.makeLogRecord(record.__dict__)
        prepared.msg, prepared.args = text, None
        prepared.exc_info, prepared.exc_text = None, exc_text
        prepared.__dict__["actorAddress"] = str(record.__dict__.get("actorAddress", self._me))
        # What a program adds to a record stays if it is plain.
        for name, value in list(prepared.__dict__.items()):
            if not isinstance(value, (str, int, float, bool, type(None), tuple, list, dict)):
                prepared.__dict__[name] = str(value)
        return prepared
