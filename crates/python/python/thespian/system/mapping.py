"""Mapping a function over nested data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def fmap(func: Callable[[Any], Any], obj: Any) -> Any:
    """Apply `func` to every element of `obj`, however deep, and keep the shape.

    Lists, tuples, dictionaries (keys and values) and iterators are gone into, objects with a method `fmap` do it
    themselves, and anything else, strings too, is an element.
    """
    if isinstance(obj, (str, bytes, bytearray)):
        return func(obj)
    if hasattr(obj, "fmap"):
        return obj.fmap(func)
    if isinstance(obj, tuple):
        return tuple(fmap(func, each) for each in obj)
    if isinstance(obj, dict):
        return {fmap(func, key): fmap(func, value) for key, value in obj.items()}
    if isinstance(obj, Iterable):
        return [fmap(func, each) for each in obj]
    return func(obj)


def partition(
    testPred: Callable[[Any], Any], iterable: Iterable[Any], resulttype: Callable[..., Any] = list
) -> tuple[Any, Any]:
    """The elements for which the test holds, and the others, each in their order."""
    accepted: list[Any] = []
    rejected: list[Any] = []
    for each in iterable:
        (accepted if testPred(each) else rejected).append(each)
    return resulttype(accepted), resulttype(rejected)
