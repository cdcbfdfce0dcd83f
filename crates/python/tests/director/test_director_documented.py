"""What docs/director.md shows and says."""

import re
from pathlib import Path

import pytest
from thespian.director import DirectorControl
from thespian.director.command_failure import Code
from thespian.director.groups import Group
from thespian.director.literals import read_literal

PAGE = (Path(__file__).parents[4] / "docs" / "director.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PROGRAMS = [each for each in EXAMPLES if not each.startswith("{")]


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_runs(number):
    exec(compile(PROGRAMS[number], f"director.md, program {number + 1}", "exec"), {"__name__": "example"})  # noqa: S102


def test_the_group_is_one():
    (text,) = [each for each in EXAMPLES if each.startswith("{")]
    definition = read_literal(text)
    group = Group()
    group.define(definition)
    assert (group.plans[0].role, group.auto_unload) == ("server", 2)


def test_all_commands_and_codes_are_there():
    commands = {name.removeprefix("cmd_") for name in dir(DirectorControl) if name.startswith("cmd_")}
    rows = re.findall(r"^\| `([a-z]+)[^|]*(?:\\\|[^|]*)*` ?[^|]*\|", PAGE, re.MULTILINE)
    assert commands <= set(rows), commands - set(rows)
    for code in Code:
        assert f"\n| {code.value} | " in PAGE
