"""Messages that can not be packed, or not be unpacked."""

import os
import pickle

import pytest
from cast import MOMENT, Call, Echo, Player, create, do, expect, heard, pid, say, take_dead_letters
from thespian.actors import ActorExitRequest, ActorSystemFailure, DeadEnvelope, PoisonMessage


@pytest.fixture
def base():
    """One of the bases: to what is tried here they are all the same."""
    return "multiprocTCPBase"


class Picky:
    """Can be unpacked in the process where it was made only, or nowhere."""

    def __init__(self, home=None, error=ValueError):
        self.home = home
        self.error = error

    def __reduce__(self):
        return unpack_picky, (self.home, self.error)


def unpack_picky(home, error):
    if os.getpid() != home:
        raise error("not here")
    return Picky(home, error)


class Unpackable:
    def __reduce__(self):
        raise TypeError("this can not be pickled")


class Hostile:
    """No text can be made of it, and it can not be compared."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__

    def __eq__(self, other):
        raise RuntimeError("not comparable")

    def __hash__(self):
        raise RuntimeError("no hash")


def nested(depth):
    found = []
    for _ in range(depth):
        found = [found]
    return found


CANNOT_PICKLE = (TypeError, AttributeError, pickle.PicklingError, RecursionError)


@pytest.mark.parametrize("message", [lambda: None, Unpackable(), nested(100_000)], ids=["lambda", "reduce", "nested"])
def test_a_program_is_told_that_its_message_can_not_be_pickled(asys, message):
    echo = asys.createActor(Echo)
    with pytest.raises(CANNOT_PICKLE):
        asys.tell(echo, message)
    with pytest.raises(CANNOT_PICKLE):
        asys.ask(echo, message, MOMENT)
    assert asys.ask(echo, "fine", MOMENT) == "fine"


def say_unpackable(actor, to):
    actor.send(to, Unpackable())
    actor.send(to, lambda: None)


def heard_briefly(actor):
    return [(type(msg), type(msg.poisonMessage).__name__, msg.details, sender) for msg, sender in actor.heard]


def test_an_actor_gets_back_what_can_not_be_pickled(scene, asys):
    player, other = asys.createActor(Player), asys.createActor(Player)
    do(asys, player, say_unpackable, other)
    first, second = do(asys, player, heard_briefly)
    assert first[:2] == (PoisonMessage, "Unpackable")
    assert "this can not be pickled" in first[2]
    assert "Traceback" in first[2]
    assert second[:2] == (PoisonMessage, "function")
    assert first[3] == second[3] == other
    assert do(asys, other, heard) == []
    assert scene.logged("can not be sent")[0].startswith("ERROR|")


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, RecursionError])
def test_an_ask_fails_whose_receiver_can_not_unpickle(scene, asys, error):
    echo = asys.createActor(Echo)
    with pytest.raises(ActorSystemFailure, match="BadPacketError"):
        asys.ask(echo, Picky(os.getpid(), error), MOMENT)
    assert asys.ask(echo, "fine", MOMENT) == "fine"
    assert "not here" in scene.logged("OUCH! Error deserializing")[0]


def test_a_tell_whose_receiver_can_not_unpickle_is_logged(scene, asys):
    echo = asys.createActor(Echo)
    asys.tell(echo, Picky())
    assert asys.ask(echo, "fine", MOMENT) == "fine"
    scene.logged("OUCH! Error deserializing")


def say_picky(actor, to, home):
    actor.send(to, Picky(os.getpid() if home else None))


def test_an_actor_gets_poison_for_what_the_receiver_can_not_unpickle(asys):
    player = asys.createActor(Player)
    child = do(asys, player, create, Player)
    do(asys, player, say_picky, child, True)
    assert expect(asys, player, PoisonMessage, look=poisons) == [("Picky", child)]


def poisons(actor, kind):
    return [(type(msg.poisonMessage).__name__, who) for msg, who in actor.heard if isinstance(msg, kind)]


def test_what_nobody_can_unpickle_disturbs_nobody(asys):
    player = asys.createActor(Player)
    child = do(asys, player, create, Player)
    do(asys, player, say_picky, child, False)
    assert do(asys, child, heard) == []
    assert do(asys, player, heard) == []


def answer_picky(_actor):
    return Picky()


def test_an_answer_that_the_program_can_not_unpickle_is_left_out(asys):
    player = asys.createActor(Player)
    assert asys.ask(player, Call(answer_picky, ()), 0.3) is None
    assert do(asys, player, pid)


def test_a_dead_letter_that_the_handler_can_not_unpickle_is_left_out(asys):
    handler, echo = asys.createActor(Player), asys.createActor(Echo)
    do(asys, handler, take_dead_letters)
    asys.ask(echo, ActorExitRequest(), 0.05)
    asys.tell(echo, Picky())
    asys.tell(echo, "readable")
    ((letter, _),) = expect(asys, handler, DeadEnvelope)
    assert letter.deadMessage == "readable"
    assert letter.deadAddress == echo


def test_messages_without_text_or_comparison_pass(asys):
    player = asys.createActor(Player)
    child = do(asys, player, create, Player)
    do(asys, player, say, child, Hostile())
    asys.tell(child, Hostile())
    assert do(asys, child, kinds_heard) == ["Hostile", "Hostile"]
    assert type(asys.ask(asys.createActor(Echo), Hostile(), MOMENT)) is Hostile


def kinds_heard(actor):
    return [type(msg).__name__ for msg, _ in actor.heard]
