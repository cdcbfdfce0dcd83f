"""Creating actors, and how that fails."""

import pytest
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorSystemMessage,
    ChildActorExited,
    InvalidActorAddress,
    InvalidActorSourceHash,
    InvalidActorSpecification,
    NoCompatibleSystemForActor,
    PoisonMessage,
    requireCapability,
)

MOMENT = 2


class Echo(Actor):
    def receiveMessage(self, msg, sender):
        if not isinstance(msg, ActorSystemMessage):
            self.send(sender, (msg, self.globalName))


class Parent(Actor):
    """Creates what it is sent, and tells of children that exit."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, ChildActorExited):
            self.send(self.asker, ("exited", msg.childAddress == self.child, str(sender)))
        elif isinstance(msg, tuple):
            self.asker = sender
            self.child = self.createActor(msg[0], **msg[1])
            self.send(sender, self.child)


@requireCapability("Unicorns")
class Unicorn(Echo):
    pass


class BrokenCheck(Echo):
    @staticmethod
    def actorSystemCapabilityCheck(capabilities, requirements):
        raise ZeroDivisionError


class NeverStarts(Echo):
    def __init__(self):
        raise ZeroDivisionError


class Informed(Actor):
    def __init__(self, requirements, capabilities):
        self.informed = requirements, capabilities["Cows Allowed"]

    def receiveMessage(self, msg, sender):
        self.send(sender, self.informed)


class ActsTooEarly(Actor):
    def __init__(self):
        self.send(self.myAddress, "hi")


@pytest.mark.in_process
@pytest.mark.parametrize(
    ("spec", "keywords", "error"),
    [
        ("Echo", {}, InvalidActorSpecification),
        ("Echo", {"sourceHash": "abc"}, InvalidActorSpecification),
        ("", {}, InvalidActorSpecification),
        (5, {}, InvalidActorSpecification),
        ("no.such.module.Echo", {}, ModuleNotFoundError),
        (f"{__name__}.Missing", {}, AttributeError),
        (f"{__name__}.Missing", {}, InvalidActorSpecification),
        (f"{__name__}.Echo", {"sourceHash": "abc"}, InvalidActorSourceHash),
        (Unicorn, {}, NoCompatibleSystemForActor),
        (BrokenCheck, {}, ZeroDivisionError),
        (NeverStarts, {}, ZeroDivisionError),
        (ActsTooEarly, {}, AttributeError),
    ],
)
def test_top_level_failures(asys, spec, keywords, error):
    with pytest.raises(error):
        asys.createActor(spec, **keywords)


def test_the_text_about_capabilities(asys):
    with pytest.raises(NoCompatibleSystemForActor, match="^No compatible ActorSystem could be found"):
        asys.createActor(Unicorn)
    asys.updateCapability("Unicorns", True)
    assert asys.ask(asys.createActor(Unicorn), "hi", MOMENT) == ("hi", None)


@pytest.mark.in_process
@pytest.mark.parametrize(
    ("spec", "keywords"),
    [
        ("Echo", {}),
        (f"{__name__}.Missing", {}),
        (f"{__name__}.Echo", {"sourceHash": "abc"}),
        (Unicorn, {}),
        (BrokenCheck, {}),
        (NeverStarts, {}),
    ],
)
def test_a_child_that_fails_is_reported_to_its_parent(asys, spec, keywords):
    parent = asys.createActor(Parent)
    answers = [asys.ask(parent, (spec, keywords), MOMENT), asys.listen(MOMENT)]
    assert ("exited", True, "ActorAddr-/ActorSys") in answers


@pytest.mark.in_process
def test_a_module_that_is_not_there_poisons_the_parent(asys):
    answer = asys.ask(asys.createActor(Parent), ("no.such.module.Echo", {}), MOMENT)
    assert isinstance(answer, PoisonMessage)
    assert "ModuleNotFoundError" in answer.details


def test_by_name_and_by_class(asys):
    for spec in (Echo, f"{__name__}.Echo"):
        assert asys.ask(asys.createActor(spec), 1, MOMENT) == (1, None)
        child = asys.ask(asys.createActor(Parent), (spec, {}), MOMENT)
        assert asys.ask(child, 1, MOMENT) == (1, None)


@pytest.mark.in_process
def test_local_classes(asys):
    class Local(Echo):
        pass

    assert asys.ask(asys.createActor(Local), 1, MOMENT) == (1, None)


def test_what_a_constructor_is_given(asys):
    assert asys.ask(asys.createActor(Informed), "?", MOMENT) == (None, True)
    required = {"legs": 4}
    assert asys.ask(asys.createActor(Informed, required), "?", MOMENT) == (required, True)
    child = asys.ask(asys.createActor(Parent), (Informed, {"targetActorRequirements": required}), MOMENT)
    assert asys.ask(child, "?", MOMENT) == (required, True)


def test_global_names(asys):
    one = asys.createActor(Echo, globalName="one")
    assert asys.ask(one, 1, MOMENT) == (1, "one")
    # The name counts, whatever else is given.
    assert asys.createActor("no.such.module.Echo", globalName="one", sourceHash="abc") == one
    assert asys.ask(asys.createActor(Parent), (NeverStarts, {"globalName": "one"}), MOMENT) == one
    assert asys.createActor(Echo, globalName="two") != one


def test_an_actor_that_no_longer_may_run_exits(asys):
    asys.updateCapability("Unicorns", True)
    unicorn = asys.createActor(Unicorn)
    asys.updateCapability("Unicorns", None)
    still_there = asys.ask(unicorn, 1, 0.3) is not None
    # As in the original, the simple base only looks at capabilities when it creates.
    assert still_there == (asys.base_name == "simpleSystemBase")


def test_sending_to_what_is_no_address():
    with pytest.raises(InvalidActorAddress):
        Echo().send("nobody", "hi")


@pytest.mark.in_process
def test_the_text_of_an_actor(asys):
    address = asys.createActor(Echo)
    instance = asys._systemBase.actorRegistry[address.actorAddressString].instance
    assert isinstance(instance, Echo)
    assert str(instance) == f"{{A:Echo @ {address}}}"
    assert instance.logger("x").extra == {"actorAddress": address}


@pytest.mark.in_process
def test_an_actor_is_let_go(asys):
    address = asys.createActor(Echo)
    assert address.actorAddressString in asys._systemBase.actorRegistry
    asys.ask(address, ActorExitRequest(), 0.1)
    assert address.actorAddressString not in asys._systemBase.actorRegistry
