"""An address belongs to one actor for ever."""

import pytest
import seen
from cast import Player, create, do, pid
from thespian.actors import ActorExitRequest


@pytest.fixture
def base():
    """One of the bases: to what is tried here they are all the same."""
    return "multiprocTCPBase"


def end(actor, child):
    actor.send(child, ActorExitRequest())


def test_children_of_different_parents_never_have_the_same_address(asys):
    addresses = set()
    for _ in range(5):
        parent = asys.createActor(Player)
        child = do(asys, parent, create, Player)
        process = do(asys, child, pid)
        addresses.add(str(child))
        do(asys, parent, end, child)
        seen.gone([process])
    assert len(addresses) == 5
