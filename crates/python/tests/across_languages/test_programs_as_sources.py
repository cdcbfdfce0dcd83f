"""Programs in Rust that are loaded as sources: their actors are created with the hash, as classes of a zip file are."""

import pytest
import roscius
from foreign import MOMENT, Add, Total
from thespian.actors import (
    Actor,
    ActorExitRequest,
    InvalidActorSourceHash,
    InvalidActorSpecification,
    NoCompatibleSystemForActor,
    ValidatedSource,
    ValidateSource,
)

COUNTER = roscius.RustActor("counter", 40)


class Authority(Actor):
    def receiveMessage(self, msg, sender):
        if msg == "register":
            self.registerSourceAuthority()
            self.send(sender, "registered")
        elif isinstance(msg, ValidateSource):
            self.send(sender, ValidatedSource(msg.sourceHash, msg.sourceData, msg.sourceInfo))


class Parent(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, self.createActor(COUNTER, sourceHash=msg))


@pytest.fixture
def loaded(asys, program):
    """The hash of the program."""
    assert asys.ask(asys.createActor(Authority), "register", MOMENT) == "registered"
    return asys.loadActorSource(program)


def test_actors_of_a_program_are_created_by_its_hash(asys, loaded):
    counter = asys.createActor(COUNTER, sourceHash=loaded)
    assert asys.ask(counter, Add(1), MOMENT) == Total(41, [1])
    child = asys.ask(asys.createActor(Parent), loaded, MOMENT)
    assert asys.ask(child, Add(2), MOMENT) == Total(42, [2])
    named = asys.createActor(COUNTER, sourceHash=loaded, globalName="the counter")
    assert asys.createActor(COUNTER, sourceHash=loaded, globalName="the counter") == named
    # Without the hash nobody knows it.
    with pytest.raises(InvalidActorSpecification, match="nobody in this system makes `counter`"):
        asys.createActor(COUNTER)
    asys.unloadActorSource(loaded)
    assert asys.ask(counter, Add(1), MOMENT) == Total(42, [1, 1])
    with pytest.raises(InvalidActorSourceHash):
        asys.createActor(COUNTER, sourceHash=loaded)
    asys.tell(counter, ActorExitRequest())


def test_a_program_runs_where_the_capabilities_say_that_it_does(asys, loaded):
    os, arch = asys.capabilities["os"], asys.capabilities["arch"]
    asys.updateCapability("arch", "vax")
    with pytest.raises(NoCompatibleSystemForActor) as refused:
        asys.createActor(COUNTER, sourceHash=loaded)
    assert f"a program for {os} on {arch}" in str(refused.value)
    assert "`arch` `vax`" in str(refused.value)
    asys.updateCapability("arch", arch)
    asys.createActor(COUNTER, sourceHash=loaded)


def test_what_a_program_does_not_have_is_refused(asys, loaded):
    with pytest.raises(InvalidActorSpecification, match="this program knows no actor `cuonter`"):
        asys.createActor(roscius.RustActor("cuonter"), sourceHash=loaded)
    with pytest.raises(InvalidActorSpecification, match="this program knows no actor `python`"):
        asys.createActor("some.Class", sourceHash=loaded)
