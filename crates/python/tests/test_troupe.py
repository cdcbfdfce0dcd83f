"""Troupes."""

import threading
import time

import pytest
from thespian.actors import Actor, ActorExitRequest, ActorSystemMessage, PoisonMessage
from thespian.troupe import UpdateTroupeSettings, troupe

MOMENT = 2


@troupe(max_count=3, idle_count=2)
class Bees(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, ActorSystemMessage):
            return
        if msg == "fail":
            raise ZeroDivisionError
        if msg == "exit":
            self.send(sender, "exiting")
            self.send(self.myAddress, ActorExitRequest())
        if msg == "where":
            self.send(sender, self.myAddress)
        if msg == "thread":
            time.sleep(0.05)
            self.send(sender, threading.get_ident())


@troupe(max_count=1)
class Keeper(Actor):
    """Keeps its work until it hears from itself."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.send(msg[0], msg[1])
            self.troupe_work_in_progress = False
        elif isinstance(msg, str):
            self.troupe_work_in_progress = True
            self.send(self.myAddress, (sender, msg))


@pytest.fixture
def bees(asys):
    return asys.createActor(Bees)


def test_work_is_answered_by_workers_in_turn(asys, bees):
    for _ in range(2):
        asys.tell(bees, "where")
        asys.tell(bees, "where")
        first, second = asys.listen(MOMENT), asys.listen(MOMENT)
        assert bees not in (first, second)


def test_status_and_settings(asys, bees):
    status = asys.ask(bees, "troupe:status?", MOMENT)
    assert status == "Idle=2, Max=3, Troupers [0, 0 idle, 0 extra]: [], Pending=0"
    assert asys.ask(bees, "troupe:set_max_count=5", MOMENT) == "Set troupe max_count to 5"
    assert asys.ask(bees, "troupe:set_idle_count=1", MOMENT) == "Set troupe idle_count to 1"
    for bad in ("nine", "0", "-1"):
        answer = asys.ask(bees, f"troupe:set_max_count={bad}", MOMENT)
        assert answer.startswith("Error changing max_count for troupe based on message")
    assert asys.ask(bees, "troupe:status?", MOMENT).startswith("Idle=1, Max=5, ")
    settings = asys.ask(bees, UpdateTroupeSettings(idle_count=4), MOMENT)
    assert (settings.max_count, settings.idle_count) == (5, 4)
    assert asys.listen(0.1) is None
    with pytest.raises(AssertionError):
        UpdateTroupeSettings(max_count=-1)
    with pytest.raises(TypeError):
        UpdateTroupeSettings(max_count="nine")


def test_no_more_workers_than_allowed(asys, bees):
    for _ in range(10):
        asys.tell(bees, "where")
    addresses = [str(asys.listen(MOMENT)) for _ in range(10)]
    assert 1 <= len(set(addresses)) <= 3
    assert "None" not in addresses


def test_fewer_allowed_are_sent_away(asys, bees):
    for _ in range(10):
        asys.tell(bees, "thread")
    for _ in range(10):
        assert asys.listen(MOMENT)
    asys.ask(bees, UpdateTroupeSettings(max_count=1), MOMENT)
    time.sleep(0.05)
    assert "Troupers [1, " in asys.ask(bees, "troupe:status?", MOMENT)
    assert asys.ask(bees, "where", MOMENT)


def test_extra_workers_are_dismissed(asys):
    if asys.base_name == "simpleSystemBase":
        pytest.skip("one worker is enough where each has finished before the next message")
    bees = asys.createActor(Bees)
    for _ in range(20):
        asys.tell(bees, "thread")
    for _ in range(20):
        asys.listen(MOMENT)
    time.sleep(2.3)
    assert "Troupers [2, 2 idle, 0 extra]" in asys.ask(bees, "troupe:status?", MOMENT)


def test_a_failure_comes_back_to_the_sender_and_the_worker_goes_on(asys, bees):
    for _ in range(5):
        assert asys.ask(bees, "fail", MOMENT) == PoisonMessage("fail")
    assert asys.ask(bees, "where", MOMENT)
    assert "Pending=0" in asys.ask(bees, "troupe:status?", MOMENT)


def test_a_lost_worker_is_replaced(asys, bees):
    for _ in range(5):
        assert asys.ask(bees, "exit", MOMENT) == "exiting"
    assert asys.ask(bees, "where", MOMENT)


def test_work_that_goes_on(asys):
    keeper = asys.createActor(Keeper)
    for number in range(5):
        asys.tell(keeper, f"work {number}")
    assert [asys.listen(MOMENT) for _ in range(5)] == [f"work {number}" for number in range(5)]


def test_system_messages_do_not_make_a_leader(asys, bees):
    asys.tell(bees, ActorExitRequest())
    assert asys.ask(bees, "where", 0.1) is None
