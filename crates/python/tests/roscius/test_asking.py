"""Asks between actors."""

import roscius
from thespian.actors import Actor, ActorExitRequest, PoisonMessage

MOMENT = 5


class Answerer(Actor):
    """An actor of the original, which knows nothing of asks."""

    def __init__(self):
        self.kept = []

    def receiveMessage(self, msg, sender):
        if msg == "keep":
            self.kept.append(sender)
        elif msg == "release":
            for number, kept in reversed(list(enumerate(self.kept))):
                self.send(kept, number)
                self.send(kept, "again")
        elif msg == "fail":
            raise ValueError("no use")
        elif isinstance(msg, (str, tuple)):
            self.send(sender, ("answer", msg))


class Asker(roscius.Actor):
    """Does what its messages say, and answers with what came of it."""

    async def receiveMessage(self, msg, sender):
        if not isinstance(msg, tuple):
            return
        _act, address, *rest = msg
        try:
            self.send(sender, await self.ask(address, *rest))
        except roscius.AskError as error:
            self.send(sender, (type(error).__name__, str(error)))


def test_an_ask_gets_the_answer_of_an_actor_of_the_original(system):
    answerer, asker = system.createActor(Answerer), system.createActor(Asker)
    assert system.ask(asker, ("ask", answerer, "hi", MOMENT), MOMENT) == ("answer", "hi")


def test_poison_ends_an_ask(system):
    answerer, asker = system.createActor(Answerer), system.createActor(Asker)
    name, details = system.ask(asker, ("ask", answerer, "fail"), MOMENT)
    assert name == "AskFailed"
    assert "ValueError: no use" in details


def test_an_ask_of_the_dead_ends_at_once(system):
    answerer, asker = system.createActor(Answerer), system.createActor(Asker)
    system.tell(answerer, ActorExitRequest())
    while system.ask(answerer, "still there?", MOMENT):
        pass
    assert system.ask(asker, ("ask", answerer, "hi"), MOMENT)[0] == "NoSuchActor"


def test_an_ask_can_time_out(system):
    answerer, asker = system.createActor(Answerer), system.createActor(Asker)
    assert system.ask(asker, ("ask", answerer, "keep", 0.01), MOMENT)[0] == "AskTimedOut"
    # What comes too late reaches nobody.
    system.tell(answerer, "release")
    assert system.ask(asker, ("ask", answerer, "hi", MOMENT), MOMENT) == ("answer", "hi")


class Gatherer(roscius.Actor):
    """Has many asks under way at once."""

    async def receiveMessage(self, msg, sender):
        import asyncio

        if isinstance(msg, tuple):
            answerer, count = msg
            asks = [asyncio.ensure_future(self.ask(answerer, "keep", MOMENT)) for _ in range(count)]
            await asyncio.sleep(0)
            self.send(answerer, "release")
            self.send(sender, await asyncio.gather(*asks))


def test_each_of_many_asks_gets_its_own_answer(system):
    answerer, gatherer = system.createActor(Answerer), system.createActor(Gatherer)
    assert system.ask(gatherer, (answerer, 50), MOMENT) == list(range(50))


class Continuing(roscius.Actor):
    """Asks without waiting."""

    def __init__(self):
        self.tries = 0
        self.client = None

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            act, address, *rest = msg
            self.client = sender
            self.ask_then(address, rest[0], getattr(self, act), *rest[1:])
        elif msg == "tries":
            self.send(sender, self.tries)
        elif isinstance(msg, PoisonMessage) and self.client:
            self.send(self.client, ("poison", msg.details))

    def pass_on(self, outcome):
        self.send(self.client, type(outcome.error).__name__ if outcome.error else outcome.answer())

    async def pass_on_later(self, outcome):
        self.send(self.client, outcome.answer())

    def fail(self, outcome):
        self.tries += 1
        raise ValueError("no use")


def test_a_continuation_gets_the_answer(system):
    answerer, asker = system.createActor(Answerer), system.createActor(Continuing)
    for act in ("pass_on", "pass_on_later"):
        assert system.ask(asker, (act, answerer, "hi"), MOMENT) == ("answer", "hi")
        assert system.ask(asker, (act, answerer, "hi", MOMENT), MOMENT) == ("answer", "hi")


def test_a_continuation_gets_errors(system):
    answerer, asker = system.createActor(Answerer), system.createActor(Continuing)
    assert system.ask(asker, ("pass_on", answerer, "fail"), MOMENT) == "AskFailed"
    assert system.ask(asker, ("pass_on", answerer, "keep", 0.01), MOMENT) == "AskTimedOut"
    assert system.ask(asker, ("pass_on", system.systemAddress, "hi"), MOMENT) == "NoSuchActor"


def test_a_continuation_fails_like_a_handler(system, base):
    answerer, asker = system.createActor(Answerer), system.createActor(Continuing)
    kind, details = system.ask(asker, ("fail", answerer, "hi"), MOMENT)
    assert kind == "poison"
    assert "ValueError: no use" in details
    assert system.ask(asker, "tries", MOMENT) == (3 if base == "simpleSystemBase" else 2)


class Forwarder(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.send(msg[0], (msg[1], sender))


class Second(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.send(msg[1], ("from another", msg[0]))


def test_an_answer_can_be_passed_through_others(system):
    first, second, asker = (system.createActor(cls) for cls in (Forwarder, Second, Asker))
    assert system.ask(asker, ("ask", first, (second, "hi"), MOMENT), MOMENT) == ("from another", "hi")


class Mutual(roscius.Actor):
    async def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            other, depth = msg
            child = self.createActor(Mutual)
            answer = 0 if depth == 0 else await self.ask(child, (other, depth - 1), MOMENT)
            self.send(sender, answer + 1)


def test_two_actors_may_ask_each_other_in_turn(system):
    actor = system.createActor(Mutual)
    assert system.ask(actor, (actor, 10), MOMENT) == 11
