"""Between which systems pickles pass, as the capability `Convention Pickle` says."""

import pytest
import roscius
import seen
from elsewhere import made
from thespian.actors import (
    Actor,
    ActorExitRequest,
    DeadEnvelope,
    NoCompatibleSystemForActor,
    requireCapability,
)

MOMENT = 5
NEVER = {"Convention Pickle": "never"}
SAME_HOST = {"Convention Pickle": "same-host"}


class Parcel:
    """A message that is pickled."""

    def __init__(self, content):
        self.content = content


class Echo(Actor):
    """Answers what it gets, and counts parcels."""

    def __init__(self):
        self.parcels = []

    def receiveMessage(self, msg, sender):
        if isinstance(msg, Parcel):
            self.parcels.append(msg.content)
        elif msg == "parcels":
            self.send(sender, ",".join(self.parcels))
        elif isinstance(msg, (str, bytes, int, float)):
            self.send(sender, msg)


@requireCapability("blue")
class Blue(Echo):
    """Runs where there is something blue."""


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
        elif isinstance(msg, DeadEnvelope) and isinstance(msg.deadMessage, Parcel):
            self.letters.append(msg.deadMessage.content)


class Side:
    """A system, and what is in it."""

    def __init__(self, system):
        self.system = system
        self.echo = system.createActor(Echo)
        self.mourner = system.createActor(Mourner)
        assert system.ask(self.mourner, "start", MOMENT) == "started"

    def reaches(self, other):
        """Wait until it is in a convention with another."""
        seen.until(lambda: self.system.ask(other.echo, "hello", 0.2) == "hello", 2 * MOMENT)

    def passes(self, other):
        """Whether a pickle gets to another; if not, it is a dead letter here."""
        self.system.tell(other.echo, Parcel("x"))
        # What is no pickle passes in any case, and comes after it.
        for plain in ("text", b"bytes", 7, 2.5):
            assert self.system.ask(other.echo, plain, MOMENT) == plain
        got = bool(self.system.ask(other.echo, "parcels", MOMENT))
        if not got:
            assert seen.until(lambda: self.system.ask(self.mourner, "letters", MOMENT)) == ["x"]
        return got


def two(convention, mine, its):
    first, second = Side(convention.join(**mine)), Side(convention.join(blue=True, **its))
    first.reaches(second)
    second.reaches(first)
    return first, second


def test_pickles_pass_unless_somebody_objects(convention):
    first, second = two(convention, {}, {"Convention Pickle": "convention"})
    assert (first.passes(second), second.passes(first)) == (True, True)


@pytest.mark.parametrize("policies", [(NEVER, {}), ({}, NEVER), (NEVER, SAME_HOST)], ids=("here", "there", "both"))
def test_where_one_side_takes_none_none_passes_in_either_direction(convention, policies):
    first, second = two(convention, *policies)
    assert (first.passes(second), second.passes(first)) == (False, False)
    # What an actor is made from is a pickle too. What the other has is known all the same.
    with pytest.raises(NoCompatibleSystemForActor, match="Convention Pickle"):
        first.system.createActor(Blue)
    # A request to exit is none.
    watched = second.system.createActor(Echo)
    first.system.tell(watched, ActorExitRequest())
    seen.until(lambda: second.system.ask(watched, "still there?", 0.2) is None)


def test_pickles_of_the_same_host_pass_where_that_is_certain(convention):
    first, second = two(convention, SAME_HOST, {})
    # By way of a server nobody knows where the other is.
    is_certain = convention.server is None
    assert (first.passes(second), second.passes(first)) == (is_certain, is_certain)
    if is_certain:
        assert first.system.ask(made(first.system, Blue), "made", MOMENT) == "made"


def test_the_leader_passes_on_what_the_receiver_takes(convention):
    _leader, member, wary = (Side(convention.join(**policy)) for policy in ({}, {}, NEVER))
    member.reaches(wary)
    wary.reaches(member)
    assert (member.passes(wary), wary.passes(member)) == (False, False)


def test_a_durable_pickle_is_a_dead_letter_at_once(convention_over_tcp):
    convention = convention_over_tcp
    first = Side(convention.join())
    second = Side(convention.join(**NEVER))
    first.reaches(second)
    ledger = second.system.createActor(Echo, globalName="ledger")
    durable = roscius.durable(first.system, f"127.0.0.1:{convention.scene.port}", "ledger")
    first.system.tell(durable, Parcel("kept"))
    assert seen.until(lambda: first.system.ask(first.mourner, "letters", MOMENT)) == ["kept"]
    first.system.tell(durable, "no pickle")
    assert second.system.ask(ledger, "parcels", MOMENT) == ""


@pytest.mark.parametrize("value", ["sometimes", True, None])
def test_a_policy_that_makes_no_sense_is_refused(scene, value):
    with pytest.raises(RuntimeError, match="Convention Pickle"):
        scene.start("multiprocTCPBase", **{"Convention Pickle": value})
