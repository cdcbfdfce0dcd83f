"""The actors of the workloads. They stand in a module of their own, so that the processes of any base can import it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from thespian.actors import Actor, ActorAddress, ActorExitRequest

COUNT = "count"
PROCESS = "process"


@dataclass
class Serve:
    """Asks a player to play so many rallies with a partner, and to answer with the number of balls that came back."""

    partner: ActorAddress
    rallies: int


@dataclass
class Collect:
    """Asks a sink to let each source send it so many messages, and to answer when all have come."""

    sources: list[ActorAddress]
    each: int


@dataclass
class Feed:
    """Asks a source to send so many messages to the sender of this."""

    messages: int


class Echo(Actor):
    """Answers with what it gets."""

    def receiveMessage(self, msg: Any, sender: ActorAddress) -> None:
        if not isinstance(msg, ActorExitRequest):
            self.send(sender, msg)


class Worker(Actor):
    """Answers with the id of the process that it runs in."""

    def receiveMessage(self, msg: Any, sender: ActorAddress) -> None:
        if msg == PROCESS:
            self.send(sender, os.getpid())


class Counter(Actor):
    """Counts messages; when asked for the count, it starts anew."""

    count = 0

    def receiveMessage(self, msg: Any, sender: ActorAddress) -> None:
        if isinstance(msg, int):
            self.count += 1
        elif msg == COUNT:
            self.send(sender, self.count)
            self.count = 0


class Player(Actor):
    """Sends a ball to and fro."""

    returned: int
    rallies: int
    asker: ActorAddress

    def receiveMessage(self, msg: Any, sender: ActorAddress) -> None:
        if isinstance(msg, int):
            self.returned += 1
            if self.returned < self.rallies:
                self.send(sender, msg)
            else:
                self.send(self.asker, self.returned)
        elif isinstance(msg, Serve):
            self.returned = 0
            self.rallies = msg.rallies
            self.asker = sender
            self.send(msg.partner, 1)


class Source(Actor):
    """Sends many messages at once."""

    def receiveMessage(self, msg: Any, sender: ActorAddress) -> None:
        if isinstance(msg, Feed):
            for number in range(msg.messages):
                self.send(sender, number)


class Sink(Actor):
    """Collects what the sources send."""

    missing = 0
    asker: ActorAddress

    def receiveMessage(self, msg: Any, sender: ActorAddress) -> None:
        if isinstance(msg, int):
            self.missing -= 1
            if not self.missing:
                self.send(self.asker, 0)
        elif isinstance(msg, Collect):
            self.missing = msg.each * len(msg.sources)
            self.asker = sender
            for source in msg.sources:
                self.send(source, Feed(msg.each))
        elif msg == COUNT:
            self.send(sender, self.missing)
