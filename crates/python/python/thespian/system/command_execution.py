"""One program that runs: its process, its streams and its time."""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

from thespian.system.command_messages import Command, CommandResult
from thespian.system.command_output import Captured
from thespian.system.timing import currentTime

# A program that was asked to end gets so much time for it before it is killed.
KILL_DELAY = 2.0
# How often a program that has closed its streams, but not ended, is looked at.
POLL_PERIOD = 0.02
_CHUNK = 64 * 1024

# Called with the piece, and whether it is from the error stream.
OutputHandler = Callable[[bytes, bool], None]


class Execution:
    """A program that was started. The constructor raises OSError if it cannot be."""

    def __init__(self, command: Command, on_output: OutputHandler) -> None:
        self.command = command
        self._on_output = on_output
        self._start = currentTime()
        self._end_at = None if command.timeout is None else self._start + command.timeout.total_seconds()
        self._terminated_at: float | None = None
        self._captured = (Captured(command.max_bufsize), Captured(command.max_bufsize))
        with _input_of(command) as source:
            self.process = subprocess.Popen(
                _arguments(command),
                shell=command.use_shell,
                env=command.env,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        self._open: dict[int, tuple[IO[bytes], bool]] = {}
        for stream, is_error in ((self.process.stdout, False), (self.process.stderr, True)):
            assert stream is not None  # both are pipes
            self._open[stream.fileno()] = (stream, is_error)

    @property
    def descriptors(self) -> list[int]:
        """What can still be read from."""
        return list(self._open)

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone and there is nothing left to read, or nothing that is waited for."""
        ended = self.process.poll() is not None
        # A program that had to be ended may leave others behind that keep its streams open.
        return ended and (not self._open or self._terminated_at is not None)

    def read(self, descriptor: int) -> None:
        """Take what can be read from a descriptor that is ready."""
        stream, is_error = self._open[descriptor]
        data = os.read(descriptor, _CHUNK)
        if data:
            self._captured[is_error].add(data)
            self._on_output(data, is_error)
        else:
            del self._open[descriptor]
            stream.close()

    def terminate(self) -> None:
        """Ask the process to end; a while later `check_time` kills it."""
        if self._terminated_at is None:
            self._terminated_at = currentTime()
            self.process.terminate()

    def check_time(self) -> float | None:
        """Do what time demands; the result is when to come again, in seconds, or None."""
        now = currentTime()
        if self._terminated_at is not None:
            left = self._terminated_at + KILL_DELAY - now
            if left <= 0:
                self.process.kill()
            # No output need follow the end of a program that was told to end.
            return POLL_PERIOD
        if self._end_at is not None and now >= self._end_at:
            self.terminate()
            return POLL_PERIOD
        if not self._open:
            return POLL_PERIOD
        return None if self._end_at is None else self._end_at - now

    def run(self) -> None:
        """Wait until the program has ended."""
        with selectors.DefaultSelector() as selector:
            for descriptor in self.descriptors:
                selector.register(descriptor, selectors.EVENT_READ)
            while not self.has_ended:
                wait = self.check_time()
                # A signal to a program that has ended is not followed by any output.
                if self._terminated_at is not None:
                    wait = POLL_PERIOD
                for key, _ in selector.select(wait):
                    self.read(key.fd)
                    if key.fd not in self._open:
                        selector.unregister(key.fd)

    def result(self) -> CommandResult:
        """How it ended."""
        self._drain()
        code = self.process.poll()
        out, error = self._captured
        duration = timedelta(seconds=currentTime() - self._start)
        return CommandResult(self.command, -4 if code is None else code, out.value(), error.value(), duration)

    def _drain(self) -> None:
        """Take what is left in the streams, without waiting for more, and close them."""
        for descriptor in self.descriptors:
            os.set_blocking(descriptor, False)
            try:
                while descriptor in self._open:
                    self.read(descriptor)
            except BlockingIOError:
                self._open.pop(descriptor)[0].close()


def _arguments(command: Command) -> list[str] | str:
    arguments = [str(each) for each in (command.exe, *(command.args or ()))]
    return " ".join(arguments) if command.use_shell else arguments


@contextmanager
def _input_of(command: Command) -> Iterator[IO[bytes]]:
    """The standard input: a file, so that no program can be held up by input that nobody takes."""
    source = command.input_src
    if source is None:
        with Path(os.devnull).open("rb") as nothing:
            yield nothing
        return
    with tempfile.TemporaryFile() as file:
        file.write(source.encode() if isinstance(source, str) else source)
        file.seek(0)
        yield file
