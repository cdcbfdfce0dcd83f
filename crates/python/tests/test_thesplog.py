"""The internal log."""

import logging
import re

import pytest
from thespian.system import thesplog as module
from thespian.system.utilis import thesplog, thesplog_control


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "internal.log"
    monkeypatch.setenv("THESPLOG_FILE", str(path))
    monkeypatch.delenv("THESPLOG_THRESHOLD", raising=False)
    monkeypatch.delenv("THESPLOG_FILE_MAXSIZE", raising=False)
    monkeypatch.setattr(module, "_log", None)
    return path


def test_lines(path):
    thesplog("not %s", "important", level=logging.INFO)
    thesplog("%s of %d", "one", 2, level=logging.WARNING)
    thesplog("100 %", level=logging.ERROR)
    thesplog("always", primary=True)
    lines = path.read_text().splitlines()
    assert re.fullmatch(r"\S+ \S+ p\d+ Warn one of 2", lines[0])
    assert lines[1].endswith(" ERR 100 %")
    assert lines[2].endswith(" I always")
    assert len(lines) == 3


def test_arguments_that_do_not_fit_are_no_failure(path):
    thesplog("%d", "text", level=logging.CRITICAL)
    assert " CRIT %d <its arguments cannot be shown>" in path.read_text()


def test_threshold_from_the_environment(path, monkeypatch):
    monkeypatch.setenv("THESPLOG_THRESHOLD", "DEBUG")
    thesplog("detail", level=logging.DEBUG)
    assert " dbg detail" in path.read_text()


def test_a_full_file_is_rotated(path, monkeypatch):
    monkeypatch.setenv("THESPLOG_FILE_MAXSIZE", "10240")
    for _ in range(15):
        thesplog("x" * 1000, level=logging.ERROR)
    assert path.with_name("internal.log.old").stat().st_size > 10240
    assert path.stat().st_size < 10240


def test_a_very_small_file_is_none(path, monkeypatch):
    monkeypatch.setenv("THESPLOG_FILE_MAXSIZE", "100")
    thesplog("text", level=logging.ERROR)
    assert not path.exists()


def test_errors_in_writing_are_ignored(path):
    path.mkdir()
    thesplog("text", level=logging.ERROR)


def test_control(path, caplog):
    thesplog_control(logging.INFO, useLogging=True, tmpFileMaxSize=0)
    thesplog("to %s", "logging")
    assert not path.exists()
    with caplog.at_level(logging.INFO):
        thesplog("again")
    assert "again" in caplog.text
