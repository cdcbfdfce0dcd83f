"""What a new process is told."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, NamedTuple

from roscius._core import read_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from roscius._core import ActorAddress, Entries, MakeOrder

# How a pickle begins, and no text.
_PICKLE = b"\x80"


class ActorSpec(NamedTuple):
    """An actor to be made, as the Admin passes it on unread."""

    actor_class: Any
    requirements: dict[str, Any] | None = None
    # The source that the class is from. A name is that of a class there.
    source_hash: str | None = None

    def packed(self) -> bytes:
        """The bytes for the Admin."""
        return pickle.dumps(tuple(self))

    @staticmethod
    def unpacked(spec: bytes) -> ActorSpec:
        """From the bytes of the Admin, in a process of the same system. A program in Rust gives the name alone."""
        if spec[:1] != _PICKLE:
            return ActorSpec(spec.decode())
        return ActorSpec(*pickle.loads(spec))


class StoredSource(NamedTuple):
    """A source in the directory of the system, by the digest of its content."""

    source_hash: str
    digest: bytes

    def held(self, directory: str) -> HeldSource:
        """With its content. Raises NoSource if that is not there any more."""
        return HeldSource(self.source_hash, read_source(directory, self.digest))


class HeldSource(NamedTuple):
    """A source that the parent of a new process has: it may have been unloaded, and its actors go on."""

    source_hash: str
    content: bytes

    def held(self, _directory: str) -> HeldSource:
        """Itself."""
        return self


class Task(NamedTuple):
    """What a new process is to be."""

    directory: str
    process: int
    birth: int
    parent: ActorAddress
    # The process of the parent, if that is an actor. Actors of the Admin have None.
    parent_pid: int | None
    maker: str
    name: str | None
    # Of an actor of the Admin packed, since only the new process can make anything of it.
    spec: bytes | ActorSpec
    # When an actor of another actor is restarted, and how often its parent has decided about it.
    policy: str | None = None
    heard: int = 0
    # The source that the actor, and the children that it names, are made from.
    source: StoredSource | HeldSource | None = None
    # Other systems where the actor could be made, with their capabilities.
    elsewhere: Sequence[tuple[int, Entries]] = ()

    @staticmethod
    def ordered(directory: str, admin: ActorAddress, order: MakeOrder) -> Task:
        """What the Admin wants a starter to make."""
        process, birth, maker, name, spec, stored, elsewhere = order
        source = None if stored is None else StoredSource(*stored[:2])
        return Task(directory, process, birth, admin, None, maker, name, spec, source=source, elsewhere=elsewhere)

    def actor_spec(self) -> ActorSpec:
        """The actor to be made."""
        return ActorSpec.unpacked(self.spec) if isinstance(self.spec, bytes) else self.spec


def packed_entries(entries: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """Capabilities or settings, as the Admin keeps them."""
    return [(pickle.dumps(name), pickle.dumps(value)) for name, value in entries.items()]


def unpacked_entries(entries: Entries) -> dict[str, Any]:
    """What was packed, in a process of the same convention."""
    return {pickle.loads(name): pickle.loads(value) for name, value in entries}
