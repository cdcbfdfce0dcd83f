"""The zip file of a source: which modules it has, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from roscius._core import SourceArchive

if TYPE_CHECKING:
    import zipfile


class BadSource(ImportError):
    """The content of a source is no zip file, or a part of it cannot be read."""


class Module(NamedTuple):
    """Where the text of a module is."""

    # None: a directory that is a package without any text.
    member: str | None
    is_package: bool
    path: str


class Archive:
    """A zip file that is in memory. Only `.py` files are modules; other files are data."""

    def __init__(self, content: bytes) -> None:
        try:
            self._archive = SourceArchive(content)
        except ValueError as error:
            raise BadSource(f"the content is no zip file: {error}") from error
        self._content = content
        self.modules = _modules_in(self._archive.names())

    def read(self, member: str) -> bytes:
        """What is in a file. Raises BadSource if it is damaged, and FileNotFoundError if there is no such file."""
        try:
            return self._archive.read(member)
        except ValueError as error:
            raise BadSource(f"{member} cannot be read: {error}") from error

    def directory(self, path: str) -> zipfile.Path:
        """The files in a directory, for `importlib.resources`."""
        # Few sources have data, and these modules take long to import.
        import io
        import zipfile

        return zipfile.Path(zipfile.ZipFile(io.BytesIO(self._content)), f"{path}/")


def _modules_in(members: list[str]) -> dict[str, Module]:
    """The modules by their dotted names. A package is preferred to a module of the same name, as everywhere."""
    modules: dict[str, Module] = {}
    for member in members:
        path, dot, suffix = member.rpartition(".")
        parts = path.split("/")
        # A part that is empty or has dots would lead elsewhere, and no name of a module says so.
        if not dot or suffix != "py" or any(not part or "." in part for part in parts):
            continue
        is_package = parts[-1] == "__init__"
        if is_package:
            parts.pop()
        name = ".".join(parts)
        if name and (is_package or not _is_package(modules.get(name))):
            modules[name] = Module(member, is_package, "/".join(parts))
        for depth in range(1, len(parts)):
            outer = ".".join(parts[:depth])
            if not _is_package(modules.get(outer)):
                modules.setdefault(outer, Module(None, True, "/".join(parts[:depth])))
    return modules


def _is_package(module: Module | None) -> bool:
    return module is not None and module.is_package
