"""What makes code of a source import its own modules by the names that it knows them by.

All imports of Python's code, statements and calls of `__import__` alike, go through one function, `builtins.__import__`, which
is told the globals of who imports. So that function is the place to put the prefix before a name: one in the core, which does so for code of
sources, and leaves all other imports as they are. To rewrite the import statements of a source would leave out the calls; to give
its modules builtins of their own would hide from them what a program does to the real ones.

`importlib.import_module` knows no globals, so it is replaced as well, by one that looks at its caller.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from roscius._core import hook_imports as hook_statements

from thespian.system.sources.source import Source

if TYPE_CHECKING:
    from types import ModuleType

_usual = importlib.import_module


def hook_imports() -> None:
    """Have code of sources import its own modules, from now on."""
    hook_statements(Source)
    importlib.import_module = _import_module


def _import_module(name: str, package: str | None = None) -> ModuleType:
    """Import a module, of the caller's own source if that has it."""
    loader = sys._getframe(1).f_globals.get("__loader__")
    return _usual(loader.meant_by(name) if type(loader) is Source else name, package)
