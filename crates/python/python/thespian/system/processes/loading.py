"""Loading sources into a system whose actors are processes: the Admin has them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from thespian.system.source_file import read_source, source_name

if TYPE_CHECKING:
    from roscius._core import Process


class LoadsSources:
    """The part of a base that loads sources. It says what is wanted, and waits no longer than it says."""

    # How many seconds the Admin may take to hear of it. None: it is not waited for.
    source_seconds: float | None = None
    _core: Process

    def load_source(self, fname: Any) -> str:
        """Offer a source to the source authority; the result is its hash."""
        source_hash, content = read_source(fname)
        with self.telling("load a source"):
            self._core.sources.load(source_hash, source_name(fname), content, self.source_seconds)
        return source_hash

    def unload_source(self, sourceHash: str) -> None:
        """Let go of a source."""
        with self.telling("unload a source"):
            self._core.sources.unload(str(sourceHash), self.source_seconds)

    def telling(self, what: str) -> AbstractContextManager[None]:
        """Around what the Admin is told: a base may have its own words for what goes wrong."""
        return nullcontext()

    def register_source_authority(self, actor: Any) -> None:
        """Let the actor of this process decide which sources may be loaded."""
        self._core.sources.authorise()

    def notify_on_sources(self, actor: Any, enable: bool) -> None:
        """Tell the actor of this process when sources come and go."""
        self._core.sources.watch(enable)
