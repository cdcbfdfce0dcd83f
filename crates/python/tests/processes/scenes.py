"""A system of processes for a test, of which nothing may be left."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest
import seen
from thespian.actors import ActorSystem
from thespian.system import thesplog as own_log
from thespian.test import get_free_admin_port

# The base over UDP differs from the one over TCP in its claim alone: tests of claims name it themselves.
BASES = ("multiprocTCPBase", "multiprocQueueBase")


class Scene:
    """A directory of its own for the sockets of systems, and a mark on all their processes."""

    def __init__(self, home: Path, marker: str) -> None:
        self.home = home
        self.marker = marker
        self.log = home / "actors.log"
        self.own_log = home / "own.log"
        self.systems = []
        self.port = 0

    def start(self, base, logDefs=None, **capabilities):
        """A system, with a free port and a file for what its actors log unless told otherwise."""
        self.port = capabilities.setdefault("Admin Port", self.port or get_free_admin_port())
        logs = self.log_defs() if logDefs is None else logDefs
        asys = ActorSystem(base, capabilities, logDefs=logs, transientUnique=True)
        self.systems.append(asys)
        return asys

    def log_defs(self, level="DEBUG"):
        """A configuration that writes `level|address|text`, with exceptions, into a file."""
        form = {"format": "%(levelname)s|%(actorAddress)s|%(message)s"}
        file = {"class": "logging.FileHandler", "filename": str(self.log), "formatter": "plain", "level": level}
        root = {"level": level, "handlers": ["file"]}
        return {"version": 1, "formatters": {"plain": form}, "handlers": {"file": file}, "root": root}

    def lines(self):
        """What the actors have logged."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def logged(self, text, within=5.0):
        """Wait until a line with this text has been logged, and return all such lines."""
        return seen.until(lambda: [line for line in self.lines() if text in line], within)

    def noted(self, text, within=5.0):
        """The same in the log of the actor system itself."""
        return seen.until(lambda: [line for line in self.noted_lines() if text in line], within)

    def noted_lines(self):
        return self.own_log.read_text().splitlines() if self.own_log.exists() else []

    def members(self):
        """The processes of the systems here."""
        return seen.members(self.marker)

    def sockets(self):
        """The sockets of the systems here."""
        return sorted(self.home.glob("roscius-*/s*/*"))

    def admin(self):
        """The process of the Admin, if there is one system here. 0 if it is not there."""
        return self._listener_numbered(0)

    def logger(self):
        """The process of the logger, or 0."""
        logger = self._listener_numbered(1)
        # While it is being made, its starter listens in its place.
        return logger if logger and seen.parent_of(logger) in self.members() else 0

    def _listener_numbered(self, number):
        return next(
            (pid for socket in self.home.glob(f"roscius-*/s*/*{number:08x}") for pid in seen.listeners(socket)), 0
        )

    def end(self):
        for asys in self.systems:
            asys.shutdown()
        self.systems.clear()

    def left(self):
        """What is left of the systems: sockets, directories, names."""
        return [path for path in self.home.glob("roscius-*/*")]


def _own_descriptors():
    return {number: what for number, what in seen.descriptors().items() if not what.startswith("/dev/")}


def _leaked(before):
    """What is open that was not. What was left by other tests may have been closed meanwhile."""
    return {number: what for number, what in _own_descriptors().items() if before.get(number) != what}


@pytest.fixture
def scene(monkeypatch):
    home = Path(tempfile.mkdtemp(prefix="scene"))
    marker = f"marked-{uuid.uuid4()}"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    monkeypatch.setenv("SCENE", marker)
    monkeypatch.setenv("THESPLOG_FILE", str(home / "own.log"))
    # The environment is looked at anew.
    monkeypatch.setattr(own_log, "_log", None)
    before = _own_descriptors()
    marked = (home / marker).open("w")
    os.set_inheritable(marked.fileno(), True)
    scene = Scene(home, marker)
    try:
        yield scene
        scene.end()
        # Processes say goodbye before they end, so the end may take a moment more.
        seen.until(lambda: not scene.members(), 10)
        assert scene.left() == []
        assert seen.zombies() == set()
    finally:
        seen.kill(scene.members())
        marked.close()
        shutil.rmtree(home)
    if _leaked(before):
        # What belongs to objects that refer to each other may be waiting to be collected.
        gc.collect()
    assert _leaked(before) == {}
