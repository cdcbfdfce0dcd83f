"""The Director: an actor that loads sources and keeps their actors running."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import roscius

from thespian.director.group_files import GroupLoadableFiles
from thespian.director.groups import ActorPlan, BadDefinition, Group, LoadedVersion, RunningActor
from thespian.system.dispatcher import ActorTypeDispatcher
from thespian.system.messages.lifecycle import ActorExitRequest, ChildActorExited
from thespian.system.messages.sources import LoadedSource, UnloadedSource

_log = logging.getLogger(__name__)

# An actor that ended sooner than that is not started again: it would only fail again.
MINIMUM_STARTED_TIME = timedelta(seconds=2)

_Handler = Callable[["Director", dict[str, Any], Any], None]


class Director(roscius.Actor, ActorTypeDispatcher):
    """Loads sources in groups, starts the actors of the newest of each group, and starts them again when they end.

    Its messages are dictionaries of built-in types, so that loaded sources can send and take them: docs/director.md.
    """

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        # Sources that are loaded, by whomever; and those that are to be, with their groups.
        self.available: set[str] = set()
        self.pending_loads: dict[str, str] = {}
        self.is_ending = False
        self.is_watching_sources = False
        self.waiting_for_update: list[Any] = []

    def receiveMsg_dict(self, msg: dict[str, Any], sender: Any) -> None:
        """Do what a message says."""
        operation = msg.get("DirectorOp")
        handler = self._OPERATIONS.get(operation) if isinstance(operation, str) else None
        if handler is None:
            _log.warning("The Director has no operation %r: %s", operation, msg)
        else:
            handler(self, msg, sender)

    def _define_group(self, msg: dict[str, Any], sender: Any) -> None:
        answer = {"DirectorResponse": "DeclaredGroup", "Success": True}
        try:
            if not isinstance(msg.get("Group"), str) or not msg["Group"]:
                raise BadDefinition("Group has the name of the group")
            definition = Group()
            definition.define(msg)
        except BadDefinition as error:
            answer |= {"Success": False, "Message": str(error)}
        else:
            group = self.groups.setdefault(msg["Group"], Group())
            group.plans, group.auto_unload = definition.plans, definition.auto_unload
        self.send(sender, answer)

    def _load_source(self, msg: dict[str, Any], sender: Any) -> None:
        answer = {"DirectorResponse": "SourceLoading", "Success": True}
        if not self.is_watching_sources:
            self.notifyOnSourceAvailability()
            self.is_watching_sources = True
        source = msg.get("Source")
        try:
            if not isinstance(source, str) or not source:
                raise OSError("Source has the path of the file")
            source_hash = self.loadActorSource(source)
        except OSError as error:
            self.send(sender, answer | {"Success": False, "Message": str(error)})
            return
        group_name = msg.get("Group") or GroupLoadableFiles("", source).group_name
        self.groups.setdefault(group_name, Group())
        self.send(sender, answer | {"SourceHash": source_hash})
        if source_hash in self.available:
            # Nobody tells of it again.
            self._activate(group_name, source_hash)
        else:
            self.pending_loads[source_hash] = group_name

    def receiveMsg_LoadedSource(self, msg: LoadedSource, _sender: Any) -> None:
        """Make a source the active one, if this Director loaded it. Of those that were there before, it is told at first."""
        self.available.add(msg.sourceHash)
        group_name = self.pending_loads.pop(msg.sourceHash, None)
        if group_name is not None:
            self._activate(group_name, msg.sourceHash)

    def _activate(self, group_name: str, source_hash: str) -> None:
        """Make a source the active one of its group, whether it was there before or not."""
        group = self.groups[group_name]
        before, version = group.active, group.version(source_hash)
        if before is not None and before is version:
            return
        for actor in before.actors if before is not None else ():
            self._tell(actor, actor.plan.on_deactivate, "Deactivating")
        if version is None:
            version = LoadedVersion(source_hash, group.auto_unload, group.plans)
            group.versions.append(version)
            group.active = version
            version.actors = [self._started(RunningActor(plan), version) for plan in version.plans]
        else:
            # The newest is the last.
            group.versions.remove(version)
            group.versions.append(version)
            self._reactivate(group, version)
        for old in group.superfluous():
            self.unloadActorSource(old.source_hash)
        self._notify()

    def _reactivate(self, group: Group, version: LoadedVersion) -> None:
        group.active = version
        for actor in version.actors:
            if actor.address is None:
                self._started(actor, version)
            else:
                self._tell(actor, actor.plan.on_reactivate, "Reactivating")

    def receiveMsg_UnloadedSource(self, msg: UnloadedSource, _sender: Any) -> None:
        """End the actors of a source; if it was the active one, the newest of the others becomes that."""
        self.available.discard(msg.sourceHash)
        self.pending_loads.pop(msg.sourceHash, None)
        for group in self.groups.values():
            version = group.version(msg.sourceHash)
            if version is None:
                continue
            group.versions.remove(version)
            was_active = version is group.active
            for actor in version.actors:
                if actor.address is not None:
                    if was_active:
                        self._tell(actor, actor.plan.on_deactivate, "Deactivating")
                    self.send(actor.address, ActorExitRequest())
            if was_active:
                group.active = None
                if group.versions:
                    self._reactivate(group, group.versions[-1])
            self._notify()

    def receiveMsg_ChildActorExited(self, msg: ChildActorExited, _sender: Any) -> None:
        """Start an actor again, if it is one of an active source."""
        self._has_ended(msg.childAddress)

    def receiveMsg_Terminated(self, msg: roscius.Terminated, _sender: Any) -> None:
        """The same for actors with a global name, which need not be children."""
        self._has_ended(msg.address)

    def receiveMsg_ActorExitRequest(self, _msg: ActorExitRequest, _sender: Any) -> None:
        """Start nothing any more: the actors end with their Director."""
        self.is_ending = True

    def _has_ended(self, address: Any) -> None:
        for group in self.groups.values():
            for version in group.versions:
                for actor in version.actors:
                    if actor.address != address:
                        continue
                    actor.address = None
                    if version is group.active and not self.is_ending:
                        self._restart(actor, version)

    def _restart(self, actor: RunningActor, version: LoadedVersion) -> None:
        ran = datetime.now() - actor.started
        if actor.is_of_older_source or ran >= MINIMUM_STARTED_TIME:
            self._started(actor, version)
        else:
            _log.warning("%s ran for %s only, so it is not started again", _shown(actor.plan), ran)

    def _started(self, actor: RunningActor, version: LoadedVersion) -> RunningActor:
        plan = actor.plan
        try:
            address = self.createActor(plan.class_name, globalName=plan.global_name, sourceHash=version.source_hash)
        # Whatever is wrong with one class of one source, the others are kept running.
        except Exception:  # noqa: BLE001
            _log.exception("%s of source %s could not be started", _shown(plan), version.source_hash)
            return actor
        actor.is_of_older_source = self._is_of_another_source(address, version)
        actor.address, actor.started = address, datetime.now()
        if plan.global_name is not None:
            self.watch(address)
        self._tell(actor, plan.on_load, "Started")
        return actor

    def _is_of_another_source(self, address: Any, version: LoadedVersion) -> bool:
        others = (each for group in self.groups.values() for each in group.versions if each is not version)
        return any(actor.address == address for other in others for actor in other.actors)

    def _tell(self, actor: RunningActor, message: Any, what: str) -> None:
        _log.info(
            "%s %s @ %s%s", what, _shown(actor.plan), actor.address, "" if message is None else ", with a message"
        )
        if message is not None and actor.address is not None:
            self.send(actor.address, message)

    def _notify(self) -> None:
        waiting, self.waiting_for_update = self.waiting_for_update, []
        for each in waiting:
            self.send(each, {"DirectorResponse": "NotificationOfUpdate", "Success": True})

    def _request_notification(self, _msg: dict[str, Any], sender: Any) -> None:
        if sender not in self.waiting_for_update:
            self.waiting_for_update.append(sender)

    def _retrieve_all(self, msg: dict[str, Any], sender: Any) -> None:
        wanted = msg.get("Group")
        groups = {
            name: {
                "ActiveHash": None if group.active is None else group.active.source_hash,
                "Loaded": [version.source_hash for version in group.versions],
                "Running": {
                    version.source_hash: [_description(actor) for actor in version.actors] for version in group.versions
                },
            }
            for name, group in self.groups.items()
            if not wanted or name == wanted
        }
        self.send(sender, {"DirectorResponse": "AllAddresses", "Success": True, "Groups": groups})

    def _retrieve_role(self, msg: dict[str, Any], sender: Any) -> None:
        wanted, role = msg.get("Group"), msg.get("Role")
        answer: dict[str, Any] = {
            "DirectorResponse": "RoleAddress",
            "Success": False,
            "Group": wanted,
            "SourceHash": None,
            "ActorClass": None,
            "Role": role,
            "ActorAddress": None,
        }
        for name, group in self.groups.items():
            if group.active is None or (wanted and name != wanted):
                continue
            for actor in group.active.actors:
                if role and actor.plan.role == role:
                    place = {"Success": True, "Group": name, "SourceHash": group.active.source_hash}
                    self.send(sender, answer | place | _description(actor))
                    return
        self.send(sender, answer)

    _OPERATIONS: ClassVar[dict[str, _Handler]] = {
        "DefineGroup": _define_group,
        # The original's documentation has this name, too.
        "DeclareGroup": _define_group,
        "LoadSource": _load_source,
        "RequestNotification": _request_notification,
        "RetrieveAll": _retrieve_all,
        "RetrieveRole": _retrieve_role,
    }


def _description(actor: RunningActor) -> dict[str, Any]:
    return {
        "ActorClass": actor.plan.class_name,
        "Role": actor.plan.role,
        "ActorAddress": actor.address,
        "StartTime": actor.started,
    }


def _shown(plan: ActorPlan) -> str:
    return f"{plan.class_name} ({plan.role})" if plan.role else plan.class_name


Director.__module__ = "thespian.director"
