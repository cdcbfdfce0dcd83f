"""Watching actors, and keys of addresses."""

import pickle

import pytest
import roscius
from thespian.actors import Actor, ActorAddress, ActorExitRequest

MOMENT = 5


class Watched(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, msg)


class Watcher(roscius.Actor):
    def __init__(self):
        self.client = None

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            act, address = msg
            self.client = sender
            getattr(self, act)(address)
            self.send(sender, act)
        elif isinstance(msg, roscius.Terminated):
            self.send(self.client, (msg.address.key(), msg.reason))
        elif isinstance(msg, str):
            self.send(sender, msg)


def test_a_watcher_is_told_once(system):
    watched, watcher = system.createActor(Watched), system.createActor(Watcher)
    assert system.ask(watcher, ("watch", watched), MOMENT) == "watch"
    assert system.ask(watcher, ("watch", watched), MOMENT) == "watch"
    assert system.ask(watched, "ready", MOMENT) == "ready"
    system.tell(watched, ActorExitRequest())
    assert system.listen(MOMENT) == (watched.key(), "stopped")
    assert system.ask(watcher, "anything else?", MOMENT) == "anything else?"


def test_who_is_not_there_has_ended(system):
    watched, watcher = system.createActor(Watched), system.createActor(Watcher)
    system.tell(watched, ActorExitRequest())
    while system.ask(watched, "ready", MOMENT):
        pass
    for nobody in (watched, ActorAddress("nobody")):
        system.tell(watcher, ("watch", nobody))
        assert {system.listen(MOMENT) for _ in range(2)} == {"watch", (nobody.key(), "unknown")}


def test_an_end_of_watching(system):
    watched, watcher = system.createActor(Watched), system.createActor(Watcher)
    assert system.ask(watcher, ("watch", watched), MOMENT) == "watch"
    assert system.ask(watcher, ("unwatch", watched), MOMENT) == "unwatch"
    system.tell(watched, ActorExitRequest())
    while system.ask(watched, "ready", MOMENT):
        pass
    assert system.ask(watcher, "anything?", MOMENT) == "anything?"


def test_equal_addresses_have_equal_keys(system):
    one, other = system.createActor(Watched), system.createActor(Watched)
    same = pickle.loads(pickle.dumps(one))
    assert {one.key(): 1, other.key(): 2}[same.key()] == 1
    assert ActorAddress(one.key()) == one
    assert system.systemAddress.key() == ActorAddress("/ActorSys").key()
    with pytest.raises(TypeError):
        hash(one)
