"""Declared protocols."""

import json
import logging

import pytest
import roscius
from thespian.actors import Actor, ActorTypeDispatcher, PoisonMessage

MOMENT = 5


@roscius.accepts(int, str)
class Strict(roscius.Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, (int, str)):
            self.send(sender, msg)


@roscius.accepts()
class Typed(roscius.Actor, ActorTypeDispatcher):
    def receiveMsg_int(self, msg: int, sender):
        self.send(sender, msg)

    def receiveMsg_list(self, msg: list[int], sender):
        self.send(sender, msg)

    def receiveMsg_Message(self, msg: "str | bytes", sender):
        self.send(sender, msg)


class Open(roscius.Actor):
    pass


def test_what_is_declared_is_accepted(system):
    actor = system.createActor(Strict)
    assert system.ask(actor, 1, MOMENT) == 1
    assert system.ask(actor, True, MOMENT) is True


def test_what_is_not_declared_goes_back(system, caplog):
    actor = system.createActor(Strict)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            poison = system.ask(actor, 1.5, MOMENT)
    assert isinstance(poison, PoisonMessage)
    assert poison.poisonMessage == 1.5
    for part in ("float", "Strict", str(actor), "int, str"):
        assert part in poison.details
    assert len([record for record in caplog.records if "not accepted" in record.getMessage()]) <= 1


def test_a_refusal_is_logged_once_for_each_type(caplog):
    from thespian.actors import ActorSystem

    @roscius.accepts(int)
    class Once(roscius.Actor):
        pass

    system = ActorSystem("simpleSystemBase", logDefs=False, transientUnique=True)
    actor = system.createActor(Once)
    with caplog.at_level(logging.ERROR):
        for message in ("a", "b", 1.5, "c", 2.5):
            assert isinstance(system.ask(actor, message, MOMENT), PoisonMessage)
    system.shutdown()
    assert len([record for record in caplog.records if "not accepted" in record.getMessage()]) == 2


def test_a_protocol_can_be_read():
    assert roscius.protocol_of(Strict) == (int, str)
    assert set(roscius.protocol_of(Typed)) == {int, str, bytes}
    assert roscius.protocol_of(Open) is None
    assert roscius.protocol_of(Actor) is None


def test_protocols_make_a_graph():
    graph = json.loads(json.dumps(roscius.protocol_graph(Strict, Open)))
    strict, other = (f"{__name__}.{name}" for name in ("Strict", "Open"))
    assert graph == {"actors": {strict: ["int", "str"], other: None}, "messages": {"int": [strict], "str": [strict]}}


class Asker(roscius.Actor):
    async def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            try:
                await self.ask(msg[0], 1.5)
            except roscius.AskFailed as error:
                self.send(sender, error.details)


def test_a_refused_ask_fails(system):
    details = system.ask(system.createActor(Asker), (system.createActor(Strict),), MOMENT)
    assert "is not accepted" in details


def test_only_actors_of_this_package_declare():
    with pytest.raises(TypeError):
        roscius.accepts(int)(Actor)
    with pytest.raises(TypeError):
        roscius.accepts("int")
    with pytest.raises(TypeError):
        roscius.accepts()(Open)
