"""A system of each base that the package `roscius` runs on."""

from collections.abc import Iterator
from typing import Any

import pytest
from thespian.actors import ActorSystem

BASES = ("simpleSystemBase", "threadSystemBase")


@pytest.fixture(params=BASES)
def base(request: pytest.FixtureRequest) -> str:
    """The name of the base."""
    return str(request.param)


@pytest.fixture
def system(base: str) -> Iterator[Any]:
    """A system of its own."""
    system = ActorSystem(base, logDefs=False, transientUnique=True)
    yield system
    system.shutdown()
