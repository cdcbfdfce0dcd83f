"""Values in files: Python literals, which are read and never evaluated.

The original evaluates its files. What they are written with is understood here by name: a fixed list of values and of
functions, and text put together with `%` and `+`. Nothing else of the language is.
"""

from __future__ import annotations

import ast
import logging
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import thespian.actors
from thespian.director.log_filter import ActorAddressLogFilter
from thespian.system.messages.base import ActorSystemMessage

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_NAMES: dict[str, Any] = {
    **{f"logging.{level}": getattr(logging, level) for level in _LEVELS},
    "ActorAddressLogFilter": ActorAddressLogFilter,
    "thespian.director.ActorAddressLogFilter": ActorAddressLogFilter,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "os.getenv": os.getenv,
    "os.path.join": os.path.join,
    "timedelta": timedelta,
    **{
        f"thespian.actors.{name}": getattr(thespian.actors, name)
        for name in thespian.actors.__all__
        if isinstance(getattr(thespian.actors, name), type)
        and issubclass(getattr(thespian.actors, name), ActorSystemMessage)
    },
}


class NoLiteral(ValueError):
    """A text is no literal; says what is wrong, and in which line."""


def read_literal(text: str, names: Mapping[str, Any] | None = None) -> Any:
    """The value that a text says. `names` has values that the text may use by name. Raises `NoLiteral`."""
    try:
        tree = ast.parse(text.lstrip(" \t"), mode="eval")
        return _Reader({**_NAMES, **(names or {})}).value(tree.body)
    except SyntaxError as error:
        raise NoLiteral(f"line {error.lineno}: {error.msg}") from None
    except (MemoryError, RecursionError):
        raise NoLiteral("values lie too deep in each other") from None
    except NoLiteral:
        raise
    except (TypeError, ValueError) as error:
        raise NoLiteral(str(error)) from None


class _Reader:
    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names

    def value(self, node: ast.expr) -> Any:
        """The value of a part of the text."""
        match node:
            case ast.Constant():
                return node.value
            case ast.Tuple() | ast.List() | ast.Set():
                kind = {ast.Tuple: tuple, ast.List: list, ast.Set: set}[type(node)]
                return kind([self.value(each) for each in node.elts])
            case ast.Dict():
                return self._dict(node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float() | complex())):
                number = self.value(node.operand)
                return -number if isinstance(node.op, ast.USub) else number
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._text(left) + self._text(right)
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                return self._filled(self._text(left), self.value(right))
            case ast.Name() | ast.Attribute():
                return self._named(node, self._names)
            case ast.Call():
                return self._call(node)
        raise self._error(node, f"`{ast.unparse(node)}` is no literal")

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        found = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise self._error(node, "`**` is not possible here")
            found[self.value(key)] = self.value(value)
        return found

    def _text(self, node: ast.expr) -> str:
        value = self.value(node)
        if not isinstance(value, str):
            raise self._error(node, f"`{ast.unparse(node)}` is no text")
        return value

    def _filled(self, text: str, values: Any) -> str:
        values = values if isinstance(values, tuple) else (values,)
        # No widths: a small text could make a huge one.
        if text.replace("%%", "").count("%") != text.replace("%%", "").count("%s"):
            raise NoLiteral(f"in {text!r}, only %s can be filled in")
        return str(text % values)

    def _named(self, node: ast.expr, table: Mapping[str, Any]) -> Any:
        name = ast.unparse(node)
        if name not in table:
            raise self._error(node, f"`{name}` is not known here; known are {', '.join(sorted(table))}")
        return table[name]

    def _call(self, node: ast.Call) -> Any:
        function = self._named(node.func, _FUNCTIONS)
        named = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self._error(node, "`**` is not possible here")
            named[keyword.arg] = self.value(keyword.value)
        return function(*[self.value(each) for each in node.args], **named)

    def _error(self, node: ast.expr, text: str) -> NoLiteral:
        return NoLiteral(f"line {node.lineno}: {text}")
