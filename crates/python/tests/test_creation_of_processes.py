"""Creation of actors by the bases of several processes: what fails, and who hears of it."""

import time

import pytest
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorSystemMessage,
    ChildActorExited,
    InvalidActorSourceHash,
    InvalidActorSpecification,
    NoCompatibleSystemForActor,
    requireCapability,
)

MOMENT = 5


class Echo(Actor):
    def receiveMessage(self, msg, sender):
        if not isinstance(msg, ActorSystemMessage):
            self.send(sender, msg)


@requireCapability("Unicorns")
class Unicorn(Echo):
    pass


class BrokenCheck(Echo):
    @staticmethod
    def actorSystemCapabilityCheck(capabilities, requirements):
        return 1 / 0


class NeverStarts(Echo):
    def __init__(self):
        raise ZeroDivisionError


class Parent(Actor):
    """Creates what it is told to, and says how that child ended."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, ChildActorExited):
            self.send(self.asker, ("exited", msg.childAddress == self.child))
        elif isinstance(msg, tuple):
            self.asker = sender
            self.child = self.createActor(*msg)
            self.send(self.child, "early")
        elif msg == "early":
            self.send(self.asker, "answered")


@pytest.fixture(autouse=True)
def several_processes(asys):
    if "multiproc" not in asys.base_name:
        pytest.skip("bases of one process: tests/test_creation.py")


@pytest.mark.parametrize(
    ("spec", "keywords", "error"),
    [
        ("Echo", {}, InvalidActorSpecification),
        ("Echo", {"sourceHash": "abc"}, InvalidActorSpecification),
        ("", {}, InvalidActorSpecification),
        (5, {}, InvalidActorSpecification),
        ("no.such.module.Echo", {}, ImportError),
        (f"{__name__}.Missing", {}, InvalidActorSpecification),
        (f"{__name__}.Echo", {"sourceHash": "abc"}, InvalidActorSourceHash),
        (Unicorn, {}, NoCompatibleSystemForActor),
        (BrokenCheck, {}, NoCompatibleSystemForActor),
    ],
)
def test_what_fails_is_raised(asys, spec, keywords, error):
    with pytest.raises(error):
        asys.createActor(spec, **keywords)
    # The system is none the worse for it.
    assert asys.ask(asys.createActor(Echo), "hi", MOMENT) == "hi"


def test_the_reason_is_told_once(asys):
    with pytest.raises(InvalidActorSpecification) as raised:
        asys.createActor(f"{__name__}.Missing")
    assert str(raised.value).count("Invalid Actor Specification") == 1
    assert "has no attribute 'Missing'" in str(raised.value)


def test_a_local_class_has_no_name_to_import_it_by(asys):
    class Local(Echo):
        pass

    with pytest.raises(InvalidActorSpecification, match="inside of a function or class"):
        asys.createActor(Local)


def test_an_actor_that_fails_to_start_is_dead_at_once(asys):
    address = asys.createActor(NeverStarts)
    start = time.monotonic()
    assert asys.ask(address, "hi", MOMENT) is None
    assert time.monotonic() - start < MOMENT


@pytest.mark.parametrize(
    "spec", ["Echo", f"{__name__}.Missing", "no.such.module.Echo", Unicorn, BrokenCheck, NeverStarts]
)
def test_a_child_that_fails_is_reported_to_its_parent(asys, spec):
    parent = asys.createActor(Parent)
    assert asys.ask(parent, (spec,), MOMENT) == ("exited", True)


def test_a_child_can_be_sent_to_at_once(asys):
    parent = asys.createActor(Parent)
    assert asys.ask(parent, (Echo,), MOMENT) == "answered"


def test_a_name_is_looked_at_before_anything_else(asys):
    one = asys.createActor(Echo, globalName="one")
    assert asys.createActor("no.such.module.Echo", globalName="one", sourceHash="abc") == one
    asys.tell(one, ActorExitRequest())
    assert asys.ask(one, "anybody there?", MOMENT) is None
    other = asys.createActor(Echo, globalName="one")
    assert other != one
    assert asys.ask(other, "hi", MOMENT) == "hi"
