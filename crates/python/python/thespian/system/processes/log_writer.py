"""The logger of a system: a process that writes what all others log."""

from __future__ import annotations

import logging
import pickle
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from thespian.system.actor import Actor
from thespian.system.processes.log_forwarding import configured, forget_configuration, text_of
from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from roscius._core import ActorAddress

# What a question for the latest records holds: the number of the last one that is known.
ASKED = "roscius: log records after"
# How many of them are kept, and how many characters of each.
KEPT = 200
LONGEST = 2000
# The mark of a record that the core has made for the Admin.
FROM_ADMIN = "roscius_admin"
# The mark of a record that has been written by another logger, and from which level on records are for the log of the convention's leader too.
FORWARDED = "roscius_forwarded"
FORWARDED_FROM = logging.WARNING
# The logDefs of the program, for the logger that is forked from it. They may hold what can not be pickled, such as a stream.
_log_defs: dict[str, Any] | None = None
# Where records go that the leader's logger is to write too, in the process of the logger.
_leader: ActorAddress | None = None


def remember(logDefs: dict[str, Any] | None) -> None:
    """Keep the configuration for a logger that is forked from this process."""
    global _log_defs
    _log_defs = logDefs


def configure(_spec: Any, leader: ActorAddress) -> None:
    """Configure logging in the process of the logger. What matters goes to the log of the convention's leader too, by this address."""
    global _leader
    _leader = leader
    # Only the logger needs it.
    import logging.config

    if _log_defs is None:
        logging.basicConfig(level=logging.WARNING)
    else:
        # A configuration may disable the loggers that are there before it. Here there are to be none: those that the
        # program had when it was forked are the ones that actors log to.
        forget_configuration(configured())
        there = set(logging.Logger.manager.loggerDict)
        try:
            logging.config.dictConfig(_log_defs)
        except Exception as error:  # noqa: BLE001 - a configuration names classes of users
            thesplog("Logging can not be configured: %s", error.__cause__ or error, level=logging.ERROR)
            logging.basicConfig(level=logging.WARNING)
        for name in there:
            logging.getLogger(name).disabled = False


def forwarding_level(logDefs: dict[str, Any] | None) -> int:
    """The lowest level that a configuration writes anywhere: actors need not send what is below."""
    if logDefs is None:
        return logging.WARNING
    root = _number(logDefs.get("root", {}).get("level")) or logging.WARNING
    levels = [root]
    for section in ("handlers", "loggers"):
        for entry in logDefs.get(section, {}).values():
            if isinstance(entry, dict) and "level" in entry:
                levels.append(_number(entry["level"]) or root)
    return min(levels)


def _number(level: Any) -> int:
    if isinstance(level, int):
        return level
    number = logging.getLevelName(str(level)) if level is not None else logging.NOTSET
    return number if isinstance(number, int) else logging.NOTSET


def say_goodbye() -> None:
    """Write the last record of a system."""
    # No actor says this: a format that shows the address of one can not show it, which is nobody's mistake.
    logging.raiseExceptions = False
    logging.getLogger().info("ActorSystem Logging Shutdown")


class LogWriter(Actor):
    """Writes the records that other processes send, and shows the latest to who asks for them."""

    def __init__(self) -> None:
        self._latest: deque[dict[str, Any]] = deque(maxlen=KEPT)
        # Numbers of a logger that takes the place of another are higher.
        self._number = time.time_ns() // 1000

    def receiveMessage(self, msg: Any, sender: Any) -> None:
        """Write a record, or show those with higher numbers than that which is asked for."""
        if isinstance(msg, logging.LogRecord):
            logger = logging.getLogger(msg.name)
            # The Admin has no logging of its own, and does not know which records are wanted.
            if not hasattr(msg, FROM_ADMIN) or logger.isEnabledFor(msg.levelno):
                self._keep(msg)
                logger.handle(msg)
                self._forward(msg)
        elif isinstance(msg, dict) and ASKED in msg:
            self.send(sender, [kept for kept in self._latest if kept["number"] > msg[ASKED]])

    def _forward(self, record: logging.LogRecord) -> None:
        """Have a record that matters written by the logger of the convention's leader too: the Admin knows which that is, if any."""
        if _leader is not None and record.levelno >= FORWARDED_FROM and not hasattr(record, FORWARDED):
            setattr(record, FORWARDED, True)
            self.send(_leader, record)

    def _keep(self, record: logging.LogRecord) -> None:
        text = text_of(record)
        if record.exc_text:
            text += f"\n{record.exc_text}"
        self._number += 1
        self._latest.append(
            {
                "number": self._number,
                "at": float(record.created),
                "level": str(record.levelname),
                "logger": str(record.name),
                "actor": str(getattr(record, "actorAddress", "")),
                "text": text if len(text) <= LONGEST else f"{text[:LONGEST]}…",
            }
        )


# The logger needs no spec: what it is configured with is in the memory that it was forked with.
SPEC = pickle.dumps(None)
