"""What an actor requires of the system that runs it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from thespian.system.thesplog import thesplog

_Class = TypeVar("_Class", bound=type)


def requireCapability(cap: str, value: Any = None) -> Callable[[_Class], _Class]:
    """Class decorator: the actor only runs where capability `cap` is true, or equals `value` if one is given.

    It may be repeated, and adds to a check that the class already has.
    """

    def decorate(cls: _Class) -> _Class:
        earlier = getattr(cls, "actorSystemCapabilityCheck", None)

        def check(capabilities: dict[str, Any], requirements: Any) -> bool:
            found = capabilities.get(cap, False)
            here = bool(found) if value is None else bool(found == value)
            return here and (earlier is None or bool(earlier(capabilities, requirements)))

        cls.actorSystemCapabilityCheck = staticmethod(check)  # type: ignore[attr-defined]
        return cls

    return decorate


def fits(actorClass: Any, capabilities: dict[str, Any], requirements: Any) -> bool:
    """Whether a system with these capabilities may run the actor. What its check raises comes out."""
    check = getattr(actorClass, "actorSystemCapabilityCheck", None)
    if check is None:
        return True
    return bool(check(dict(capabilities), requirements or {}))


def may_run(actorClass: Any, capabilities: dict[str, Any], requirements: Any) -> bool:
    """As `fits`; a check that raises is a check that does not pass."""
    try:
        return fits(actorClass, capabilities, requirements)
    except Exception as error:  # noqa: BLE001 - a check is code of users
        thesplog("The capability check of %s failed: %r", actorClass, error, level=logging.WARNING)
        return False
