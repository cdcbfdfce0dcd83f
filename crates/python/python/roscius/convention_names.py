"""Names that all systems of a convention share."""

from __future__ import annotations

from typing import ClassVar


class ConventionName(str):
    """A global name that one actor has in all systems of a convention that follow the same leader.

    `createActor(Registry, globalName=ConventionName("registry"))` returns the actor that has the name, wherever it is, and
    makes it if nobody has. It is another name than the same text by itself, which is one of a single system. On a base
    of one process both are the same.
    """

    __slots__ = ()

    # By this the core knows it.
    in_convention: ClassVar[bool] = True
