"""Logging for tests."""

from __future__ import annotations

import sys
from typing import Any


def simpleActorTestLogging() -> dict[str, Any]:
    """A `logDefs` that writes everything to the standard output, of all processes of a system."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": sys.stdout}},
        "root": {"handlers": ["stdout"]},
    }
