"""A system of each base that the package `roscius` runs on."""

from collections.abc import Iterator
from typing import Any

import pytest
from thespian.actors import ActorSystem
from thespian.test import get_free_admin_port

BASES = ("simpleSystemBase", "threadSystemBase", "multiprocTCPBase", "multiprocUDPBase", "multiprocQueueBase")


@pytest.fixture(params=BASES)
def base(request: pytest.FixtureRequest) -> str:
    """The name of the base."""
    return str(request.param)


@pytest.fixture
def arguments(base: str) -> tuple[Any, ...]:
    """Those of an ActorSystem that nobody else finds."""
    has_port = base in ("multiprocTCPBase", "multiprocUDPBase")
    return base, {"Admin Port": get_free_admin_port()} if has_port else {}, False, True


@pytest.fixture
def system(arguments: tuple[Any, ...]) -> Iterator[Any]:
    """A system of its own."""
    system = ActorSystem(*arguments)
    yield system
    system.shutdown()
