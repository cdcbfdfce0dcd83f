"""What docs/languages.md shows works."""

import re
import subprocess
import sys

import pytest
from workspace import WORKSPACE

PAGE = WORKSPACE / "docs" / "languages.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_program_in_rust_is_the_one_that_is_shown():
    program = (WORKSPACE / "crates/host/examples/languages.rs").read_text()
    for block in blocks("rust"):
        assert block in program


@pytest.fixture
def kitchen(tmp_path, monkeypatch):
    """The module that is shown, for programs that are started here too."""
    tmp_path.joinpath("kitchen.py").write_text("".join(blocks("python")))
    monkeypatch.syspath_prepend(tmp_path)
    import kitchen

    yield kitchen
    del sys.modules["kitchen"]


def test_the_example_from_python_runs(scene, examples, kitchen):
    kitchen.run(examples["languages"])


def test_the_example_from_rust_runs(scene, examples, kitchen):
    scene.start("multiprocTCPBase")
    command = [examples["languages"], str(scene.port)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=30).stdout
    assert printed == "600 cents\n"
