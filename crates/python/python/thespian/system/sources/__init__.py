"""Actor sources in this process: the modules of a validated zip file, importable beside all others.

Module `pkg.mod` of the source with hash h is `{{h}}pkg.mod` here. So several versions are side by side, none of their
names is in the way of the program's own, and a class tells by its module where it comes from: what is pickled here is
unpickled by every process that has the same source installed.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from thespian.system.class_resolution import resolve as resolve_normally
from thespian.system.exceptions import InvalidActorSourceHash

if TYPE_CHECKING:
    from thespian.system.sources.source import Source


class _Installed(NamedTuple):
    source: Source
    # Who has it installed: the systems of this process know nothing of each other.
    holders: set[object]


_installed: dict[str, _Installed] = {}
_changing = threading.Lock()


def install(source_hash: str, content: bytes, holder: object = None) -> None:
    """Make the modules of a zip file importable; nothing is imported yet. A source that is here already stays as it is.

    It is here until every holder has it removed. Raises BadSource, an ImportError, for what is no zip file.
    """
    # Few processes have sources, and what reads zip files is large.
    from thespian.system.sources.hook import hook_imports
    from thespian.system.sources.source import Source

    with _changing:
        installed = _installed.get(source_hash)
        if installed is not None:
            installed.holders.add(holder)
            return
        source = Source(source_hash, content)
        hook_imports()
        sys.meta_path.insert(0, source)
        _installed[source_hash] = _Installed(source, {holder})


def remove(source_hash: str, holder: object = None) -> None:
    """Take the modules of a source away, unless it has another holder. Its objects live on, but import none of them any more."""
    with _changing:
        installed = _installed.get(source_hash)
        if installed is None:
            return
        installed.holders.discard(holder)
        if installed.holders:
            return
        del _installed[source_hash]
        sys.meta_path.remove(installed.source)
        installed.source.purge()


def is_installed(source_hash: str) -> bool:
    """Whether the modules of a source can be imported here."""
    return source_hash in _installed


def resolve(actor_class: Any, source_hash: str) -> Any:
    """The class of a source: one that is given, or the one that `'package.module.Class'` names there.

    Nothing but the source is looked at. Raises InvalidActorSourceHash if it is not installed, and otherwise what
    `class_resolution.resolve` raises.
    """
    if isinstance(actor_class, type):
        if source_hash_of(actor_class) == source_hash:
            return actor_class
        actor_class = f"{actor_class.__module__}.{actor_class.__qualname__}"
    if not isinstance(actor_class, str) or "." not in actor_class:
        return resolve_normally(actor_class)  # which tells that it must be a qualified name
    installed = _installed.get(source_hash)
    if installed is None:
        raise InvalidActorSourceHash(source_hash)
    return resolve_normally(installed.source.prefixed(actor_class))


def source_hash_of(cls: type) -> str | None:
    """The hash of the source that a class comes from. None: from none."""
    module = cls.__module__
    if not isinstance(module, str) or not module.startswith("{{"):
        return None
    return module[2:].partition("}}")[0]


__all__ = ["install", "is_installed", "remove", "resolve", "source_hash_of"]
