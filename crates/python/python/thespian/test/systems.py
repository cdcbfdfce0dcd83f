"""Actor systems of all bases, as pytest fixtures."""

from __future__ import annotations

import importlib.util
import random
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from thespian.actors import ActorSystem
from thespian.system.timing import Period, timePeriodSeconds
from thespian.test.log_setup import simpleActorTestLogging

# A name may have a variant: `base-variant`.
_KNOWN_BASES = (
    "simpleSystemBase",
    "threadSystemBase",
    "multiprocQueueBase",
    "multiprocUDPBase",
    "multiprocTCPBase",
    "multiprocTCPBase-AdminRouting",
    "multiprocTCPBase-AdminRoutingTXOnly",
)
_CONVENTION_START = 0.25
_PORT_ATTEMPTS = 100

BASES = tuple(name for name in _KNOWN_BASES if importlib.util.find_spec(f"thespian.system.{name.partition('-')[0]}"))


def get_free_admin_port() -> int:
    """A port that nobody uses, for TCP and for UDP. It is below those that the system hands out by itself."""
    for _ in range(_PORT_ATTEMPTS):
        port = random.randint(5000, 30000)
        if all(_is_free(port, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            return port
    raise OSError(f"no free port was found in {_PORT_ATTEMPTS} attempts")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _has_port(base_name: str) -> bool:
    return base_name.startswith(("multiprocTCP", "multiprocUDP"))


def _start(base_name: str, capabilities: dict[str, Any]) -> Any:
    """A system of this base, which knows its base and its port for the tests."""
    logDefs: Any = simpleActorTestLogging() if base_name.startswith("multiproc") else False
    base = base_name.partition("-")[0]
    system: Any = ActorSystem(base, capabilities, logDefs=logDefs, transientUnique=True)
    system.base_name = base_name
    system.port_num = capabilities.get("Admin Port")
    system.txonly = base_name.endswith("-AdminRoutingTXOnly")
    return system


@pytest.fixture(params=BASES)
def asys(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An actor system of each base. Over a network it is the leader of its own convention."""
    capabilities: dict[str, Any] = {
        "Foo Allowed": True,
        "Cows Allowed": True,
        "Dogs Allowed": True,
        "dog": "food",
    }
    if _has_port(request.param):
        port = get_free_admin_port()
        capabilities["Admin Port"] = port
        capabilities["Convention Address.IPv4"] = "", port
    capabilities.update(_routing(request.param, also_outbound_only=True))
    system = _start(request.param, capabilities)
    yield system
    system.shutdown()


def _routing(base_name: str, also_outbound_only: bool) -> dict[str, Any]:
    outbound_only = base_name.endswith("-AdminRoutingTXOnly")
    if base_name.endswith("-AdminRouting"):
        return {"Admin Routing": True}
    if outbound_only and also_outbound_only:
        return {"Admin Routing": True, "Outbound Only": True}
    return {}


def similar_asys(
    asys: Any,
    in_convention: bool = True,
    start_wait: bool = True,
    capabilities: dict[str, Any] | None = None,
) -> Any:
    """One more system of the same base, by default a member of the first one's convention."""
    wanted = capabilities or {}
    if _has_port(asys.base_name):
        wanted["Admin Port"] = get_free_admin_port()
        if in_convention:
            wanted["Convention Address.IPv4"] = "", asys.port_num
    wanted.update(_routing(asys.base_name, also_outbound_only=False))
    system = _start(asys.base_name, wanted)
    if in_convention and start_wait:
        time.sleep(_CONVENTION_START)
    return system


# Both fixtures end their second system before the first, which may be its leader and its actors' parent.


@pytest.fixture
def asys2(asys: Any) -> Iterator[Any]:
    """A second system that has nothing to do with the first."""
    system = similar_asys(asys, in_convention=False)
    yield system
    system.shutdown()


@pytest.fixture
def asys_pair(asys: Any) -> Iterator[tuple[Any, Any]]:
    """Two systems in one convention."""
    system = similar_asys(asys, in_convention=True)
    yield asys, system
    system.shutdown()


@pytest.fixture
def run_unstable_tests(request: pytest.FixtureRequest) -> bool:
    """Whether the option `unstable` of a program's own conftest is on."""
    return bool(request.config.getoption("unstable", default=False))


def unstable_test(run_unstable_tests: bool, asys: Any, *unstable_bases: str) -> None:
    """Skip the test on these bases, unless unstable tests are wanted."""
    if asys.base_name in unstable_bases and not run_unstable_tests:
        pytest.skip(f"Test unstable for {asys.base_name} system base")


def actor_system_unsupported(asys: Any, *unsupported_bases: str) -> None:
    """Skip the test on bases that lack what it is about."""
    if asys.base_name in unsupported_bases:
        pytest.skip(f"Functionality not supported for {asys.base_name} system base")


def inTestDelay(period: Period) -> None:
    """Wait."""
    time.sleep(timePeriodSeconds(period))


def delay_for_next_of_kin_notification(system: Any) -> None:
    """Wait as long as a parent may have to for the notice of a child's exit."""
    queue_poll, datagram, prompt = 2.5, 0.6, 0.1
    delays = {"multiprocQueueBase": queue_poll, "multiprocUDPBase": datagram}
    time.sleep(delays.get(system.base_name, prompt))
