"""`SetLogging`, which the shell sends: what the process of an actor writes to thesplog from then on."""

import logging

import pytest
from thespian.actors import Actor
from thespian.system import thesplog as module
from thespian.system.messages.logcontrol import SetLogging
from thespian.system.thesplog import thesplog


class Speaker(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            thesplog("%s", msg, level=logging.INFO)
            self.send(sender, "said")


# It is set before the system starts, whose processes are forked from this one.
@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setenv("THESPLOG_FILE", str(tmp_path / "log"))
    monkeypatch.setattr(module, "_log", None)
    return tmp_path / "log"


def test_an_actor_writes_what_it_is_told_to(log, asys):
    speaker = asys.createActor(Speaker)
    assert asys.ask(speaker, "below the threshold", 5) == "said"
    asys.tell(speaker, SetLogging(logging.INFO, False, True))
    assert asys.ask(speaker, "above it", 5) == "said"
    asys.tell(speaker, SetLogging(logging.INFO, False, False))
    assert asys.ask(speaker, "to no file", 5) == "said"
    text = log.read_text()
    assert "above it" in text
    assert "below" not in text and "no file" not in text
