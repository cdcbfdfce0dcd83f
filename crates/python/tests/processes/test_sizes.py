"""Messages of no size, and of very much."""

from dataclasses import dataclass

import pytest
from cast import Echo, Player, do, heard


@pytest.fixture
def base():
    """One of the bases: to what is tried here they are all the same."""
    return "multiprocTCPBase"


MEGA = 1_000_000


@dataclass
class Parcel:
    label: str
    content: bytes


@pytest.mark.parametrize("empty", [b"", "", None, (), {}, bytearray()], ids=repr)
def test_messages_of_no_size_are_answered(asys, empty):
    player = asys.createActor(Player)
    asys.tell(player, empty)
    ((message, _),) = do(asys, player, heard)
    assert message == empty
    assert type(message) is type(empty)


@pytest.mark.parametrize("size", [20 * MEGA, 100 * MEGA])
@pytest.mark.parametrize("wrap", [bytes, lambda content: Parcel("big", content)], ids=["bytes", "object"])
def test_messages_of_any_size_are_answered(asys, size, wrap):
    echo = asys.createActor(Echo)
    message = wrap(b"0123456789" * (size // 10))
    assert asys.ask(echo, message, 20) == message
    assert asys.ask(echo, "and on it goes", 5) == "and on it goes"
