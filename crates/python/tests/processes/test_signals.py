"""Signals to the processes of actors."""

import os
import signal
import subprocess

import pytest
import seen
from cast import Echo, Player, create, do, expect, pid
from thespian.actors import ActorExitRequest, ChildActorExited


class Farewell(Player):
    """Tells its parent when it is asked to exit."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, ActorExitRequest):
            self.send(self.parent, "farewell")
        else:
            super().receiveMessage(msg, sender)


def name_parent(actor, parent):
    actor.parent = parent


@pytest.mark.parametrize("name", ["SIGTERM", "SIGQUIT", "SIGABRT"])
def test_signals_that_end_an_actor_in_good_order(asys, name):
    parent = asys.createActor(Player)
    child = do(asys, parent, create, Farewell)
    grandchild = do(asys, child, create, Player)
    processes = [do(asys, actor, pid) for actor in (child, grandchild)]
    do(asys, child, name_parent, parent)
    os.kill(processes[0], getattr(signal, name))
    seen.gone(processes)
    ((exited, _),) = expect(asys, parent, ChildActorExited)
    assert exited.childAddress == child
    ((said, who),) = expect(asys, parent, str)
    assert (said, who) == ("farewell", child)


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGUSR2"])
def test_signals_that_are_noted(scene, asys, name):
    player = asys.createActor(Player)
    os.kill(do(asys, player, pid), getattr(signal, name))
    (line,) = scene.noted(name)
    assert str(player) in line
    assert do(asys, player, pid)


def test_an_actor_shows_its_status_on_usr1(scene, asys):
    player = asys.createActor(Player)
    child = do(asys, player, create, Player)
    os.kill(do(asys, player, pid), signal.SIGUSR1)
    scene.noted("STATUS: ")
    text = "\n".join(scene.noted_lines())
    assert f"Status of {Player.__module__}.Player Actor @ {player}" in text
    assert str(child) in text


def test_the_admin_and_the_starter_ignore_what_a_terminal_sends(scene, asys):
    player = asys.createActor(Player)
    for process in (scene.admin(), seen.parent_of(do(asys, player, pid)), scene.logger()):
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            os.kill(process, number)
    assert do(asys, asys.createActor(Player), pid)
    assert do(asys, player, pid)


def test_the_admin_shows_the_status_of_the_system_on_usr1(scene, asys):
    echo = asys.createActor(Echo, globalName="the echo")
    for times in (1, 2):
        os.kill(scene.admin(), signal.SIGUSR1)
        seen.until(lambda times=times: sum("STATUS: " in line for line in scene.noted_lines()) == times)
    text = "\n".join(scene.noted_lines())
    assert "the echo" in text
    assert str(echo) in text


def run_program(actor):
    return subprocess.run(["sh", "-c", "kill -TERM $$"], check=False).returncode


def test_programs_that_an_actor_starts_have_ordinary_signals(asys):
    player = asys.createActor(Player)
    assert do(asys, player, run_program) == -signal.SIGTERM
