"""Actors that are made in another system, and what passes between systems."""

import os
import time

import pytest
import seen
from elsewhere import made
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorSystemConventionUpdate,
    ChildActorExited,
    DeadEnvelope,
    NoCompatibleSystemForActor,
    PoisonMessage,
    requireCapability,
)

MOMENT = 5


class Echo(Actor):
    """Answers with what it gets, counts, and tells of its process."""

    def __init__(self):
        self.heard = []

    def receiveMessage(self, msg, sender):
        if msg == "pid":
            self.send(sender, os.getpid())
        elif msg == "heard":
            self.send(sender, self.heard)
        elif isinstance(msg, int):
            self.heard.append(msg)
        elif isinstance(msg, tuple):
            what, whom = msg
            self.send(whom, what)
        elif isinstance(msg, (str, bytes)):
            self.send(sender, msg)


@requireCapability("blue")
class Blue(Echo):
    """Runs where there is something blue."""


@requireCapability("red")
class Red(Echo):
    """Runs where there is something red."""


class Parent(Actor):
    """Makes children, and tells who made it do so what becomes of them."""

    def __init__(self):
        self.client = None

    def receiveMessage(self, msg, sender):
        if isinstance(msg, type):
            self.client = sender
            self.send(sender, self.createActor(msg))
        elif isinstance(msg, (ChildActorExited, PoisonMessage, ActorSystemConventionUpdate)):
            if self.client is not None:
                self.send(self.client, type(msg).__name__)
        elif isinstance(msg, tuple):
            whom, what = msg
            self.send(whom, (what, sender))
        elif msg == "watch":
            self.client = sender
            self.notifyOnSystemRegistrationChanges()


class Mourner(Actor):
    """Handles dead letters."""

    def __init__(self):
        self.letters = []

    def receiveMessage(self, msg, sender):
        if msg == "start":
            self.handleDeadLetters()
            self.send(sender, "started")
        elif msg == "letters":
            self.send(sender, self.letters)
        elif isinstance(msg, DeadEnvelope):
            self.letters.append(msg.deadMessage)


def test_an_actor_is_made_where_it_can_run(convention):
    first, second = convention.join(), convention.join(blue=True)
    blue = made(first, Blue)
    assert first.ask(blue, "hello", MOMENT) == "hello"
    assert second.ask(blue, "hello", MOMENT) == "hello"
    assert second.ask(second.createActor(Echo), "pid", MOMENT) != first.ask(blue, "pid", MOMENT)
    with pytest.raises(NoCompatibleSystemForActor):
        first.createActor(Red)


def test_a_member_has_an_actor_made_by_way_of_its_leader(convention):
    _leader, member = convention.join(), convention.join(red=True)
    other = convention.join(blue=True)
    blue, red = made(member, Blue), made(other, Red)
    parent = other.createActor(Parent)
    # Neither member has a link with the other.
    assert member.ask(blue, "hello", MOMENT) == "hello"
    assert member.ask(parent, (red, "by the leader"), MOMENT) == "by the leader"


@pytest.mark.parametrize("size", (0, 1, 65_535, 1 << 20, 9 << 20))
def test_messages_of_any_length_arrive_whole(convention, size):
    first, _second = convention.join(), convention.join(blue=True)
    blue, content = made(first, Blue), os.urandom(size)
    assert first.ask(blue, content, 4 * MOMENT) == content


def test_nothing_is_lost_or_out_of_order_when_much_is_sent_at_once(convention):
    first, _second = convention.join(), convention.join(blue=True)
    blue = made(first, Blue)
    for number in range(30_000):
        first.tell(blue, number)
    assert first.ask(blue, "heard", 8 * MOMENT) == list(range(30_000))


def test_a_parent_hears_of_the_end_of_a_child_elsewhere(convention):
    first, _second = convention.join(), convention.join(blue=True)
    made(first, Blue)
    parent = first.createActor(Parent)
    child = first.ask(parent, Blue, MOMENT)
    first.tell(child, ActorExitRequest())
    assert first.listen(MOMENT) == "ChildActorExited"


def test_a_child_elsewhere_ends_with_its_parent(convention):
    first, _second = convention.join(), convention.join(blue=True)
    made(first, Blue)
    parent = first.createActor(Parent)
    child = first.ask(parent, Blue, MOMENT)
    process = first.ask(child, "pid", MOMENT)
    first.tell(parent, ActorExitRequest())
    seen.gone([process])


def test_a_child_that_no_system_can_run_is_told_as_ended(convention):
    first, _second = convention.join(), convention.join(blue=True)
    made(first, Blue)
    parent = first.createActor(Parent)
    # Its address is nobody's, and does not leave the process.
    answers = {first.ask(parent, Red, MOMENT), first.listen(MOMENT)}
    assert answers == {"ChildActorExited", "PoisonMessage"}


def test_systems_that_join_and_leave_are_told_once(convention):
    first = convention.join()
    parent = first.createActor(Parent)
    first.tell(parent, "watch")
    second = convention.join()
    assert first.listen(MOMENT) == "ActorSystemConventionUpdate"
    second.shutdown()
    assert first.listen(MOMENT) == "ActorSystemConventionUpdate"
    assert first.listen(0.5) is None


def test_the_end_of_a_killed_system_is_noticed_within_seconds(convention):
    first = convention.join()
    admins = convention.admins()
    convention.join(blue=True)
    made(first, Blue)
    parent = first.createActor(Parent)
    assert first.ask(parent, Blue, MOMENT)
    begun = time.monotonic()
    seen.kill(convention.admins() - admins)
    assert first.listen(2 * MOMENT) == "ChildActorExited"
    assert time.monotonic() - begun < convention.noticed_within
    # What it has left is removed by the next system.
    convention.join()


def test_what_is_sent_to_a_system_that_has_left_is_a_dead_letter(convention):
    first, second = convention.join(), convention.join(blue=True)
    blue = made(first, Blue)
    mourner = first.createActor(Mourner)
    assert first.ask(mourner, "start", MOMENT) == "started"
    second.shutdown()
    first.tell(blue, "anybody?")
    assert seen.until(lambda: first.ask(mourner, "letters", MOMENT)) == ["anybody?"]


def test_what_is_sent_to_an_actor_elsewhere_that_has_ended_is_a_dead_letter(convention):
    first, _second = convention.join(), convention.join(blue=True)
    blue = made(first, Blue)
    mourner = first.createActor(Mourner)
    assert first.ask(mourner, "start", MOMENT) == "started"
    process = first.ask(blue, "pid", MOMENT)
    first.tell(blue, ActorExitRequest())
    seen.gone([process])
    first.tell(blue, "anybody?")
    assert seen.until(lambda: first.ask(mourner, "letters", MOMENT)) == ["anybody?"]
