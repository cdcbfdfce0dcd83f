"""What a program writes: kept within bounds, made a text, and logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thespian.system.command_messages import Command, CommandResult

# So many lines from the beginning, and as many from the end, of each stream are logged.
HALF_NUM_LINES_LOGGED = 5


def str_form(data: bytes | str) -> str:
    """The text that these bytes most probably are."""
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_guessed_encoding(data), errors="replace")


def _guessed_encoding(data: bytes) -> str:
    try:
        import chardet  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return "utf-8"
    guess: str | None = chardet.detect(data)["encoding"]
    return guess or "utf-8"


class Captured:
    """Keeps all that is written, or its beginning and its end if it is more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._half = max(limit // 2, 1)
        self._head = bytearray()
        self._tail = bytearray()
        self._is_cut = False

    def add(self, data: bytes) -> None:
        """Take the next piece."""
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        excess = len(self._tail) - self._half
        if excess > 0:
            self._is_cut = True
            del self._tail[:excess]

    def value(self) -> str | tuple[str, str]:
        """The text, or the pair of its beginning and its end."""
        if self._is_cut:
            return str_form(bytes(self._head)), str_form(bytes(self._tail))
        return str_form(bytes(self._head + self._tail))


def log_lines(result: CommandResult) -> Iterator[tuple[str, str]]:
    """What to log of a command that has ended: pairs of level and text."""
    command = result.command
    failed = not result and not command.error_ok
    yield from (("info", line) for line in _stream(command, "OUT| ", result.stdout))
    level = "error" if failed else "info"
    yield from ((level, line) for line in _stream(command, "ERR> ", result.stderr))
    if result:
        yield "info", f"{command.logtag} completed successfully"
    else:
        yield level, f"{command.logtag} ERROR exit code: {result.exitcode}"


def command_line(command: Command) -> str:
    """The line that announces a command in the log."""
    line = " ".join(str(each) for each in (command.exe, *(command.args or ())))
    return without_omitted(command, f"{command.logtag} CMD: {line}")


def without_omitted(command: Command, line: str) -> str:
    """The line with dots for what must not appear in a log."""
    return line.replace(command.omit_string, "...") if command.omit_string else line


def _stream(command: Command, mark: str, value: Any) -> Iterator[str]:
    lines = (value if isinstance(value, str) else "\n".join(value)).splitlines()
    more = len(lines) - 2 * HALF_NUM_LINES_LOGGED
    if more > 0:
        lines[HALF_NUM_LINES_LOGGED:-HALF_NUM_LINES_LOGGED] = [f"... {more} lines are not shown ..."]
    for line in lines:
        yield without_omitted(command, f"{command.logtag} {mark}{line}")
