"""Watching descriptors, and threads."""

import logging
import os
import threading

import pytest
import seen
from cast import MOMENT, Echo, Player, do, expect, pid
from thespian.actors import Actor, ActorExitRequest, ThespianWatch, WatchMessage


@pytest.fixture(params=["multiprocTCPBase", "multiprocUDPBase", "multiprocQueueBase"])
def base(request):
    return request.param


class Watcher(Actor):
    """Watches pipes of its own, and tells what becomes readable."""

    def __init__(self):
        self.pipes = {}
        self.owner = None
        self.seen = []

    def receiveMessage(self, msg, sender):
        if isinstance(msg, ActorExitRequest):
            return None
        if isinstance(msg, WatchMessage):
            assert sender == self.myAddress
            names = sorted(name for name, (read, _) in self.pipes.items() if read in msg.ready)
            for name in names:
                self.seen.append((name, os.read(self.pipes[name][0], 100)))
            if self.owner:
                self.send(self.owner, self.seen)
                self.seen = []
            return ThespianWatch([read for read, _ in self.pipes.values()])
        what, *args = msg
        return getattr(self, what)(sender, *args)

    def watch(self, sender, *names):
        self.owner = sender
        for name in names:
            self.pipes.setdefault(name, os.pipe())
        self.send(sender, "watching")
        return ThespianWatch([self.pipes[name][0] for name in names])

    def write(self, sender, name, text):
        """Writes to a pipe, and goes on watching."""
        os.write(self.pipes[name][1], text)
        return ThespianWatch([read for read, _ in self.pipes.values()])

    def write_and_stop(self, sender, name, text):
        os.write(self.pipes[name][1], text)
        self.send(sender, "stopped")

    def close(self, sender, name):
        """Closes a pipe, and goes on watching it with the others."""
        read, write = self.pipes[name]
        os.close(read)
        os.close(write)
        self.send(sender, "closed")
        return ThespianWatch([read for read, _ in self.pipes.values()])

    def use(self, sender):
        self.send(sender, os.times().user + os.times().system)
        return ThespianWatch([read for read, _ in self.pipes.values()])


@pytest.fixture
def watcher(asys):
    watcher = asys.createActor(Watcher)
    assert asys.ask(watcher, ("watch", "a", "b"), MOMENT) == "watching"
    return watcher


def test_a_readable_pipe_is_reported(asys, watcher):
    assert asys.ask(watcher, ("write", "a", b"one"), MOMENT) == [("a", b"one")]
    assert asys.ask(watcher, ("write", "b", b"two"), MOMENT) == [("b", b"two")]
    assert asys.ask(watcher, ("write", "a", b"three"), MOMENT) == [("a", b"three")]


def test_another_return_value_ends_the_watch(asys, watcher):
    assert asys.ask(watcher, ("write_and_stop", "a", b"unseen"), MOMENT) == "stopped"
    assert asys.listen(0.2) is None
    # It is readable still, when it is watched again.
    asys.tell(watcher, ("watch", "a"))
    assert [asys.listen(MOMENT), asys.listen(MOMENT)] == ["watching", [("a", b"unseen")]]


def test_a_closed_descriptor_is_left_out(asys, watcher):
    assert asys.ask(watcher, ("close", "a"), MOMENT) == "closed"
    assert asys.ask(watcher, ("write", "b", b"still"), MOMENT) == [("b", b"still")]


def test_waiting_for_a_pipe_uses_no_time(asys, watcher):
    before = asys.ask(watcher, ("use",), MOMENT)
    assert asys.listen(0.5) is None
    assert asys.ask(watcher, ("use",), MOMENT) - before < 0.1


class NoDescriptors(Actor):
    """Wants things watched that can not be."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, ActorExitRequest):
            return None
        self.send(sender, "handled")
        return ThespianWatch(msg)


@pytest.mark.parametrize("wanted", [[], [-1], [999_999], ["no descriptor"], [None], [2**40], [0.5]], ids=repr)
def test_what_can_not_be_watched_harms_nobody(asys, wanted):
    actor = asys.createActor(NoDescriptors)
    assert asys.ask(actor, wanted, MOMENT) == "handled"
    assert asys.ask(actor, [], MOMENT) == "handled"


def test_a_regular_file_can_not_be_watched_and_harms_nobody(scene, asys):
    actor = asys.createActor(NoDescriptors)
    assert asys.ask(actor, [scene_descriptor(scene)], MOMENT) == "handled"
    assert asys.ask(actor, [], MOMENT) == "handled"


def scene_descriptor(scene):
    """A descriptor of a regular file that actors have inherited."""
    return next(number for number, target in seen.descriptors().items() if scene.marker in target)


def start_threads(actor, to, count, each):
    def work(which):
        for number in range(each):
            actor.send(to, (which, number))
            logging.getLogger("threads").warning("record %d of %d", number, which)

    for which in range(count):
        threading.Thread(target=work, args=(which,)).start()


def numbers(actor, kind):
    found = {}
    for msg, sender in actor.heard:
        if isinstance(msg, kind):
            found.setdefault((msg[0], str(sender)), []).append(msg[1])
    return found


def test_threads_of_an_actor_send_and_log(scene, asys):
    player, other = asys.createActor(Player), asys.createActor(Player)
    do(asys, player, start_threads, other, 20, 10)
    heard = expect(asys, other, tuple, 200, look=numbers)
    assert heard == {(which, str(player)): list(range(10)) for which in range(20)}
    scene.logged("record 9 of 19")
    seen.until(lambda: len([line for line in scene.lines() if "record" in line]) == 200)
    assert all(line.startswith(f"WARNING|{player}|record") for line in scene.lines())


def test_threads_of_a_program_have_answers_of_their_own(asys):
    echo = asys.createActor(Echo)
    wrong = []

    def work(which):
        with asys.private() as mine:
            own = mine.createActor(Player)
            process = do(mine, own, pid)
            for number in range(100):
                answer = mine.ask(echo, (which, number), MOMENT)
                if answer != (which, number):
                    wrong.append((which, number, answer))
            if do(mine, own, pid) != process:
                wrong.append("another actor")

    threads = [threading.Thread(target=work, args=(which,)) for which in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


def test_threads_of_a_program_tell_a_lot(asys):
    player = asys.createActor(Player)

    def work(which):
        with asys.private() as mine:
            for number in range(1000):
                mine.tell(player, (which, number))

    threads = [threading.Thread(target=work, args=(which,), daemon=True) for which in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert not any(thread.is_alive() for thread in threads)
    heard = expect(asys, player, tuple, 8000, look=told)
    assert heard == {which: list(range(1000)) for which in range(8)}


def told(actor, kind):
    found = {}
    for msg, _ in actor.heard:
        if isinstance(msg, kind):
            found.setdefault(msg[0], []).append(msg[1])
    return found
