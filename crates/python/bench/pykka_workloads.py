"""Some of the workloads, written for Pykka: each of its actors is a thread. See `measuring` for the command line."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import pykka  # type: ignore[import-not-found,unused-ignore]
from measuring import RATE, Run, Workload, expect, main

LIMIT = 30
COUNT = "count"


class Echo(pykka.ThreadingActor):  # type: ignore[misc,unused-ignore]
    """Answers with what it gets."""

    def on_receive(self, message: Any) -> Any:
        return message


class Counter(pykka.ThreadingActor):  # type: ignore[misc,unused-ignore]
    """Counts messages; when asked for the count, it starts anew."""

    count = 0

    def on_receive(self, message: Any) -> int | None:
        if message != COUNT:
            self.count += 1
            return None
        counted, self.count = self.count, 0
        return counted


class Partner(pykka.ThreadingActor):  # type: ignore[misc,unused-ignore]
    """Sends a ball back to the player that is its message."""

    def on_receive(self, message: Any) -> None:
        message.tell(self.actor_ref)


class Player(pykka.ThreadingActor):  # type: ignore[misc,unused-ignore]
    """Plays, when it gets a partner, rallies and a future; a ball is the partner's reference."""

    def on_receive(self, message: Any) -> None:
        if isinstance(message, tuple):
            partner, self.rallies, self.future = message
            self.returned = 0
            partner.tell(self.actor_ref)
            return
        self.returned += 1
        if self.returned < self.rallies:
            message.tell(self.actor_ref)
        else:
            self.future.set(self.returned)


def ask(run: Run) -> Iterator[float]:
    """One question after the other, from outside."""
    echo = Echo.start()
    try:
        while True:
            start = perf_counter()
            for number in range(run.amount):
                expect(echo.ask(number, timeout=LIMIT), number, "answer")
            yield run.amount / (perf_counter() - start)
    finally:
        pykka.ActorRegistry.stop_all()


def tell(run: Run) -> Iterator[float]:
    """A burst from outside, until the actor says that it has counted all."""
    counter = Counter.start()
    try:
        while True:
            start = perf_counter()
            for number in range(run.amount):
                counter.tell(number)
            counted = counter.ask(COUNT, timeout=LIMIT)
            seconds = perf_counter() - start
            expect(counted, run.amount, "messages counted")
            yield run.amount / seconds
    finally:
        pykka.ActorRegistry.stop_all()


def ping_pong(run: Run) -> Iterator[float]:
    """A ball between two actors; a round trip counts as one."""
    player, partner = Player.start(), Partner.start()
    try:
        while True:
            future = pykka.ThreadingFuture()
            start = perf_counter()
            player.tell((partner, run.amount, future))
            returned = future.get(timeout=LIMIT)
            seconds = perf_counter() - start
            expect(returned, run.amount, "balls returned")
            yield run.amount / seconds
    finally:
        pykka.ActorRegistry.stop_all()


WORKLOADS = {"ask": Workload(RATE, ask), "tell": Workload(RATE, tell), "ping-pong": Workload(RATE, ping_pong)}

if __name__ == "__main__":
    main(WORKLOADS)
