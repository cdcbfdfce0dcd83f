"""Actors that exit by themselves, and actors that wait to be completed."""

import time
from datetime import timedelta

import pytest
from thespian.actors import (
    Actor,
    ActorAddress,
    ActorSystemMessage,
    ActorTypeDispatcher,
    PoisonMessage,
    WakeupMessage,
)
from thespian.initmsgs import initializing_messages
from thespian.transient import transient, transient_idle

MOMENT = 2
SHORT = timedelta(seconds=0.3)


class Echo(ActorTypeDispatcher):
    def receiveMsg_str(self, msg, sender):
        self.send(sender, msg)


@transient(SHORT)
class Short(Echo):
    pass


@transient_idle(SHORT)
class Idle(Echo):
    pass


@pytest.mark.parametrize("decorator", [transient, transient_idle])
def test_the_delay_must_be_a_timedelta(decorator):
    with pytest.raises(TypeError):
        decorator(5)


def test_transient(asys):
    short, idle, plain = (asys.createActor(cls) for cls in (Short, Idle, Echo))
    time.sleep(0.4)  # without a message nothing happens
    assert asys.ask(short, "short", MOMENT) == "short"
    for _ in range(4):  # longer than either delay, but the idle one is never without a message for so long
        assert asys.ask(idle, "idle", MOMENT) == "idle"
        time.sleep(0.1)
    assert asys.ask(plain, "plain", MOMENT) == "plain"
    assert asys.ask(short, "short", 0.2) is None
    time.sleep(0.3)
    assert asys.ask(plain, "plain", MOMENT) == "plain"
    assert asys.ask(idle, "idle", 0.2) is None


class First:
    pass


class Second:
    pass


@initializing_messages([("first", First, True), ("second", Second)], "complete")
class Initialized(Actor):
    def complete(self):
        self.send(self.first_sender, "complete")

    def receiveMessage(self, msg, sender):
        if msg == "fail":
            raise ZeroDivisionError
        if not isinstance(msg, ActorSystemMessage) or isinstance(msg, WakeupMessage):
            self.send(sender, ("got", msg))


def test_messages_wait_for_initialization(asys):
    for actor in (asys.createActor(Initialized), asys.createActor(Initialized)):
        asys.tell(actor, First())
        asys.tell(actor, "early")
        asys.tell(actor, First())
        assert asys.ask(actor, "early, too", 0.1) is None
        assert asys.ask(actor, Second(), MOMENT) == "complete"
        assert asys.listen(MOMENT) == ("got", "early")
        assert asys.listen(MOMENT) == ("got", "early, too")
        assert asys.ask(actor, "late", MOMENT) == ("got", "late")
        assert isinstance(asys.ask(actor, First(), MOMENT)[1], First)


def test_system_messages_do_not_wait(asys):
    actor = asys.createActor(Initialized)
    assert asys.ask(actor, WakeupMessage(1), MOMENT) == ("got", WakeupMessage(1))


def test_a_failure_among_the_early_messages_concerns_only_that_one(asys):
    actor = asys.createActor(Initialized)
    asys.tell(actor, "fail")
    asys.tell(actor, "early")
    asys.tell(actor, First())
    asys.tell(actor, Second())
    answers = [asys.listen(MOMENT) for _ in range(3)]
    assert PoisonMessage("fail") in answers
    assert "complete" in answers
    assert ("got", "early") in answers


@initializing_messages([("peer", ActorAddress)], "missing", init_passthru=True)
class PassesThrough(Actor):
    def receiveMessage(self, msg, sender):
        if not isinstance(msg, ActorSystemMessage):
            self.send(sender, (msg, hasattr(self, "peer")))


@pytest.mark.in_process
def test_pass_through(asys, caplog):
    actor = asys.createActor(PassesThrough)
    assert asys.ask(actor, "early", MOMENT) == ("early", False)
    assert asys.ask(actor, actor, MOMENT) == (actor, True)
    assert asys.ask(actor, "late", MOMENT) == ("late", True)
    assert "has no method missing" in caplog.text


@initializing_messages([("first", First)])
@transient(SHORT)
class Both(Echo):
    pass


def test_together_with_transient(asys):
    actor, plain = asys.createActor(Both), asys.createActor(Echo)
    asys.tell(actor, "hi")
    asys.tell(actor, First())
    assert asys.listen(MOMENT) == "hi"
    time.sleep(0.4)
    assert asys.ask(plain, "plain", MOMENT) == "plain"
    assert asys.ask(actor, "hi", 0.2) is None
