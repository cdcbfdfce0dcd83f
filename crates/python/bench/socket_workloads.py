"""Some of the workloads between two processes that share a unix socket, with pickle and nothing else.

It is what two programs of a few lines could do at best. See `measuring` for the command line.
"""

from __future__ import annotations

import os
import pickle
import random
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from measuring import MILLISECONDS, RATE, Run, Workload, expect, main

COUNT = "count"
LENGTH = struct.Struct("<I")


class Peer:
    """One end of the connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")

    def send(self, message: Any) -> None:
        """Send one message, with its length before it."""
        packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._connection.sendall(LENGTH.pack(len(packed)) + packed)

    def receive(self) -> Any:
        """The next message. The end of the connection is an EOFError."""
        header = self._reader.read(LENGTH.size)
        if not header:
            raise EOFError
        (length,) = LENGTH.unpack(header)
        return pickle.loads(self._reader.read(length))

    def close(self) -> None:
        """End the connection."""
        self._reader.close()
        self._connection.close()


def echo(peer: Peer) -> None:
    """Answers with what comes."""
    while True:
        peer.send(peer.receive())


def count(peer: Peer) -> None:
    """Counts what comes; when asked for the count, it starts anew."""
    counted = 0
    while True:
        if peer.receive() == COUNT:
            peer.send(counted)
            counted = 0
        else:
            counted += 1


@contextmanager
def beside(job: Callable[[Peer], None]) -> Iterator[Peer]:
    """The connection to a process that does a job."""
    here, there = socket.socketpair()
    child = os.fork()
    if not child:
        here.close()
        try:
            job(Peer(there))
        except EOFError:
            os._exit(0)
        finally:
            os._exit(1)
    there.close()
    peer = Peer(here)
    try:
        yield peer
    finally:
        peer.close()
        os.waitpid(child, 0)


def ask(run: Run) -> Iterator[float]:
    """One question after the other."""
    with beside(echo) as peer:
        while True:
            start = perf_counter()
            for number in range(run.amount):
                peer.send(number)
                expect(peer.receive(), number, "answer")
            yield run.amount / (perf_counter() - start)


def tell(run: Run) -> Iterator[float]:
    """A burst, until the other process says that it has counted all."""
    with beside(count) as peer:
        while True:
            start = perf_counter()
            for number in range(run.amount):
                peer.send(number)
            peer.send(COUNT)
            counted = peer.receive()
            seconds = perf_counter() - start
            expect(counted, run.amount, "messages counted")
            yield run.amount / seconds


def echo_large(run: Run) -> Iterator[float]:
    """A mebibyte there and back; the figure is the time of one."""
    payload = random.Random(1).randbytes(1 << 20)
    with beside(echo) as peer:
        while True:
            start = perf_counter()
            for _ in range(run.amount):
                peer.send(payload)
                expect(len(peer.receive()), len(payload), "bytes")
            yield (perf_counter() - start) / run.amount * 1e3


WORKLOADS = {
    "ask": Workload(RATE, ask),
    "tell": Workload(RATE, tell),
    "echo-1MiB": Workload(MILLISECONDS, echo_large),
}

if __name__ == "__main__":
    main(WORKLOADS)
