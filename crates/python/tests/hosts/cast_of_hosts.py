"""The actors on five hosts: each host asks all others, without an end, and writes down what becomes of each question."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta

from thespian.actors import (
    Actor,
    ActorExitRequest,
    ChildActorExited,
    DeadEnvelope,
    PoisonMessage,
    WakeupMessage,
    requireCapability,
)

HOSTS = 5
EVERY = timedelta(milliseconds=100)
# Seconds between attempts to have an actor on a host that there is none on.
AGAIN = 0.4


class Echo(Actor):
    """Answers questions."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            _question, origin, number = msg
            self.send(sender, ("answer", origin, number))


@requireCapability("host 0")
class Echo0(Echo):
    pass


@requireCapability("host 1")
class Echo1(Echo):
    pass


@requireCapability("host 2")
class Echo2(Echo):
    pass


@requireCapability("host 3")
class Echo3(Echo):
    pass


@requireCapability("host 4")
class Echo4(Echo):
    pass


ECHOES = (Echo0, Echo1, Echo2, Echo3, Echo4)


class Asker(Actor):
    """Asks an actor of its own on each other host. All that it hears is a line in a file, so it can be read when the system is gone."""

    def __init__(self):
        self.file = -1
        self.origin = ""
        self.host = -1
        self.number = 0
        # By host: the number of its actor, and where it is.
        self.children = {}
        self.made = 0
        self.tried = dict.fromkeys(range(HOSTS), 0.0)

    def note(self, what, **more):
        line = json.dumps({"at": time.monotonic(), "what": what, **more})
        os.write(self.file, line.encode() + b"\n")

    def receiveMessage(self, msg, sender):
        if isinstance(msg, WakeupMessage):
            self.ask_all()
            self.wakeupAfter(EVERY)
        elif isinstance(msg, DeadEnvelope):
            self.lost("dead", msg.deadMessage)
        elif isinstance(msg, PoisonMessage):
            self.lost("poison", msg.poisonMessage)
        elif isinstance(msg, ChildActorExited):
            self.ended(msg.childAddress)
        elif isinstance(msg, tuple) and msg[0] == "answer":
            self.note("answer", number=msg[2])
        elif isinstance(msg, tuple):
            self.begin(*msg)
            self.send(sender, "begun")
        elif isinstance(msg, ActorExitRequest):
            self.note("over")

    def begin(self, host, origin, path):
        self.host, self.origin = host, origin
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.handleDeadLetters()
        self.wakeupAfter(EVERY)

    def ask_all(self):
        for host in range(HOSTS):
            if host == self.host:
                continue
            if host not in self.children:
                now = time.monotonic()
                if now - self.tried[host] < AGAIN:
                    continue
                self.tried[host] = now
                self.made += 1
                self.children[host] = (self.made, self.createActor(ECHOES[host]))
            made, child = self.children[host]
            self.number += 1
            self.note("asked", number=self.number, host=host, child=made)
            self.send(child, ("question", self.origin, self.number))

    def lost(self, how, message):
        if isinstance(message, tuple) and len(message) == 3:
            self.note(how, kind=message[0], origin=message[1], number=message[2])

    def ended(self, child):
        for host, (made, known) in list(self.children.items()):
            if known == child:
                del self.children[host]
                return self.note("ended", child=made)
        self.note("ended again")
