#!/usr/bin/env python3
"""Plants one bug after the other into a copy of the protocol crate, and has the simulations find it.

A simulation that finds nothing may be blind. Each bug here is one that could be made; each has to be found within a thousand seeds. Nothing of this is in
the crate itself: what is replaced is named here, and has to be there exactly once.

    make planted-bugs                                   all of them, some ten minutes
    crates/protocol/tests/planted_bugs.py "no window"   some of them
    crates/protocol/tests/planted_bugs.py --check       none, only whether the sources still have what they replace
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SEEDS = 1000
MINUTES = 3
# Seconds for one bug: a machine with other things to do needs that for all seeds.
WITHIN = 900

CONVENTION = "convention_simulation"
PAIR = "pair_simulation"


@dataclass(frozen=True)
class Bug:
    """What is replaced by what, in which file of the sources, and who has to notice."""

    name: str
    suite: str
    file: str
    old: str
    new: str


BUGS = [
    Bug(
        "a broken link is given up too early",
        CONVENTION,
        "convention/heartbeats.rs",
        "let overdue = since.plus(self.timing.broken_after);",
        "let overdue = since.plus(self.timing.broken_after / 2);",
    ),
    Bug(
        "silence is noticed too early",
        CONVENTION,
        "convention/heartbeats.rs",
        "let silent_at = heard.plus(tie.patience);",
        "let silent_at = heard.plus(tie.patience / 5);",
    ),
    Bug(
        "silence is noticed too late",
        CONVENTION,
        "convention/heartbeats.rs",
        "let silent_at = heard.plus(tie.patience);",
        "let silent_at = heard.plus(tie.patience * 4);",
    ),
    Bug(
        "children are told after the member has left",
        CONVENTION,
        "convention/departures.rs",
        "        self.tell_families_lost(system, effects);\n        self.is_asked_no_more(system);\n        effects.push(left);\n",
        "        effects.push(left);\n        self.tell_families_lost(system, effects);\n        self.is_asked_no_more(system);\n",
    ),
    Bug(
        "a leader takes no new term",
        CONVENTION,
        "convention/leaders.rs",
        "self.leadership.led = self.leadership.heard.max(self.leadership.led).next(self.me);",
        "self.leadership.led = self.leadership.heard.max(self.leadership.led).max(Term::default().next(self.me));",
    ),
    Bug(
        "a new start does not replace the old one",
        CONVENTION,
        "convention/identities.rs",
        "        if let Some(&holder) = self.by_identity.get(&known.identity)",
        "        return true;\n        if let Some(&holder) = self.by_identity.get(&known.identity)",
    ),
    Bug(
        "a registration that was lost is not repeated",
        CONVENTION,
        "convention/heartbeats.rs",
        "if beat.knows != self.version {",
        "if beat.knows > self.version {",
    ),
    Bug(
        "a member that was tried is tried again",
        CONVENTION,
        "convention/views.rs",
        ".filter(|(system, _)| !tried.contains(system))",
        ".filter(|(system, _)| tried.len() > 2 || !tried.contains(system))",
    ),
    Bug(
        "who has shut down goes on",
        CONVENTION,
        "convention.rs",
        "        self.closed = true;\n",
        "",
    ),
    Bug(
        "a new leader gives names away at once",
        CONVENTION,
        "convention/registry.rs",
        "now.since(giving.since) >= first && giving.awaited.values().all(|until| *until <= now)",
        "now.since(giving.since) >= first.mul_f32(0.0)",
    ),
    Bug(
        "what was given up leaves a hole",
        PAIR,
        "pair/link.rs",
        "            self.incoming.skip_to(head.first);\n",
        "",
    ),
    Bug(
        "what may have arrived is said not to have",
        CONVENTION,
        "pair/spool.rs",
        "if held.went_out { Loss::Unknown } else { why }",
        "why",
    ),
    Bug(
        "frames expire too early",
        CONVENTION,
        "pair/spool.rs",
        "Class::Plain => limits.keep_for,",
        "Class::Plain => limits.keep_for / 2,",
    ),
    Bug(
        "frames for one incarnation go to the next",
        PAIR,
        "pair/link.rs",
        "link.greeted && head.to == self.me && head.from == peer",
        "link.greeted",
    ),
    Bug(
        "no window",
        PAIR,
        "pair/outgoing.rs",
        "self.cursor < self.limit_pieces && self.cursor_bytes + bytes <= self.limit_bytes",
        "self.cursor < self.limit_pieces || self.cursor_bytes + bytes <= self.limit_bytes",
    ),
    Bug(
        "what has come before is delivered again",
        PAIR,
        "pair/incoming.rs",
        "        for _ in 0..skip {\n            frames.next();\n        }\n",
        "",
    ),
    Bug(
        "settled frames are not remembered",
        PAIR,
        "pair/durable.rs",
        "        if !self.known.insert(id) {\n            return false;\n        }\n",
        "        self.known.insert(id);\n",
    ),
    Bug(
        "durable frames are forgotten when the peer starts anew",
        PAIR,
        "pair/spool.rs",
        "        self.outgoing.put_first(self.unsettled.take());\n",
        "        self.unsettled.take().for_each(drop);\n",
    ),
    Bug(
        "half a frame stays when the rest does not come",
        PAIR,
        "pair/incoming.rs",
        "            self.expected = number;\n            self.partial = None;\n",
        "            self.expected = number;\n",
    ),
]


def copy_crate(to: Path) -> Path:
    """The protocol crate, with the crates that its simulations need."""
    text = (ROOT / "Cargo.toml").read_text().replace(', "demo"]', "]", 1)
    # The rest are profiles of packages that are not built here.
    text = text.split("[profile.release]")[0]
    (to / "Cargo.toml").write_text(text + "[profile.dev]\nopt-level = 2\ndebug = false\nincremental = false\n")
    for name in ("Cargo.lock", "clippy.toml"):
        shutil.copy(ROOT / name, to / name)
    # Environments and what was built have names with a dot.
    shutil.copytree(ROOT / "crates", to / "crates", ignore=shutil.ignore_patterns(".*", "target"))
    return to / "crates/protocol"


def stale(bugs: list[Bug]) -> list[str]:
    """The bugs that can no longer be planted, for what they replace is not there exactly once."""
    sources = ROOT / "crates/protocol/src"
    return [f"{bug.name}: {bug.file}" for bug in bugs if (sources / bug.file).read_text().count(bug.old) != 1]


class Unbuildable(Exception):
    """What was planted does not fit the sources any more."""


def run(crate: Path, suite: str) -> tuple[bool, str]:
    """Whether the simulation passes, and what it says. One that cannot be built is no answer."""
    command = ["cargo", "test", "--quiet", "--test", suite, "--", "--nocapture"]
    # Found or not is told by the first seed that fails; the figures that a whole run has to reach do not count.
    environment = {**os.environ, "SEEDS": str(SEEDS), "MINUTES": str(MINUTES), "RUST_BACKTRACE": "0"}
    # Its own: what was built from another copy would be taken for up to date.
    environment["CARGO_TARGET_DIR"] = str(crate.parents[1] / "target")
    built = subprocess.run([*command[:5], "--no-run"], cwd=crate, env=environment, capture_output=True, text=True)
    if built.returncode != 0:
        raise Unbuildable(built.stderr)
    try:
        done = subprocess.run(command, cwd=crate, env=environment, capture_output=True, text=True, timeout=WITHIN)
    except subprocess.TimeoutExpired:
        # The simulations say what is wrong: one that hangs has found nothing.
        return True, "it does not end"
    return done.returncode == 0, done.stdout + done.stderr


def main() -> int:
    """Plants those that are named, or all; returns how many were not found. With --check: whether all can be planted."""
    if gone := stale(BUGS):
        raise SystemExit("what is to be replaced is not there exactly once:\n" + "\n".join(gone))
    if sys.argv[1:] == ["--check"]:
        return 0
    chosen = [bug for bug in BUGS if not sys.argv[1:] or bug.name in sys.argv[1:]]
    missed = 0
    with tempfile.TemporaryDirectory() as directory:
        crate = copy_crate(Path(directory))
        for suite in sorted({bug.suite for bug in chosen}):
            passed, said = run(crate, suite)
            if not passed:
                raise SystemExit(f"{suite} finds something without a planted bug:\n{said[-2000:]}")
        for bug in chosen:
            path = crate / "src" / bug.file
            source = path.read_text()
            path.write_text(source.replace(bug.old, bug.new))
            try:
                passed, said = run(crate, bug.suite)
            except Unbuildable as error:
                passed, said = True, str(error)
            path.write_text(source)
            seed = re.search(r"SEED=(\d+)", said)
            reason = re.search(r"panicked at [^\n]*\n([^\n]*)", said)
            if passed:
                missed += 1
                print(f"MISSED  {bug.name}: {said[-200:]}", flush=True)
            else:
                where = f"seed {seed[1]}" if seed else "before any seed"
                print(f"found   {bug.name}: {where}: {reason[1] if reason else said[-200:]}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
