"""From what a program gave as an actor's class to the class."""

from __future__ import annotations

import importlib
from typing import Any

from thespian.system.exceptions import InvalidActorSpecification


class NoSuchClass(InvalidActorSpecification, AttributeError):
    """The module has no such class. In-process programs know this as AttributeError, others by the first name."""


def resolve(actorClass: Any) -> Any:
    """The class itself, or the one that `'package.module.Class'` names.

    Raises InvalidActorSpecification for what is neither, and otherwise what importing the module (ImportError
    if there is none) raises.
    """
    if isinstance(actorClass, type):
        return actorClass
    if not isinstance(actorClass, str):
        raise InvalidActorSpecification(actorClass, "neither a class nor the name of one")
    module_name, _, class_name = actorClass.rpartition(".")
    if not module_name or not class_name:
        raise InvalidActorSpecification(actorClass, "a name must be qualified by its module")
    module = importlib.import_module(module_name)
    try:
        return getattr(module, class_name)
    except AttributeError as error:
        raise NoSuchClass(actorClass, error) from None
