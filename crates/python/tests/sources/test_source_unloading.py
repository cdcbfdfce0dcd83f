"""Sources that are unloaded: in use, pending, waited for, in one of several systems."""

import threading

import pytest
from authorities import (
    MOMENT,
    Authority,
    Silent,
)
from echoes import ECHO, ask_echo, await_verdict, refused
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorSystem,
    InvalidActorSourceHash,
    PoisonMessage,
)
from zips import zipped

LAZY = {
    "lazy.py": """
        from thespian.actors import Actor

        class Lazy(Actor):
            def receiveMessage(self, msg, sender):
                if msg == "import":
                    import words
                    self.send(sender, words.say("imported"))
                elif isinstance(msg, str):
                    self.send(sender, "here")
        """,
    "words.py": ECHO["words.py"],
}


def test_unloading_while_in_use(asys, authorise, load):
    authorise()
    source_hash = load(LAZY)
    actor = asys.createActor("lazy.Lazy", sourceHash=source_hash)
    assert asys.ask(actor, "hello", MOMENT) == "here"
    asys.unloadActorSource(source_hash)
    assert refused(asys, source_hash)
    assert asys.ask(actor, "hello", MOMENT) == "here"
    answer = asys.ask(actor, "import", MOMENT)
    if asys.base_name == "simpleSystemBase":
        # The modules are gone from the process.
        assert isinstance(answer, PoisonMessage)
        assert source_hash in answer.details
    else:
        assert answer == "echo: imported"
    # And back again.
    assert load(LAZY) == source_hash
    again = asys.createActor("lazy.Lazy", sourceHash=source_hash)
    assert asys.ask(again, "import", MOMENT) == "echo: imported"


def test_unloading_what_is_pending(asys, authorise, load):
    authority = authorise(Silent)
    source_hash = load(ECHO)
    asys.unloadActorSource(source_hash)
    assert refused(asys, source_hash)
    assert asys.ask(authority, "go on", MOMENT) == "going on"
    assert refused(asys, source_hash)


def test_unloading_what_a_creation_waits_for(asys, authorise, load):
    if asys.base_name == "simpleSystemBase":
        pytest.skip("who waits there is the only one who does anything")
    authority = authorise(Silent)
    source_hash = load(ECHO)
    raised = []

    def create():
        with asys.private() as own:
            try:
                own.createActor("echo.Echo", sourceHash=source_hash)
            except InvalidActorSourceHash as error:
                raised.append(error)

    waiting = threading.Thread(target=create)
    waiting.start()
    # It is asked for, so the creation waits, or will be refused.
    assert asys.ask(authority, "where", MOMENT)
    asys.unloadActorSource(source_hash)
    waiting.join(MOMENT.total_seconds())
    assert not waiting.is_alive()
    assert len(raised) == 1


class Within(Actor):
    """Creates an actor as external code does."""

    system = None

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, type(self).system.createActor("echo.Echo", sourceHash=msg))


@pytest.mark.in_process
def test_creating_as_external_code_from_within_a_handler(asys, authorise, load):
    authorise()
    source_hash = load(ECHO)
    await_verdict(asys, source_hash)
    Within.system = asys
    echo = asys.ask(asys.createActor(Within), source_hash, MOMENT)
    assert asys.ask(echo, "hello", MOMENT) == "echo: hello"


def test_actors_import_until_the_end(asys, authorise, load, tmp_path):
    authorise()
    text = """
        from thespian.actors import Actor, ActorExitRequest

        class Last(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, str):
                    self.path = msg
                    self.send(sender, "here")
                elif isinstance(msg, ActorExitRequest):
                    import words
                    open(self.path, "w").write(words.say("the end"))
        """
    last = asys.createActor("last.Last", sourceHash=load({"last.py": text, "words.py": ECHO["words.py"]}))
    path = tmp_path / "said"
    assert asys.ask(last, str(path), MOMENT) == "here"
    asys.tell(last, ActorExitRequest())
    asys.shutdown()
    assert path.read_text() == "echo: the end"


def test_unloading_one_of_two(asys, authorise, load):
    authorise()
    first, second = load(ECHO), load({**ECHO, "more.py": ""})
    await_verdict(asys, first)
    asys.unloadActorSource(first)
    asys.unloadActorSource("unknown")
    assert refused(asys, first)
    assert ask_echo(asys, second) == "echo: hello"


# Systems of one process


@pytest.mark.parametrize("base", ["simpleSystemBase", "threadSystemBase"])
def test_systems_of_one_process_do_not_share_decisions(base, tmp_path):
    first, second = (ActorSystem(base, transientUnique=True) for _ in range(2))
    path = tmp_path / "source.zip"
    path.write_bytes(zipped(LAZY))
    try:
        for system in (first, second):
            assert system.ask(system.createActor(Authority), "register", MOMENT) == "registered"
        source_hash = first.loadActorSource(str(path))
        ours = first.createActor("lazy.Lazy", sourceHash=source_hash)
        with pytest.raises(InvalidActorSourceHash):
            second.createActor("lazy.Lazy", sourceHash=source_hash)
        assert second.loadActorSource(str(path)) == source_hash
        theirs = second.createActor("lazy.Lazy", sourceHash=source_hash)
        second.shutdown()
        assert first.ask(ours, "import", MOMENT) == "echo: imported"
        assert theirs
    finally:
        first.shutdown()
        second.shutdown()
