"""One source as Python's import system sees it: it finds the modules, and loads them."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from thespian.system.sources.archive import Archive, BadSource, Module

if TYPE_CHECKING:
    from collections.abc import Sequence

# Not taken from a source if they are elsewhere: actors are to be of the classes of the system that runs them, and `six`
# is to be there once, because it has an importer of its own.
_SHARED = ("roscius", "six", "thespian")


class Source:
    """The finder and the loader of the modules of one source.

    Importing works as Python's own does, by the prefixed name. What makes a plain `import mod` in the text of a module
    mean the one of the source is in `hook`.
    """

    def __init__(self, source_hash: str, content: bytes) -> None:
        self.prefix = f"{{{{{source_hash}}}}}"
        try:
            self._archive = Archive(content)
        except BadSource as error:
            raise BadSource(f"Source hash {self.prefix}: {error}") from error
        top = {name for name in self._archive.modules if "." not in name}
        self._own = top.difference(name for name in _SHARED if _is_elsewhere(name))

    def __repr__(self) -> str:
        return f"<source {self.prefix}>"

    def prefixed(self, name: str) -> str:
        """The name here of what the source calls so."""
        return name if name.startswith(self.prefix) else self.prefix + name

    def meant_by(self, name: str) -> str:
        """The module that a text of the source means by an absolute name: its own if the top package is, else any other."""
        return self.prefix + name if name.partition(".")[0] in self._own else name

    def purge(self) -> None:
        """Forget the modules that were imported."""
        for name in list(sys.modules):
            if name.startswith(self.prefix):
                sys.modules.pop(name, None)
        linecache = sys.modules.get("linecache")
        if linecache is not None:
            for name in [name for name in linecache.cache if name.startswith(self.prefix)]:
                linecache.cache.pop(name, None)

    # As a finder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module comes from. None if it is not of this source."""
        if not fullname.startswith(self.prefix):
            return None
        module = self._archive.modules.get(fullname[len(self.prefix) :])
        if module is None:
            return None
        loader: Any = self
        spec = ModuleSpec(fullname, loader, origin=self._file(module), is_package=module.is_package)
        spec.has_location = True
        if module.is_package:
            spec.submodule_search_locations = [f"{self.prefix}/{module.path}"]
        return spec

    # As a loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Modules are made as usual."""
        return None

    # Python's own, which no traceback shows.
    exec_module = SourceFileLoader.exec_module

    def get_code(self, fullname: str) -> CodeType:
        """The compiled text. What cannot be compiled is an ImportError, which names the source."""
        file = self.get_filename(fullname)
        try:
            # The end of the last line may be missing, and what is indented there must not matter.
            return compile(self._text(fullname) + b"\n", file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise ImportError(f"Source hash {self.prefix}: {error}", name=fullname, path=file) from error

    def get_source(self, fullname: str) -> str:
        """The text, which tracebacks show."""
        # Only tracebacks need it.
        from importlib.util import decode_source

        return decode_source(self._text(fullname))

    def get_filename(self, fullname: str) -> str:
        """What stands for the path of the file."""
        return self._file(self._module(fullname))

    def is_package(self, fullname: str) -> bool:
        """Whether a module is a package."""
        return self._module(fullname).is_package

    def get_data(self, path: str) -> bytes:
        """What is in a file that has the `__file__` of a module, or lies beside it."""
        if not path.startswith(f"{self.prefix}/"):
            raise FileNotFoundError(path)
        return self._archive.read(path[len(self.prefix) + 1 :])

    def get_resource_reader(self, fullname: str) -> Any:
        """Gives `importlib.resources` the files of a package."""
        from thespian.system.sources.resources import Resources

        module = self._module(fullname)
        return Resources(self._archive.directory(module.path)) if module.is_package else None

    def _module(self, fullname: str) -> Module:
        module = self._archive.modules.get(fullname.removeprefix(self.prefix))
        if module is None:
            raise ImportError(f"Source hash {self.prefix}: there is no module {fullname}", name=fullname)
        return module

    def _file(self, module: Module) -> str:
        return f"{self.prefix}/{module.member or f'{module.path}/__init__.py'}"

    def _text(self, fullname: str) -> bytes:
        member = self._module(fullname).member
        if member is None:
            return b""
        try:
            return self._archive.read(member)
        except BadSource as error:
            raise BadSource(f"Source hash {self.prefix}: {error}", name=fullname) from error


def _is_elsewhere(name: str) -> bool:
    return name in sys.modules or PathFinder.find_spec(name) is not None
