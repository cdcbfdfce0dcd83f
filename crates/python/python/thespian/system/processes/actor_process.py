"""What runs in the process of an actor."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from roscius._core import NoSource, Process
from roscius.supervision import restart_policy

from thespian.system import poison, sources
from thespian.system.capability import may_run
from thespian.system.class_resolution import resolve
from thespian.system.exceptions import NO_SYSTEM, InvalidActorSourceHash, InvalidActorSpecification
from thespian.system.instantiation import withPossibleInitArgs
from thespian.system.messages.lifecycle import ActorExitRequest
from thespian.system.processes import log_forwarding, log_writer, signals, titles
from thespian.system.processes.actor_host import ActorHost
from thespian.system.processes.task import unpacked_entries
from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from roscius._core import Listening, RestartPlan

    from thespian.system.processes.task import Task

# How long what an actor said last may take to leave.
DRAIN_SECONDS = 7.0


class NotMade(Exception):
    """The actor could not be made: the kind of reason, as the Admin knows it, the reason, and which other systems could."""

    def __init__(self, kind: str, text: str, fits: list[int] | None = None) -> None:
        super().__init__(kind, text)
        self.kind = kind
        self.text = text
        self.fits = fits or []


class Prepared:
    """What a starter has done already for all the processes that it forks."""

    def __init__(self, starter: Process, capabilities: dict[str, Any], settings: dict[str, Any]) -> None:
        self.starter = starter
        self.capabilities = capabilities
        self.settings = settings
        self.forwarding = log_forwarding.Forwarding()

    def attach(self, core: Process) -> tuple[dict[str, Any], dict[str, Any]]:
        """Say that a process is there, and go on without an answer: the starter has been told what the system is like."""
        core.announce(self.starter)
        return self.capabilities, self.settings

    def keep_up(self) -> bool:
        """Take over what has changed in the system since the last process. Whether there was something."""
        changed = self.starter.changed_capabilities()
        settings = self.starter.changed_settings()
        if changed is not None:
            self.capabilities = changed
        if settings is not None:
            self.settings = settings
        return changed is not None or settings is not None


def main(task: Task, listening: Listening, prepared: Prepared | None) -> None:
    """Be the process of one actor until the actor has ended."""
    is_logger = task.maker == "logger"
    me = listening.actor
    core = Process(listening, "logger" if is_logger else "actor")
    try:
        capabilities, settings = core.attach() if prepared is None else prepared.attach(core)
    except OSError as error:  # a timeout is one too
        thesplog("A process could not reach its Admin, and ends: %s", error, level=logging.WARNING)
        sys.exit(1)
    poison.keep_notes()
    host = ActorHost(core, task, capabilities, settings)
    signals.handle(core, me, host.describe, prepared is not None)
    if is_logger:
        log_writer.configure(task.spec, core.log_of_the_leader)
    else:
        forwarding = log_forwarding.Forwarding() if prepared is None else prepared.forwarding
        forwarding.begin(core, me, settings.get("log level"))
    if task.parent_pid is not None:
        try:
            core.watch_parent(task.parent_pid, task.parent)
        except OSError:
            return  # The parent has ended meanwhile, and nobody knows this process.
    made = _make(core, task, host)
    if made is not None:
        actor, plan = made
        host.actor = actor
        core.spawn(actor, task.parent, task.birth, task.name, plan, task.heard)
        _run(core, host)
    if is_logger:
        log_writer.say_goodbye()
    core.close(0.0 if core.is_over else DRAIN_SECONDS)
    poison.write_notes()
    if made is None:
        sys.exit(1)


def _make(core: Process, task: Task, host: ActorHost) -> tuple[Any, RestartPlan | None] | None:
    """The instance and how it is restarted. None if there is none, which has been said where it belongs."""
    top_level = task.parent_pid is None
    try:
        cls, requirements = _class_of(task, host)
    except NotMade as refusal:
        thesplog("Cannot make an actor: %s", refusal.text, level=logging.WARNING)
        if top_level:
            core.failed(refusal.kind, refusal.text, None, refusal.fits)
        return None
    titles.set_title(f"{cls.__name__} {host.address}")
    policy = restart_policy(None, cls) if top_level else task.policy
    if top_level:
        core.ready(policy)

    def instance() -> Any:
        offered = withPossibleInitArgs(capabilities=dict(host.capabilities), requirements=requirements)
        actor = offered.create(cls)
        actor._actor_host = host
        actor._actor_requirements = requirements
        host.actor = actor
        return actor

    try:
        actor = instance()
    except Exception:
        logging.getLogger(str(cls)).exception("Actor %s failed to start", cls.__name__)
        if not top_level and not task.heard:
            # One that is restarted and fails in its constructor has failed once more.
            core.unborn(task.parent, task.birth)
        return None
    return actor, None if policy is None else (policy, instance)


def _class_of(task: Task, host: ActorHost) -> tuple[Any, Any]:
    if task.maker == "logger":
        return log_writer.LogWriter, None
    try:
        spec = task.actor_spec()
    except Exception as error:  # what a program sent may fail to unpickle in any way
        raise NotMade("invalid-class", f"{error}") from error
    try:
        if task.source is not None:
            host.source = task.source.held(task.directory)
            sources.install(*host.source)
        if spec.source_hash is None:
            cls = resolve(spec.actor_class)
        else:
            cls = sources.resolve(spec.actor_class, spec.source_hash)
    except (NoSource, InvalidActorSourceHash) as error:
        raise NotMade("invalid-source-hash", str(error)) from error
    except InvalidActorSpecification as error:
        raise NotMade("invalid-class", str(error.reason)) from error
    except ImportError as error:
        raise NotMade("import", str(error)) from error
    except Exception as error:  # importing a module runs code of users
        raise NotMade("import", f"{type(error).__name__}: {error}") from error
    # The parent of a child has looked already.
    if task.parent_pid is None and not may_run(cls, host.capabilities, spec.requirements):
        fitting = [
            system for system, entries in task.elsewhere if may_run(cls, unpacked_entries(entries), spec.requirements)
        ]
        raise NotMade("no-compatible-system", NO_SYSTEM, fitting)
    return cls, spec.requirements


def _run(core: Process, host: ActorHost) -> None:
    while core.living and not core.is_over:
        core.run()
        host.start_waiting()
        settings = core.changed_settings()
        if settings is not None:
            log_forwarding.change_level(settings.get("log level"))
        changed = core.changed_capabilities()
        if changed is not None:
            host.capabilities = changed
            actor = host.actor
            if not may_run(type(actor), changed, actor._actor_requirements):
                core.post(host.address, ActorExitRequest())
