"""What the diagnosis says: to the terminal, and to its log file."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TextIO, TypeVar

LOG_FILE = "thespian_diagnostics.log"
_MARKS = {
    "red": "\033[0;31m",
    "green": "\033[0;32m",
    "magenta": "\033[0;35m",
    "yellow": "\033[0;33m",
    "bold": "\033[1m",
    "again": "\r",
}
_PLAIN = "\033[0m"

P = ParamSpec("P")
R = TypeVar("R")


class Skipped(Exception):
    """A check is of no use here; the text says why."""


class Report:
    """Tells what is checked, and what was found. A check that fails is counted."""

    def __init__(self, do_colors: bool = True) -> None:
        self.failures = 0
        self._colors = do_colors
        self._log = _open_log()

    def close(self) -> None:
        """Say where the log is, which is complete."""
        self._log.close()
        print("--> Wrote", self._log.name, flush=True)

    def report(self, text: str) -> None:
        """Say something of the whole."""
        self._show(text, "bold")
        self.note(text)

    def info(self, label: str, information: object) -> None:
        """Say a detail."""
        line = f"   [{label:.>12}] : {information}"
        self.say(line)

    def say(self, line: str) -> None:
        """Say something as it is."""
        print(line, flush=True)
        self.note(line)

    def warn(self, warning: str, *more: str) -> None:
        """Say what may be wrong, and what follows from it."""
        print()
        for mark, line in [("## WARNING: ", warning), *(("##            ", line) for line in more)]:
            self._show(mark, "bold", "yellow", end="")
            print(line, flush=True)
            self.note(mark + line)

    def note(self, line: str) -> None:
        """Write to the log alone."""
        print(line, file=self._log, flush=True)

    def begin(self, name: str) -> None:
        """A check begins."""
        self._checking(name)
        print("... ", end="", flush=True)
        self.note(f"# checking {name}")

    def end(self, name: str, outcome: str, *colors: str, why: str = "") -> None:
        """A check has ended."""
        self._checking(name)
        self._show(outcome, *colors, end=" " if why else "\n")
        if why:
            print(why, flush=True)
        self.note(f"{outcome} {why}".rstrip())

    def _checking(self, name: str) -> None:
        self._show("# checking ", "again", end="")
        self._show(name, "magenta", end=" ")

    def _show(self, text: str, *marks: str, end: str = "\n") -> None:
        if self._colors:
            text = "".join(_MARKS[mark] for mark in marks) + text + _PLAIN
        print(text, end=end, flush=True)


def check(*shown: str) -> Callable[[Callable[Concatenate[Any, P], R]], Callable[Concatenate[Any, P], R | None]]:
    """Make a method a check: it passes, or is skipped, or fails, which is said and counted. `shown` are arguments to be named."""

    def checked(method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R | None]:
        names = method.__code__.co_varnames[1 : method.__code__.co_argcount]

        def run(self: Any, /, *args: P.args, **kw: P.kwargs) -> R | None:
            given = {**dict(zip(names, args, strict=False)), **kw}
            title = method.__name__.removeprefix("check_").replace("_", " ")
            name = " ".join([title, *(f"{each}={given[each]}" for each in shown if given.get(each) is not None)])
            self.begin(name)
            try:
                result = method(self, *args, **kw)
            except Skipped as reason:
                self.end(name, "was skipped -", "yellow", why=str(reason))
            except Exception as error:  # noqa: BLE001 - whatever is wrong here, the other checks tell more
                self.failures += 1
                self.end(name, "has FAILED", "red", "bold", why=f"- {type(error).__name__}: {error}")
            else:
                self.end(name, "-> verified ok", "green")
                return result
            return None

        run.__doc__ = method.__doc__
        return run

    return checked


def _open_log() -> TextIO:
    """The log file, in the current directory, or else where temporary files are."""
    with contextlib.suppress(OSError):
        return open(LOG_FILE, "w", encoding="utf-8", errors="replace")
    descriptor, path = tempfile.mkstemp(prefix="thespian_diagnostics-", suffix=".log")
    os.close(descriptor)
    print(f"cannot write {LOG_FILE} here", file=sys.stderr)
    return open(path, "w", encoding="utf-8", errors="replace")
