"""The workloads, by the public API of `thespian.actors` only: they run with ours and with the original.

See `measuring` for the command line.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from cast import COUNT, PROCESS, Collect, Counter, Echo, Player, Serve, Sink, Source, Worker
from measuring import MILLISECONDS, RATE, Lost, Run, Workload, expect, main
from thespian.actors import ActorSystem

# Seconds to wait for an answer.
LIMIT = 30
SOURCES = 4


def unused_port() -> int:
    """A port that nothing listens on, for the system to be alone there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def open_system(run: Run) -> ActorSystem:
    """Start a system. The bases with an Admin get a port of their own: another system may use the usual one."""
    capabilities = {"Admin Port": unused_port()} if run.base.startswith("multiproc") else None
    return ActorSystem(run.base, capabilities)


@contextmanager
def running(run: Run) -> Iterator[ActorSystem]:
    """A system for the time of a block."""
    system = open_system(run)
    try:
        yield system
    finally:
        system.shutdown()


def put(system: ActorSystem, actor: Any, question: Any) -> Any:
    """The answer to a question; that there is none is a loss."""
    answer = system.ask(actor, question, LIMIT)
    if answer is None:
        raise Lost(f"no answer to {type(question).__name__} within {LIMIT} s")
    return answer


def ask(run: Run) -> Iterator[float]:
    """One question after the other, from outside."""
    with running(run) as system:
        echo = system.createActor(Echo)
        while True:
            start = perf_counter()
            for number in range(run.amount):
                expect(system.ask(echo, number, LIMIT), number, "answer")
            yield run.amount / (perf_counter() - start)


def ask_p99(run: Run) -> Iterator[float]:
    """The time that 99 of 100 questions do not exceed."""
    with running(run) as system:
        echo = system.createActor(Echo)
        while True:
            times = []
            for number in range(run.amount):
                start = perf_counter()
                answer = system.ask(echo, number, LIMIT)
                times.append(perf_counter() - start)
                expect(answer, number, "answer")
            yield statistics.quantiles(times, n=100)[98] * 1e3


def tell(run: Run) -> Iterator[float]:
    """A burst from outside, until the actor says that it has counted all."""
    with running(run) as system:
        counter = system.createActor(Counter)
        while True:
            start = perf_counter()
            for number in range(run.amount):
                system.tell(counter, number)
            counted = put(system, counter, COUNT)
            seconds = perf_counter() - start
            expect(counted, run.amount, "messages counted")
            yield run.amount / seconds


def ping_pong(run: Run) -> Iterator[float]:
    """A ball between two actors; a round trip counts as one."""
    with running(run) as system:
        player, partner = system.createActor(Player), system.createActor(Echo)
        while True:
            start = perf_counter()
            returned = put(system, player, Serve(partner, run.amount))
            seconds = perf_counter() - start
            expect(returned, run.amount, "balls returned")
            yield run.amount / seconds


def fan_in(run: Run) -> Iterator[float]:
    """Several actors send to one as fast as they can."""
    with running(run) as system:
        sink = system.createActor(Sink)
        sources = [system.createActor(Source) for _ in range(SOURCES)]
        each = run.amount // SOURCES
        while True:
            start = perf_counter()
            if system.ask(sink, Collect(sources, each), LIMIT) is None:
                missing = put(system, sink, COUNT)
                raise Lost(f"{missing} of {each * SOURCES} messages not there within {LIMIT} s")
            yield each * SOURCES / (perf_counter() - start)


def create(run: Run) -> Iterator[float]:
    """Actors, each until it has answered, in a new system each round."""
    while True:
        with running(run) as system:
            start = perf_counter()
            for _ in range(run.amount):
                put(system, system.createActor(Worker), PROCESS)
            seconds = perf_counter() - start
        yield run.amount / seconds


def echo_of(size: int, run: Run) -> Iterator[float]:
    """Large messages to an actor and back; the figure is the time of one."""
    payload = random.Random(size).randbytes(size)
    with running(run) as system:
        echo = system.createActor(Echo)
        while True:
            seconds = 0.0
            for _ in range(run.amount):
                start = perf_counter()
                answer = put(system, echo, payload)
                seconds += perf_counter() - start
                if answer != payload:
                    raise Lost(f"{len(answer)} bytes came back, not the {size} that were sent")
            yield seconds / run.amount * 1e3


def populated(run: Run) -> tuple[ActorSystem, set[int]]:
    """A new system with actors that have all answered, and the processes that are theirs."""
    system = open_system(run)
    try:
        actors = [system.createActor(Worker) for _ in range(run.amount)]
        return system, {put(system, actor, PROCESS) for actor in actors} - {os.getpid()}
    except BaseException:
        system.shutdown()
        raise


def pss_of(process: int) -> float:
    """The proportional set size of a process in MB."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(f"no PSS of process {process}")


def start_up(run: Run) -> Iterator[float]:
    """From nothing until all actors have answered. What their processes take of memory is noted."""
    while True:
        start = perf_counter()
        system, processes = populated(run)
        seconds = perf_counter() - start
        try:
            run.pss.extend(pss_of(process) for process in processes)
        finally:
            system.shutdown()
        yield seconds * 1e3


def shut_down(run: Run) -> Iterator[float]:
    """The end of a system with actors."""
    while True:
        system, _ = populated(run)
        start = perf_counter()
        system.shutdown()
        yield (perf_counter() - start) * 1e3


WORKLOADS = {
    "ask": Workload(RATE, ask),
    "ask-p99": Workload(MILLISECONDS, ask_p99),
    "tell": Workload(RATE, tell),
    "ping-pong": Workload(RATE, ping_pong),
    "fan-in": Workload(RATE, fan_in),
    "create": Workload(RATE, create),
    "echo-1MiB": Workload(MILLISECONDS, lambda run: echo_of(1 << 20, run)),
    "echo-20MB": Workload(MILLISECONDS, lambda run: echo_of(20_000_000, run)),
    "start": Workload(MILLISECONDS, start_up),
    "shutdown": Workload(MILLISECONDS, shut_down),
}

if __name__ == "__main__":
    main(WORKLOADS)
