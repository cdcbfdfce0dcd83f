"""Messages that are kept until they were handled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roscius._core import ActorAddress


def durable(whom: Any, system: str, name: str) -> ActorAddress:
    """The address of the actor with the global name `name` in the system with the identity `system`.

    What is sent there is kept until the handler of that actor has returned, whether the actor and its system are there
    or not, and also while systems are started anew. `whom` is the ActorSystem or the actor that wants to send. The address is
    that of an actor in all else, but for asks from Rust, and dies with this system: ask for it again then.

    Raises ValueError if there can be no such system or actor.
    """
    base = getattr(whom, "_systemBase", None) or getattr(whom, "_actor_host", whom)
    find = getattr(base, "durable_destination", None)
    if find is None:
        raise ValueError("durable messages need a base of several processes, such as multiprocTCPBase")
    address: ActorAddress = find(system, name)
    return address
