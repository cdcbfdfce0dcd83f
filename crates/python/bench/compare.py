"""Compares our Thespian with the original and with others, side by side, and prints a Markdown table.

    compare.py WHEEL [--quick] [--bases simple thread tcp udp queue] [--only WORKLOAD ...] [--cores N ...]
               [--without socket pykka ray ...]

Each workload runs in a process of its own, and the systems take turns. The environments are kept in `.bench`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from environments import Subject, prepare
from plan import AMOUNTS, BASES, FULL, ONCE, ORIGINAL, OURS, PEERS, QUICK, USUAL, Effort, Row, rows
from running import Outcome, adopt_orphans, run
from table import Cells, circumstances, failures, table


def outcomes(wanted: list[Row], subjects: dict[str, Subject], effort: Effort) -> dict[Row, Cells]:
    """Runs everything. What is compared with each other takes turns, and the order turns around with each repeat."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in wanted:
        groups.setdefault((row.workload, row.cores), []).append(row)
    found: dict[Row, Cells] = {}
    for number, ((workload, cores), rows_of_it) in enumerate(groups.items()):
        print(f"{number + 1}/{len(groups)} {workload} on {cores}", file=sys.stderr, flush=True)
        found |= together(rows_of_it, subjects, effort)
    return {row: found[row] for row in wanted}


def together(group: list[Row], subjects: dict[str, Subject], effort: Effort) -> dict[Row, Cells]:
    """The outcomes of rows that differ by their base alone."""
    # What another library does is the same whatever our base: it is measured once, and stands in each row that it concerns.
    peers: Cells = {}
    turns: list[tuple[Row, str, list[Outcome]]] = []
    found: dict[Row, Cells] = {row: {} for row in group}
    for row in group:
        for name in row.subjects():
            if name not in subjects:
                continue
            if name in peers:
                found[row][name] = peers[name]
                continue
            found[row][name] = []
            turns.append((row, name, found[row][name]))
            if name in PEERS:
                peers[name] = found[row][name]
    for repeat in range(effort.repeats):
        for row, name, outcomes in turns if repeat % 2 == 0 else reversed(turns):
            if not repeat or name not in ONCE:
                amount = row.amount(name, effort)
                base = BASES[row.base]
                outcomes.append(run(subjects[name], base, row.workload, amount, effort.rounds, row.cores, effort.limit))
    return found


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compares our Thespian with the original and with others.")
    all_cores = len(os.sched_getaffinity(0))
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--quick", action="store_true", help="smaller amounts, and no repeats: for a first look")
    parser.add_argument("--bases", nargs="+", choices=BASES, default=USUAL)
    parser.add_argument("--only", nargs="+", choices=AMOUNTS, default=list(AMOUNTS), metavar="WORKLOAD")
    parser.add_argument("--cores", nargs="+", type=int, choices=range(1, all_cores + 1))
    parser.add_argument("--without", nargs="+", choices=[ORIGINAL, *PEERS], default=[])
    return parser.parse_args()


def main() -> int:
    """Measures and prints. It fails when one of our own runs fails."""
    options = arguments()
    effort = QUICK if options.quick else FULL
    wanted = rows(options.bases, options.only, options.cores, len(os.sched_getaffinity(0)))
    taking_part = {name for row in wanted for name in row.subjects()} - set(options.without)
    subjects, left_out = prepare(options.wheel.resolve(), taking_part)
    for line in left_out:
        print(line, file=sys.stderr)
    adopt_orphans()
    start = time.monotonic()
    found = outcomes(wanted, subjects, effort)
    minutes = (time.monotonic() - start) / 60
    print(circumstances(effort, minutes), *left_out, "", *table(found, subjects), sep="\n")
    if failed := failures(found):
        print("\nWhat failed:\n", *failed, sep="\n")
    return int(any(outcome.failure for cells in found.values() for outcome in cells[OURS]))


if __name__ == "__main__":
    sys.exit(main())
