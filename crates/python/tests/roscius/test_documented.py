"""What is shown in the documentation and in the typed program works."""

import asyncio
import pathlib
import re

import pytest
import roscius
import typed_program
from roscius import __all__ as public

TESTS = pathlib.Path(__file__).parents[1]
DOCS = TESTS.parents[2] / "docs"
PAGE = DOCS / "python.md"
EXAMPLES = [
    (page, number, text)
    for page in ("python.md", "sources.md")
    for number, text in enumerate(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL), 1)
]


@pytest.mark.parametrize(("page", "number", "text"), EXAMPLES, ids=[f"{page}-{number}" for page, number, _ in EXAMPLES])
def test_an_example_of_the_documentation_runs(page, number, text):
    code = compile(text, f"{page}, example {number}", "exec")
    exec(code, {"__name__": "example"})  # noqa: S102


def test_the_typed_program_runs(arguments):
    base, capabilities, *_ = arguments
    soup, salad, tea = asyncio.run(typed_program.dine(base, capabilities))
    assert (soup, tea) == (typed_program.Served("soup", 60), typed_program.Served("tea", 99))
    assert salad.startswith("sorry: Order(dish='salad'")


@pytest.mark.parametrize("name", public)
def test_every_public_name_is_documented(name):
    assert getattr(roscius, name).__doc__
    assert f"`{name}" in PAGE.read_text() or f".{name}" in PAGE.read_text()


def test_there_are_no_other_names():
    with pytest.raises(AttributeError):
        roscius.nothing  # noqa: B018
