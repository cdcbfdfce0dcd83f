"""How many actors there are, by system and by class."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from thespian.actors import ActorAddress, Thespian_StatusReq, Thespian_SystemStatus

if TYPE_CHECKING:
    from thespian.system.external_context import ExternalContext


class ActorCount:
    """What was counted. An actor that did not answer is in no system."""

    def __init__(self) -> None:
        self.systems: dict[str, Counter[str]] = {}
        self.unresponsive = 0

    def lines(self) -> list[str]:
        """The count as a text."""
        sizes = [system.total() for system in self.systems.values()]
        occupied = [size for size in sizes if size]
        total = sum(sizes) + self.unresponsive
        classes = sum(self.systems.values(), Counter[str]())
        return [
            f"# Actor Systems - Total: {len(sizes)}",
            f"                - Empty: {len(sizes) - len(occupied)}",
            f"# Actors -        Total: {total}",
            f"         - Unresponsive: {self.unresponsive}",
            f"         -   Min/System: {min(occupied, default=0)}",
            f"         -   Max/System: {max(occupied, default=0)}",
            f"         -   Avg/System: {total / max(len(sizes), 1):.02f}",
            *(f"         = {count:4}  {name}" for name, count in sorted(classes.items())),
        ]


def count_actors(
    context: ExternalContext, start: ActorAddress, seconds: float, answered: Callable[[], None]
) -> ActorCount:
    """Count the actors from `start` down, which may be an Admin.

    All children of one generation are asked together, and each generation may take `seconds`. `answered` is called for
    each that answers.
    """
    count = ActorCount()
    asked = {start.key()}
    generation = [start]
    while generation:
        waiting = {each.key() for each in generation}
        found: list[ActorAddress] = []
        for status in _statuses(context, generation, seconds, answered):
            if isinstance(status, Thespian_SystemStatus):
                count.systems.setdefault(str(status.adminAddress), Counter())
                found += [member for member, _registered in status.conventionAttendees]
            else:
                count.systems.setdefault(str(status.adminAddress), Counter())[str(status.actorClass)] += 1
            found += status.childActors
            waiting.discard(_of(status).key())
        count.unresponsive += len(waiting)
        generation = []
        for each in found:
            if each.key() not in asked:
                asked.add(each.key())
                generation.append(each)
    return count


def _of(status: Any) -> Any:
    return status.adminAddress if isinstance(status, Thespian_SystemStatus) else status.actorAddress


def _statuses(
    context: ExternalContext, actors: list[ActorAddress], seconds: float, answered: Callable[[], None]
) -> list[Any]:
    for actor in actors:
        context.tell(actor, Thespian_StatusReq())
    until = time.monotonic() + seconds
    statuses: list[Any] = []
    while len(statuses) < len(actors):
        status = context.listen(max(until - time.monotonic(), 0.0))
        if status is None:
            break
        statuses.append(status)
        answered()
    return statuses
