"""The sources of a system whose actors are all in this process: who may load them, which there are, who is told.

What is decided, and when, is in the core's `SourceRegistry`. Here is what drives it: an actor, the keeper, whom the
source authority sees as the sender of what it is to validate. All that concerns sources is a message to it, so it is done in the order
in which it was wished for.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from roscius._core import SourceRegistry, examine_source
from roscius.watching import Terminated

from thespian.system import sources
from thespian.system.exceptions import ActorSystemRequestTimeout, InvalidActorSourceHash
from thespian.system.messages.delivery import WakeupMessage
from thespian.system.messages.sources import LoadedSource, UnloadedSource, ValidatedSource, ValidateSource
from thespian.system.sources.archive import BadSource
from thespian.system.sources.expected import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from roscius._core import ActorAddress, Endpoint, Reference, System

_log = logging.getLogger(__name__)

# Under which the system finds its keeper. Somebody may have ended it: then there is a new one, with the same memory.
_NAME = "roscius: the keeper of sources"

# How long who wants to create an actor waits for a source that is being validated.
_CREATION_SECONDS = 50.0


class _Load(NamedTuple):
    source_hash: str
    content: bytes
    info: str | None


class _Unload(NamedTuple):
    source_hash: str


class _Authority(NamedTuple):
    actor: ActorAddress


class _Watch(NamedTuple):
    actor: ActorAddress
    start: bool


class _Await(NamedTuple):
    """Wants to be told whether a source is usable, once that is decided: the sender, or an actor in its place."""

    source_hash: str
    start: bool = True
    actor: ActorAddress | None = None


class _Keeper:
    """The actor."""

    _reference: Reference

    def __init__(self, keeping: SourceKeeping) -> None:
        self._keeping = keeping

    def receiveMessage(self, msg: Any, sender: ActorAddress) -> None:
        """Hand it to what the next keeper would have too."""
        self._keeping.receive(self._reference, msg, sender)


class SourceKeeping:
    """What the system does about sources. The methods without a `_` are for any thread, but for `receive`."""

    def __init__(self, core: System, is_in_use: Callable[[str], bool]) -> None:
        self._core = core
        # Whether actors are to be able to import what is unloaded.
        self._is_in_use = is_in_use
        self._endpoint: Endpoint = core.endpoint()
        self._registry = SourceRegistry()
        # What was loaded, until it is decided; and what the authority gave back, while it is looked at.
        self._loaded: dict[str, bytes] = {}
        self._validated: dict[str, Any] = {}
        # What can be imported: what is usable, and what is unloaded and still in use.
        self._installed: set[str] = set()
        self._unloaded: set[str] = set()
        self._awaited: defaultdict[str, list[ActorAddress]] = defaultdict(list)
        self._alarm: float | None = None
        self._reference: Reference
        self._reactions: dict[type, Callable[[Any, ActorAddress], None]] = {
            _Load: self._on_load,
            _Unload: lambda msg, _sender: self._carry_out(self._registry.unload(msg.source_hash)),
            _Authority: self._on_authority,
            _Watch: self._on_watch,
            _Await: self._on_await,
            ValidatedSource: self._on_validated,
            Terminated: self._on_end,
            WakeupMessage: self._on_wakeup,
        }
        self._effects: dict[str, Callable[..., None]] = {
            "ask": self._ask,
            "examine": self._examine,
            "decided": self._decided,
            "discard": self._unloaded.add,
            "tell": self._tell_watcher,
            "log": lambda level, text: _log.log(level, "%s", text),
        }

    def load(self, source_hash: str, content: bytes, info: str | None) -> None:
        """Offer a source to the source authority."""
        self._tell(_Load(source_hash, content, info))

    def unload(self, source_hash: str) -> None:
        """Let go of a source."""
        self._tell(_Unload(source_hash))

    def set_authority(self, actor: ActorAddress) -> None:
        """Let an actor decide about sources."""
        self._tell(_Authority(actor))

    def watch(self, actor: ActorAddress, start: bool) -> None:
        """Tell an actor when sources come and go, or not any more."""
        self._tell(_Watch(actor, start))

    def is_usable(self, source_hash: str) -> bool:
        """Whether actors can be made from a source at this moment."""
        return self._registry.standing(source_hash) == "usable"

    def expect(self, source_hash: str, actor: ActorAddress) -> None:
        """Send an actor a Verdict on a source once there is one."""
        self._tell(_Await(source_hash, actor=actor))

    def require(self, source_hash: str) -> None:
        """Wait until a source is usable.

        Raises InvalidActorSourceHash if it is not and will not be, and ActorSystemRequestTimeout if that takes too long.
        """
        waiter = self._core.endpoint()
        until = time.monotonic() + _CREATION_SECONDS
        try:
            verdict: Verdict | None = waiter.ask(self._keeper(), _Await(source_hash), _CREATION_SECONDS)
            is_usable = None if verdict is None else verdict.is_usable
            if verdict is None:
                waiter.tell(self._keeper(), _Await(source_hash, start=False))
                # On `simpleSystemBase` nobody answers to who creates an actor from within a handler.
                is_usable = self.is_usable(source_hash) or None
        finally:
            waiter.close()
        if is_usable is None and time.monotonic() >= until:
            raise ActorSystemRequestTimeout(f"source {source_hash} was not validated within {_CREATION_SECONDS} s")
        if not is_usable:
            # Rejected, unknown, or nobody is left who could still decide.
            raise InvalidActorSourceHash(source_hash)

    def close(self) -> None:
        """The system has ended: its sources are not needed any more."""
        self._endpoint.close()
        for source_hash in self._installed:
            sources.remove(source_hash, self)
        self._installed.clear()
        self._unloaded.clear()

    def _tell(self, message: Any) -> None:
        self._endpoint.tell(self._keeper(), message)

    def _keeper(self) -> ActorAddress:
        return self._core.lookup(_NAME) or self._core.spawn(_Keeper(self), _NAME)

    # What the keeper is told

    def receive(self, reference: Reference, msg: Any, sender: ActorAddress) -> None:
        """React to a message to the keeper."""
        reaction = self._reactions.get(type(msg))
        if reaction is not None:
            self._reference = reference
            reaction(msg, sender)
            self._remove_unused()
            self._set_alarm()

    def _on_load(self, msg: _Load, _sender: ActorAddress) -> None:
        self._loaded[msg.source_hash] = msg.content
        self._carry_out(self._registry.load(msg.source_hash, msg.info))
        if self._registry.standing(msg.source_hash) != "pending":
            del self._loaded[msg.source_hash]

    def _on_authority(self, msg: _Authority, _sender: ActorAddress) -> None:
        self._reference.watch(msg.actor)
        self._carry_out(self._registry.authority(msg.actor))

    def _on_watch(self, msg: _Watch, _sender: ActorAddress) -> None:
        if msg.start:
            self._reference.watch(msg.actor)
        self._carry_out(self._registry.watch(msg.actor, msg.start))

    def _on_await(self, msg: _Await, sender: ActorAddress) -> None:
        waiter = msg.actor or sender
        if not msg.start:
            self._await_no_more(msg.source_hash, waiter)
        elif self._registry.standing(msg.source_hash) == "pending":
            self._awaited[msg.source_hash].append(waiter)
            if msg.actor is not None:
                self._reference.watch(msg.actor)
        else:
            self._reference.send(waiter, Verdict(self.is_usable(msg.source_hash)))

    def _await_no_more(self, source_hash: str, ended: ActorAddress) -> None:
        waiting = [waiter for waiter in self._awaited.pop(source_hash, ()) if waiter != ended]
        if waiting:
            self._awaited[source_hash] = waiting

    def _on_end(self, msg: Terminated, _sender: ActorAddress) -> None:
        for source_hash in list(self._awaited):
            self._await_no_more(source_hash, msg.address)
        self._carry_out(self._registry.ended(msg.address))

    def _on_validated(self, msg: ValidatedSource, sender: ActorAddress) -> None:
        source_hash = str(msg.sourceHash)
        # Authorities of older programs give no name.
        info = getattr(msg, "sourceInfo", None)
        self._validated[source_hash] = msg.sourceZip
        is_valid = bool(msg.sourceZip)
        self._carry_out(self._registry.verdict(source_hash, sender, is_valid, None if info is None else str(info)))
        del self._validated[source_hash]

    def _on_wakeup(self, _msg: WakeupMessage, _sender: ActorAddress) -> None:
        self._alarm = None
        self._carry_out(self._registry.due())

    # What is to be done

    def _carry_out(self, effects: Iterable[Any]) -> None:
        for name, *arguments in effects:
            self._effects[name](*arguments)

    def _ask(self, authority: ActorAddress, source_hash: str, info: str | None) -> None:
        self._reference.send(authority, ValidateSource(source_hash, self._loaded[source_hash], info))

    def _examine(self, source_hash: str) -> None:
        content = self._validated[source_hash]
        found: bytes | str
        try:
            if not isinstance(content, bytes | bytearray | memoryview):
                raise BadSource(f"the content is of type {type(content).__name__}, not bytes")
            content = bytes(content)
            found = examine_source(content)
            sources.install(source_hash, content, self)
            self._installed.add(source_hash)
            self._unloaded.discard(source_hash)
        except (ValueError, BadSource) as error:
            found = str(error)
        self._carry_out(self._registry.examined(source_hash, found))

    def _decided(self, source_hash: str, is_usable: bool) -> None:
        self._loaded.pop(source_hash, None)
        for waiter in self._awaited.pop(source_hash, ()):
            self._reference.send(waiter, Verdict(is_usable))

    def _remove_unused(self) -> None:
        for source_hash in [source_hash for source_hash in self._unloaded if not self._is_in_use(source_hash)]:
            self._unloaded.remove(source_hash)
            self._installed.discard(source_hash)
            sources.remove(source_hash, self)

    def _tell_watcher(self, watcher: ActorAddress, source_hash: str, info: str | None, is_loaded: bool) -> None:
        kind = LoadedSource if is_loaded else UnloadedSource
        self._reference.send(watcher, kind(source_hash, info))

    def _set_alarm(self) -> None:
        pause = self._registry.pause()
        if pause is None:
            return
        due = time.monotonic() + pause
        if self._alarm is None or due < self._alarm:
            self._alarm = due
            self._reference.wakeup_after(pause, pause, None)
