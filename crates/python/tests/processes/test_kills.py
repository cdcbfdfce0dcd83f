"""Processes that are killed."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import seen
from cast import MOMENT, Echo, Order, Player, create, do, expect, order, pid, take_dead_letters
from thespian.actors import ActorSystemException, ChildActorExited, DeadEnvelope
from thespian.system.processes import starting
from thespian.test import get_free_admin_port


def kill(process):
    os.kill(process, signal.SIGKILL)
    seen.gone([process])


def test_the_parent_hears_once_of_a_child_that_was_killed(asys):
    parent = asys.createActor(Player)
    child = do(asys, parent, create, Player)
    kill(do(asys, child, pid))
    ((exited, _),) = expect(asys, parent, ChildActorExited)
    assert exited.childAddress == child
    # Other news would have come before the exit of a second child.
    second = do(asys, parent, create, Player)
    kill(do(asys, second, pid))
    news = expect(asys, parent, ChildActorExited, 2)
    assert [exited.childAddress for exited, _ in news] == [child, second]


def test_an_ask_to_who_is_killed_meanwhile_ends(asys):
    player = asys.createActor(Player)
    process = do(asys, player, pid)
    os.kill(process, signal.SIGSTOP)
    killer = threading.Timer(0.2, os.kill, (process, signal.SIGKILL))
    killer.start()
    start = time.monotonic()
    assert asys.ask(player, "hello", 1.5) is None
    assert time.monotonic() - start < 2.5
    killer.join()


def test_messages_to_who_was_killed_are_dead_letters(asys):
    handler, echo = asys.createActor(Player), asys.createActor(Player)
    do(asys, handler, take_dead_letters)
    kill(do(asys, echo, pid))
    assert asys.ask(echo, "too late", 2) is None
    asys.tell(echo, "again")
    letters = expect(asys, handler, DeadEnvelope, 2)
    assert [letter.deadMessage for letter, _ in letters] == ["too late", "again"]
    assert all(letter.deadAddress == echo for letter, _ in letters)


def test_children_end_when_their_parent_is_killed(scene, asys):
    parent = asys.createActor(Player)
    child = do(asys, parent, create, Player)
    grandchild = do(asys, child, create, Player)
    processes = [do(asys, actor, pid) for actor in (child, grandchild)]
    kill(do(asys, parent, pid))
    seen.gone(processes)
    assert asys.ask(asys.createActor(Echo), "still there", MOMENT) == "still there"


def test_all_processes_end_when_the_admin_is_killed(scene, base, asys):
    player = asys.createActor(Player)
    child = do(asys, player, create, Player)
    processes = scene.members()
    kill(scene.admin())
    seen.gone(processes)
    start = time.monotonic()
    assert asys.ask(child, "anybody?", MOMENT) is None
    assert asys.listen(MOMENT) is None
    with pytest.raises(ActorSystemException):
        asys.createActor(Echo)
    asys.tell(player, "anybody?")
    with pytest.raises(ActorSystemException):
        asys.updateCapability("nobody", "cares")
    asys.shutdown()
    assert time.monotonic() - start < 2
    # What it has left is removed by the next system.
    scene.start(base)


@pytest.fixture
def orphaned(scene, asys):
    """A player whose starter was killed."""
    player = asys.createActor(Player)
    starter = seen.parent_of(do(asys, player, pid))
    assert starter not in (scene.admin(), os.getpid())
    kill(starter)
    return player


def test_actors_go_on_when_their_starter_is_killed(asys, orphaned):
    child = do(asys, orphaned, create, Player)
    assert do(asys, child, pid)
    kill(do(asys, child, pid))
    expect(asys, orphaned, ChildActorExited)


def test_a_starter_that_was_killed_is_replaced_by_the_next_program_that_needs_it(scene, asys, orphaned):
    echo = asys.createActor(Echo)
    assert asys.ask(echo, "made by another", MOMENT) == "made by another"
    starters = {seen.parent_of(do(asys, asys.createActor(Player), pid)) for _ in range(3)}
    assert len(starters) == 1, "the one that was started then serves from now on"
    assert asys.ask(orphaned, Order(str, ()), 0) is None
    # And once more.
    kill(starters.pop())
    assert asys.ask(asys.createActor(Echo), "and another", MOMENT) == "and another"


def test_a_creation_fails_at_once_when_there_is_no_starter(monkeypatch, asys, orphaned):
    def refuse(_part):
        raise OSError("not today")

    monkeypatch.setattr(starting.Part, "start_starter", refuse)
    start = time.monotonic()
    with pytest.raises(ActorSystemException, match="not today"):
        asys.createActor(Echo)
    # An actor that creates another with a global name asks the Admin too.
    assert do(asys, orphaned, create_named)
    assert len(expect(asys, orphaned, ChildActorExited)) == 1
    assert time.monotonic() - start < MOMENT


def create_named(actor):
    # The address of one that does not come to be stays here.
    return actor.createActor(Echo, globalName="echo") is not None


def test_a_creation_under_way_is_not_lost_with_the_starter(asys):
    starter = seen.parent_of(do(asys, asys.createActor(Player), pid))
    os.kill(starter, signal.SIGSTOP)
    killer = threading.Timer(0.2, os.kill, (starter, signal.SIGKILL))
    killer.start()
    start = time.monotonic()
    echo = asys.createActor(Echo)
    assert asys.ask(echo, "hello", MOMENT) == "hello"
    assert time.monotonic() - start < MOMENT
    killer.join()


def log(actor, text):
    logging.getLogger("player").warning(text)


def test_logging_goes_on_after_the_logger_was_killed(scene, asys):
    player = asys.createActor(Player)
    do(asys, player, log, "before")
    scene.logged("before")
    logger = scene.logger()
    kill(logger)
    seen.until(lambda: scene.logger() not in (0, logger))
    do(asys, player, log, "after")
    scene.logged("after")


def test_a_logger_that_is_killed_over_and_over_harms_nobody(scene, asys):
    player = asys.createActor(Player)
    for _ in range(10):
        try:
            # It may be gone already: of the last time.
            seen.kill([seen.until(scene.logger, 0.5)])
        except seen.NotInTime:
            break
    do(asys, player, log, "who cares")
    assert asys.ask(asys.createActor(Echo), "on it goes", MOMENT) == "on it goes"


PROGRAM = Path(__file__).with_name("program.py")


def program(scene, base, *what):
    """Another program with a system on the port of the scene. The result is the process and what it says first."""
    python = [sys.executable, str(PROGRAM), base, str(scene.port), *what]
    running = subprocess.Popen(python, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return running, running.stdout.readline().strip()


@pytest.fixture
def running_program(scene, base):
    scene.port = get_free_admin_port()
    running, said = program(scene, base)
    assert said == "hello"
    yield running
    running.kill()
    running.wait()
    running.stdin.close()
    running.stdout.close()


@pytest.mark.parametrize("base", ["multiprocTCPBase", "multiprocUDPBase", "multiprocQueueBase"])
def test_a_system_outlives_its_killed_program_or_ends_with_it(scene, base, running_program):
    members = scene.members() - {running_program.pid}
    assert len(members) >= 4
    running_program.kill()
    running_program.wait()
    if base == "multiprocQueueBase":
        seen.gone(members)
    else:
        asys = scene.start(base)
        echo = asys.createActor("cast.Echo", globalName="echo")
        assert asys.ask(echo, "still there", MOMENT) == "still there"
        assert members <= scene.members()


def test_what_an_actor_said_before_it_was_killed_comes_before_the_news_of_its_end(asys):
    parent = asys.createActor(Player)
    child = do(asys, parent, create, Player)
    do(asys, child, say_a_lot, parent)
    order(asys, child, die)
    expect(asys, parent, ChildActorExited)
    heard = do(asys, parent, kinds_heard)
    assert heard == ["str"] * 100 + ["ChildActorExited"]


def kinds_heard(actor):
    return [type(msg).__name__ for msg, _ in actor.heard]


def say_a_lot(actor, to):
    for _ in range(100):
        actor.send(to, "words")


def die(_actor):
    os.kill(os.getpid(), signal.SIGKILL)
