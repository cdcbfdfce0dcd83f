"""Logging in the process of an actor: records go to the logger of the system."""

from __future__ import annotations

import logging
import pickle
import threading
from typing import TYPE_CHECKING, Any

from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from roscius._core import ActorAddress, Process

_formatter = logging.Formatter()


class Forwarding:
    """The logging of a process from here on. A starter makes it once for all that it forks, as that takes a while."""

    def __init__(self) -> None:
        self._configured = configured()
        self._forwarder = Forwarder()

    def begin(self, core: Process, me: ActorAddress, level: int | None) -> None:
        """Send records from this level on to the logger. None: the system has no logger, and logging stays as it is."""
        if level is None:
            return
        forget_configuration(self._configured)
        self._forwarder.speak_for(core, me)
        logging.root.handlers[:] = [self._forwarder]
        if logging.root.level != level:
            logging.root.setLevel(level)


def change_level(level: int | None) -> None:
    """From now on, send records from this level on. None: the system has no logger."""
    if level is not None:
        logging.root.setLevel(level)


def configured() -> list[logging.Logger]:
    """The loggers whose records do not simply go to the root."""
    loggers = [it for it in logging.Logger.manager.loggerDict.values() if isinstance(it, logging.Logger)]
    return [it for it in loggers if it.handlers or it.filters or it.disabled or not it.propagate]


def forget_configuration(loggers: Iterable[logging.Logger]) -> None:
    """Have loggers that a program had when it was forked pass all to the root. Its configuration is its own.

    Levels stay: modules set them when they are imported, which a forked process does not do again.
    """
    for logger in loggers:
        logger.handlers.clear()
        logger.filters.clear()
        logger.propagate = True
        logger.disabled = False
    if logging.root.manager.disable:
        logging.disable(logging.NOTSET)


class Forwarder(logging.Handler):
    """Sends each record to the logger, in a form that can be pickled."""

    _core: Process
    _me: ActorAddress

    def __init__(self) -> None:
        super().__init__()
        # A record about the sending of a record is dropped.
        self._busy = threading.local()

    def speak_for(self, core: Process, me: ActorAddress) -> None:
        """Send the records of this actor, by way of this process."""
        self._core = core
        self._me = me

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
        text = text_of(record)
        exc_text = record.exc_text
        if record.exc_info and not exc_text:
            exc_text = _formatter.formatException(record.exc_info)
        prepared = logging.makeLogRecord(record.__dict__)
        prepared.msg, prepared.args = text, None
        prepared.exc_info, prepared.exc_text = None, exc_text
        prepared.__dict__["actorAddress"] = str(record.__dict__.get("actorAddress", self._me))
        # What a program adds to a record stays if it can be sent.
        for name, value in list(prepared.__dict__.items()):
            if not isinstance(value, (str, int, float, bool, type(None))) and not _can_be_sent(value):
                prepared.__dict__[name] = _shown(value)
        return prepared


def text_of(record: logging.LogRecord) -> str:
    """What a record says."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - arguments of users may fail in any way to make a text
        return f"{_shown(record.msg)} <it cannot be shown: {type(error).__name__}>"


def _shown(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - so may anything else of theirs
        return f"<{type(value).__name__}>"


def _can_be_sent(value: Any) -> bool:
    if not isinstance(value, (tuple, list, dict)):
        return False
    try:
        pickle.dumps(value)
    except Exception:  # noqa: BLE001 - objects of users may fail in any way to be pickled
        return False
    return True
