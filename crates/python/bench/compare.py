"""Compares our Thespian with the original and with Pykka, side by side, and prints a Markdown table.

    compare.py WHEEL [--quick] [--bases simple thread tcp udp queue] [--only WORKLOAD ...] [--cores N ...]

Each workload runs in a process of its own, and the systems take turns. The environments are kept in `.bench`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from environments import Subject, prepare
from plan import AMOUNTS, BASES, FULL, QUICK, USUAL, Effort, Row
from running import Outcome, adopt_orphans, run
from table import Cells, circumstances, failures, table


def outcomes(rows: list[Row], subjects: dict[str, Subject], effort: Effort) -> dict[Row, Cells]:
    """Runs everything, row by row. The order of the systems turns around with each repeat."""
    # What Pykka does is the same whatever the base: it is measured once, and stands in each row that it concerns.
    pykka: dict[tuple[str, int], list[Outcome]] = {}
    found: dict[Row, Cells] = {}
    for number, row in enumerate(rows):
        print(f"{number + 1}/{len(rows)} {row.base} {row.workload} {row.cores}", file=sys.stderr, flush=True)
        known = pykka.get((row.workload, row.cores))
        names = [name for name in row.subjects() if known is None or name != "pykka"]
        cells: Cells = {name: [] for name in names}
        for repeat in range(effort.repeats):
            for name in names if repeat % 2 == 0 else reversed(names):
                amount = row.amount(effort)
                base = BASES[row.base]
                outcome = run(subjects[name], base, row.workload, amount, effort.rounds, row.cores, effort.limit)
                cells[name].append(outcome)
        if "pykka" in cells:
            pykka[row.workload, row.cores] = cells["pykka"]
        elif known is not None:
            cells["pykka"] = known
        found[row] = cells
    return found


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compares our Thespian with the original and with Pykka.")
    all_cores = len(os.sched_getaffinity(0))
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--quick", action="store_true", help="smaller amounts, and no repeats: for a first look")
    parser.add_argument("--bases", nargs="+", choices=BASES, default=USUAL)
    parser.add_argument("--only", nargs="+", choices=AMOUNTS, default=list(AMOUNTS), metavar="WORKLOAD")
    parser.add_argument("--cores", nargs="+", type=int, choices=range(1, all_cores + 1), default=[all_cores])
    return parser.parse_args()


def main() -> int:
    """Measures and prints. It fails when one of our own runs fails."""
    options = arguments()
    effort = QUICK if options.quick else FULL
    subjects = prepare(options.wheel.resolve())
    adopt_orphans()
    rows = [Row(base, name, cores) for base in options.bases for name in options.only for cores in options.cores]
    found = outcomes(rows, {subject.name: subject for subject in subjects}, effort)
    print(circumstances(effort), *["", *table(found, subjects)], sep="\n")
    if failed := failures(found):
        print("\nWhat failed:\n", *failed, sep="\n")
    return int(any(outcome.failure for cells in found.values() for outcome in cells["roscius"]))


if __name__ == "__main__":
    sys.exit(main())
