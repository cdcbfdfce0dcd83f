"""The book is whole: its chapters, its links, and its programs in Python, each run as a program of its own.

Those in Rust are run by `cargo test --doc` (crates/host/src/book.rs), those of some pages by the tests of what these are about.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from thespian.test import get_free_admin_port

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
SUMMARY = DOCS / "SUMMARY.md"
CHAPTERS = sorted(DOCS.rglob("*.md"))
# The other pages with links.
PAGES = [*CHAPTERS, ROOT / "README.md", ROOT / "crates/python/README.md"]
RUN_ELSEWHERE = {DOCS / name for name in ("python.md", "languages.md", "sources.md", "director.md", "nats.md")}
# A program, and what it prints, if that is shown right behind it.
PROGRAM = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
PROGRAMS = [
    pytest.param(*found.groups(), id=f"{page.relative_to(DOCS).with_suffix('')}-{number}")
    for page in CHAPTERS
    if page not in RUN_ELSEWHERE
    for number, found in enumerate(PROGRAM.finditer(page.read_text()), 1)
]
FENCE = re.compile(r"^```(.*)$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^]\[]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize(("program", "output"), PROGRAMS)
def test_a_program_does_what_is_said(program, output, tmp_path):
    # Each has ports of its own; what is shown is what a reader would take.
    for port in ("1900", "1901"):
        program = program.replace(port, str(get_free_admin_port()))
    (tmp_path / "program.py").write_text(program)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "THESPLOG_FILE": str(tmp_path / "thesplog")}
    with (tmp_path / "output").open("w+") as shown, (tmp_path / "errors").open("w+") as said:
        done = subprocess.run(
            [sys.executable, "program.py"],
            cwd=tmp_path,
            env=environment,
            stdout=shown,
            stderr=said,
            timeout=50,
            check=False,
        )
        shown.seek(0)
        said.seek(0)
        assert (done.returncode, shown.read()) == (0, output or ""), said.read()
    assert list(tmp_path.glob("roscius-*/*")) == []


def test_each_chapter_is_in_the_summary_once():
    listed = [DOCS / target for target in LINK.findall(SUMMARY.read_text())]
    assert len(listed) == len(set(listed))
    assert {*listed, SUMMARY} == set(CHAPTERS)


def anchors(page):
    """The names of the headings of a page, as they are made of the text."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(there), f"there is no such heading: {target}"


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_shown_says_its_language(page):
    fences = FENCE.findall(page.read_text())
    assert len(fences) % 2 == 0
    if page.is_relative_to(DOCS / "guide"):
        assert "" not in fences[::2], "the compiler would take it for Rust"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_make_is_to_make_is_known_to_it(page):
    targets = re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    wanted = re.findall(r"(?:`|^)make ([a-z][a-z-]*)(?=[\s`])", page.read_text(), re.MULTILINE)
    assert not [each for each in wanted if each not in targets]
