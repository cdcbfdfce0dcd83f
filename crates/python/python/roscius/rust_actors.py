"""Actors in Rust, as actors in Python create them: by the name that their program has registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roscius._core import encode_value

if TYPE_CHECKING:
    from collections.abc import Callable

# Who makes actors of classes in Python. No actor in Rust has this name.
PYTHON = "python"
# What is said where there can be none.
NEED_PROCESSES = "need a base of processes, such as multiprocTCPBase"


class RustActor:
    """An actor in Rust, for `createActor`: its registered name, and the arguments that it is made of.

    No arguments are `()` in Rust, one is itself, several are a tuple, and named ones the fields of a struct.
    """

    def __init__(self, name: str, *arguments: Any, **named: Any) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError("an actor in Rust is created by its name, a text")
        if name == PYTHON:
            raise ValueError(f"no actor in Rust is named `{name}`: that is what makes classes in Python")
        if arguments and named:
            raise TypeError("the arguments of an actor in Rust are either all named or none")
        self.name = name
        self.arguments = named or _folded(arguments)

    def packed(self) -> bytes:
        """The arguments as the program in Rust reads them. ValueError says which of them can not be told."""
        return encode_value(self.arguments, f"the arguments of {self.name}")

    def __repr__(self) -> str:
        return f"RustActor({self.name!r}, {self.arguments!r})"

    def __str__(self) -> str:
        return self.name


def _folded(arguments: tuple[Any, ...]) -> Any:
    match arguments:
        case ():
            return None
        case (single,):
            return single
        case several:
            return several


def rust_actor(actorClass: Any) -> RustActor | None:
    """What was given for an actor's class as an actor in Rust: a RustActor, or a name that no class can have."""
    if isinstance(actorClass, RustActor):
        return actorClass
    if isinstance(actorClass, str) and actorClass not in ("", PYTHON) and "." not in actorClass:
        return RustActor(actorClass)
    return None


def rust_instead(actorClass: Any, makers: Callable[[], list[str]]) -> RustActor | None:
    """The actor in Rust that `makers` know by the name of a class that could not be found."""
    if isinstance(actorClass, str) and actorClass != PYTHON and actorClass in makers():
        return RustActor(actorClass)
    return None
