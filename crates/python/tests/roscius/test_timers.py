"""Wakeups that can be cancelled and that repeat."""

from datetime import timedelta

import pytest
import roscius
from thespian.actors import WakeupMessage

MOMENT = 5


class Sleeper(roscius.Actor):
    def __init__(self):
        self.got = []
        self.timer = None
        self.client = None

    def receiveMessage(self, msg, sender):
        if isinstance(msg, dict):
            self.client = sender
            self.timer = self.wakeup(**msg)
        elif msg == "cancel":
            self.send(sender, (self.timer.cancel(), self.timer.is_active))
        elif isinstance(msg, WakeupMessage):
            self.got.append(msg.payload)
            if len(self.got) == 3:
                self.timer.cancel()
            self.send(self.client, (msg.delayPeriod, msg.payload, self.timer.is_active))


def test_a_wakeup_comes_once(system):
    sleeper = system.createActor(Sleeper)
    period = timedelta(milliseconds=5)
    assert system.ask(sleeper, {"after": period, "payload": "up"}, MOMENT) == (period, "up", False)
    assert system.ask(sleeper, "cancel", MOMENT) == (False, False)


def test_wakeups_repeat_until_cancelled(system):
    sleeper = system.createActor(Sleeper)
    system.tell(sleeper, {"every": 0.005, "payload": "up"})
    assert [system.listen(MOMENT)[2] for _ in range(3)] == [True, True, False]
    assert system.listen(0.03) is None


def test_a_cancelled_wakeup_never_comes(system):
    sleeper = system.createActor(Sleeper)
    system.tell(sleeper, {"after": 0.02})
    assert system.ask(sleeper, "cancel", MOMENT) == (True, False)
    assert system.listen(0.06) is None


class Busy(roscius.Actor):
    """Cancels a timer whose wakeup is in its mailbox already."""

    def receiveMessage(self, msg, sender):
        if msg == "begin":
            self.client = sender
            self.first = self.wakeup(after=0.0, payload="first")
            self.second = self.wakeup(after=0.0, payload="second")
            self.wakeup(after=0.01, payload="last")
        elif isinstance(msg, WakeupMessage):
            self.second.cancel()
            self.send(self.client, msg.payload)


def test_a_wakeup_that_is_due_can_be_cancelled(system):
    busy = system.createActor(Busy)
    assert system.ask(busy, "begin", MOMENT) == "first"
    assert system.listen(MOMENT) == "last"


class Both(roscius.Actor):
    def receiveMessage(self, msg, sender):
        if msg == "begin":
            self.client = sender
            self.timer = self.wakeup(after=0.001, every=0.002)
        elif isinstance(msg, WakeupMessage):
            self.send(self.client, msg.delayPeriod)


def test_the_first_of_many_can_come_at_another_time(system):
    both = system.createActor(Both)
    assert system.ask(both, "begin", MOMENT) == 0.001
    assert system.listen(MOMENT) == 0.002


class FailsOnWakeup(roscius.Actor):
    def __init__(self):
        self.tries = 0

    def receiveMessage(self, msg, sender):
        if msg == "begin":
            self.client = sender
            self.wakeup(after=0.0, payload="up")
        elif isinstance(msg, WakeupMessage):
            self.tries += 1
            if self.tries == 1:
                raise ValueError("not yet")
            self.send(self.client, (self.tries, msg.payload))


def test_a_wakeup_that_failed_is_tried_again(system):
    assert system.ask(system.createActor(FailsOnWakeup), "begin", MOMENT) == (2, "up")


class Wrong(roscius.Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, dict):
            with pytest.raises((TypeError, ValueError)):
                self.wakeup(**msg)
            self.send(sender, "refused")


@pytest.mark.parametrize("wrong", [{}, {"every": 0}, {"after": "soon"}])
def test_a_wrong_period_is_an_error(system, wrong):
    assert system.ask(system.createActor(Wrong), wrong, MOMENT) == "refused"
