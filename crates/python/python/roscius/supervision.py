"""Supervision: what becomes of an actor whose handler raises.

Without these decorators nothing does: as with the original, the message goes back, and the actor goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.timing import Period, currentTime, timePeriodSeconds

from roscius._core import ActorAddress

_Class = TypeVar("_Class", bound=type)

Strategy = Literal["one_for_one", "all_for_one", "rest_for_one"]
Decision = Literal["restart", "resume", "stop", "escalate"]
Policy = Literal["permanent", "transient", "temporary"]
Limit = Literal["stop", "escalate"]
Backoff = Period | tuple[Period, Period]


class ChildGivenUp(ActorSystemMessage):
    """Tells a parent that a child has been restarted too often. ChildActorExited follows when the child is gone."""

    def __init__(self, childAddress: ActorAddress, details: str, restarts: int) -> None:
        self.childAddress = childAddress
        self.details = details
        self.restarts = restarts

    def __str__(self) -> str:
        return f"ChildGivenUp({self.childAddress}, after {self.restarts} restarts: {self.details})"


class Settings(NamedTuple):
    """What the core has to know of a supervision: the delays in seconds, the first and the longest."""

    strategy: str
    backoff: tuple[float, float]


class Supervision(NamedTuple):
    """What `supervise` declares."""

    strategy: Strategy = "one_for_one"
    max_restarts: int = 3
    within: float = 5.0
    backoff: tuple[float, float] = (0.0, 0.0)
    on: Mapping[type[BaseException], Decision] = MappingProxyType({})
    on_limit: Limit = "stop"

    def begin(self) -> Supervisor:
        """The supervisor of one instance."""
        return Supervisor(self)


class Supervisor:
    """Decides about the children of one actor. The core asks it."""

    def __init__(self, declared: Supervision) -> None:
        self._declared = declared
        self._rules = {_name(kind): decision for kind, decision in declared.on.items()}
        self._restarts: deque[float] = deque()

    def settings(self) -> Settings:
        """What the core carries out by itself."""
        return Settings(self._declared.strategy, self._declared.backoff)

    def decide(
        self, child: ActorAddress, classes: list[str], details: str, is_temporary: bool
    ) -> tuple[Decision, ChildGivenUp | None]:
        """What is done about a child that has failed, and what its parent is told about that.

        What the child raised is known by the names of its classes alone, since it may be in another process.
        """
        decision: Decision = next((self._rules[name] for name in classes if name in self._rules), "restart")
        if decision == "restart" and is_temporary:
            return "stop", None
        if decision != "restart" or self._bears_one_more():
            return decision, None
        return self._declared.on_limit, ChildGivenUp(child, details, len(self._restarts))

    def _bears_one_more(self) -> bool:
        now = currentTime()
        while self._restarts and now - self._restarts[0] > self._declared.within:
            self._restarts.popleft()
        if len(self._restarts) >= self._declared.max_restarts:
            return False
        self._restarts.append(now)
        return True


def names_of(error_class: type[BaseException]) -> list[str]:
    """The names of a class of exceptions and of those it is made of. The core calls this."""
    return [_name(cls) for cls in error_class.__mro__ if issubclass(cls, BaseException)]


def _name(cls: type) -> str:
    # What a program is itself has another name in a process that was spawned.
    module = "__main__" if cls.__module__ == "__mp_main__" else cls.__module__
    return f"{module}.{cls.__qualname__}"


def unsupervised() -> Supervisor:
    """What decides about the children of an actor that declares nothing. The core calls this."""
    return Supervisor(Supervision())


def supervise(
    strategy: Strategy = "one_for_one",
    *,
    max_restarts: int = 3,
    within: Period = 5.0,
    backoff: Backoff = 0.0,
    on: Mapping[type[BaseException], Decision] | None = None,
    on_limit: Limit = "stop",
) -> Callable[[_Class], _Class]:
    """Class decorator of a parent: its children are restarted when a handler of theirs raises.

    `strategy` says which children are restarted with the one that failed: none, all, or those created after it. More
    than `max_restarts` `within` a period are too many: then, by `on_limit`, the child is stopped, or the parent fails in
    its place, and the parent gets `ChildGivenUp`. `backoff` is the delay before a restart, or the delay before the first
    one in a row and the longest one, between which it doubles. `on` decides by the class of the exception.
    """
    if strategy not in get_args(Strategy):
        raise ValueError(f"no strategy {strategy!r}: there are {', '.join(get_args(Strategy))}")
    if on_limit not in get_args(Limit):
        raise ValueError(f"on_limit cannot be {on_limit!r}: there are {', '.join(get_args(Limit))}")
    for kind, decision in (on or {}).items():
        if not (isinstance(kind, type) and issubclass(kind, BaseException)) or decision not in get_args(Decision):
            raise ValueError(f"`on` cannot have {kind!r}: {decision!r}")
    if max_restarts < 0:
        raise ValueError("max_restarts cannot be negative")
    first, longest = backoff if isinstance(backoff, tuple) else (backoff, backoff)
    delays = (timePeriodSeconds(first), timePeriodSeconds(longest))
    if not 0 <= delays[0] <= delays[1]:
        raise ValueError("the first delay cannot be negative, or longer than the longest")
    declared = Supervision(strategy, max_restarts, timePeriodSeconds(within), delays, dict(on or {}), on_limit)

    def decorate(cls: _Class) -> _Class:
        cls._roscius_supervision = declared  # type: ignore[attr-defined]
        return cls

    return decorate


def restart(policy: Policy) -> Callable[[_Class], _Class]:
    """Class decorator of a child: when it is restarted.

    "permanent": always, also when somebody but its parent or external code made it exit; "transient": when a handler
    raised; "temporary": never, it stops then.
    """
    if policy not in get_args(Policy):
        raise ValueError(f"no policy {policy!r}: there are {', '.join(get_args(Policy))}")

    def decorate(cls: _Class) -> _Class:
        cls._roscius_restart = policy  # type: ignore[attr-defined]
        return cls

    return decorate


def restart_policy(parent: Any, child_class: type) -> Policy | None:
    """When a child is restarted; None: it goes on whatever its handler raises. Bases call this when they create an actor."""
    policy: Policy | None = getattr(child_class, "_roscius_restart", None)
    if policy is None and hasattr(type(parent), "_roscius_supervision"):
        policy = "transient"
    return policy


def restart_plan(parent: Any, child_class: type, make: Callable[[], Any]) -> tuple[str, Callable[[], Any]] | None:
    """How a child of the same process is made again, for the core; None if it never is."""
    policy = restart_policy(parent, child_class)
    return None if policy is None else (policy, make)
