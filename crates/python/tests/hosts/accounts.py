"""What became of all questions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Child:
    """An actor on another host."""

    host: int
    answered: float | None = None
    ended: float | None = None


@dataclass
class Origin:
    """One start of a system: what it asked, and what it heard."""

    path: Path
    offset: int = 0
    # By number: which child was asked, and when.
    asked: dict[int, tuple[int, float]] = field(default_factory=dict)
    children: dict[int, Child] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    last_answer: dict[int, float] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)


class Accounts:
    """The books of all that was asked. What is wrong is collected in `wrong`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origins: dict[str, Origin] = {}
        self.wrong: list[str] = []
        self.asked = self.answers = self.letters = 0

    def open(self, origin: str) -> Path:
        """Where this start of a system writes."""
        path = self.folder / f"{origin}.log"
        self.origins[origin] = Origin(path)
        return path

    def close(self, origin: str) -> None:
        """This start of a system is gone, and its questions with it. What it said of others counts."""
        self.read()
        del self.origins[origin]

    def read(self) -> None:
        """Take in what is new."""
        for name, origin in list(self.origins.items()):
            if not origin.path.exists():
                continue
            with origin.path.open("rb") as file:
                file.seek(origin.offset)
                for line in file:
                    # What is being written is read the next time.
                    if not line.endswith(b"\n"):
                        break
                    origin.offset += len(line)
                    self.take_in(name, origin, json.loads(line))

    def take_in(self, name, origin, line):
        what, at, number = line["what"], line["at"], line.get("number")
        if what == "asked":
            self.asked += 1
            origin.asked[number] = (line["child"], at)
            origin.children.setdefault(line["child"], Child(line["host"]))
        elif what == "answer":
            child = origin.children[origin.asked[number][0]]
            if number in origin.answered:
                self.wrong.append(f"{name}: question {number} was answered twice")
            if child.ended is not None:
                self.wrong.append(f"{name}: question {number} was answered after the end of who was asked")
            self.answers += 1
            origin.answered[number] = at
            origin.last_answer[child.host] = at
            child.answered = at
        elif what in ("dead", "poison"):
            self.letters += 1
            if line["origin"] in self.origins:
                self.origins[line["origin"]].told.add(number)
        elif what == "ended":
            origin.children[line["child"]].ended = at
        elif what == "ended again":
            self.wrong.append(f"{name}: the end of an actor was told twice, or of one that it has not made")

    def open_questions(self, until: float) -> list[str]:
        """Questions before a moment of which nobody knows what became."""
        found = []
        for name, origin in self.origins.items():
            for number, (child, at) in list(origin.asked.items()):
                if at > until:
                    continue
                told = number in origin.answered or number in origin.told
                if not told and origin.children[child].ended is None:
                    found.append(f"{name}: question {number} to host {origin.children[child].host}")
        return found

    def living(self, host: int) -> list[tuple[str, int]]:
        """The actors on a host that have answered and not ended, as far as is known: with who asks them."""
        return [
            (name, child)
            for name, origin in self.origins.items()
            for child, seen in origin.children.items()
            if seen.host == host and seen.answered is not None and seen.ended is None
        ]

    def ended(self, origin: str, child: int) -> float | None:
        """When the end of an actor was told."""
        return self.origins[origin].children[child].ended

    def not_met(self, since: float) -> list[tuple[str, int]]:
        """Who has no answer from which host since a moment."""
        return [
            (name, host)
            for name, origin in self.origins.items()
            for host in range(len(self.origins))
            if host != int(name.partition(".")[0]) and origin.last_answer.get(host, 0.0) < since
        ]
