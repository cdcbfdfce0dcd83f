"""Declared messages: dataclasses that actors in any language can read, by the name that both sides know them under."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar

from roscius._core import ActorAddress, declare_message

T = TypeVar("T")

# What a value is to be, as the core reads it: a kind, and its parts.
Shape = tuple[Any, ...]

_ANY: Shape = ("any",)
_VALUES: dict[Any, Shape] = {
    bool: ("bool",),
    int: ("int",),
    float: ("float",),
    str: ("str",),
    bytes: ("bytes",),
    ActorAddress: ("address",),
}
_COLLECTIONS: dict[Any, str] = {
    list: "list",
    Sequence: "list",
    set: "set",
    AbstractSet: "set",
    frozenset: "frozenset",
    dict: "dict",
    Mapping: "dict",
}
# The program itself is another module in processes that were not forked from it.
_PROGRAM = {"__main__", "__mp_main__"}


def message(name: str) -> Callable[[type[T]], type[T]]:
    """Declare a dataclass as a message: it leaves its process as MessagePack under this name, and not as a pickle.

    Actors in Rust take it as the type with `#[message(name = "...")]`, actors in Python as an instance of the class.
    """
    if not isinstance(name, str) or not name.strip():
        raise TypeError("the name of a message is a text, such as @roscius.message('shop.Order')")

    def declare(cls: type[T]) -> type[T]:
        if not isinstance(cls, type) or not is_dataclass(cls):
            raise TypeError(f"{cls!r} is no dataclass: write @roscius.message above @dataclass")
        before = declare_message(cls, name)
        if before is not None and before is not cls and not _is_same(before, cls):
            declare_message(before, name)
            raise ValueError(f"the message {name!r} is declared by {before.__module__}.{before.__qualname__} already")
        return cls

    return declare


def _is_same(before: type, cls: type) -> bool:
    """Whether the one is the other, from a module that was loaded again."""
    modules = {before.__module__, cls.__module__}
    return before.__qualname__ == cls.__qualname__ and (len(modules) == 1 or bool(modules & _PROGRAM))


def fields_of(cls: type) -> list[tuple[str, Shape, bool, bool]] | None:
    """The fields of a dataclass: name, shape, whether it has to be there, whether the constructor takes it."""
    if not is_dataclass(cls):
        return None
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError:  # a name that only its own function or a type checker knows: anything is taken
        hints = {}
    return [
        (field.name, shape_of(hints.get(field.name, Any)), _is_required(field), field.init) for field in fields(cls)
    ]


def _is_required(field: Field[Any]) -> bool:
    return field.init and field.default is MISSING and field.default_factory is MISSING


def shape_of(hint: Any) -> Shape:
    """What a type hint asks for. What it leaves open, any value may be."""
    if hint in _VALUES:
        return _VALUES[hint]
    origin, arguments = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is typing.Annotated:
        return shape_of(arguments[0])
    if origin is typing.Union or origin is types.UnionType:
        parts = [argument for argument in arguments if argument is not type(None)]
        return ("optional", shape_of(parts[0])) if len(parts) == 1 < len(arguments) else _ANY
    if origin is tuple:
        return _shape_of_tuple(arguments)
    if origin in _COLLECTIONS:
        kind = _COLLECTIONS[origin]
        wanted = 2 if kind == "dict" else 1
        parts = list(arguments) or [Any] * wanted
        return (kind, *(shape_of(part) for part in parts))
    if isinstance(origin, type) and issubclass(origin, enum.Enum):
        return ("enum", origin)
    if isinstance(origin, type) and is_dataclass(origin):
        return ("class", origin)
    return _ANY


def _shape_of_tuple(arguments: tuple[Any, ...]) -> Shape:
    if not arguments:
        return ("tuple", _ANY)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return ("tuple", shape_of(arguments[0]))
    return ("row", *(shape_of(argument) for argument in arguments))
