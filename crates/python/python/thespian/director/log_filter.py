"""What lets one format show records of actors and of others."""

from __future__ import annotations

import logging


class ActorAddressLogFilter(logging.Filter):
    """Lets a format show `actorAddress` for records of actors and of others alike."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with an address."""
        if not hasattr(record, "actorAddress"):
            record.actorAddress = "-not-actor-"
        return True


# Programs, and configurations of logging, name it so.
ActorAddressLogFilter.__module__ = "thespian.director"
