"""An actor that runs programs."""

from __future__ import annotations

import logging
from collections import deque
from datetime import timedelta
from typing import Any

from thespian.actors import ActorAddress, ActorTypeDispatcher, ThespianWatch, WakeupMessage
from thespian.system.command_execution import KILL_DELAY, Execution
from thespian.system.command_messages import (
    Command,
    CommandAbort,
    CommandError,
    CommandLog,
    CommandOutput,
    CommandResult,
    CommandStarted,
)
from thespian.system.command_output import (
    HALF_NUM_LINES_LOGGED,
    command_line,
    log_lines,
    str_form,
)

NOT_STARTED = -3


class RunCommand(ActorTypeDispatcher):
    """Runs one Command at a time, the others wait; the sender of each gets its CommandResult.

    Where the system can watch descriptors, the actor stays responsive while a program runs, and CommandAbort ends the
    program. Elsewhere it is busy until the program has ended.
    """

    def __init__(self, capabilities: dict[str, Any] | None = None) -> None:
        self._can_watch = bool((capabilities or {}).get("Thespian Watch Supported", False))
        self._waiting: deque[tuple[Command, Any]] = deque()
        self._running: Execution | None = None
        self._sender: Any = None

    def receiveMsg_Command(self, command: Command, sender: Any) -> Any:
        """Run this, after those that came before it."""
        self._waiting.append((command, sender))
        return self._go_on()

    def receiveMsg_WatchMessage(self, message: Any, _sender: Any) -> Any:
        """The program has written something, or closed its streams."""
        if self._running is not None:
            for descriptor in message.ready:
                if descriptor in self._running.descriptors:
                    self._running.read(descriptor)
            if not self._running.descriptors:
                self._ask_for_wakeup()
        return self._go_on()

    def receiveMsg_WakeupMessage(self, message: WakeupMessage, _sender: Any) -> Any:
        """Time to look whether the program has ended, or ought to have."""
        if self._running is not None and message.payload == self._running.process.pid:
            self._ask_for_wakeup()
        return self._go_on()

    def receiveMsg_CommandAbort(self, _message: CommandAbort, _sender: Any) -> Any:
        """End the program that runs."""
        if self._running is not None:
            self._running.terminate()
            self._ask_for_wakeup()
        return self._go_on()

    def receiveMsg_ActorExitRequest(self, _message: Any, _sender: Any) -> None:
        """End the program, and answer all commands."""
        if self._running is not None:
            self._running.terminate()
            self._running.run()
            self._finish(self._running)
        while self._waiting:
            command, self._sender = self._waiting.popleft()
            self._report(CommandResult(command, NOT_STARTED, "", "RunCommand exited before this was started"))

    def receiveUnrecognizedMessage(self, _message: Any, _sender: Any) -> Any:
        """Nothing else concerns this actor, but it must go on watching."""
        return self._go_on()

    def _go_on(self) -> ThespianWatch | None:
        """Finish what has ended, start what is next, and say what to watch."""
        while True:
            if self._running is not None:
                if not self._can_watch:
                    self._running.run()
                if not self._running.has_ended:
                    return ThespianWatch(self._running.descriptors)
                self._finish(self._running)
            if not self._waiting:
                return None
            command, self._sender = self._waiting.popleft()
            self._start(command)

    def _start(self, command: Command) -> None:
        self._log(command, "info", command_line(command))
        try:
            execution = Execution(command, lambda data, is_error: self._update(command, data, is_error))
        except OSError as error:
            self._report(CommandResult(command, error.errno or -4, "", str(error), timedelta(0)))
            return
        self._running = execution
        if command.report_on_start:
            self.send(self._sender, CommandStarted(command, execution.process.pid))
        if self._can_watch:
            self._ask_for_wakeup()

    def _ask_for_wakeup(self) -> None:
        if self._running is not None:
            delay = self._running.check_time()
            if delay is not None:
                self.wakeupAfter(min(delay, KILL_DELAY), self._running.process.pid)

    def _update(self, command: Command, data: bytes, is_error: bool) -> None:
        if command.output_updates is not None:
            kind = CommandError if is_error else CommandOutput
            self.send(command.output_updates, kind(command, data))

    def _finish(self, execution: Execution) -> None:
        self._running = None
        self._report(execution.result())

    def _report(self, result: CommandResult) -> None:
        for level, line in log_lines(result):
            self._log(result.command, level, line)
        self.send(self._sender, result)

    def _log(self, command: Command, level: str, line: str) -> None:
        if command.logger is None:
            self.logger().log(logging.ERROR if level == "error" else logging.INFO, "%s", line)
        elif isinstance(command.logger, ActorAddress):
            self.send(command.logger, CommandLog(level, line))


__all__ = [
    "HALF_NUM_LINES_LOGGED",
    "Command",
    "CommandAbort",
    "CommandError",
    "CommandLog",
    "CommandOutput",
    "CommandResult",
    "CommandStarted",
    "RunCommand",
    "str_form",
]
