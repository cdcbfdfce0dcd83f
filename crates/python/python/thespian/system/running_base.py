"""What every base has in common: a system of the core that runs until it is shut down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from thespian.system.addressManager import CannotPickle

if TYPE_CHECKING:
    from roscius._core import ActorAddress, Endpoint


class RunningBase:
    """A base whose system runs. The subclasses start it, and end it."""

    system_name: str
    system_version: int
    endpoint: Endpoint
    _core: Any
    _is_shut_down = False

    def __reduce__(self) -> NoReturn:
        raise CannotPickle("the base of an ActorSystem belongs to one process")

    @property
    def system_address(self) -> ActorAddress:
        """The address that the system's own messages come from."""
        address: ActorAddress = self._core.system_address
        return address

    @property
    def is_shut_down(self) -> bool:
        """Whether the system has come to its end."""
        return self._is_shut_down

    def open_endpoint(self) -> Endpoint:
        """One more address of external code."""
        endpoint: Endpoint = self._core.endpoint()
        return endpoint
