"""Children that wait for their source."""

import time

import pytest
from authorities import (
    MOMENT,
    Silent,
)
from echoes import ECHO
from roscius import supervise
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ChildActorExited,
)
from zips import zipped


class Waits(Actor):
    """Creates a child from a source, sends it messages, and says what becomes of it."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.client = sender
            name, source_hash, texts = msg
            child = self.createActor(name, sourceHash=source_hash)
            for text in texts:
                self.send(child, text)
            self.send(child, ActorExitRequest())
        elif isinstance(msg, (ChildActorExited, str)):
            self.send(self.client, "exited" if isinstance(msg, ChildActorExited) else msg)


def all_heard(asys, count):
    return [asys.listen(MOMENT) for _ in range(count)]


def test_a_child_takes_its_messages_when_its_source_is_valid(asys, authorise, load):
    authority = authorise(Silent)
    source_hash = load(ECHO)
    parent = asys.createActor(Waits)
    asys.tell(parent, ("echo.Echo", source_hash, ["one", "two"]))
    assert asys.ask(authority, "where", MOMENT)
    assert asys.ask(authority, "go on", MOMENT) == "going on"
    heard = all_heard(asys, 3)
    # Of a child that the Admin made its end is told by another way than what it said.
    heard.remove("exited")
    assert heard == ["echo: one", "echo: two"]


@pytest.mark.parametrize("name", ["echo.Nobody", "nowhere.Echo"])
def test_a_child_that_its_source_does_not_have_exits(asys, authorise, load, name):
    authority = authorise(Silent)
    source_hash = load(ECHO)
    parent = asys.createActor(Waits)
    asys.tell(parent, (name, source_hash, ["one"]))
    assert asys.ask(authority, "where", MOMENT)
    assert asys.ask(authority, "go on", MOMENT) == "going on"
    assert asys.listen(MOMENT) == "exited"


def test_a_child_whose_source_is_unloaded_before_it_is_valid_exits(asys, authorise, load):
    authority = authorise(Silent)
    source_hash = load(ECHO)
    parent = asys.createActor(Waits)
    asys.tell(parent, ("echo.Echo", source_hash, ["one"]))
    assert asys.ask(authority, "where", MOMENT)
    asys.unloadActorSource(source_hash)
    assert asys.listen(MOMENT) == "exited"


def test_a_child_that_waits_for_its_source_holds_up_no_shutdown(asys, authorise, load):
    authority = authorise(Silent)
    parent = asys.createActor(Waits)
    asys.tell(parent, ("echo.Echo", load(ECHO), ["one"]))
    assert asys.ask(authority, "where", MOMENT)
    begun = time.monotonic()
    asys.shutdown()
    assert time.monotonic() - begun < MOMENT.total_seconds()


FRAGILE = {
    "fragile.py": """
        from thespian.actors import Actor

        class Fragile(Actor):
            told = 0

            def receiveMessage(self, msg, sender):
                if isinstance(msg, str):
                    self.told += 1
                    if msg == "fail":
                        raise ValueError("as it was told")
                    self.send(sender, f"told {self.told} times")
        """,
}


@supervise()
class Supervises(Waits):
    """Its children are restarted."""


def test_a_child_that_has_waited_for_its_source_is_restarted_as_any(asys, authorise, load):
    if asys.base_name != "threadSystemBase":
        pytest.skip("processes have it made by the Admin; on the simple base what failed comes again behind all others")
    authority = authorise(Silent)
    source_hash = load(FRAGILE)
    parent = asys.createActor(Supervises)
    asys.tell(parent, ("fragile.Fragile", source_hash, ["one", "two", "fail", "three"]))
    assert asys.ask(authority, "where", MOMENT)
    assert asys.ask(authority, "go on", MOMENT) == "going on"
    assert all_heard(asys, 4) == ["told 1 times", "told 2 times", "told 1 times", "exited"]


def test_a_child_of_a_source_that_was_loaded_just_before(asys, authorise, tmp_path):
    authorise()
    path = tmp_path / "source.zip"
    path.write_bytes(zipped(ECHO))
    loader = asys.createActor(Loads)
    assert asys.ask(loader, str(path), MOMENT) == "echo: at once"


class Loads(Actor):
    """Loads a source, and creates a child from it at once."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str) and msg.startswith("echo"):
            self.send(self.client, msg)
        elif isinstance(msg, str):
            self.client = sender
            self.send(self.createActor("echo.Echo", sourceHash=self.loadActorSource(msg)), "at once")
