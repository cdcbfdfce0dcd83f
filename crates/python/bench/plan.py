"""What is run: bases, workloads, amounts, who takes part, targets."""

from __future__ import annotations

from dataclasses import dataclass

OURS = "roscius"
ORIGINAL = "original"
SOCKET = "socket"
PYKKA = "pykka"
RAY = "ray"

BASES = {
    "simple": "simpleSystemBase",
    "thread": "threadSystemBase",
    "tcp": "multiprocTCPBase",
    "udp": "multiprocUDPBase",
    "queue": "multiprocQueueBase",
}
# Those that run without being named.
USUAL = ["simple", "tcp", "udp", "queue"]
PROCESSES = {"tcp", "udp", "queue"}


@dataclass(frozen=True)
class Amounts:
    """How much one round does: enough to be measured, and not so much that the slower one takes minutes."""

    # Where actors are objects of one process.
    inside: int
    # Where each is a process of ours, or of another that is about as quick.
    across: int
    # The same with the original and Ray.
    slowly: int


AMOUNTS = {
    "ask": Amounts(20_000, 10_000, 500),
    "ask-p99": Amounts(20_000, 10_000, 500),
    "tell": Amounts(100_000, 50_000, 2_000),
    "ping-pong": Amounts(50_000, 10_000, 500),
    "fan-in": Amounts(40_000, 40_000, 1_000),
    "create": Amounts(1_000, 20, 20),
    "echo-1MiB": Amounts(5_000, 50, 10),
    "echo-20MB": Amounts(1_000, 5, 2),
    "start": Amounts(50, 50, 50),
    "shutdown": Amounts(50, 50, 50),
}
# An actor system with fewer actors would be another workload.
FIXED = {"start", "shutdown"}
# What also runs on one core, unless the number of cores is named. It decides most of a latency.
PINNED = {"ask", "tell", "ping-pong", "fan-in", "echo-1MiB"}

# Where the original takes part. Elsewhere it loses messages or stalls until a limit ends it.
ORIGINAL_DOES = {
    "simple": set(AMOUNTS),
    "thread": set[str](),  # it has no such base
    "tcp": set(AMOUNTS),
    "udp": {"ask", "tell", "ping-pong", "create", "start"},
    "queue": {"ask", "tell", "ping-pong", "create", "start"},
}
# Others stand beside the bases that do the same: in one process, or in several.
PEERS_INSIDE = {PYKKA: {"ask", "tell", "ping-pong"}}
PEERS_ACROSS = {SOCKET: {"ask", "tell", "echo-1MiB"}, RAY: {"ask", "tell", "create", "echo-1MiB"}}
PEERS = [SOCKET, PYKKA, RAY]
# They take seconds to start: once has to do.
ONCE = {RAY}
SLOW = {ORIGINAL, RAY}


@dataclass(frozen=True)
class Target:
    """How many times as good ours has to be as another subject, or as ours on another base."""

    against: str
    times: float


# Two runs of the same thing differ by about a tenth.
SAME = 0.9
_SAME_AS_TCP = {workload: [Target("tcp", SAME)] for workload in AMOUNTS}
TARGETS: dict[str, dict[str, list[Target]]] = {
    "simple": {workload: [Target(ORIGINAL, 5)] for workload in ("ask", "tell", "ping-pong")},
    "tcp": {
        "ask": [Target(ORIGINAL, 20), Target(SOCKET, 0.7)],
        "ping-pong": [Target(ORIGINAL, 20)],
        "tell": [Target(ORIGINAL, 200), Target(SOCKET, 1)],
        "fan-in": [Target(ORIGINAL, 300)],
        "create": [Target(ORIGINAL, 4)],
        "echo-1MiB": [Target(ORIGINAL, 20)],
        "start": [Target(ORIGINAL, 1)],
        "shutdown": [Target(ORIGINAL, 1)],
    },
    "udp": _SAME_AS_TCP,
    "queue": _SAME_AS_TCP,
}
# What a process of an actor may take, in MB.
MOST_MEMORY = 5.0


@dataclass(frozen=True)
class Effort:
    """How thoroughly to measure."""

    repeats: int
    rounds: int
    divisor: int
    limit: float


FULL = Effort(repeats=3, rounds=3, divisor=1, limit=120)
QUICK = Effort(repeats=1, rounds=2, divisor=5, limit=60)


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    base: str
    workload: str
    cores: int

    @property
    def targets(self) -> list[Target]:
        """What is to be reached."""
        return TARGETS.get(self.base, {}).get(self.workload, [])

    def amount(self, subject: str, effort: Effort) -> int:
        """How much one round of a subject does."""
        amounts = AMOUNTS[self.workload]
        across = amounts.slowly if subject in SLOW else amounts.across
        whole = across if self.base in PROCESSES else amounts.inside
        return whole if self.workload in FIXED else max(1, whole // effort.divisor)

    def subjects(self) -> list[str]:
        """Who takes part."""
        peers = PEERS_ACROSS if self.base in PROCESSES else PEERS_INSIDE
        first = [ORIGINAL] if self.workload in ORIGINAL_DOES[self.base] else []
        return [*first, *(name for name, does in peers.items() if self.workload in does), OURS]


def rows(bases: list[str], workloads: list[str], cores: list[int] | None, all_cores: int) -> list[Row]:
    """The rows of a table. Without cores named: all of them, and one alone for what depends on it."""
    found = []
    for base in bases:
        for workload in workloads:
            usual = [1, all_cores] if workload in PINNED and all_cores > 1 else [all_cores]
            found += [Row(base, workload, number) for number in cores or usual]
    return found
