"""What makes code of a source import its own modules by the names that it knows them by.

All imports of Python's code, statements and calls of `__import__` alike, go through one function, `builtins.__import__`, which
is told the globals of who imports. So that function is the place to put the prefix before a name; it does so for code of
sources, and leaves all other imports as they are. To rewrite the import statements of a source would leave out the calls; to give
its modules builtins of their own would hide from them what a program does to the real ones.

`importlib.import_module` knows no globals, so it is replaced as well, by one that looks at its caller.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from typing import TYPE_CHECKING, Any

from thespian.system.sources.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

_is_hooked = False


def hook_imports() -> None:
    """Have code of sources import its own modules, from now on."""
    global _is_hooked
    if not _is_hooked:
        _is_hooked = True
        _hook_statements()
        _hook_import_module()


def _hook_statements() -> None:
    # In the function's own variables: imports happen even while modules are taken apart at the end of the process.
    usual, caller_of, kind = builtins.__import__, _globals_at, Source

    def import_here(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        # A relative import needs no help: the package's name has the prefix.
        if level == 0:
            who = globals if globals and "__loader__" in globals else caller_of(2)
            loader = who.get("__loader__")
            if type(loader) is kind:
                name = loader.meant_by(name)
        return usual(name, globals, locals, fromlist, level)

    import_here.__name__ = import_here.__qualname__ = "__import__"
    import_here.__doc__ = usual.__doc__
    builtins.__import__ = import_here


def _hook_import_module() -> None:
    usual = importlib.import_module

    def import_module(name: str, package: str | None = None) -> ModuleType:
        loader = _globals_at(2).get("__loader__")
        return usual(loader.meant_by(name) if type(loader) is Source else name, package)

    import_module.__doc__ = usual.__doc__
    importlib.import_module = import_module


def _globals_at(depth: int) -> Mapping[str, Any]:
    """The globals of who called, so many frames up. Where nobody did, none."""
    try:
        return sys._getframe(depth).f_globals
    except ValueError:  # the import comes from outside of Python
        return {}
