"""Making an instance with those of the offered arguments that its class asks for."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

# Looking at a signature takes longer than making the instance; the function is kept to notice a change.
_declared: WeakKeyDictionary[type, tuple[Any, frozenset[str]]] = WeakKeyDictionary()


def _declared_names(cls: type) -> frozenset[str]:
    initializer = cls.__init__  # type: ignore[misc]
    known = _declared.get(cls)
    if known is not None and known[0] is initializer:
        return known[1]
    names = _names_of(initializer)
    _declared[cls] = (initializer, names)
    return names


def _names_of(initializer: Any) -> frozenset[str]:
    if initializer is object.__init__:
        return frozenset()
    if isinstance(initializer, FunctionType) and not initializer.__dict__:
        # The names of parameters come first, those by position only before the others.
        code = initializer.__code__
        return frozenset(code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount])
    # Something else may stand for it, or there is no code to look at. The module takes long to import and longer to use.
    import inspect

    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        parameters = inspect.signature(initializer).parameters.values()
    except (TypeError, ValueError):  # some built-in classes have no signature
        return frozenset()
    return frozenset(p.name for p in parameters if p.kind in named)


class withPossibleInitArgs:
    """Offers arguments to constructors: `create` passes those that a class declares by name."""

    def __init__(self, **offered: Any) -> None:
        self._offered = offered

    def create(self, cls: Callable[..., Any]) -> Any:
        """A new instance of `cls`."""
        names = _declared_names(cls)  # type: ignore[arg-type]
        return cls(**{name: value for name, value in self._offered.items() if name in names})
