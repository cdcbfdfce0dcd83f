"""How processes are started, and who may use their system."""

import itertools
import logging
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import seen
from cast import MOMENT, Echo, Player, create, do, expect, pid
from thespian.actors import ActorExitRequest, ChildActorExited
from thespian.test import get_free_admin_port

HERE = Path(__file__).parent
MAIN = HERE / "main_classes.py"
PROGRAM = HERE / "program.py"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_actors_are_started_by_other_methods(scene, base, method, monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    asys = scene.start(base, **{"Process Startup Method": method})
    player = asys.createActor("cast.Player")
    child = do(asys, player, create, Player, within=10)
    processes = {do(asys, actor, pid, within=10) for actor in (player, child)}
    assert len(processes) == 2
    do(asys, player, say_exit, child)
    expect(asys, player, ChildActorExited)
    assert seen.until(lambda: len(scene.members() & processes) == 1)


def say_exit(actor, child):
    actor.send(child, ActorExitRequest())


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_classes_of_the_main_module(scene, method):
    """A program whose actors are classes of its own main module."""
    arguments = [sys.executable, str(MAIN), "multiprocTCPBase", str(get_free_admin_port()), method]
    ran = subprocess.run(arguments, capture_output=True, text=True, timeout=15, check=False)
    assert (ran.returncode, ran.stdout) == (0, "hello from the child\n"), ran.stderr


def test_an_unknown_method_is_another_name_for_fork(scene, base):
    asys = scene.start(base, **{"Process Startup Method": "by magic"})
    assert asys.ask(asys.createActor(Echo), "it works", MOMENT) == "it works"
    scene.noted("by magic")


def test_a_program_with_threads_starts_a_system(scene, base):
    stop = threading.Event()
    lock = threading.Lock()

    def work():
        while not stop.is_set():
            with lock:
                sum(range(100))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        asys = scene.start(base)
        for _ in range(5):
            assert asys.ask(asys.createActor(Echo), "it works", MOMENT) == "it works"
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def create_in_thread(actor):
    """Children are made while other threads run."""
    stop = threading.Event()
    threads = [threading.Thread(target=busy, args=(stop,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    children = [actor.createActor(Player) for _ in range(5)]
    stop.set()
    for thread in threads:
        thread.join()
    return children


def busy(stop):
    while not stop.is_set():
        logging.getLogger("busy").debug("not written")
        sum(range(100))


def test_an_actor_with_threads_has_children(scene, asys):
    player = asys.createActor(Player)
    children = do(asys, player, create_in_thread)
    assert len({do(asys, child, pid) for child in children}) == 5


@pytest.mark.parametrize("base", ["multiprocTCPBase", "multiprocUDPBase"])
def test_a_second_program_uses_the_system_of_the_first(scene, base):
    scene.port = get_free_admin_port()
    arguments = [sys.executable, str(PROGRAM), base, str(scene.port)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "hello\n"
        members = scene.members()
        second = scene.start(base, of="the second program")
        echo = second.createActor("cast.Echo", globalName="echo")
        assert second.ask(echo, "hello too", MOMENT) == "hello too"
        assert scene.members() == members
        # Its capabilities are not those of the system.
        caps = second.createActor(NeedsFirst)
        assert second.ask(caps, "of?", MOMENT) == "of?"
        first.stdin.close()
        assert first.wait(5) == 0
    assert second.ask(echo, "still there", MOMENT) == "still there"


class NeedsFirst(Echo):
    @staticmethod
    def actorSystemCapabilityCheck(capabilities, _requirements):
        return capabilities.get("of") == "the program"


def test_two_programs_that_start_at_once_get_one_system(scene):
    port = get_free_admin_port()
    arguments = [sys.executable, str(PROGRAM), "multiprocTCPBase", str(port)]
    programs = [subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        assert [program.stdout.readline() for program in programs] == ["hello\n"] * 4
        scene.port = port
        scene.start("multiprocTCPBase")
        # One Admin, one starter, one logger, one actor by its name, and the process for the next actor.
        seen.until(lambda: len(scene.members()) == len(programs) + 5)
    finally:
        for program in programs:
            program.stdin.close()
            assert program.wait(5) == 0
            program.stdout.close()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_thousand_actors(scene, record_property, capsys):
    asys = scene.start("multiprocTCPBase", False)
    times = [time.monotonic()]
    echoes = [asys.createActor(Echo) for _ in range(1000)]
    times.append(time.monotonic())
    for echo in echoes:
        assert asys.ask(echo, "there?", MOMENT) == "there?"
    times.append(time.monotonic())
    asys.shutdown()
    times.append(time.monotonic())
    made, asked, ended = (after - before for before, after in itertools.pairwise(times))
    with capsys.disabled():
        print(f" 1,000 actors: created in {made:.1f} s, asked in {asked:.1f} s, shut down in {ended:.1f} s")
