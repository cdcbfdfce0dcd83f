"""Receivers that take nothing for a while, and actors that flood each other."""

import contextlib
import mmap
import os
import signal
import struct
import threading
import time

import pytest
import seen
from cast import MOMENT, Call, Done, Echo, Player, do, expect, heard_of, order, pid, take_dead_letters
from thespian.actors import DeadEnvelope
from thespian.system import process_base


@pytest.fixture
def base():
    """One of the bases: to what is tried here they are all the same."""
    return "multiprocTCPBase"


KILO = 1024


class Counter:
    """A number that one process writes and another reads."""

    def __init__(self, path):
        self.path = str(path)
        with open(self.path, "wb") as file:
            file.write(bytes(8))

    def set(self, number):
        with open(self.path, "r+b") as file, mmap.mmap(file.fileno(), 8) as memory:
            memory[:] = struct.pack("q", number)

    def get(self):
        with open(self.path, "rb") as file:
            return struct.unpack("q", file.read(8))[0]

    def settled(self):
        """Wait until the number has not changed for a while."""
        last = [self.get(), time.monotonic()]

        def look():
            number = self.get()
            if number != last[0]:
                last[:] = [number, time.monotonic()]
            return time.monotonic() - last[1] > 0.3

        seen.until(look, 15)
        return last[0]


def flood(actor, to, count, size, counter=None):
    for number in range(count):
        actor.send(to, (number, bytes(size)))
        if counter:
            counter.set(number + 1)


def numbers(actor, kind):
    return [msg[0] for msg, _ in actor.heard if isinstance(msg, kind)]


@pytest.fixture
def stopped(asys):
    """A player that takes nothing, with its process."""
    player = asys.createActor(Player)
    process = do(asys, player, pid)
    os.kill(process, signal.SIGSTOP)
    yield player, process
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGCONT)


def test_memory_is_bounded_while_a_receiver_takes_nothing(scene, asys, stopped):
    receiver, process = stopped
    sender = asys.createActor(Player)
    sending = do(asys, sender, pid)
    before = seen.resident(sending)
    counter = Counter(scene.home / "counter")
    count = 3000
    order(asys, sender, flood, receiver, count, 100 * KILO, counter)
    sent = counter.settled()
    assert 0 < sent < count
    assert seen.resident(sending) - before < 100 * KILO * KILO
    # Nobody else is held up.
    assert asys.ask(asys.createActor(Echo), "as ever", MOMENT) == "as ever"
    os.kill(process, signal.SIGCONT)
    assert expect(asys, receiver, tuple, count, 15, numbers) == list(range(count))
    assert do(asys, sender, pid) == sending


def test_a_program_tells_a_receiver_that_takes_nothing_without_waiting(asys, stopped):
    """As long as the messages leave the program: more than some hundred would wait."""
    receiver, process = stopped
    start = time.monotonic()
    for number in range(100):
        asys.tell(receiver, (number, b"small"))
    assert time.monotonic() - start < 2
    assert asys.ask(receiver, "hello", 0.2) is None
    os.kill(process, signal.SIGCONT)
    assert expect(asys, receiver, tuple, 100, look=numbers) == list(range(100))


@pytest.fixture
def hasty(monkeypatch):
    """Programs wait for a receiver for a short time only."""
    monkeypatch.setattr(process_base, "TELL_SECONDS", 0.3)


def test_a_program_waits_once_for_a_receiver_that_takes_nothing(hasty, asys, stopped):
    receiver, process = stopped
    handler = asys.createActor(Player)
    do(asys, handler, take_dead_letters)
    room = 16 * KILO * KILO
    size, count = 100 * KILO, 2 * room // (100 * KILO)
    start = time.monotonic()
    for number in range(count):
        asys.tell(receiver, (number, bytes(size)))
    # The first that did not leave was waited for, and no other. What there was no room for is told.
    assert time.monotonic() - start < 5
    assert asys.ask(asys.createActor(Echo), "as ever", MOMENT) == "as ever"
    assert asys.ask(receiver, (count, b""), MOMENT) is None
    assert time.monotonic() - start < 10
    os.kill(process, signal.SIGCONT)

    def settled():
        # While its queue is full, what asks it is a dead letter too.
        answer = asys.ask(receiver, Call(numbers, (tuple,)), MOMENT)
        if not isinstance(answer, Done):
            return None
        letters = [letter.deadMessage for letter, _ in do(asys, handler, heard_of, DeadEnvelope)]
        dead = [message[0] for message in letters if isinstance(message, tuple)]
        return (answer.result, dead) if len(answer.result) + len(dead) > count else None

    taken, dead = seen.until(settled, 15)
    assert sorted(taken + dead) == list(range(count + 1)), "each arrives once, or is a dead letter"
    assert taken == sorted(taken)
    assert len(taken) > room // size // 2
    # It takes messages again, so it is waited for again.
    asys.tell(receiver, (count + 1, bytes(size)))
    assert do(asys, receiver, numbers, tuple)[-1] == count + 1


def flood_with_threads(actor, to, threads, count):
    def send(which):
        for number in range(count):
            actor.send(to, (which, number, bytes(50 * KILO)))

    running = [threading.Thread(target=send, args=(which,)) for which in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def by_thread(actor, kind):
    found = {}
    for msg, _ in actor.heard:
        if isinstance(msg, kind):
            found.setdefault(msg[0], []).append(msg[1])
    return found


def test_threads_of_an_actor_flood_a_receiver_that_takes_nothing(asys, stopped):
    receiver, process = stopped
    sender = asys.createActor(Player)
    sending = do(asys, sender, pid)
    before = seen.resident(sending)
    threads, count = 5, 800
    order(asys, sender, flood_with_threads, receiver, threads, count)
    assert asys.ask(asys.createActor(Echo), "as ever", MOMENT) == "as ever"
    assert asys.listen(0.5) is None
    assert seen.resident(sending) - before < 100 * KILO * KILO
    os.kill(process, signal.SIGCONT)
    heard = expect(asys, receiver, tuple, threads * count, 15, by_thread)
    assert heard == {which: list(range(count)) for which in range(threads)}
    assert do(asys, sender, pid) == sending


def test_two_actors_that_flood_each_other_both_finish(asys):
    one, other = asys.createActor(Player), asys.createActor(Player)
    count = 3000
    order(asys, one, flood, other, count, 10 * KILO)
    order(asys, other, flood, one, count, 10 * KILO)
    for actor in (one, other):
        assert expect(asys, actor, tuple, count, 15, numbers) == list(range(count))


def test_a_program_and_an_actor_that_flood_each_other_both_finish(asys):
    echo = asys.createActor(Echo)
    count, size = 1500, 20 * KILO
    for number in range(count):
        asys.tell(echo, (number, bytes(size)))
    assert [asys.listen(MOMENT)[0] for _ in range(count)] == list(range(count))


def test_a_killed_receiver_frees_who_waits_for_it(asys, stopped):
    receiver, process = stopped
    sender = asys.createActor(Player)
    order(asys, sender, flood, receiver, 2000, 100 * KILO)
    os.kill(process, signal.SIGKILL)
    assert do(asys, sender, pid, within=15)


def test_a_system_with_a_stopped_actor_can_be_shut_down(scene, asys, stopped):
    _receiver, process = stopped
    start = time.monotonic()
    asys.shutdown()
    assert time.monotonic() - start < 11
    seen.gone(scene.members() - {process}, 2)
