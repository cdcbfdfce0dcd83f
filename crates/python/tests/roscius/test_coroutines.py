"""Handlers that are coroutines."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
import roscius
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorSystem,
    ActorTypeDispatcher,
    PoisonMessage,
)

MOMENT = 5


class Sleeper(roscius.Actor):
    """Answers later, with how many messages it has in hand at a time."""

    def __init__(self):
        self.in_hand = 0
        self.most = 0

    async def receiveMessage(self, msg, sender):
        if msg == "most":
            self.send(sender, self.most)
        elif isinstance(msg, int):
            self.in_hand += 1
            self.most = max(self.most, self.in_hand)
            await asyncio.sleep(0.001)
            self.in_hand -= 1
            self.send(sender, msg)


def test_a_coroutine_handles_one_message_at_a_time(system):
    sleeper = system.createActor(Sleeper)
    for number in range(20):
        system.tell(sleeper, number)
    assert [system.listen(MOMENT) for _ in range(20)] == list(range(20))
    assert system.ask(sleeper, "most", MOMENT) == 1


def test_a_wait_goes_on_while_a_coroutine_does(system):
    assert system.ask(system.createActor(Sleeper), 1) == 1  # without any time-out


class Dispatching(roscius.Actor, ActorTypeDispatcher):
    async def receiveMsg_str(self, msg, sender):
        await asyncio.sleep(0)
        self.send(sender, msg.upper())

    def receiveMsg_int(self, msg, sender):
        self.send(sender, -msg)


def test_a_dispatched_handler_may_be_a_coroutine(system):
    actor = system.createActor(Dispatching)
    assert system.ask(actor, "hi", MOMENT) == "HI"
    assert system.ask(actor, 3, MOMENT) == -3


class Failing(roscius.Actor):
    def __init__(self):
        self.tries = 0

    async def receiveMessage(self, msg, sender):
        if msg == "tries":
            self.send(sender, self.tries)
        elif msg == "fail":
            self.tries += 1
            await asyncio.sleep(0)
            raise ValueError("no use")


def test_what_a_coroutine_raises_goes_the_way_of_poison(system, base):
    actor = system.createActor(Failing)
    poison = system.ask(actor, "fail", MOMENT)
    assert isinstance(poison, PoisonMessage)
    assert poison.poisonMessage == "fail"
    assert "ValueError: no use" in poison.details
    assert system.ask(actor, "tries", MOMENT) == (3 if base == "simpleSystemBase" else 2)


class Family(roscius.Actor):
    """Creates a child and sends, before and after it has waited."""

    async def receiveMessage(self, msg, sender):
        if msg == "begin":
            for number in range(3):
                self.send(sender, number)
            await asyncio.sleep(0)
            child = self.createActor(Failing)
            for number in range(3, 6):
                self.send(sender, number)
            self.send(sender, await self.ask(child, "tries", MOMENT))


class Starter(Actor):
    """Sends from a handler that is none, right before those of a coroutine."""

    def receiveMessage(self, msg, sender):
        if msg == "begin":
            self.send(self.createActor(Family), (msg, sender))


def test_a_coroutine_sends_in_order_and_creates_children(system):
    actor = system.createActor(Family)
    system.tell(actor, "begin")
    assert [system.listen(MOMENT) for _ in range(7)] == [0, 1, 2, 3, 4, 5, 0]


class Mixed(roscius.Actor):
    """Handles every other message in a coroutine, and passes all on."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            number, to = msg
            if number % 2:
                return self.later(number, to)
            self.send(to, number)
        return None

    async def later(self, number, to):
        self.send(to, number)
        await asyncio.sleep(0)


class Collector(roscius.Actor):
    def __init__(self):
        self.got = []

    def receiveMessage(self, msg, sender):
        if msg == "got":
            self.send(sender, self.got)
        elif isinstance(msg, int):
            self.got.append(msg)


def test_what_coroutines_and_others_send_keeps_its_order(system):
    mixed, collector = system.createActor(Mixed), system.createActor(Collector)
    for number in range(200):
        system.tell(mixed, (number, collector))
    system.tell(mixed, (200, system.createActor(Collector)))
    assert system.ask(system.createActor(Relay), (mixed, collector), MOMENT) == list(range(200))


class Relay(roscius.Actor):
    """Asks a collector when another actor has done all it was told before."""

    async def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            mixed, collector = msg
            self.send(mixed, (-1, self.myAddress))  # odd: by a coroutine
            self.waiting = sender, collector
        elif msg == -1:
            asker, collector = self.waiting
            self.send(asker, await self.ask(collector, "got", MOMENT))


class LastWords(roscius.Actor):
    async def receiveMessage(self, msg, sender):
        if isinstance(msg, ActorExitRequest):
            await asyncio.sleep(0)
            self.send(self.heir, "farewell")
        else:
            self.heir = sender
            self.send(sender, "noted")


def test_last_words_may_be_a_coroutine(system):
    actor = system.createActor(LastWords)
    assert system.ask(actor, "remember me", MOMENT) == "noted"
    system.tell(actor, ActorExitRequest())
    assert system.listen(MOMENT) == "farewell"


class Endless(roscius.Actor):
    async def receiveMessage(self, msg, sender):
        if isinstance(msg, Path):
            self.send(sender, "it begins")
            try:
                await asyncio.Event().wait()
            finally:
                msg.touch()


class Parent(Actor):
    """Has a child that waits."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.send(self.createActor(Endless), msg[0])
            self.client = sender
        elif msg == "it begins":
            self.send(self.client, msg)


def test_a_shutdown_cancels_what_waits(arguments, tmp_path):
    system = ActorSystem(*arguments)
    endless, parent = system.createActor(Endless), system.createActor(Parent)
    ends = tmp_path / "one", tmp_path / "other"
    assert system.ask(endless, ends[0], MOMENT) == "it begins"
    assert system.ask(parent, (ends[1],), MOMENT) == "it begins"
    begun = time.monotonic()
    system.shutdown()
    assert time.monotonic() - begun < MOMENT
    assert all(end.exists() for end in ends)


class Plain(Actor):
    async def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            await asyncio.sleep(0)
            self.send(sender, msg)


def test_actors_of_the_original_may_have_coroutines_too(system):
    assert system.ask(system.createActor(Plain), "hi", MOMENT) == "hi"


class Outside(Actor):
    """Sends much while it handles no message, and then is silent."""

    def __init__(self):
        self.silence = threading.Event()

    def receiveMessage(self, msg, sender):
        if isinstance(msg, int):
            threading.Thread(target=self.say, args=(msg, sender)).start()
        elif msg == "enough":
            self.silence.set()
            self.send(sender, "silent")

    def say(self, count, sender):
        time.sleep(0.01)  # The handler has ended, as far as that can be told from outside.
        for number in range(count):
            self.send(sender, number)
        self.silence.wait()


def test_nothing_that_a_thread_sends_waits_for_the_next_message(system, base):
    if base == "simpleSystemBase":
        pytest.skip("nobody drives the actors while nobody waits")
    actor = system.createActor(Outside)
    system.tell(actor, 70)
    assert [system.listen(MOMENT) for _ in range(70)] == list(range(70))
    assert system.ask(actor, "enough", MOMENT) == "silent"
