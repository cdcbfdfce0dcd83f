"""Workloads between two systems on this host, by the public API of `thespian.actors` only: they run with ours and with the original.

With CLUSTER_CERTIFICATES, a folder that has those of `one` and `two`, the systems speak over mutual TLS. See `measuring` for the command line.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from cast import COUNT, Counter, Echo
from measuring import RATE, Lost, Run, Workload, expect, main
from thespian.actors import ActorSystem, NoCompatibleSystemForActor, requireCapability
from workloads import LIMIT, put, unused_port


@requireCapability("second")
class FarEcho(Echo):
    """An echo in the second system."""


@requireCapability("second")
class FarCounter(Counter):
    """A counter in the second system."""


@contextmanager
def joined(run: Run) -> Iterator[ActorSystem]:
    """The first of two systems."""
    leader = f"127.0.0.1:{unused_port()}"
    first = start(run, leader, "one", int(leader.rpartition(":")[2]))
    try:
        second = start(run, leader, "two", unused_port(), second=True)
        try:
            yield first
        finally:
            second.shutdown()
    finally:
        first.shutdown()


def start(run: Run, leader: str, name: str, port: int, **capabilities: Any) -> ActorSystem:
    """A system of the convention."""
    entries = {"Admin Port": port, "Convention Address.IPv4": leader, **capabilities}
    if certificates := os.environ.get("CLUSTER_CERTIFICATES"):
        entries["Convention Certificate"] = str(Path(certificates) / f"{name}.pem")
    return ActorSystem(run.base, entries, transientUnique=True)


def made(system: ActorSystem, what: Any) -> Any:
    """An actor in the second system, as soon as that has joined."""
    until = perf_counter() + LIMIT
    while True:
        try:
            return system.createActor(what)
        except NoCompatibleSystemForActor:
            if perf_counter() > until:
                raise Lost("the second system has not joined") from None
            time.sleep(0.05)


def ask(run: Run) -> Iterator[float]:
    """One question after the other, from a program at the first system."""
    with joined(run) as system:
        echo = made(system, FarEcho)
        while True:
            begun = perf_counter()
            for number in range(run.amount):
                expect(system.ask(echo, number, LIMIT), number, "answer")
            yield run.amount / (perf_counter() - begun)


def tell(run: Run) -> Iterator[float]:
    """A burst from a program at the first system, until the actor says that it has counted all."""
    with joined(run) as system:
        counter = made(system, FarCounter)
        while True:
            begun = perf_counter()
            for number in range(run.amount):
                system.tell(counter, number)
            counted = put(system, counter, COUNT)
            seconds = perf_counter() - begun
            expect(counted, run.amount, "messages counted")
            yield run.amount / seconds


WORKLOADS = {"tell": Workload(RATE, tell), "ask": Workload(RATE, ask)}

if __name__ == "__main__":
    main(WORKLOADS)
