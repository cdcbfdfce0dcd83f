"""The text of a status, section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from thespian.system.messages.delivery import text_of

ShowAddress = Callable[[Any], str]

# A longer value would push the names of all others out of line.
_VALUE_WIDTH = 40
# A status is for people: a message is shown no longer than in logs.
_MESSAGE_WIDTH = 150


def system_text(status: Any, show: ShowAddress) -> str:
    """The status of an actor system."""
    shutdown = "  [IN SHUTDOWN]" if status.inShutdown else ""
    lines = [f"Status of ActorSystem @ {show(status.adminAddress)}:{shutdown}"]
    lines += _capabilities(status.capabilities)
    if status.conventionLeader is not None:
        registered = status.conventionRegisterTime
        when = "" if registered is None else f" [{registered}]"
        lines.append(f"  |Convention Leader: {show(status.conventionLeader)}{when}")
    lines += _section("Convention Notifications", map(show, status.notifyAddresses))
    lines += _section(
        "Convention Attendees",
        (f"@ {show(address)}: {timer}" for address, timer in status.conventionAttendees),
    )
    lines += _section("Primary Actors", (f"@ {show(each)}" for each in status.childActors), True)
    lines += _common(status, show)
    handler = status.deadLetterHandler
    lines.append(f"  |DeadLetter Handler: {'None' if handler is None else show(handler)}")
    lines += _section("DeadLetter Addresses", map(show, status.deadLetterAddresses), True)
    authority = status.sourceAuthority
    lines.append(f"  |Source Authority: {'None' if authority is None else show(authority)}")
    lines += _section("Loaded Sources", (f"{hash_} : {info}" for hash_, info in status.loadedSources), True)
    lines += _section(
        "Global Actors",
        (f"{name} @ {show(status.globalActors[name])}" for name in sorted(status.globalActors)),
        True,
    )
    return "\n".join(lines) + "\n"


def actor_text(status: Any, show: ShowAddress) -> str:
    """The status of one actor."""
    exiting = f" EXITING:{status.exiting}" if status.exiting else ""
    lines = [f"Status of {status.actorClass} Actor @ {show(status.actorAddress)}{exiting}:"]
    lines.append(f"  |Parent Actor @ {show(status.parentAddress)}")
    lines.append(f"  |Admin @ {show(status.adminAddress)}")
    if status.sourceHash:
        lines.append(f"  |Source Hash: {status.sourceHash}")
    lines += _section("Child Actors", (f"@ {show(each)}" for each in status.childActors), True)
    lines += _common(status, show)
    return "\n".join(lines) + "\n"


def _common(status: Any, show: ShowAddress) -> list[str]:
    lines = []
    if status.governer is not None:
        lines.append(f"  |Rate Governer: {status.governer}")
    lines += _section("Pending Messages", _letters(status.pendingMessages, show), True)
    lines += _section("Received Messages", _letters(status.receivedMessages, show), True)
    lines += _section(
        "Pending Wakeups",
        (f"{show(address)}: {timer}" for address, timer in status.pendingWakeups),
        True,
    )
    lines += _section(
        "Pending Address Resolution",
        (f"{address}: {count}" for address, count in status._pendingAddrCnts.items()),
        True,
    )
    values = {name: str(value) for name, value in status.miscKeyVals.items()}
    width = min(max(map(len, values.values()), default=0), _VALUE_WIDTH)
    lines += [f"  |> {values[name]:>{width}} - {name}" for name in sorted(values)]
    return lines


def _capabilities(capabilities: dict[str, Any]) -> list[str]:
    shown = (f"{name}: {capabilities[name]}" for name in sorted(capabilities, key=str))
    return _section("Capabilities", shown, True)


def _letters(letters: Iterable[tuple[Any, Any, Any]], show: ShowAddress) -> Iterable[str]:
    for source, target, message in letters:
        yield f"{show(source)} --> {show(target)}:  {text_of(message)[:_MESSAGE_WIDTH]}"


def _section(title: str, entries: Iterable[str], even_if_empty: bool = False) -> list[str]:
    shown = list(entries)
    if not shown and not even_if_empty:
        return []
    return [f"  |{title} [{len(shown)}]:", *(f"  |   {entry}" for entry in shown)]
