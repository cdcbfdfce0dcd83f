"""The files of a group of sources in the Director's directory."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable
from functools import total_ordering
from typing import Any

from thespian.director.literals import read_literal


@total_ordering
class _Part:
    """A part of a version: a number, or what is between two. Numbers come before texts."""

    def __init__(self, value: int | str) -> None:
        self._value = value

    @property
    def _place(self) -> tuple[bool, Any]:
        return isinstance(self._value, str), self._value

    def __call__(self) -> int | str:
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Part) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __lt__(self, other: _Part) -> bool:
        return self._place < other._place

    def __str__(self) -> str:
        return str(self._value)

    __repr__ = __str__


class GroupLoadableFiles:
    """The information file (`.tli`) and the signed sources (`.tls`) of a group.

    A group is named by its name, or by one of its files.
    """

    info_suffix = ".tli"
    src_suffix = ".tls"

    def __init__(self, director_dir: str, group_name: str) -> None:
        self.dirdir = director_dir
        self.named_file: str | None = None
        stem, suffix = os.path.splitext(os.path.basename(group_name))
        if suffix == self.src_suffix:
            self.named_file = group_name
            self.group_name = self._group_of(stem)
        else:
            self.group_name = stem if suffix == self.info_suffix else os.path.basename(group_name)

    def _group_of(self, stem: str) -> str:
        """The group of a signed source. Its name ends at a dash: where there is a group of that name, or else at the first."""
        dashes = [at for at, character in enumerate(stem) if character == "-"]
        for end in [len(stem), *reversed(dashes)]:
            if os.path.exists(os.path.join(self.dirdir, stem[:end] + self.info_suffix)):
                return stem[:end]
        return stem[: dashes[0]] if dashes else stem

    def tli_filename(self) -> str:
        """Where the information about the group is, or would be."""
        return os.path.join(self.dirdir, self.group_name + self.info_suffix)

    def tli_contents(self) -> Any:
        """The information about the group. Raises OSError, and ValueError if it is no literal."""
        with open(self.tli_filename(), encoding="utf-8") as file:
            return read_literal(file.read())

    def tls_filenames(self) -> list[str]:
        """The signed sources of the group, the newest version first."""
        stem = os.path.join(glob.escape(self.dirdir), glob.escape(self.group_name))
        unversioned = os.path.join(self.dirdir, self.group_name + self.src_suffix)
        found = glob.glob(f"{stem}-*{self.src_suffix}") + glob.glob(glob.escape(unversioned))
        # A group may be called as another one with a dash.
        own = [file for file in found if self._group_of(os.path.splitext(os.path.basename(file))[0]) == self.group_name]
        own.sort(key=self.versionExtract(self.group_name), reverse=True)
        return own

    @staticmethod
    def versionExtract(baseName: str, extension: str = ".tls") -> Callable[[str], list[_Part]]:
        """A key to sort files by version: a list of numbers and of texts, from the name behind the group's."""

        def version(filename: str) -> list[_Part]:
            name = os.path.basename(filename)
            if not name.startswith(baseName):
                return []
            text = name.removeprefix(baseName).removesuffix(extension)
            return [_Part(int(run) if run.isdecimal() else run) for run in re.findall(r"[0-9]+|[^0-9]+", text)]

        return version


GroupLoadableFiles.__module__ = "thespian.director"
