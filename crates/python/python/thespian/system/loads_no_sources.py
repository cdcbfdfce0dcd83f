"""What bases do as long as they load no sources."""

from __future__ import annotations

import logging
from typing import Any

from thespian.system.source_file import read_source

_log = logging.getLogger(__name__)


class LoadsNoSources:
    """Tells a program that a source is not loaded, and does no more about it."""

    def load_source(self, fname: Any) -> str:
        """Nobody here may allow a source to be loaded, so it is ignored. The result is its hash all the same."""
        source_hash, _content = read_source(fname)
        _log.warning("Source %s is ignored: there is no source authority", source_hash)
        return source_hash

    def unload_source(self, sourceHash: str) -> None:
        """No source is loaded, and an unknown one is ignored."""

    def register_source_authority(self, actor: Any) -> None:
        """Sources are not loaded, which the program is told."""
        _log.warning("%s has no effect as source authority: this base loads no sources", actor)

    def notify_on_sources(self, actor: Any, enable: bool) -> None:
        """Sources neither come nor go here."""
