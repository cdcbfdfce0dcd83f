"""External code with an address of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roscius._core import ActorAddress

from thespian.system.timing import Period, secondsOrNone

if TYPE_CHECKING:
    from roscius._core import Endpoint

    from thespian.system.host import Requirements, SystemBase


def check_address(address: Any, operation: str) -> None:
    """Raise ValueError for what is not the address of an actor."""
    if not isinstance(address, ActorAddress):
        # A ValueError is what programs know here.
        raise ValueError(  # noqa: TRY004
            f'Actor `{operation}\' address "{address}" is not a valid ActorAddress: {type(address)}'
        )


class ExternalContext:
    """Talks to actors like an ActorSystem, but gets only the answers to its own messages.

    `ActorSystem.private()` makes them, for the threads of a program.
    """

    def __init__(self, base: SystemBase, endpoint: Endpoint) -> None:
        self._base = base
        self._endpoint = endpoint

    def createActor(
        self,
        actorClass: Any,
        targetActorRequirements: Requirements = None,
        globalName: str | None = None,
        sourceHash: str | None = None,
    ) -> ActorAddress:
        """Create a top-level actor."""
        return self._base.create_actor(actorClass, targetActorRequirements, globalName, sourceHash)

    def tell(self, actorAddr: ActorAddress, msg: Any) -> None:
        """Send a message."""
        check_address(actorAddr, "tell")
        self._endpoint.tell(actorAddr, msg)

    def ask(self, actorAddr: ActorAddress, msg: Any, timeout: Period | None = None) -> Any:
        """Send a message and return the next one that comes, or None if none comes in time."""
        check_address(actorAddr, "ask")
        return self._endpoint.ask(actorAddr, msg, secondsOrNone(timeout))

    def listen(self, timeout: Period | None = None) -> Any:
        """Return the next message that comes, or None if none comes in time."""
        return self._endpoint.listen(secondsOrNone(timeout))
