"""Roscius: an actor system with a core in Rust, beyond what `thespian` has.

Everything here works beside `thespian.actors`: a `roscius.Actor` is a Thespian actor that can do more.
"""

from typing import TYPE_CHECKING

import thespian

from roscius.lazy_exports import exports_of

if TYPE_CHECKING:
    from roscius._core import ActorAddress as ActorAddress
    from roscius.actor import Actor as Actor
    from roscius.announcing import announce as announce
    from roscius.asking import AskError as AskError
    from roscius.asking import AskFailed as AskFailed
    from roscius.asking import AskTimedOut as AskTimedOut
    from roscius.asking import NoSuchActor as NoSuchActor
    from roscius.asking import Outcome as Outcome
    from roscius.async_system import AsyncActorSystem as AsyncActorSystem
    from roscius.convention_names import ConventionName as ConventionName
    from roscius.durable_messages import durable as durable
    from roscius.key_authority import KeyAuthority as KeyAuthority
    from roscius.key_authority import KeysTrusted as KeysTrusted
    from roscius.key_authority import TrustKeys as TrustKeys
    from roscius.messages import message as message
    from roscius.protocols import accepts as accepts
    from roscius.protocols import protocol_graph as protocol_graph
    from roscius.protocols import protocol_of as protocol_of
    from roscius.rust_actors import RustActor as RustActor
    from roscius.supervision import ChildGivenUp as ChildGivenUp
    from roscius.supervision import restart as restart
    from roscius.supervision import supervise as supervise
    from roscius.timers import Timer as Timer
    from roscius.watching import Terminated as Terminated

__all__ = [
    "Actor",
    "ActorAddress",
    "AskError",
    "AskFailed",
    "AskTimedOut",
    "AsyncActorSystem",
    "ChildGivenUp",
    "ConventionName",
    "KeyAuthority",
    "KeysTrusted",
    "NoSuchActor",
    "Outcome",
    "RustActor",
    "Terminated",
    "Timer",
    "TrustKeys",
    "accepts",
    "announce",
    "durable",
    "message",
    "protocol_graph",
    "protocol_of",
    "restart",
    "supervise",
]

if getattr(thespian, "CORE", None) != "roscius":
    raise ImportError(
        "the package `thespian` in this environment is the original's, which was installed over that of Roscius. "
        "To have Roscius: pip uninstall thespian roscius, then pip install roscius"
    )

# `thespian` imports `roscius._core`, and programs that use nothing else of this package should not load asyncio for it.
_HOMES = {
    "Actor": "actor",
    "ActorAddress": "_core",
    "AskError": "asking",
    "AskFailed": "asking",
    "AskTimedOut": "asking",
    "AsyncActorSystem": "async_system",
    "ChildGivenUp": "supervision",
    "ConventionName": "convention_names",
    "KeyAuthority": "key_authority",
    "KeysTrusted": "key_authority",
    "NoSuchActor": "asking",
    "Outcome": "asking",
    "RustActor": "rust_actors",
    "Terminated": "watching",
    "Timer": "timers",
    "TrustKeys": "key_authority",
    "accepts": "protocols",
    "announce": "announcing",
    "durable": "durable_messages",
    "message": "messages",
    "protocol_graph": "protocols",
    "protocol_of": "protocols",
    "restart": "supervision",
    "supervise": "supervision",
}


__getattr__ = exports_of(__name__, _HOMES)
