"""The two sides of a system base: what actors need of it, and what external code needs of it.

`Actor` and `ActorSystem` know nothing else of a base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from thespian.system.exceptions import ActorSystemException

if TYPE_CHECKING:
    from roscius._core import ActorAddress, Endpoint

Requirements = dict[str, Any] | None


class Host(Protocol):
    """What an actor asks of the base that runs it, beyond what the core's `Reference` does."""

    def create_child(
        self,
        parent: Any,
        actorClass: Any,
        requirements: Requirements,
        globalName: str | None,
        sourceHash: str | None,
    ) -> ActorAddress:
        """Create a child of `parent`."""

    def update_capability(self, name: str, value: Any) -> None:
        """Set a capability, or remove it if the value is None."""

    def load_source(self, fname: Any) -> str:
        """Offer a source to the source authority; the result is its hash."""

    def unload_source(self, sourceHash: str) -> None:
        """Let go of a source."""

    def register_source_authority(self, actor: Any) -> None:
        """Let this actor decide which sources may be loaded."""

    def notify_on_sources(self, actor: Any, enable: bool) -> None:
        """Tell this actor when sources come and go."""

    def notify_on_registrations(self, actor: Any, enable: bool) -> None:
        """Tell this actor when other systems come and go."""

    def pre_register_remote_system(self, remoteAddress: Any, capabilities: Any) -> None:
        """Take another system as a member before it registers."""

    def deregister_remote_system(self, remoteAddress: Any) -> None:
        """Forget another system."""

    def request_shutdown(self) -> None:
        """Shut the system down, without waiting for the end of it."""


class SystemBase(Host, Protocol):
    """What an `ActorSystem` asks of its base.

    A base is the class `ActorSystemBase` of a module of `thespian.system`. It is made from the capabilities, to which
    it adds its own, and from `logDefs`. Its other public methods can be called by `ActorSystem.systemUpdate`.
    """

    capabilities: dict[str, Any]
    endpoint: Endpoint

    @property
    def system_address(self) -> ActorAddress:
        """The address that the system's own messages come from."""

    @property
    def is_shut_down(self) -> bool:
        """Whether the system has come to its end."""

    def create_actor(
        self,
        actorClass: Any,
        requirements: Requirements = None,
        globalName: str | None = None,
        sourceHash: str | None = None,
    ) -> ActorAddress:
        """Create a top-level actor."""

    def open_endpoint(self) -> Endpoint:
        """One more address of external code."""

    def shutdown(self) -> None:
        """Shut the system down."""


class ShutDown:
    """Stands where a system was: using it is a clear error."""

    def __getattr__(self, name: str) -> Any:
        raise ActorSystemException("this ActorSystem has been shut down")
