"""Messages that the program in Rust knows too, and actors in Python for it."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from typing import Any

import roscius
from thespian.actors import Actor, ActorExitRequest, ChildActorExited, PoisonMessage

MOMENT = 20


@roscius.message("test.Add")
@dataclass
class Add:
    amount: int


@roscius.message("test.Total")
@dataclass
class Total:
    value: int
    steps: list[int]


@roscius.message("test.Where")
@dataclass
class Where:
    pass


@roscius.message("test.Abort")
@dataclass
class Abort:
    pass


class Mood(enum.Enum):
    Good = 1
    Bad = 2


@dataclass(frozen=True)
class Author:
    name: str
    born: int | None = None


@roscius.message("test.Review")
@dataclass
class Review:
    title: str
    author: Author
    stars: float
    words: dict[str, int]
    tags: set[str]
    mood: Mood
    place: tuple[int, str]
    raw: bytes
    note: str | None
    by: roscius.ActorAddress


@roscius.message("test.Relay")
@dataclass
class Relay:
    to: roscius.ActorAddress
    text: str


@roscius.message("test.Tell")
@dataclass
class Tell:
    to: roscius.ActorAddress
    text: str


@roscius.message("test.Watch")
@dataclass
class Watch:
    of: roscius.ActorAddress


@roscius.message("test.Raise")
@dataclass
class Raise:
    class_name: str


@roscius.message("test.Ended")
@dataclass
class Ended:
    address: roscius.ActorAddress
    reason: str


@roscius.message("test.Unknown")
@dataclass
class Unknown:
    what: Any


@roscius.message("test.Note")
@dataclass
class Note:
    """For actors in Python alone."""

    text: str
    about: dict[str, Any]


class Echo(Actor):
    """Answers in capitals, and adds two."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, Add):
            self.send(sender, Total(msg.amount + 2, [msg.amount]))
        elif isinstance(msg, Note):
            self.send(sender, Note(msg.text.upper(), msg.about))
        elif msg == "fail":
            raise ValueError("as it was told")
        elif msg == "silence":
            pass
        elif msg == "pid":
            self.send(sender, os.getpid())
        elif isinstance(msg, str):
            self.send(sender, msg.upper())


class Parent(roscius.Actor):
    """Creates what it is told to, and tells what it hears of that to who has told it."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            what, argument = msg
            self.client = sender
            if what == "create":
                self.send(sender, self.createActor(argument))
            elif what == "watch":
                self.watch(argument)
                self.send(sender, "watching")
            elif what == "pass on":
                self.send(*argument)
            elif what == "exit":
                self.send(argument, ActorExitRequest())
            elif what == "ask":
                self.ask_then(*argument, self._answered, timeout=MOMENT)
        elif isinstance(msg, ChildActorExited):
            self.send(self.client, ("child exited", msg.childAddress))
        elif isinstance(msg, roscius.Terminated):
            self.send(self.client, ("terminated", msg.address))
        elif isinstance(msg, PoisonMessage):
            self.send(self.client, ("poison", msg.poisonMessage, msg.details))
        elif not isinstance(msg, ActorExitRequest):
            self.send(self.client, ("heard", msg))

    def _answered(self, outcome):
        try:
            self.send(self.client, ("answer", outcome.answer()))
        except roscius.AskError as error:
            self.send(self.client, ("error", type(error).__name__, str(error)))
