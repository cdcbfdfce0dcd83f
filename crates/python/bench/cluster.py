"""Measures what two systems say to each other over mutual TLS and over NATS on this host, and what a leader of many members does. Prints Markdown.

    cluster.py WHEEL PROGRAMS [--quick]

PROGRAMS is the folder of what `cargo build --release` has made: the command `roscius`, and `examples`. ROSCIUS_NATS_SERVER names a `nats-server`.
Python is compared with the original Thespian, which has no encryption.
"""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from environments import HERE, prepare
from plan import FULL, ORIGINAL, OURS, QUICK, Effort
from running import Outcome, adopt_orphans, run
from table import figure, line, text_of, times

BASE = "multiprocTCPBase"
MEMBERS = (1_000, 3_000, 10_000)


@dataclass(frozen=True)
class Compared:
    """A row: what we do in a second, beside what it is compared with."""

    what: str
    against: str
    theirs: float | None
    ours: float | None
    least: float

    def line(self) -> str:
        """As a row of the table."""
        ratio = self.ours / self.theirs if self.ours and self.theirs else None
        reached = "yes" if ratio is not None and ratio >= self.least else "**no**"
        cells = ["failed" if rate is None else text_of(rate, "/s") for rate in (self.theirs, self.ours)]
        return line(self.what, self.against, *cells, times(ratio), times(self.least), reached)


def certified(roscius: Path, folder: Path) -> None:
    """Make certificates of two systems."""
    subprocess.run([roscius, "cert", "init", "bench", "--folder", folder], check=True, stdout=subprocess.DEVNULL)
    for name in ("one", "two"):
        command = [roscius, "cert", "node", name, "--folder", folder, "--host", "127.0.0.1"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def figures_of(program: Path, *arguments: object) -> dict[str, dict[str, float]]:
    """What a program prints: lines of a name and figures."""
    command = [str(program), *map(str, arguments)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=300).stdout
    found = {}
    for name, *entries in map(str.split, said.splitlines()):
        found[name] = {key: float(value) for key, _, value in (entry.partition("=") for entry in entries)}
    return found


def in_rust(examples: Path, certificates: Path, quick: bool) -> list[Compared]:
    """Rust to Rust, beside a bare stream."""
    amounts = (300_000, 5_000, 3) if quick else (1_000_000, 20_000, 5)
    found = figures_of(examples / "cluster_throughput", certificates, *amounts)
    tells, asks = found["tells"], found["asks"]
    return [
        Compared("Rust, tells of 64 bytes", "framed TLS stream", tells["bare"], tells["roscius"], 0.4),
        Compared("Rust, asks", "TLS echo", asks["bare"], asks["roscius"], 1 / 3),
    ]


def over_nats(examples: Path, quick: bool) -> Compared:
    """Links over a server of their own, beside its bare client."""
    found = figures_of(examples / "nats_throughput", *((200_000, 3) if quick else (1_000_000, 5)))["records"]
    return Compared("Links over NATS, records of 128 bytes", "bare `async-nats`", found["bare"], found["links"], 0.5)


def in_python(wheel: Path, effort: Effort) -> tuple[list[Compared], list[str]]:
    """Python to Python, beside the original. The two take turns. Also says what failed."""
    subjects, _ = prepare(wheel, {ORIGINAL, OURS})
    rows, failures = [], []
    for workload, times_as_good, amounts in (
        ("tell", 100.0, {ORIGINAL: 2_000, OURS: 50_000}),
        ("ask", 20.0, {ORIGINAL: 500, OURS: 5_000}),
    ):
        outcomes: dict[str, list[Outcome]] = {ORIGINAL: [], OURS: []}
        for _ in range(effort.repeats):
            for name, found in outcomes.items():
                subject = replace(subjects[name], script=HERE / "cluster_workloads.py")
                amount, cores = amounts[name] // effort.divisor, len(os.sched_getaffinity(0))
                found.append(run(subject, BASE, workload, amount, effort.rounds, cores, effort.limit))
        failures += [f"* {workload}, {name}: {it.failure}" for name, of in outcomes.items() for it in of if it.failure]
        against = subjects[ORIGINAL].title
        theirs, ours = figure(outcomes[ORIGINAL]), figure(outcomes[OURS])
        rows.append(Compared(f"Python, {workload}s", against, theirs, ours, times_as_good))
    return rows, failures


def of_many(program: Path) -> list[str]:
    """What a leader of many members does, and how that grows with their number."""
    lines = [
        line(
            "members",
            "messages to join",
            "µs",
            "messages a second",
            "µs",
            "messages when a tenth fails",
            "µs",
            "bytes of memory",
        ),
        line(*["---:"] * 8),
    ]
    for members in MEMBERS:
        found = figures_of(program, members)
        cells = [
            f"{found[phase][key]:.2f}" for phase in ("join", "live", "lose") for key in ("messages", "microseconds")
        ]
        lines.append(line(f"{members:,}", *cells, f"{found['memory']['bytes']:.0f}"))
    return lines


def of_real_members(program: Path, members: int) -> list[str]:
    """What real members over mutual TLS cost on this host, and the leader of them."""
    found = figures_of(program, members, 10)
    join, talk, live = found["join"], found["talk"], found["live"]
    return [
        line(
            "real members",
            "seconds to join",
            "of the leader's processor",
            "to answer a message each",
            "until a tenth is given up",
            "to leave",
            "µs of the leader, a member and second",
            "bytes of memory of the leader, a member",
            "descriptors",
        ),
        line(*["---:"] * 9),
        line(
            f"{members:,}",
            f"{join['seconds']:.2f}",
            f"{join['cpu']:.2f}",
            f"{talk['seconds']:.3f}",
            f"{found['lose']['seconds']:.2f}",
            f"{found['leave']['seconds']:.2f}",
            f"{live['microseconds']:.0f}",
            f"{join['bytes']:.0f}",
            f"{join['descriptors']:.2f}",
        ),
    ]


def main() -> int:
    """Measures and prints. It fails when one of our own runs fails."""
    parser = argparse.ArgumentParser(description="Measures what systems say to each other.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("programs", type=Path)
    parser.add_argument("--quick", action="store_true", help="smaller amounts, and no repeats: for a first look")
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    examples = options.programs / "examples"
    adopt_orphans()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        certificates = Path(folder) / "certificates"
        certified(options.programs / "roscius", certificates)
        rows = [*in_rust(examples, certificates, options.quick), over_nats(examples, options.quick)]
        # All that they say stays on this host.
        os.environ |= {"CLUSTER_CERTIFICATES": str(certificates), "THESPIAN_BASE_IPADDR": "127.0.0.1"}
        across, failures = in_python(options.wheel.resolve(), effort)
    links = subprocess.run(
        [examples / "network_throughput", "500000" if options.quick else "2000000", "3" if options.quick else "7"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    print(
        f"Measured on {datetime.date.today()} in {time.monotonic() - begun:.0f} s, on {len(os.sched_getaffinity(0))} cores.",
        "",
        line("between two systems", "compared with", "that", "roscius", "ratio", "target", "reached"),
        line("---", "---", *["---:"] * 4, "---"),
        *(row.line() for row in rows + across),
        *failures,
        "",
        f"Links alone, records of 128 bytes: {links.strip().splitlines()[-1]}.",
        "",
        "A leader, for each of its members:",
        "",
        *of_many(examples / "convention_scale"),
        "",
        "Real members on this host, each the Admin of a system of its own:",
        "",
        *of_real_members(examples / "convention_crowd", 100 if options.quick else 500),
        sep="\n",
    )
    return int(any(row.ours is None for row in rows + across))


if __name__ == "__main__":
    sys.exit(main())
