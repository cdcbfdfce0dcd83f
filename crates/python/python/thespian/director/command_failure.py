"""How commands of the Director fail."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec


class Code(IntEnum):
    """What a command returns to its caller, and the program to its shell."""

    OK = 0
    REFUSED = 1  # the Director, or the actor system, refused or did not answer
    UNKNOWN = 2  # no such command, or not on this kind of system
    ARGUMENTS = 3
    MISSING = 4  # a file is not there
    NOT_WRITTEN = 5  # what was to be written could not be made, or not be written
    BAD_ZIP = 6
    NOT_VALIDATED = 7
    BAD_FILE = 8  # a file is there and can not be used


class CommandFailed(Exception):
    """A command can not go on: the code that it returns, and what it says."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


_Arguments = ParamSpec("_Arguments")


def command(method: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """Make failures of a command what it returns, and what is printed."""

    @wraps(method)
    def run(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> int:
        try:
            return int(method(*args, **kwargs))
        except CommandFailed as failure:
            print(f"ERROR: {failure}", file=sys.stderr)
            return int(failure.code)

    return run
