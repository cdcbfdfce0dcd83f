"""Making an instance with those of the offered arguments that its class asks for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

# Looking at a signature takes longer than making the instance; the function is kept to notice a change.
_declared: WeakKeyDictionary[type, tuple[Any, frozenset[str]]] = WeakKeyDictionary()


def _declared_names(cls: type) -> frozenset[str]:
    initializer = cls.__init__  # type: ignore[misc]
    known = _declared.get(cls)
    if known is not None and known[0] is initializer:
        return known[1]
    try:
        parameters = inspect.signature(initializer).parameters.values()
        names = frozenset(p.name for p in parameters if p.kind in _NAMED)
    except (TypeError, ValueError):  # some built-in classes have no signature
        names = frozenset()
    _declared[cls] = (initializer, names)
    return names


class withPossibleInitArgs:
    """Offers arguments to constructors: `create` passes those that a class declares by name."""

    def __init__(self, **offered: Any) -> None:
        self._offered = offered

    def create(self, cls: Callable[..., Any]) -> Any:
        """A new instance of `cls`."""
        names = _declared_names(cls)  # type: ignore[arg-type]
        return cls(**{name: value for name, value in self._offered.items() if name in names})
