"""Sources in actor systems of all bases: what is loaded, by whose leave, and what is made of it."""

import io
import logging

import pytest
from authorities import (
    MOMENT,
    Assassin,
    Confused,
    Corrupting,
    Dying,
    Failing,
    Impostor,
    Loader,
    OldFashioned,
    Rejecting,
    Silent,
    Slow,
    Twice,
    Watcher,
)
from echoes import ECHO, ask_echo, await_verdict, refused
from thespian.actors import (
    Actor,
    ActorExitRequest,
    InvalidActorSpecification,
    PoisonMessage,
    ValidatedSource,
)
from zips import zipped

# By whose leave


def test_a_source_that_is_valid(asys, authorise, load):
    authorise()
    source_hash = load(ECHO)
    assert ask_echo(asys, source_hash) == "echo: hello"


def test_without_an_authority_nothing_is_loaded(asys, load):
    assert refused(asys, load(ECHO))


def test_what_was_loaded_before_there_was_an_authority_is_not_validated(asys, authorise, load):
    source_hash = load(ECHO)
    authority = authorise()
    assert asys.ask(authority, "asked", MOMENT) == []
    assert refused(asys, source_hash)
    assert load(ECHO) == source_hash
    assert ask_echo(asys, source_hash) == "echo: hello"


def test_a_rejected_source(asys, authorise, load):
    authorise(Rejecting)
    assert refused(asys, load(ECHO))


def test_a_creation_waits_for_the_verdict(asys, authorise, load):
    authorise(Slow)
    assert ask_echo(asys, load(ECHO)) == "echo: hello"


@pytest.mark.in_process
@pytest.mark.parametrize("kind", [Silent, Failing, Dying])
def test_an_authority_that_never_answers(asys, authorise, load, kind, monkeypatch):
    monkeypatch.setattr("thespian.system.sources.keeper._CREATION_SECONDS", 0.2)
    authorise(kind)
    source_hash = load(ECHO)
    with pytest.raises(Exception, match=source_hash):
        asys.createActor("echo.Echo", sourceHash=source_hash)
    # It is not too late for another one.
    authorise()
    assert ask_echo(asys, source_hash) == "echo: hello"


def test_a_new_authority_is_asked_what_the_old_one_left_open(asys, authorise, load):
    first = authorise(Silent)
    source_hash = load(ECHO)
    asys.tell(first, ActorExitRequest())
    second = authorise()
    assert ask_echo(asys, source_hash) == "echo: hello"
    assert [it[0] for it in asys.ask(second, "asked", MOMENT)] == [source_hash]


def test_the_first_answer_counts(asys, authorise, load):
    authorise(Twice)
    source_hash = load(ECHO)
    assert ask_echo(asys, source_hash) == "echo: hello"
    assert ask_echo(asys, source_hash) == "echo: hello"


def test_an_answer_for_another_source(asys, authorise, load):
    authorise(Confused)
    assert ask_echo(asys, load(ECHO)) == "echo: hello"
    assert refused(asys, "0" * 32)


def test_verdicts_of_others_are_ignored(asys, authorise, load):
    authority = authorise(Silent)
    source_hash = load(ECHO)
    system = asys.ask(authority, "where", MOMENT)
    verdict = ValidatedSource(source_hash, zipped({"echo.py": "from thespian.actors import Actor as Echo"}))
    assert asys.ask(asys.createActor(Impostor), (system, verdict), MOMENT) == "said"
    asys.tell(system, verdict)
    assert asys.ask(authority, "go on", MOMENT) == "going on"
    assert ask_echo(asys, source_hash) == "echo: hello"


def test_content_that_cannot_be_used(asys, authorise, load):
    """A source that is said to be valid, and is no zip file, is refused at once."""
    authorise(Corrupting)
    for number in range(len(Corrupting.contents)):
        assert refused(asys, load({"echo.py": f"number = {number}"}))


def test_the_keeper_of_sources_cannot_be_ended(asys, authorise, load):
    authorise(Assassin)
    assert ask_echo(asys, load(ECHO)) == "echo: hello"
    assert ask_echo(asys, load({**ECHO, "more.py": ""})) == "echo: hello"


def test_loading_again_does_nothing(asys, authorise, load):
    authority = authorise()
    source_hash = load(ECHO)
    actor = asys.createActor("echo.Echo", sourceHash=source_hash)
    assert load(ECHO, "copy.zip") == source_hash
    assert asys.ask(actor, "still", MOMENT) == "echo: still"
    assert len(asys.ask(authority, "asked", MOMENT)) == 1


def test_the_authority_is_told_what_a_source_is_called(asys, authorise, load, tmp_path):
    authority = authorise()
    first, second = load(ECHO, "first.zip"), load({**ECHO, "more.py": ""}, "second.zip")
    with open(tmp_path / "second.zip", "rb") as file:
        asys.unloadActorSource(second)
        assert asys.loadActorSource(file) == second
        assert file.closed
    third = asys.loadActorSource(io.BytesIO(zipped({"third.py": ""})))
    await_verdict(asys, third)
    asked = asys.ask(authority, "asked", MOMENT)
    assert [(source_hash, info.rpartition("/")[2]) for source_hash, _, info in asked[:3]] == [
        (first, "first.zip"),
        (second, "second.zip"),
        (second, "second.zip"),
    ]
    assert asked[3][0] == third
    assert "BytesIO" in asked[3][2]


def test_an_authority_that_knows_no_names(asys, authorise, load):
    authorise(OldFashioned)
    assert ask_echo(asys, load(ECHO)) == "echo: hello"


def test_a_file_that_is_not_there(asys, authorise):
    with pytest.raises(OSError, match="nowhere"):
        asys.loadActorSource("nowhere.zip")
    failed = asys.ask(asys.createActor(Loader), ("nowhere.zip", "echo.Echo", "hello"), MOMENT)
    assert isinstance(failed, PoisonMessage)
    assert "FileNotFoundError" in failed.details


def test_a_large_source(asys, authorise, load):
    authority = authorise()
    ballast = bytes(range(256)) * 4096 * 8
    source_hash = load({**ECHO, "ballast.bin": ballast * 2})
    assert ask_echo(asys, source_hash) == "echo: hello"
    assert len(asys.ask(authority, "asked", MOMENT)) == 1


# Who is told


def heard(asys, watcher, so_much):
    return [(what, source_hash) for what, source_hash, _info in asys.ask(watcher, so_much, MOMENT)]


def watching(asys):
    watcher = asys.createActor(Watcher)
    assert asys.ask(watcher, True, MOMENT) == "noted"
    return watcher


def test_watchers_hear_once_of_each_source(asys, authorise, load):
    authorise()
    early, gone, stopped = watching(asys), watching(asys), watching(asys)
    asys.tell(gone, ActorExitRequest())
    assert asys.ask(stopped, False, MOMENT) == "noted"
    source_hash = load(ECHO)
    await_verdict(asys, source_hash)
    load(ECHO)
    late = watching(asys)
    asys.unloadActorSource(source_hash)
    assert refused(asys, source_hash)
    story = [("LoadedSource", source_hash), ("UnloadedSource", source_hash)]
    assert heard(asys, early, 2) == story
    assert heard(asys, late, 2) == story
    assert heard(asys, stopped, 0) == []
    assert all(info.endswith("source.zip") for _, _, info in asys.ask(early, 2, MOMENT))


def test_watchers_hear_nothing_of_what_is_not_loaded(asys, authorise, load):
    watcher = watching(asys)
    load(ECHO)
    authorise(Rejecting)
    assert refused(asys, load(ECHO))
    asys.unloadActorSource("unknown")
    assert heard(asys, watcher, 0) == []


# What is made of it

FAMILY = {
    "family.py": """
        from thespian.actors import Actor, ActorExitRequest, ChildActorExited
        from people.children import Child

        class Parent(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, str):
                    child = self.createActor(Child if msg == "class" else msg)
                    self.send(child, (sender, "hello"))
                elif isinstance(msg, tuple):
                    name, source_hash = msg
                    self.send(self.createActor(name, sourceHash=source_hash), (sender, "hello"))
                elif isinstance(msg, ChildActorExited):
                    pass
        """,
    "people/__init__.py": "",
    "people/children.py": """
        from thespian.actors import Actor

        class Child(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, tuple):
                    self.send(msg[0], f"{__name__.partition('}}')[2]} says {msg[1]}")
        """,
}


@pytest.mark.parametrize("child", ["class", "people.children.Child"])
def test_children_are_of_the_source_of_their_parent(asys, authorise, load, child):
    authorise()
    parent = asys.createActor("family.Parent", sourceHash=load(FAMILY))
    assert asys.ask(parent, child, MOMENT) == "people.children says hello"


def test_children_of_another_source(asys, authorise, load):
    authorise()
    parent = asys.createActor("family.Parent", sourceHash=load(FAMILY))
    other = load({"other.py": FAMILY["people/children.py"]})
    await_verdict(asys, other)
    assert asys.ask(parent, ("other.Child", other), MOMENT) == "other says hello"


def test_children_of_no_source_by_their_class(asys, authorise, load):
    authorise()
    text = """
        from thespian.actors import Actor
        from thespian.runcommand import Command, CommandResult, RunCommand

        class Runner(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, str):
                    self.client = sender
                    self.send(self.createActor(RunCommand), Command("echo", [msg]))
                elif isinstance(msg, CommandResult):
                    self.send(self.client, msg.stdout)
        """
    runner = asys.createActor("runner.Runner", sourceHash=load({"runner.py": text}))
    assert asys.ask(runner, "hello", MOMENT) == "hello\n"


def test_actors_load_sources(asys, authorise, tmp_path):
    authorise()
    (tmp_path / "source.zip").write_bytes(zipped(ECHO))
    loader = asys.createActor(Loader)
    assert asys.ask(loader, (str(tmp_path / "source.zip"), "echo.Echo", "hello"), MOMENT) == "echo: hello"


def test_versions_run_side_by_side(asys, authorise, load):
    authorise()
    old = asys.createActor("echo.Echo", sourceHash=load(ECHO))
    changed = {**ECHO, "words.py": "def say(text): return f'new echo: {text}'"}
    new = asys.createActor("echo.Echo", sourceHash=load(changed))
    assert asys.ask(old, "hello", MOMENT) == "echo: hello"
    assert asys.ask(new, "hello", MOMENT) == "new echo: hello"
    assert asys.ask(old, "hello", MOMENT) == "echo: hello"


def test_a_class_of_the_program_means_that_of_the_source(asys, authorise, load):
    authorise()
    text = "from thespian.actors import Actor\nclass Echo(Actor):\n    def receiveMessage(self, msg, sender):\n"
    text += "        if isinstance(msg, str): self.send(sender, 'from the source')"
    source_hash = load({f"{Echo.__module__}.py": text})
    assert asys.ask(asys.createActor(Echo, sourceHash=source_hash), "who", MOMENT) == "from the source"
    assert asys.ask(asys.createActor(Echo), "who", MOMENT) == "from the program"


class Echo(Actor):
    """Has a namesake in a source."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, "from the program")


def test_names(asys, authorise, load):
    authorise()
    source_hash = load(ECHO)
    with pytest.raises(ImportError):
        asys.createActor("echo.Echo")
    for name in ("Echo", ""):
        with pytest.raises(InvalidActorSpecification):
            asys.createActor(name, sourceHash=source_hash)
    with pytest.raises(InvalidActorSpecification):
        asys.createActor("echo.Nobody", sourceHash=source_hash)
    # No other place is looked at, even if the module is there.
    for name in ("nothing.Echo", "thespian.runcommand.RunCommand"):
        with pytest.raises(ImportError, match=source_hash):
            asys.createActor(name, sourceHash=source_hash)


def test_sources_that_cannot_be_imported(asys, authorise, load):
    authorise()
    source_hash = load({"wrong.py": "def (:", "circle.py": "from circle import Nobody", "missing.py": "import nothing"})
    with pytest.raises(ImportError, match=rf"Source hash \{{\{{{source_hash}\}}\}}: .*wrong.py, line 1"):
        asys.createActor("wrong.Actor", sourceHash=source_hash)
    with pytest.raises(ImportError, match="circular import"):
        asys.createActor("circle.Actor", sourceHash=source_hash)
    with pytest.raises(ImportError, match="nothing"):
        asys.createActor("missing.Actor", sourceHash=source_hash)
    # The source is what it is, but the system goes on.
    assert ask_echo(asys, load(ECHO)) == "echo: hello"


BORN_DEAD = """
    from thespian.actors import Actor, ChildActorExited

    class BornDead(Actor):
        def __init__(self):
            raise LookupError("on purpose")

    class Parent(Actor):
        def receiveMessage(self, msg, sender):
            if isinstance(msg, str):
                self.client = sender
                self.createActor(msg)
            elif isinstance(msg, ChildActorExited):
                self.send(self.client, "a child has gone")
    """


@pytest.mark.parametrize("name", ["mod.BornDead", "mod.Nobody"])
def test_children_that_cannot_be_made(asys, authorise, load, name):
    authorise()
    parent = asys.createActor("mod.Parent", sourceHash=load({"mod.py": BORN_DEAD}))
    assert asys.ask(parent, name, MOMENT) == "a child has gone"


@pytest.mark.in_process
def test_a_constructor_that_fails(asys, authorise, load):
    authorise()
    with pytest.raises(LookupError, match="on purpose"):
        asys.createActor("mod.BornDead", sourceHash=load({"mod.py": BORN_DEAD}))


def test_failures_tell_where_they_happened(asys, authorise, load):
    authorise()
    text = """\
        from thespian.actors import Actor

        class Failing(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, str):
                    raise LookupError(msg)
        """
    source_hash = load({"pkg/__init__.py": "", "pkg/failing.py": text})
    failed = asys.ask(asys.createActor("pkg.failing.Failing", sourceHash=source_hash), "here", MOMENT)
    assert f'File "{{{{{source_hash}}}}}/pkg/failing.py", line 6, in receiveMessage' in failed.details
    assert "    raise LookupError(msg)\n" in failed.details


def test_troupes_restarts_and_names(asys, authorise, load):
    authorise()
    text = """
        import roscius
        from thespian.actors import Actor
        from thespian.troupe import troupe
        import words

        @troupe(max_count=2, idle_count=1)
        class Chorus(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, int):
                    self.send(sender, words.say(msg))

        @roscius.restart("permanent")
        class Phoenix(roscius.Actor):
            times = 0

            def receiveMessage(self, msg, sender):
                if isinstance(msg, str):
                    if msg == "burn":
                        raise LookupError("on purpose")
                    import words
                    self.send(sender, words.say(msg))
        """
    source_hash = load({"stage.py": text, "words.py": ECHO["words.py"]})
    chorus = asys.createActor("stage.Chorus", sourceHash=source_hash)
    for number in range(6):
        asys.tell(chorus, number)
    assert sorted(asys.listen(MOMENT) for _ in range(6)) == [f"echo: {number}" for number in range(6)]
    phoenix = asys.createActor("stage.Phoenix", sourceHash=source_hash, globalName="phoenix")
    assert isinstance(asys.ask(phoenix, "burn", MOMENT), PoisonMessage)
    assert asys.ask(phoenix, "hello", MOMENT) == "echo: hello"
    assert asys.createActor("stage.Phoenix", sourceHash=source_hash, globalName="phoenix") == phoenix


# Objects of its classes

NOTES = {
    "notes.py": """
        class Note:
            def __init__(self, text):
                self.text = text
        """,
    "desk.py": """
        from thespian.actors import Actor, PoisonMessage
        from notes import Note

        class Clerk(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, Note):
                    self.send(sender, Note(msg.text.upper()))

        class Desk(Actor):
            def receiveMessage(self, msg, sender):
                if msg == "outside":
                    self.send(sender, Note("for nobody"))
                    self.send(sender, "plain")
                elif isinstance(msg, str):
                    self.client = sender
                    self.send(self.createActor("desk.Clerk"), Note(msg))
                elif isinstance(msg, Note):
                    self.send(self.client, msg.text)
                elif isinstance(msg, PoisonMessage):
                    self.send(self.client, "came back")
                elif isinstance(msg, tuple):
                    self.client = sender
                    self.send(msg[0], Note("stranger"))
        """,
}


def test_objects_of_a_source_pass_between_its_actors(asys, authorise, load):
    authorise()
    desk = asys.createActor("desk.Desk", sourceHash=load(NOTES))
    assert asys.ask(desk, "hello", MOMENT) == "HELLO"


def test_objects_of_a_source_pass_to_others_in_the_same_process_only(asys, authorise, load):
    authorise()
    desk = asys.createActor("desk.Desk", sourceHash=load(NOTES))
    stranger = asys.createActor("echo.Echo", sourceHash=load(ECHO, "other.zip"))
    if "multiproc" not in asys.base_name:
        assert asys.ask(desk, "outside", MOMENT).text == "for nobody"
        assert asys.listen(MOMENT) == "plain"
        return
    assert asys.ask(desk, "outside", MOMENT) == "plain"
    assert asys.ask(desk, (stranger,), MOMENT) == "came back"
    # Who was sent it goes on.
    assert asys.ask(stranger, "hello", MOMENT) == "echo: hello"


# What is told


@pytest.mark.in_process
def test_what_is_refused_is_logged(asys, authorise, load, caplog):
    def levels():
        records = [record for record in caplog.records if "source" in record.getMessage()]
        found = [record.levelno for record in records if source_hash in record.getMessage()]
        caplog.clear()
        return found

    with caplog.at_level(logging.INFO):
        source_hash = load(ECHO)
        assert refused(asys, source_hash)
        assert levels() == [logging.WARNING]
        authorise(Corrupting)
        load(ECHO)
        assert refused(asys, source_hash)
        assert levels() == [logging.ERROR]
        authorise()
        load(ECHO)
        await_verdict(asys, source_hash)
        assert levels() == [logging.INFO]
