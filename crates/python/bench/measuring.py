"""What a workload is, and the command line that all scripts with workloads share.

    SCRIPT BASE WORKLOAD AMOUNT [--rounds N] [--cores N]

A workload is a generator: each value that it yields is the figure of one round. The first round is for warming up and
does not count. One line of JSON comes out: the median of the rounds, or why there is none.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

RATE = "/s"
MILLISECONDS = "ms"


class Lost(Exception):
    """Something that was sent did not arrive, or not as it was."""


@dataclass
class Run:
    """What a workload is asked for, and what it notes besides its figures."""

    base: str
    amount: int
    # Proportional set sizes of actors that are processes, in MB.
    pss: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Workload:
    """The rounds of a workload, and the unit of their figures."""

    unit: str
    rounds: Callable[[Run], Iterator[float]]


def expect(found: object, wanted: object, what: str) -> None:
    """Raise Lost unless what came is what was to come."""
    if found != wanted:
        raise Lost(f"{what}: {found} instead of {wanted}")


def stay_on(cores: int) -> None:
    """Keep this process, and all that it starts, on so many of the cores that it may use."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def figures(workload: Workload, run: Run, rounds: int) -> list[float]:
    """The figures of so many rounds."""
    with closing(workload.rounds(run)) as values:  # type: ignore[type-var]
        next(values)
        return [next(values) for _ in range(rounds)]


def result(workload: Workload, run: Run, rounds: int) -> dict[str, Any]:
    """What is printed: figures, or a failure."""
    try:
        found = figures(workload, run, rounds)
    except Lost as lost:
        return {"failed": f"lost: {lost}"}
    except Exception as error:  # noqa: BLE001 - whatever a system raises is a result, too
        return {"failed": f"{type(error).__name__}: {error}"}
    return {
        "median": statistics.median(found),
        "low": min(found),
        "high": max(found),
        "pss_mb": statistics.median(run.pss) if run.pss else None,
    }


def main(workloads: Mapping[str, Workload]) -> None:
    """Run the workload that the command line names, and print its result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("workload", choices=workloads)
    parser.add_argument("amount", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int)
    options = parser.parse_args()
    if options.cores:
        stay_on(options.cores)
    workload = workloads[options.workload]
    line = {
        "base": options.base,
        "workload": options.workload,
        "amount": options.amount,
        "rounds": options.rounds,
        "unit": workload.unit,
    }
    line |= result(workload, Run(options.base, options.amount), options.rounds)
    print(json.dumps(line), flush=True)
    sys.exit("failed" in line)
