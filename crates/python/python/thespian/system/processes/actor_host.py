"""What an actor in a process of its own asks of its base."""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from roscius._core import ActorAddress, Listening, Refused
from roscius.rust_actors import PYTHON, rust_actor, rust_instead
from roscius.supervision import restart_policy

from thespian.system import sources
from thespian.system.capability import may_run
from thespian.system.class_resolution import resolve
from thespian.system.exceptions import ActorSystemFailure, InvalidActorSourceHash, InvalidActorSpecification
from thespian.system.host import Requirements
from thespian.system.messages.status import Thespian_ActorStatus, status_text
from thespian.system.network_place import leaders_after, place_text
from thespian.system.processes.loading import LoadsSources
from thespian.system.processes.task import ActorSpec, HeldSource, Task, packed_entries

if TYPE_CHECKING:
    from roscius._core import Process

_log = logging.getLogger(__name__)
# How long the Admin may take to have a named actor made.
CREATE_SECONDS = 50.0
# How long the Admin may take to hear of other leaders.
LEADERS_SECONDS = 50.0
# The number of a child whose parent has given it none yet.
_UNKNOWN = 2**32 - 1
# What the Admin is to be told of an actor to be made: its maker, what that needs to know, the global name, and the source.
Creation = tuple[str, bytes, str | None, str | None]


class ActorHost(LoadsSources):
    """The base of the one actor in this process."""

    def __init__(self, core: Process, task: Task, capabilities: dict[str, Any], settings: dict[str, Any]) -> None:
        self._core = core
        self._directory = task.directory
        self._settings = settings
        self.address: ActorAddress = core.actor
        self.capabilities = capabilities
        self.actor: Any = None
        # What the actor is made from, which is here even if it is unloaded meanwhile.
        self.source: HeldSource | None = None
        self._thread = threading.get_ident()
        # Children that another thread has asked for: only the thread of the actor starts processes.
        self._waiting: deque[tuple[Task, Listening]] = deque()
        # What children are made from that may be restarted, by their addresses.
        self._tasks: dict[str, Task] = {}

    def describe(self) -> str:
        """The status of the actor, as a text."""
        details = {"childActors": self._core.children, "adminAddress": self._core.admin}
        return status_text(Thespian_ActorStatus(self.address, type(self.actor), details))

    @property
    def source_hash(self) -> str | None:
        """The hash of the source that the actor is made from."""
        return None if self.source is None else self.source.source_hash

    # Creation of actors

    def create_child(
        self,
        parent: Any,
        actorClass: Any,
        requirements: Requirements,
        globalName: str | None,
        sourceHash: str | None,
    ) -> ActorAddress:
        """Create a child in a process of its own. What goes wrong the parent hears as the exit of the child."""
        try:
            rust = rust_actor(actorClass)
            if rust is not None:
                return self._create_by_admin(parent, (rust.name, rust.packed(), globalName or None, sourceHash))
            source = sourceHash or self._source_of(actorClass)
            if globalName or source not in (None, self.source_hash):
                spec = ActorSpec(class_name(actorClass), requirements, source).packed()
                return self._create_by_admin(parent, (PYTHON, spec, globalName or None, source))
            try:
                cls = resolve(actorClass) if source is None else sources.resolve(actorClass, source)
            except (ImportError, InvalidActorSpecification):
                rust = rust_instead(actorClass, self._core.makers)
                if rust is None:
                    raise
                return self._create_by_admin(parent, (rust.name, rust.packed(), None, None))
            if may_run(cls, self.capabilities, requirements):
                return self._start(parent, ActorSpec(cls, requirements, source), restart_policy(parent, cls))
            # Other systems may have what it requires.
            wanted = ActorSpec(class_name(cls), requirements, source).packed()
            return self._create_by_admin(parent, (PYTHON, wanted, None, source))
        except Refused as refusal:
            _log.warning("%s cannot create an actor: %s", self.address, refusal.args[1])
        except (ImportError, InvalidActorSpecification, InvalidActorSourceHash) as error:
            _log.warning("%s cannot create an actor: %s", self.address, error)
        except Exception:  # whatever a check or an import raises, the parent hears of a failed child
            logging.getLogger(str(actorClass)).exception("Actor %s failed to start", actorClass)
        failed: ActorAddress = parent._reference.creation_failed(str(actorClass))
        return failed

    def _source_of(self, actorClass: Any) -> str | None:
        """The source of a child: of a class its own, of a name that of its parent."""
        if isinstance(actorClass, type):
            return sources.source_hash_of(actorClass)
        return self.source_hash

    def _create_by_admin(self, parent: Any, creation: Creation) -> ActorAddress:
        """Have the Admin make a child. It tells of the end of the child, as it does of one that never comes to be."""
        if creation[2] is not None:
            return self._core.create(*creation, CREATE_SECONDS)
        process, address = self._core.free_process()
        if threading.get_ident() != self._thread:
            # A coroutine, or a thread of the actor: it tells the actor of a child that there is.
            created = self._core.create(*creation, CREATE_SECONDS, (process, _UNKNOWN))
            parent._reference.adopt(created)
            return created
        birth = parent._reference.adopt(address)
        if birth is None:
            return address  # The parent exits, and has no more children.
        try:
            created = self._core.create(*creation, CREATE_SECONDS, (process, birth))
        except (Refused, OSError) as error:  # a timeout is an OSError too
            text = error.args[-1] if isinstance(error, Refused) else str(error)
            _log.warning("%s cannot create an actor: %s", self.address, text)
            self._core.stillborn(process, birth, text)
            return address
        if created != address:  # its mailbox has a bound, which its address says
            parent._reference.readdress(birth, address, created)
        return created

    def _start(self, parent: Any, spec: ActorSpec, policy: str | None) -> ActorAddress:
        if self._method != "fork":
            spec = spec._replace(actor_class=class_name(spec.actor_class))
        listening = Listening(self._directory)
        address = listening.actor
        birth = parent._reference.adopt(address, policy)
        if birth is None:
            return address  # The parent exits, and has no more children.
        me, pid, source = self.address, os.getpid(), self.source
        task = Task(self._directory, listening.process, birth, me, pid, PYTHON, None, spec, policy, source=source)
        if threading.get_ident() == self._thread:
            self._launch(task, listening)
        else:
            # A coroutine, or a thread of the actor. Messages to the child wait in its socket meanwhile.
            self._waiting.append((task, listening))
            self._core.interrupt()
        return address

    def _launch(self, task: Task, listening: Listening) -> None:
        from thespian.system.processes import launching

        try:
            if task.policy not in (None, "temporary"):
                self._keep(task, listening)
            pid = launching.start(self._method, task, listening, self._core)
        except OSError as error:
            _log.error("%s could not start a process: %s", self.address, error)
            self._core.stillborn(task.process, task.birth, str(error))
        else:
            self._core.watch_child(task.process, pid, task.birth)

    def _keep(self, task: Task, listening: Listening) -> None:
        """Keep what is needed to make a child anew."""
        living = {child.key() for child in self._core.children}
        self._tasks = {child: kept for child, kept in self._tasks.items() if child in living}
        self._tasks[listening.actor.key()] = task
        self._core.keep(listening, str(task.policy))

    def start_waiting(self) -> None:
        """Start the processes that are to be started: of children that were asked for, or are made anew."""
        while self._waiting:
            self._launch(*self._waiting.popleft())
        while (remake := self._core.take_remake()) is not None:
            birth, heard, listening = remake
            task = self._tasks.get(listening.actor.key())
            if task is None:
                self._core.stillborn(listening.process, birth, "it is no child any more")
            else:
                self._launch(task._replace(birth=birth, heard=heard), listening)

    @property
    def _method(self) -> str:
        return str(self._settings.get("start method", "fork"))

    # Capabilities

    def update_capability(self, name: str, value: Any) -> None:
        """Set a capability, or remove it if the value is None."""
        packed = None if value is None else pickle.dumps(value)
        leaders = leaders_after(self.capabilities, name, value)
        if leaders is not None:
            try:
                self._core.convention.set_leaders(leaders, LEADERS_SECONDS)
            except (OSError, ValueError) as error:
                raise ActorSystemFailure(f"Could not set a capability of the system ({error})") from None
        self._core.set_capability(pickle.dumps(name), packed, False)

    # The system and others

    def notify_on_registrations(self, actor: Any, enable: bool) -> None:
        """Tell the actor which systems join the convention and leave it, those that are there first."""
        self._core.convention.watch(enable)

    def pre_register_remote_system(self, remoteAddress: Any, capabilities: Any) -> None:
        """Have another system join this one, by its address or its Admin."""
        self._core.convention.invite(place_text(remoteAddress), packed_entries(capabilities or {}))

    def deregister_remote_system(self, remoteAddress: Any) -> None:
        """Let another system go, and invite it no more."""
        is_admin = isinstance(remoteAddress, ActorAddress)
        self._core.convention.dismiss(remoteAddress if is_admin else place_text(remoteAddress))

    def durable_destination(self, system: str, name: str) -> ActorAddress:
        """The address of an actor by the identity of its system and its global name."""
        return self._core.convention.durable(system, name, CREATE_SECONDS)

    def request_shutdown(self) -> None:
        """Shut the system down, without waiting for the end of it."""
        self._core.shutdown()


def class_name(actorClass: Any) -> Any:
    """The qualified name of a class, by which another process finds it. What is no class stays as it is."""
    if not isinstance(actorClass, type):
        return actorClass
    if "." in actorClass.__qualname__:
        raise InvalidActorSpecification(actorClass, "a class inside of a function or class has no name to import it by")
    module = actorClass.__module__
    if sources.source_hash_of(actorClass) is not None:
        module = module.partition("}}")[2]  # by which it is found in its source
    return f"{module}.{actorClass.__qualname__}"
