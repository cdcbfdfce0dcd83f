"""The process of the next actor, which is forked ahead of time."""

import os
import signal
from pathlib import Path

import pytest
import seen
from cast import MOMENT, Player, do, pid
from scenes import scene  # noqa: F401
from thespian.actors import Actor


class Capable(Actor):
    """Answers with a capability that it was created with."""

    def __init__(self, capabilities):
        self.capabilities = capabilities

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, self.capabilities.get(msg))

    @staticmethod
    def actorSystemCapabilityCheck(capabilities, _requirements):
        return "colour" in capabilities


class Painter(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.updateCapability(*msg)
            self.send(sender, "asked for")


def children_of(process):
    """The processes that a process has forked and not reaped."""
    return {int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()}


class Ahead:
    """A system with an actor, and what its starter has ready."""

    def __init__(self, scene):  # noqa: F811
        self.scene = scene
        self.asys = scene.start("multiprocTCPBase")
        self.known = {scene.logger()}
        actor = self.create()
        self.starter = seen.parent_of(actor)

    def create(self):
        """One more actor. The result is its process."""
        process = do(self.asys, self.asys.createActor(Player), pid)
        self.known.add(process)
        return process

    def spare(self):
        """The process that is ready, as soon as it is."""
        (found,) = seen.until(lambda: children_of(self.starter) - self.known)
        return found


@pytest.fixture
def ahead(scene):  # noqa: F811
    return Ahead(scene)


def test_the_next_actor_has_the_process_that_is_ready(ahead):
    for _ in range(3):
        spare = ahead.spare()
        assert ahead.create() == spare


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_an_actor_does_without_one_that_was_killed_or_stopped(ahead, number):
    spare = ahead.spare()
    os.kill(spare, number)
    assert ahead.create() != spare
    seen.until(lambda: spare not in children_of(ahead.starter))
    # And there is another one.
    following = ahead.spare()
    assert ahead.create() == following


def test_the_next_actor_has_the_capabilities_of_now(ahead):
    ahead.spare()
    painter = ahead.asys.createActor(Painter)
    assert ahead.asys.ask(painter, ("colour", "red"), MOMENT) == "asked for"
    capable = ahead.asys.createActor(Capable)
    assert ahead.asys.ask(capable, "colour", MOMENT) == "red"


def test_it_ends_with_its_starter(ahead):
    spare = ahead.spare()
    os.kill(ahead.starter, signal.SIGKILL)
    seen.until(lambda: not Path(f"/proc/{spare}").exists())
