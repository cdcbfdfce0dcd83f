"""What is run: bases, workloads, amounts, targets."""

from __future__ import annotations

from dataclasses import dataclass

BASES = {
    "simple": "simpleSystemBase",
    "thread": "threadSystemBase",
    "tcp": "multiprocTCPBase",
    "udp": "multiprocUDPBase",
    "queue": "multiprocQueueBase",
}
# Those that run without being named.
USUAL = ["simple", "thread"]
# The original has no such base.
ONLY_OURS = {"thread"}
PROCESSES = {"tcp", "udp", "queue"}

# How much one round does: where actors are objects of one process, and where each is a process.
AMOUNTS = {
    "ask": (20_000, 500),
    "ask-p99": (20_000, 500),
    "tell": (100_000, 2_000),
    "ping-pong": (50_000, 500),
    "fan-in": (40_000, 2_000),
    "create": (1_000, 20),
    "echo-1MiB": (5_000, 20),
    "echo-20MB": (1_000, 3),
    "start": (50, 50),
    "shutdown": (50, 50),
}
# An actor system with fewer actors would be another workload.
FIXED = {"start", "shutdown"}
PYKKA = {"ask", "tell", "ping-pong"}

# How many times as good as the original ours has to be.
TARGETS = {
    "simple": {"ask": 5.0, "tell": 5.0, "ping-pong": 5.0},
    "tcp": {
        "ask": 20.0,
        "ping-pong": 20.0,
        "tell": 200.0,
        "fan-in": 300.0,
        "create": 4.0,
        "echo-1MiB": 20.0,
        "start": 1.0,
        "shutdown": 1.0,
    },
}


@dataclass(frozen=True)
class Effort:
    """How thoroughly to measure."""

    repeats: int
    rounds: int
    divisor: int
    limit: float


FULL = Effort(repeats=3, rounds=5, divisor=1, limit=120)
QUICK = Effort(repeats=1, rounds=3, divisor=5, limit=60)


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    base: str
    workload: str
    cores: int

    @property
    def target(self) -> float | None:
        """What is to be reached, if anything."""
        return TARGETS.get(self.base, {}).get(self.workload)

    def amount(self, effort: Effort) -> int:
        """How much one round does."""
        whole = AMOUNTS[self.workload][self.base in PROCESSES]
        return whole if self.workload in FIXED else max(1, whole // effort.divisor)

    def subjects(self) -> list[str]:
        """Who takes part. Pykka's actors live in one process, so it stands beside such bases only."""
        names = [] if self.base in ONLY_OURS else ["original"]
        if self.base not in PROCESSES and self.workload in PYKKA:
            names.append("pykka")
        return [*names, "roscius"]
