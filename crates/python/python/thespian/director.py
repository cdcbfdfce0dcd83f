"""What programs import from the module of the Director. The Director itself loads sources, which is still to come."""

from __future__ import annotations

import logging

__all__ = ["ActorAddressLogFilter"]


class ActorAddressLogFilter(logging.Filter):
    """Lets a format show `actorAddress` for records of actors and of others alike."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with an address."""
        if not hasattr(record, "actorAddress"):
            record.actorAddress = "-not-actor-"
        return True
