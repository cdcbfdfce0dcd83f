"""The data files of a source."""

from __future__ import annotations

from importlib.resources.abc import TraversableResources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


class Resources(TraversableResources):
    """The files of one package."""

    def __init__(self, directory: Traversable) -> None:
        self._directory = directory

    def files(self) -> Traversable:
        """The directory of the package."""
        return self._directory
