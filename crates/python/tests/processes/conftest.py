"""A system of processes for each test, of which nothing may be left."""

from __future__ import annotations

import pytest
from scenes import BASES, scene  # noqa: F401


@pytest.fixture(params=BASES)
def base(request):
    return request.param


@pytest.fixture
def asys(scene, base):  # noqa: F811
    """A system of each base whose actors are processes."""
    return scene.start(base)
