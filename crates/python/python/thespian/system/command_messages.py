"""The messages to and from the actor `RunCommand`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

from thespian.system.timing import Period, toTimeDeltaOrNone

_Class = TypeVar("_Class", bound=type)

DEFAULT_BUFFER = 1024 * 1024


def _of_runcommand(cls: _Class) -> _Class:
    cls.__module__ = "thespian.runcommand"
    return cls


@_of_runcommand
class Command:
    """Asks for a program to be run.

    `input_src` (a text or bytes) is its standard input. `output_updates` is an actor that gets the output as it
    comes. `logger` is None for ordinary logging, False for none, or an actor that gets CommandLog; `omit_string` does
    not appear in logs, and `error_ok` logs what goes wrong as if it were right.
    """

    def __init__(
        self,
        exe: Any,
        args: Sequence[Any] | None,
        use_shell: bool = False,
        omit_string: str | None = None,
        error_ok: bool = False,
        logger: Any = None,
        logtag: str | None = None,
        input_src: str | bytes | None = None,
        output_updates: Any = None,
        max_bufsize: int = DEFAULT_BUFFER,
        env: dict[str, str] | None = None,
        timeout: Period | None = None,
        report_on_start: bool = False,
    ) -> None:
        self.exe = exe
        self.args = args
        self.use_shell = use_shell
        self.omit_string = omit_string or ""
        self.error_ok = error_ok
        self.logger = logger
        self.logtag = str(exe) if logtag is None else logtag
        self.input_src = input_src
        self.output_updates = output_updates
        self.max_bufsize = max_bufsize
        self.env = env
        self.timeout: timedelta | None = toTimeDeltaOrNone(timeout)
        self.report_on_start = report_on_start

    def __str__(self) -> str:
        line = " ".join(str(each) for each in (self.exe, *(self.args or ())))
        return f"Command({line.replace(self.omit_string, '...') if self.omit_string else line})"


@_of_runcommand
class CommandStarted:
    """Tells that the program runs; comes only when the command asks for it."""

    def __init__(self, command: Command, pid: int) -> None:
        self.command = command
        self.pid = pid


@_of_runcommand
class CommandAbort:
    """Ends the program that runs."""


@_of_runcommand
class CommandLog:
    """A line for the log, `level` being 'info' or 'error'."""

    def __init__(self, level: str, msg: str, *args: Any) -> None:
        self.level = level
        self.message = msg % args if args else msg


@_of_runcommand
class CommandOutput:
    """A piece of the program's standard output, as bytes."""

    def __init__(self, command: Command, output: bytes) -> None:
        self.command = command
        self.output = output


@_of_runcommand
class CommandError:
    """A piece of the program's standard error, as bytes."""

    def __init__(self, command: Command, error_output: bytes) -> None:
        self.command = command
        self.error_output = error_output


@_of_runcommand
class CommandResult:
    """How a command ended; true if it succeeded.

    `exitcode` is that of the program, or the negative number of the signal that ended it, or the error number if
    it could not be started, or -3 if it had not been started when the actor exited. Output beyond `max_bufsize` is a
    pair of its beginning and its end.
    """

    def __init__(
        self,
        command: Command,
        exitcode: int,
        stdout: Any = "",
        stderr: Any = "",
        duration: timedelta | None = None,
    ) -> None:
        self.command = command
        self.exitcode = exitcode
        self.stdout = stdout
        self.stderr = stderr
        self.duration = duration

    def __bool__(self) -> bool:
        return self.exitcode == 0

    @property
    def errorstr(self) -> str:
        """What went wrong, or nothing."""
        return "" if self else f"Error #{self.exitcode} {self.stderr}"

    def __str__(self) -> str:
        return "CommandResult success" if self else f"CommandResult FAILED {self.errorstr}"
