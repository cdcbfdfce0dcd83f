"""The asyncio front says that it does not run on the bases of several processes yet."""

import asyncio

import pytest
import roscius
from roscius._core import find_system
from thespian.actors import ActorSystemException
from thespian.test import get_free_admin_port


def test_nothing_is_started_for_a_base_that_cannot_be_used():
    port = get_free_admin_port()
    system = roscius.AsyncActorSystem("multiprocTCPBase", {"Admin Port": port}, logDefs=False, transientUnique=True)
    with pytest.raises(ActorSystemException, match="multiprocTCPBase cannot be used with asyncio yet"):
        asyncio.run(system.start())
    assert find_system("tcp", str(port)) is None
