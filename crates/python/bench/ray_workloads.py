"""Some of the workloads, written for Ray: each of its actors is a process. See `measuring` for the command line."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import ray  # type: ignore[import-not-found,unused-ignore]
from measuring import MILLISECONDS, RATE, Run, Workload, expect, main

LIMIT = 30
STORE_BYTES = 200_000_000


@ray.remote(num_cpus=0)  # type: ignore[untyped-decorator,unused-ignore]
class Echo:
    """Answers with what it gets."""

    def echo(self, message: Any) -> Any:
        return message

    def process(self) -> int:
        return os.getpid()


@ray.remote(num_cpus=0)  # type: ignore[untyped-decorator,unused-ignore]
class Counter:
    """Counts messages; when asked for the count, it starts anew."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, number: int) -> None:
        self.count += 1

    def take(self) -> int:
        counted, self.count = self.count, 0
        return counted


@contextmanager
def running() -> Iterator[None]:
    """A cluster of this machine alone for the time of a block."""
    ray.init(
        num_cpus=len(os.sched_getaffinity(0)),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=STORE_BYTES,
        _node_ip_address="127.0.0.1",
    )
    try:
        yield
    finally:
        ray.shutdown()


def ask(run: Run) -> Iterator[float]:
    """One question after the other, from outside."""
    with running():
        echo = Echo.remote()
        while True:
            start = perf_counter()
            for number in range(run.amount):
                expect(ray.get(echo.echo.remote(number), timeout=LIMIT), number, "answer")
            yield run.amount / (perf_counter() - start)


def tell(run: Run) -> Iterator[float]:
    """A burst from outside, until the actor says that it has counted all."""
    with running():
        counter = Counter.remote()
        while True:
            start = perf_counter()
            for number in range(run.amount):
                counter.add.remote(number)
            counted = ray.get(counter.take.remote(), timeout=LIMIT)
            seconds = perf_counter() - start
            expect(counted, run.amount, "messages counted")
            yield run.amount / seconds


def create(run: Run) -> Iterator[float]:
    """Actors, each until it has answered; those of a round are let go after it."""
    with running():
        while True:
            actors = []
            start = perf_counter()
            for _ in range(run.amount):
                actors.append(Echo.remote())
                ray.get(actors[-1].process.remote(), timeout=LIMIT)
            yield run.amount / (perf_counter() - start)
            for actor in actors:
                ray.kill(actor)


def echo_large(run: Run) -> Iterator[float]:
    """A mebibyte there and back; the figure is the time of one."""
    payload = random.Random(1).randbytes(1 << 20)
    with running():
        echo = Echo.remote()
        while True:
            start = perf_counter()
            for _ in range(run.amount):
                expect(len(ray.get(echo.echo.remote(payload), timeout=LIMIT)), len(payload), "bytes")
            yield (perf_counter() - start) / run.amount * 1e3


WORKLOADS = {
    "ask": Workload(RATE, ask),
    "tell": Workload(RATE, tell),
    "create": Workload(RATE, create),
    "echo-1MiB": Workload(MILLISECONDS, echo_large),
}

if __name__ == "__main__":
    main(WORKLOADS)
