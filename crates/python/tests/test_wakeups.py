"""Wakeups, beyond what the original's suite looks at."""

import time
from datetime import timedelta

from thespian.actors import Actor, WakeupMessage

MOMENT = 5


class Oversleeper(Actor):
    """Asks for wakeups that are all due when its handler is through."""

    def __init__(self):
        self.client = None
        self.woken = []

    def receiveMessage(self, msg, sender):
        if isinstance(msg, WakeupMessage):
            self.woken.append(msg.payload)
            if len(self.woken) == 3:
                self.send(self.client, self.woken)
        elif isinstance(msg, list):
            self.client = sender
            for milliseconds in msg:
                self.wakeupAfter(timedelta(milliseconds=milliseconds), payload=milliseconds)
            late = time.monotonic() + max(msg) / 1000
            while time.monotonic() < late:
                pass


def test_wakeups_that_are_late_come_in_the_order_in_which_they_were_due(asys):
    oversleeper = asys.createActor(Oversleeper)
    assert asys.ask(oversleeper, [6, 2, 4], MOMENT) == [2, 4, 6]
