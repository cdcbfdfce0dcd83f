"""Where the systems of the network bases are found."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from thespian.system.processes.starting import SystemPlace


def place_of(kind: str, default_port: int, capabilities: dict[str, Any]) -> SystemPlace:
    """The place that the capability `Admin Port` says. RuntimeError if that is no port, or others make no sense."""
    from thespian.system.processes.starting import SystemPlace

    port = capabilities.setdefault("Admin Port", default_port)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise RuntimeError(
            f"Unable to determine valid external socket address: the Admin Port is {port!r}, and has to be a number from 1 to 65535."
        )
    spool_of(capabilities)
    pickles_of(capabilities)
    _check_address(capabilities)
    # Without certificates, and if nobody said that they need not be, other systems are those of this host.
    is_open = capabilities.get(CERTIFICATE) or capabilities.get(INSECURE)
    everywhere = bool(is_open) and not capabilities.get("Outbound Only") and not _over_nats(leaders_of(capabilities))
    return SystemPlace(kind, str(port), EVERYWHERE if everywhere else "127.0.0.1")


# Where a leader listens if its address does not say it.
LEADER_PORT = 1900
LEADERS = "Convention Address.IPv4"
# The same as a URL: `tcp://host:port`, or `nats://host:port/convention` for all links over that server.
ADDRESS = "Convention Address"
# What the server is shown, and who certifies it.
CREDENTIALS = "Convention Credentials"
AUTHORITY = "Convention Authority"
# What the system is called in the convention, and by durable destinations, if it has no certificate.
IDENTITY = "Convention Identity"
# The certificate of the system, as `roscius cert node` makes it.
CERTIFICATE = "Convention Certificate"
# Links with other hosts are made without encryption.
INSECURE = "Convention Insecure"
# With which systems pickles are exchanged.
PICKLE = "Convention Pickle"
PICKLES = ("convention", "same-host", "never")
EVERYWHERE = "0.0.0.0"
# How long durable messages are kept, how many bytes of them, and where they are written down.
SPOOL_SECONDS = "Convention Spool Seconds"
SPOOL_BYTES = "Convention Spool Bytes"
SPOOL_DIRECTORY = "Convention Spool Directory"
# A thousand years. The core counts in nanoseconds of 64 bits.
LONGEST_SECONDS = 3e10
# Nobody waits for a system that says less often that it lives.
LONGEST_PERIOD = 15 * 60
MOST_MISSES = 1_000_000


class Spool(NamedTuple):
    """What is kept of durable messages. None: what is usual."""

    seconds: float | None
    bytes: int | None
    directory: str | None


def spool_of(capabilities: dict[str, Any]) -> Spool:
    """What the capabilities say of durable messages. RuntimeError if that makes no sense."""
    seconds, size = capabilities.get(SPOOL_SECONDS), capabilities.get(SPOOL_BYTES)
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if seconds is not None and not (is_number and 0 < seconds <= LONGEST_SECONDS):
        raise RuntimeError(f"{SPOOL_SECONDS} is {seconds!r}, and has to be a number of seconds above zero.")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or not 0 < size < 1 << 63):
        raise RuntimeError(f"{SPOOL_BYTES} is {size!r}, and has to be a whole number above zero.")
    directory = capabilities.get(SPOOL_DIRECTORY)
    if directory is None:
        return Spool(seconds, size, None)
    path = os.fspath(directory) if isinstance(directory, (str, os.PathLike)) else ""
    # The Admin works in another directory than the program.
    if not isinstance(path, str) or not os.path.isabs(path):
        raise RuntimeError(f"{SPOOL_DIRECTORY} is {directory!r}, and has to be an absolute path.")
    return Spool(seconds, size, path)


Number = TypeVar("Number", int, float)

# How slowly a system lives in its convention: as the original's variables say it, minutes and seconds as `m:s`.
PERIOD = "CONVENTION_REREGISTRATION_PERIOD"
RETRY_PERIOD = "CONVENTION_RESTART_PERIOD"
MISSES = "CONVENTION_REGISTRATION_MISS_MAX"


class Pace(NamedTuple):
    """How slowly a system lives in its convention. None: as is usual."""

    # Seconds between two signs of life.
    heartbeat: float | None
    # So many of them may be missed.
    misses: int | None
    # How many seconds to wait at most before a system that is away is tried again.
    retry: float | None


def pace_of(environment: Mapping[str, str]) -> Pace:
    """What the environment says of it. What can not be read is in the system's own log, and not used."""

    def read(name: str, parse: Callable[[str], Number]) -> Number | None:
        text = environment.get(name)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            thesplog("%s is %r, which is not used: %s", name, text, error, level=logging.WARNING)
            return None

    return Pace(read(PERIOD, _period), read(MISSES, _misses), read(RETRY_PERIOD, _period))


def _period(text: str) -> float:
    minutes, _, seconds = text.partition(":")
    period = 60 * int(minutes) + int(seconds) if seconds else 0
    if not 0 < period <= LONGEST_PERIOD:
        raise ValueError(f"expected minutes and seconds, such as 0:30, from 0:01 to {LONGEST_PERIOD // 60}:00")
    return period


def _misses(text: str) -> int:
    misses = int(text)
    if not 0 < misses <= MOST_MISSES:
        raise ValueError(f"expected a number from 1 to {MOST_MISSES:,}")
    return misses


def pickles_of(capabilities: dict[str, Any]) -> str:
    """With which systems pickles are exchanged. RuntimeError if it is said so that it makes no sense."""
    said = capabilities.get(PICKLE, PICKLES[0])
    if said not in PICKLES:
        raise RuntimeError(f"{PICKLE} is {said!r}, and has to be one of {', '.join(map(repr, PICKLES))}.")
    return str(said)


class Share(NamedTuple):
    """What a system is to others."""

    leaders: list[str]
    # What they call it. None: where it is reached, what its certificate says, or a number.
    identity: str | None
    # Where they reach it. None: where it listens.
    place: str | None
    outbound_only: bool
    certificate: str | None
    credentials: str | None
    authority: str | None
    insecure: bool
    # With which systems pickles are exchanged.
    pickles: str
    spool: Spool
    pace: Pace


def share_of(capabilities: dict[str, Any], host: str, port: str) -> Share:
    """What the capabilities of a system say of it, which listens at a host and a port."""
    leaders = leaders_of(capabilities)
    place = f"{own_address(leaders)}:{port}" if host == EVERYWHERE else None
    files = (capabilities.get(name) for name in (CERTIFICATE, CREDENTIALS, AUTHORITY))
    certificate, credentials, authority = (None if file is None else str(file) for file in files)
    insecure = bool(capabilities.get(INSECURE))
    outbound_only = bool(capabilities.get("Outbound Only"))
    identity = capabilities.get(IDENTITY)
    return Share(
        leaders,
        None if identity is None else str(identity),
        place,
        outbound_only,
        certificate,
        credentials,
        authority,
        insecure,
        pickles_of(capabilities),
        spool_of(capabilities),
        pace_of(os.environ),
    )


def _check_address(capabilities: dict[str, Any]) -> None:
    given = capabilities.get(ADDRESS)
    if not given:
        return
    for address in given if isinstance(given, list) else [given]:
        if not isinstance(address, str) or not address.startswith(("tcp://", "nats://")):
            raise RuntimeError(
                f"{ADDRESS} is {address!r}, and has to be tcp://host:port or nats://host:port/convention."
            )
    if capabilities.get(LEADERS):
        raise RuntimeError(f"{ADDRESS} and {LEADERS} both say where the leaders are: leave one of them out.")


def _over_nats(leaders: list[str]) -> bool:
    return any(leader.startswith("nats://") for leader in leaders)


def own_address(leaders: list[str]) -> str:
    """The address that others know this host by: the one that leads to them."""
    given = os.environ.get("THESPIAN_BASE_IPADDR")
    if given:
        return given
    for other in (*leaders, "8.8.8.8:53"):
        name, _, port = other.rpartition(":")
        with suppress(OSError, ValueError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((name, int(port)))
            return str(probe.getsockname()[0])
    return "127.0.0.1"


def leaders_of(capabilities: dict[str, Any]) -> list[str]:
    """Where the leaders of the convention are, as `host:port`, in the order in which they lead."""
    given = capabilities.get(ADDRESS) or capabilities.get(LEADERS)
    if not given:
        return []
    return [_place(leader) for leader in (given if isinstance(given, list) else [given])]


def leaders_after(capabilities: dict[str, Any], name: str, value: Any) -> list[str] | None:
    """Where the leaders are when a capability has another value, or none any more. None if that says nothing of them."""
    if name not in (LEADERS, ADDRESS):
        return None
    # What a server says of them stays, and to give the same again is no change.
    if _over_nats(leaders_of(capabilities)) and capabilities.get(name) == value:
        return None
    return leaders_of({**capabilities, name: value})


def place_text(address: Any) -> str:
    """The place of another system as `host:port`: what programs give as such a text, or as a host and a port."""
    return _place(address)


def _place(address: Any) -> str:
    if isinstance(address, str) and address.startswith("nats://"):
        return address
    if isinstance(address, (tuple, list)) and len(address) == 2:
        host, port = str(address[0] or ""), str(address[1])
    else:
        text = str(address).removeprefix("tcp://")
        host, colon, port = text.rpartition(":")
        if not colon or port.endswith("]"):
            host, port = text, str(LEADER_PORT)
    # No host is this one.
    return f"{host or '127.0.0.1'}:{port or LEADER_PORT}"


def is_here(host: str | None) -> bool:
    """Whether this is a name or an address of this host."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host or "", 0))
    except OSError:
        return False
    return True
