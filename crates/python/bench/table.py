"""The outcomes as a Markdown table."""

from __future__ import annotations

import datetime
import platform
import statistics
from pathlib import Path

from environments import Subject
from plan import Effort, Row
from running import Outcome

MILLISECONDS = "ms"
MEGABYTES = "MB"
NONE = "–"

# By system; the outcomes are those of the repeats.
Cells = dict[str, list[Outcome]]


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
    pairs = zip(cells.get("roscius", []), cells.get("original", []), strict=False)
    ratios = [advantage(ours.figure, theirs.figure, unit) for ours, theirs in pairs]
    found = [ratio for ratio in ratios if ratio is not None]
    return f" ({digits(min(found))}–{digits(max(found))})" if len(found) > 1 else ""


def verdict(row: Row, ours: float | None, theirs: float | None, ratio: float | None) -> str:
    """Whether the target is reached."""
    if row.target is None:
        return NONE
    if ours is None:
        return "**no**"
    if theirs is None:
        return "nothing to compare with"
    return "yes" if ratio is not None and ratio >= row.target else "**no**"


def line(*cells: str) -> str:
    """A line of the table."""
    return f"| {' | '.join(cells)} |"


def row_line(row: Row, name: str, unit: str, values: dict[str, float | None], cells: Cells) -> str:
    """One row: figures, ratios, verdict. `cells` is empty where only some bases can have a figure at all."""

    def cell(subject: str) -> str:
        value = values.get(subject)
        return ("failed" if subject in cells else NONE) if value is None else text_of(value, unit)

    ours = values.get("roscius")
    ratio = advantage(ours, values.get("original"), unit)
    is_main = name == row.workload
    return line(
        row.base,
        name,
        str(row.cores),
        cell("original"),
        cell("pykka"),
        cell("roscius"),
        times(ratio) + spread(cells, unit),
        times(advantage(ours, values.get("pykka"), unit)),
        f"{row.target:g}×" if is_main and row.target else NONE,
        verdict(row, ours, values.get("original"), ratio) if is_main else NONE,
    )


def table(rows: dict[Row, Cells], subjects: list[Subject]) -> list[str]:
    """The whole table."""
    titles = {subject.name: subject.title for subject in subjects}
    lines = [
        line(
            "base",
            "workload",
            "cores",
            *(titles[name] for name in ("original", "pykka", "roscius")),
            "÷ thespian",
            "÷ Pykka",
            "target",
            "reached",
        ),
        line("---", "---", *["---:"] * 8),
    ]
    for row, cells in rows.items():
        values = {name: figure(outcomes) for name, outcomes in cells.items()}
        lines.append(row_line(row, row.workload, unit_of(cells), values, cells))
        memory = {name: pss(outcomes) for name, outcomes in cells.items()}
        if any(memory.values()):
            lines.append(row_line(row, "PSS of an actor", MEGABYTES, memory, {}))
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


def circumstances(effort: Effort) -> str:
    """When and where the figures were made, and how."""
    models = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    return (
        f"Measured on {datetime.date.today()}: {model}, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}. "
        f"Of each process counts the median of {effort.rounds} rounds, after one for warming up; a figure is the median of "
        f"{effort.repeats} such processes. The systems take turns. A ratio over 1 is in favour of roscius; "
        "behind it, the least and the greatest of the runs that stood beside each other. "
        "Where actors share a process, large messages pass by reference."
    )
