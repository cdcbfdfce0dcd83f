"""The actors of these tests, and how to direct them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

from thespian.actors import Actor, ActorExitRequest

MOMENT = 5


@dataclass(frozen=True)
class Call:
    """Have the actor call a function with itself and these arguments, and answer with what it returns."""

    function: Any
    args: tuple


class Order(Call):
    """The same without an answer."""


@dataclass(frozen=True)
class Done:
    result: Any


@dataclass(frozen=True)
class Expect:
    """Answer as soon as so many messages of a class have been heard."""

    kind: type
    count: int


class Player(Actor):
    """Does what it is told, and remembers what it heard besides: messages with their senders."""

    def __init__(self):
        self.heard = []
        self._heard_of = Counter()
        self._expecting = []

    def receiveMessage(self, msg, sender):
        if isinstance(msg, Order):
            msg.function(self, *msg.args)
        elif isinstance(msg, Call):
            self.send(sender, Done(msg.function(self, *msg.args)))
        elif isinstance(msg, Expect):
            self._expecting.append((msg, sender))
            self._satisfy()
        elif not isinstance(msg, ActorExitRequest):
            self.heard.append((msg, sender))
            self._heard_of[type(msg)] += 1
            self._satisfy()

    def _satisfy(self):
        for expecting in list(self._expecting):
            expected, who = expecting
            if self._heard_of[expected.kind] >= expected.count:
                self._expecting.remove(expecting)
                self.send(who, Done(None))


class Echo(Actor):
    def receiveMessage(self, msg, sender):
        if not isinstance(msg, ActorExitRequest):
            self.send(sender, msg)


def order(asys, actor, function, *args):
    """Have a player do something, without waiting."""
    asys.tell(actor, Order(function, args))


def do(asys, actor, function, *args, within=MOMENT):
    """Have a player do something."""
    answer = asys.ask(actor, Call(function, args), within)
    assert isinstance(answer, Done), f"{function} came to {answer!r}"
    return answer.result


def heard_of(actor, kind):
    return [(message, sender) for message, sender in actor.heard if isinstance(message, kind)]


def expect(asys, actor, kind, count=1, within=MOMENT, look=heard_of):
    """What a player has heard of this class, as another function shows it, once it is so many."""
    answer = asys.ask(actor, Expect(kind, count), within)
    assert isinstance(answer, Done), f"{count} {kind} came to {answer!r}, heard {do(asys, actor, heard)}"
    return do(asys, actor, look, kind)


def pid(_actor):
    return os.getpid()


def create(actor, cls, **options):
    return actor.createActor(cls, **options)


def say(actor, to, message):
    actor.send(to, message)


def heard(actor):
    return actor.heard


def take_dead_letters(actor):
    actor.handleDeadLetters()
