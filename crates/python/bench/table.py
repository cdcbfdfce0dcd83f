"""The outcomes as a Markdown table."""

from __future__ import annotations

import datetime
import platform
import statistics
from dataclasses import replace
from pathlib import Path

from environments import Subject
from plan import MOST_MEMORY, ONCE, ORIGINAL, OURS, PEERS, SAME, Effort, Row, Target
from running import Outcome

MILLISECONDS = "ms"
MEGABYTES = "MB"
NONE = "–"

# By system; the outcomes are those of the repeats.
Cells = dict[str, list[Outcome]]
# The figure of each.
Values = dict[str, float | None]


def figure(outcomes: list[Outcome]) -> float | None:
    """The median of the repeats that came to a figure."""
    found = [outcome.figure for outcome in outcomes if outcome.figure is not None]
    return statistics.median(found) if found else None


def unit_of(cells: Cells) -> str:
    """The unit of a row."""
    units = [outcome.unit for outcomes in cells.values() for outcome in outcomes if outcome.unit]
    return units[0] if units else NONE


def text_of(value: float, unit: str) -> str:
    """A figure to three digits, with its unit."""
    if unit == MILLISECONDS:
        if value < 1:
            return f"{digits(value * 1e3)} µs"
        return f"{digits(value)} ms"
    if unit == MEGABYTES:
        return f"{value:.1f} MB"
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size * 0.9995:
            return f"{digits(value / size)}{letter}/s"
    return f"{digits(value)}/s"


def digits(value: float) -> str:
    """A number to three digits."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def advantage(ours: float | None, theirs: float | None, unit: str) -> float | None:
    """How many times as good ours is: more a second, or less time."""
    if not ours or not theirs:
        return None
    return theirs / ours if unit in (MILLISECONDS, MEGABYTES) else ours / theirs


def times(ratio: float | None) -> str:
    """A ratio as text."""
    return NONE if ratio is None else f"{digits(ratio)}×"


def spread(cells: Cells, unit: str) -> str:
    """The least and the greatest ratio of runs beside each other: shows how much another load disturbed them."""
    pairs = zip(cells.get(OURS, []), cells.get(ORIGINAL, []), strict=False)
    ratios = [advantage(ours.figure, theirs.figure, unit) for ours, theirs in pairs]
    found = [ratio for ratio in ratios if ratio is not None]
    return f" ({digits(min(found))}–{digits(max(found))})" if len(found) > 1 else ""


def aim(target: Target) -> str:
    """A target as text."""
    if target.against == "tcp":
        return "as on tcp"
    name = "thespian" if target.against == ORIGINAL else target.against
    return f"{target.times:g}× {name}"


def verdict(target: Target, values: Values, unit: str) -> str:
    """Whether a target is reached, and by what."""
    if values.get(OURS) is None:
        return "**no**"
    ratio = advantage(values[OURS], values.get(target.against), unit)
    if ratio is None:
        return "nothing to compare with"
    return f"{'yes' if ratio >= target.times else '**no**'}: {times(ratio)}"


def line(*cells: str) -> str:
    """A line of the table."""
    return f"| {' | '.join(cells)} |"


def row_line(row: Row, name: str, unit: str, values: Values, cells: Cells, shown: list[str]) -> list[str]:
    """The first cells of a row: what it is, and the figures. `cells` is empty where only some bases can have a figure at all."""

    def cell(subject: str) -> str:
        value = values.get(subject)
        if value is None:
            return "failed" if subject in cells else NONE
        text = text_of(value, unit)
        return f"{text} ({times(advantage(values.get(OURS), value, unit))})" if subject in PEERS else text

    ratio = advantage(values.get(OURS), values.get(ORIGINAL), unit)
    return [row.base, name, str(row.cores), *map(cell, shown), times(ratio) + spread(cells, unit)]


def table(rows: dict[Row, Cells], subjects: dict[str, Subject]) -> list[str]:
    """The whole table."""
    shown = [name for name in (ORIGINAL, *PEERS, OURS) if name in subjects]
    titles = [subjects[name].title for name in shown]
    lines = [
        line("base", "workload", "cores", *titles, "÷ thespian", "target", "reached"),
        line("---", "---", "---:", *["---:"] * (len(shown) + 2), "---"),
    ]
    for row, cells in rows.items():
        unit = unit_of(cells)
        values = {name: figure(outcomes) for name, outcomes in cells.items()}
        values["tcp"] = figure(rows.get(replace(row, base="tcp"), {}).get(OURS, []))
        aims = [aim(target) for target in row.targets]
        verdicts = [verdict(target, values, unit) for target in row.targets]
        first = row_line(row, row.workload, unit, values, cells, shown)
        lines.append(line(*first, ", ".join(aims) or NONE, ", ".join(verdicts) or NONE))
        memory = {name: pss(outcomes) for name, outcomes in cells.items()}
        if any(memory.values()):
            ours = memory.get(OURS)
            reached = "yes" if ours and ours <= MOST_MEMORY else "**no**"
            first = row_line(row, "PSS of an actor", MEGABYTES, memory, {}, shown)
            lines.append(line(*first, f"{MOST_MEMORY:g} MB", reached))
    return lines


def pss(outcomes: list[Outcome]) -> float | None:
    """The median of what an actor took."""
    found = [outcome.pss for outcome in outcomes if outcome.pss]
    return statistics.median(found) if found else None


def failures(rows: dict[Row, Cells]) -> list[str]:
    """All that went wrong, and how often. A row has its figure from the runs that came to one."""
    lines = []
    for row, cells in rows.items():
        for name, outcomes in cells.items():
            texts = [outcome.failure for outcome in outcomes if outcome.failure]
            for text in dict.fromkeys(texts):
                where = f"{row.base}, {row.workload}, {row.cores} cores, {name}"
                lines.append(f"* {where}: {texts.count(text)} of {len(outcomes)} runs: {text}")
    return lines


def circumstances(effort: Effort, minutes: float) -> str:
    """When and where the figures were made, and how."""
    models = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    return (
        f"Measured on {datetime.date.today()} in {minutes:.0f} minutes: {model}, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}. "
        f"Of each process counts the median of {effort.rounds} rounds, after one for warming up; a figure is the median of "
        f"{effort.repeats} such processes ({', '.join(sorted(ONCE))}: of one). The systems take turns. "
        "A ratio, in brackets too, is how many times as good ours is; behind that to thespian, the least and the greatest "
        "of the runs that stood beside each other. "
        f"As good as on tcp is what comes to {SAME:.0%} of it. "
        "Where actors share a process, large messages pass by reference."
    )
