"""Sources in actor systems of all bases: what is loaded, by whose leave, and what is made of it."""

import io
import logging
import threading
import time

import pytest
from authorities import (
    MOMENT,
    Assassin,
    Authority,
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
from roscius import supervise
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorSystem,
    ChildActorExited,
    InvalidActorSourceHash,
    InvalidActorSpecification,
    PoisonMessage,
    ValidatedSource,
)
from zips import zipped

ECHO = {
    "echo.py": """
        from thespian.actors import Actor
        import words

        class Echo(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, str):
                    self.send(sender, words.say(msg))
        """,
    "words.py": "def say(text): return f'echo: {text}'",
}


def ask_echo(asys, source_hash, name="echo.Echo"):
    return asys.ask(asys.createActor(name, sourceHash=source_hash), "hello", MOMENT)


def refused(asys, source_hash):
    with pytest.raises(InvalidActorSourceHash):
        asys.createActor("echo.Echo", sourceHash=source_hash)
    return True


def await_verdict(asys, source_hash):
    """Creations wait until a source is found valid, even if there is nothing to create."""
    with pytest.raises(ImportError):
        asys.createActor("no.such.Actor", sourceHash=source_hash)


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


# Unloading

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
