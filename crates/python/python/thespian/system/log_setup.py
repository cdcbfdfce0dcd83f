"""The logging configuration of the bases that run in the process of the program."""

from __future__ import annotations

import logging
import logging.config
from typing import Any


class _FromActor(logging.Filter):
    """Lets records pass that were logged by an actor, or those that were not."""

    def __init__(self, from_actor: bool) -> None:
        super().__init__()
        self._from_actor = from_actor

    def filter(self, record: logging.LogRecord) -> bool:
        return ("actorAddress" in record.__dict__) == self._from_actor


def default_configuration() -> dict[str, Any]:
    """To stderr from INFO on, as far as the level of the root lets it pass, which is left as it is (at first WARNING).

    The records of actors also show their address.
    """
    where = "%(message)s  [%(filename)s:%(lineno)s]"
    handler = {"class": "logging.StreamHandler", "level": "INFO"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "actor": {"()": _FromActor, "from_actor": True},
            "plain": {"()": _FromActor, "from_actor": False},
        },
        "formatters": {
            "actor": {"format": f"%(asctime)s %(levelname)-7s %(actorAddress)s =>  {where}"},
            "plain": {"format": f"%(asctime)s %(levelname)-7s =>  {where}"},
        },
        "handlers": {
            "actor": {**handler, "formatter": "actor", "filters": ["actor"]},
            "plain": {**handler, "formatter": "plain", "filters": ["plain"]},
        },
        "root": {"handlers": ["actor", "plain"]},
    }


def configure_logging(logDefs: dict[str, Any] | bool | None) -> None:
    """Apply `logDefs`: a dictConfig, None for the default, False to leave logging as it is."""
    if logDefs is False:
        return
    logging.config.dictConfig(default_configuration() if not isinstance(logDefs, dict) else logDefs)
