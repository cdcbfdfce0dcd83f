"""The actor system on asyncio."""

import asyncio
import time

import pytest
import roscius
from thespian.actors import Actor, ActorExitRequest, ActorSystemException, WakeupMessage

MOMENT = 5


class Answerer(Actor):
    def __init__(self):
        self.kept = []

    def receiveMessage(self, msg, sender):
        if msg == "keep":
            self.kept.append(sender)
        elif msg == "release":
            for number, kept in reversed(list(enumerate(self.kept))):
                self.send(kept, number)
            self.send(sender, "released")
        elif msg == "fail":
            raise ValueError("no use")
        elif msg == "block":
            time.sleep(0.2)
            self.send(sender, "blocked")
        elif isinstance(msg, float):
            self.client = sender
            self.wakeupAfter(msg, "up")
        elif isinstance(msg, WakeupMessage):
            self.send(self.client, msg.payload)
        elif isinstance(msg, (str, int)):
            self.send(sender, msg)


def run(arguments, main):
    """Run a test within an actor system."""

    async def within():
        async with roscius.AsyncActorSystem(*arguments) as system:
            await asyncio.wait_for(main(system, await system.create_actor(Answerer)), 2 * MOMENT)

    asyncio.run(within())


def test_many_asks_are_under_way_at_once(arguments):
    async def main(system, answerer):
        asks = [asyncio.create_task(system.ask(answerer, "keep", MOMENT)) for _ in range(100)]
        await asyncio.sleep(0)
        assert await system.ask(answerer, "release", MOMENT) == "released"
        assert await asyncio.gather(*asks) == list(range(100))

    run(arguments, main)


def test_an_ask_ends_with_an_error(arguments):
    async def main(system, answerer):
        with pytest.raises(roscius.AskFailed, match="no use"):
            await system.ask(answerer, "fail")
        with pytest.raises(roscius.AskTimedOut):
            await system.ask(answerer, "keep", 0.01)
        system.tell(answerer, ActorExitRequest())
        with pytest.raises(roscius.NoSuchActor):
            while True:
                await system.ask(answerer, "still there?")

    run(arguments, main)


def test_the_loop_is_not_blocked(arguments):
    async def main(system, answerer):
        ask = asyncio.create_task(system.ask(answerer, "block", MOMENT))
        turns = 0
        while not ask.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert ask.result() == "blocked"
        assert turns > 10

    run(arguments, main)


def test_a_cancelled_ask_loses_nothing_else(arguments):
    async def main(system, answerer):
        cancelled, kept = (asyncio.create_task(system.ask(answerer, "keep", MOMENT)) for _ in range(2))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert await system.ask(answerer, "release", MOMENT) == "released"
        assert await kept == 1

    run(arguments, main)


def test_messages_come_to_a_listener(arguments):
    async def main(system, answerer):
        for number in range(5):
            system.tell(answerer, number)
        got = []
        async for message in system.listen():
            got.append(message)
            if len(got) == 5:
                break
        assert got == list(range(5))

    run(arguments, main)


def test_wakeups_come_while_somebody_waits(arguments):
    async def main(system, answerer):
        assert await system.ask(answerer, 0.01, MOMENT) == "up"

    run(arguments, main)


class Waiting(roscius.Actor):
    async def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            await asyncio.sleep(0.001)
            self.send(sender, await self.ask(*msg))


def test_actors_with_coroutines_answer_too(arguments):
    async def main(system, answerer):
        actors = await asyncio.gather(*(system.create_actor(Waiting) for _ in range(10)))
        asks = (system.ask(actor, (answerer, number), MOMENT) for number, actor in enumerate(actors))
        assert await asyncio.gather(*asks) == list(range(10))

    run(arguments, main)


def test_a_shutdown_ends_asks_and_listeners(arguments):
    async def main():
        system = roscius.AsyncActorSystem(*arguments)
        with pytest.raises(ActorSystemException):
            system.tell(roscius.ActorAddress("x"), 1)
        await system.start()
        answerer = await system.create_actor(Answerer)
        ask = asyncio.create_task(system.ask(answerer, "keep"))
        listener = asyncio.create_task(collect(system))
        await asyncio.sleep(0)
        await system.shutdown()
        with pytest.raises(roscius.AskError):
            await ask
        assert await listener == []

    async def collect(system):
        return [message async for message in system.listen()]

    asyncio.run(asyncio.wait_for(main(), MOMENT))
