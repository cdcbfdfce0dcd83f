"""The leader of a troupe: it knows the workers and gives each message to one of them."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any

from thespian.actors import (
    ActorExitRequest,
    ActorSystemMessage,
    ChildActorExited,
    PoisonMessage,
    WakeupMessage,
)

# So long a worker that is more than needed waits for work before it is dismissed.
DISMISS_EXTRA_PERIOD = timedelta(seconds=2)

# A message that costs so many workers their lives goes back to its sender instead of costing more.
_LOSSES_PER_WORK = 5

_SETTINGS = {"troupe:set_max_count=": "max_count", "troupe:set_idle_count=": "idle_count"}
_STATUS = "troupe:status?"


class UpdateTroupeSettings:
    """Sent to a troupe, changes its numbers; the answer is one with those in force."""

    def __init__(self, max_count: int | None = None, idle_count: int | None = None) -> None:
        for count in (max_count, idle_count):
            if count:
                assert count > 0, "a troupe needs a positive number of workers"
        self.max_count = max_count
        self.idle_count = idle_count


UpdateTroupeSettings.__module__ = "thespian.troupe"


class TroupeWork(ActorSystemMessage):
    """A message on its way from the leader to the worker that is to handle it."""

    def __init__(self, message: Any, sender: Any) -> None:
        self.message = message
        self.sender = sender
        self.losses = 0


class TroupeWorkDone(ActorSystemMessage):
    """A worker tells the leader that it is free."""


class _Worker:
    """A worker as the leader knows it."""

    def __init__(self, address: Any) -> None:
        self.address = address
        self.work: TroupeWork | None = None
        # Which wakeup dismisses it, if it has no work until then.
        self.dismissal = 0


class TroupeLeader:
    """Takes the place of the actor's own `receiveMessage` once it leads a troupe."""

    def __init__(self, actor: Any, max_count: int, idle_count: int) -> None:
        self._actor = actor
        self._max_count = max_count
        self._idle_count = idle_count
        self._workers: list[_Worker] = []
        self._idle: deque[_Worker] = deque()
        self._extra: deque[_Worker] = deque()
        self._pending: deque[TroupeWork] = deque()
        self._dismissals = 0

    def receive(self, msg: Any, sender: Any) -> None:
        """Handle a message to the troupe, or one from a worker."""
        if isinstance(msg, ActorSystemMessage):
            self._receive_system_message(msg, sender)
        elif isinstance(msg, UpdateTroupeSettings):
            self._update(msg.max_count, msg.idle_count)
            self._actor.send(sender, UpdateTroupeSettings(self._max_count, self._idle_count))
        elif isinstance(msg, str) and msg.startswith("troupe:") and self._control(msg, sender):
            pass
        else:
            self._distribute(TroupeWork(msg, sender))

    def _receive_system_message(self, msg: Any, sender: Any) -> None:
        if isinstance(msg, TroupeWorkDone):
            worker = self._find(sender)
            if worker is not None:
                self._is_free(worker)
        elif isinstance(msg, ChildActorExited):
            self._lost(msg.childAddress)
        elif isinstance(msg, WakeupMessage):
            self._dismiss(msg.payload)
        elif isinstance(msg, PoisonMessage) and isinstance(msg.poisonMessage, TroupeWork):
            self._failed(msg, sender)
        elif not isinstance(msg, ActorExitRequest):  # by that, the workers exit as children do
            self._distribute(TroupeWork(msg, sender))

    def _distribute(self, work: TroupeWork) -> None:
        if self._idle:
            worker = self._idle.popleft()
        elif self._extra:
            worker = self._extra.popleft()
        elif len(self._workers) < self._max_count:
            worker = _Worker(self._actor.createActor(type(self._actor)))
            self._workers.append(worker)
        else:
            self._pending.append(work)
            return
        worker.work = work
        self._actor.send(worker.address, work)

    def _is_free(self, worker: _Worker) -> None:
        if worker.work is None:
            return
        worker.work = None
        if len(self._workers) > self._max_count:
            self._send_away(worker)
        elif self._pending:
            worker.work = self._pending.popleft()
            self._actor.send(worker.address, worker.work)
        elif len(self._workers) > self._idle_count and len(self._idle) >= self._idle_count:
            self._dismissals += 1
            worker.dismissal = self._dismissals
            self._extra.append(worker)
            self._actor.wakeupAfter(DISMISS_EXTRA_PERIOD, self._dismissals)
        else:
            self._idle.append(worker)

    def _dismiss(self, number: Any) -> None:
        for worker in [each for each in self._extra if each.dismissal == number]:
            self._send_away(worker)

    def _send_away(self, worker: _Worker) -> None:
        self._forget(worker)
        self._actor.send(worker.address, ActorExitRequest())

    def _forget(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        for group in (self._idle, self._extra):
            if worker in group:
                group.remove(worker)

    def _lost(self, address: Any) -> None:
        """A worker is gone: another one gets what it had not finished."""
        worker = self._find(address)
        if worker is None:
            return
        self._forget(worker)
        work = worker.work
        if work is not None:
            work.losses += 1
            if work.losses < _LOSSES_PER_WORK:
                self._distribute(work)
                return
            details = f"{work.losses} workers exited before they had finished with it"
            self._actor.send(work.sender, PoisonMessage(work.message, details))
        if self._pending:
            self._distribute(self._pending.popleft())

    def _failed(self, poison: PoisonMessage, sender: Any) -> None:
        """A worker could not handle a message: it is free again, and the message goes back to who sent it."""
        work: TroupeWork = poison.poisonMessage
        if not isinstance(work.message, PoisonMessage):
            self._actor.send(work.sender, PoisonMessage(work.message, poison.details))
        worker = self._find(sender)
        if worker is not None:
            self._is_free(worker)

    def _find(self, address: Any) -> _Worker | None:
        return next((each for each in self._workers if each.address == address), None)

    # Settings

    def _control(self, msg: str, sender: Any) -> bool:
        """Obey a control text; False if it is none, but work that looks a little like one."""
        if msg == _STATUS:
            self._actor.send(sender, self._status())
            return True
        for prefix, name in _SETTINGS.items():
            if msg.startswith(prefix):
                self._actor.send(sender, self._set(name, msg, msg.removeprefix(prefix)))
                return True
        return False

    def _set(self, name: str, msg: str, text: str) -> str:
        try:
            count = int(text)
            if count < 1:
                raise ValueError(f"{count} is less than 1")
        except ValueError as error:
            return f'Error changing {name} for troupe based on message "{msg}": {error}'
        self._update(**{name: count})
        return f"Set troupe {name} to {count}"

    def _update(self, max_count: int | None = None, idle_count: int | None = None) -> None:
        self._max_count = max_count or self._max_count
        self._idle_count = idle_count or self._idle_count
        for worker in [*self._extra, *self._idle]:
            if len(self._workers) > self._max_count:
                self._send_away(worker)
        while self._pending and len(self._workers) < self._max_count:
            self._distribute(self._pending.popleft())

    def _status(self) -> str:
        troupers = ", ".join(str(each.address) for each in self._workers)
        return (
            f"Idle={self._idle_count}, Max={self._max_count}, "
            f"Troupers [{len(self._workers)}, {len(self._idle)} idle, {len(self._extra)} extra]: "
            f"[{troupers}], Pending={len(self._pending)}"
        )
