"""The actor system on asyncio, where the actors are processes."""

import asyncio
import os
import signal
import threading
import time

import pytest
import roscius
import seen
from thespian.actors import (
    Actor,
    ActorSystem,
    InvalidActorSpecification,
    NoCompatibleSystemForActor,
    requireCapability,
)
from thespian.test import get_free_admin_port

MOMENT = 5


@pytest.fixture(params=["multiprocTCPBase", "multiprocUDPBase", "multiprocQueueBase"])
def arguments(scene, request):
    """Those of a system of its own. Nothing of it may be left."""
    return request.param, {"Admin Port": get_free_admin_port()}, False, True


class Echo(Actor):
    def receiveMessage(self, msg, sender):
        if msg == "pid":
            self.send(sender, os.getpid())
        elif msg == "parent":
            self.send(sender, os.getppid())
        elif isinstance(msg, (str, int, bytes)):
            self.send(sender, msg)


@requireCapability("never")
class Impossible(Actor):
    pass


def run(arguments, main):
    async def within():
        async with roscius.AsyncActorSystem(*arguments) as system:
            await asyncio.wait_for(main(system), 4 * MOMENT)

    asyncio.run(within())


def test_no_thread_is_started(arguments):
    async def main(system):
        echo = await system.create_actor(Echo)
        assert await system.ask(echo, "hello", MOMENT) == "hello"
        assert threading.active_count() == before

    before = threading.active_count()
    run(arguments, main)


def test_errors_of_a_creation_are_raised(arguments):
    async def main(system):
        with pytest.raises(InvalidActorSpecification):
            await system.create_actor("Unqualified")
        with pytest.raises(ImportError):
            await system.create_actor("no.such.Actor")
        with pytest.raises(NoCompatibleSystemForActor):
            await system.create_actor(Impossible)
        one, same = await asyncio.gather(*(system.create_actor(Echo, global_name="echo") for _ in range(2)))
        assert one == same

    run(arguments, main)


def test_the_end_of_the_admin_ends_all_that_waits(scene, arguments):
    async def main(system):
        other = await system.create_actor(Echo)
        stopped = await system.ask(other, "pid", MOMENT)
        os.kill(stopped, signal.SIGSTOP)
        ask = asyncio.create_task(system.ask(other, "hello"))
        listener = asyncio.create_task(collect(system))
        await asyncio.sleep(0)
        os.kill(scene.admin(), signal.SIGKILL)
        begun = time.monotonic()
        with pytest.raises(roscius.AskError):
            await ask
        assert await listener == []
        assert time.monotonic() - begun < MOMENT
        os.kill(stopped, signal.SIGKILL)
        seen.gone(scene.members())

    run(arguments, main)
    # What it has left is removed by the next system.
    scene.start(arguments[0])


async def collect(system):
    return [message async for message in system.listen()]


def test_a_receiver_that_takes_nothing_holds_nobody_up(arguments):
    async def main(system):
        slow, echo = await asyncio.gather(system.create_actor(Echo), system.create_actor(Echo))
        process = await system.ask(slow, "pid", MOMENT)
        os.kill(process, signal.SIGSTOP)
        begun = time.monotonic()
        for number in range(1000):
            system.tell(slow, number)
        assert await system.ask(echo, "hello", MOMENT) == "hello"
        assert time.monotonic() - begun < MOMENT
        os.kill(process, signal.SIGCONT)
        got = []
        async for message in system.listen():
            got.append(message)
            if len(got) == 1000:
                break
        assert got == list(range(1000))

    run(arguments, main)


def test_big_messages_go_both_ways(arguments):
    async def main(system):
        echo = await system.create_actor(Echo)
        big = bytes(3 << 20)
        answers = await asyncio.gather(*(system.ask(echo, big, 3 * MOMENT) for _ in range(4)))
        assert answers == [big] * 4

    run(arguments, main)


def test_a_starter_that_was_killed_is_replaced(arguments):
    async def main(system):
        starter = await system.ask(await system.create_actor(Echo), "parent", MOMENT)
        os.kill(starter, signal.SIGKILL)
        echo = await system.create_actor(Echo)
        assert await system.ask(echo, "hello", MOMENT) == "hello"

    run(arguments, main)


def test_a_program_may_wait_for_two_systems_and_use_one_of_them_without_a_loop(arguments):
    async def main(system):
        async with roscius.AsyncActorSystem("multiprocQueueBase", {}, False, True) as second:
            echoes = await asyncio.gather(system.create_actor(Echo), second.create_actor(Echo))
            asks = [
                one.ask(echo, number, MOMENT)
                for one, echo in zip((system, second), echoes, strict=True)
                for number in range(50)
            ]
            assert await asyncio.gather(*asks) == [*range(50), *range(50)]
            if arguments[0] != "multiprocQueueBase":
                plain = ActorSystem(*arguments)
                assert await asyncio.to_thread(plain.ask, echoes[0], "hello", MOMENT) == "hello"

    run(arguments, main)


def test_a_shutdown_takes_its_time_and_not_that_of_the_loop(arguments):
    async def main():
        system = await roscius.AsyncActorSystem(*arguments).start()
        await system.create_actor(Echo)
        ending = asyncio.create_task(system.shutdown())
        turns = 0
        while not ending.done():
            await asyncio.sleep(0)
            turns += 1
        await ending
        assert turns > 10

    asyncio.run(asyncio.wait_for(main(), 2 * MOMENT))
