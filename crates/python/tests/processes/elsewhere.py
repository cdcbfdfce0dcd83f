"""Actors that need another system."""

from __future__ import annotations

from typing import Any

import seen
from thespian.actors import NoCompatibleSystemForActor


def made(system: Any, what: Any) -> Any:
    """An actor of a class that another system can run, as soon as that has joined."""

    def attempt() -> Any:
        try:
            return system.createActor(what)
        except NoCompatibleSystemForActor:
            return None

    return seen.until(attempt)
