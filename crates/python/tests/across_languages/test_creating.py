"""Actors in Rust are created by name, with arguments, as children or at the top; their lives are those of others."""

import os
import shutil
import signal

import pytest
import roscius
import seen
from foreign import MOMENT, Abort, Add, Echo, Ended, Parent, Total, Watch, Where
from thespian.actors import ActorExitRequest, ActorSystem, ActorSystemFailure, InvalidActorSpecification

COUNTER = roscius.RustActor("counter", 40)


def test_the_names_are_told(asys, program):
    assert roscius.announce(asys, program) == ["counter", "plainly", "speaker", "test.reviewer"]


def test_an_unknown_name_says_which_names_there_are(rust):
    with pytest.raises(InvalidActorSpecification, match="nobody in this system makes `cuonter`.*`counter`.*`python`"):
        rust.createActor("cuonter")


def test_the_makers_of_the_system_itself_are_no_actors(rust):
    for name in ("python", "logger"):
        with pytest.raises(InvalidActorSpecification, match="module"):
            rust.createActor(name)
    with pytest.raises(ValueError, match="no actor in Rust is named `python`"):
        roscius.RustActor("python")


@pytest.mark.parametrize("arguments", [(), ("many",), (-1,), (1, 2)])
def test_wrong_arguments_are_refused(rust, arguments):
    with pytest.raises(InvalidActorSpecification, match="the arguments are no `u64`"):
        rust.createActor(roscius.RustActor("counter", *arguments))


def test_arguments_that_can_not_be_told_are_refused(rust):
    with pytest.raises(ValueError, match="the arguments of counter: a `object`"):
        rust.createActor(roscius.RustActor("counter", object()))
    with pytest.raises(TypeError):
        roscius.RustActor("counter", 1, total=2)
    with pytest.raises(TypeError):
        roscius.RustActor("")


def test_a_name_with_a_dot_is_a_class_first(rust):
    assert rust.ask(rust.createActor("foreign.Echo"), "hello", MOMENT) == "HELLO"
    assert rust.createActor("test.reviewer")
    with pytest.raises(ImportError):
        rust.createActor("nowhere.nobody")


def test_a_global_name_is_that_of_one_actor(rust):
    counter = rust.createActor(COUNTER, globalName="the counter")
    assert rust.createActor("counter", globalName="the counter") == counter
    parent = rust.createActor(Parent)
    assert rust.ask(parent, ("create", COUNTER), MOMENT) != counter
    assert rust.ask(counter, Add(1), MOMENT) == Total(41, [1])


@pytest.mark.parametrize("base", ["simpleSystemBase", "threadSystemBase"])
def test_bases_of_one_process_say_that_they_have_none(base):
    asys = ActorSystem(base, transientUnique=True, logDefs=False)
    try:
        with pytest.raises(InvalidActorSpecification, match="need a base of processes"):
            asys.createActor(COUNTER)
        with pytest.raises(ValueError, match="need a base of processes"):
            roscius.announce(asys, "/bin/true")
        with pytest.raises(InvalidActorSpecification):
            asys.createActor(COUNTER)
    finally:
        asys.shutdown()


# Children


@pytest.fixture
def family(rust):
    parent = rust.createActor(Parent)
    return parent, rust.ask(parent, ("create", COUNTER), MOMENT)


def test_a_child_in_rust_works_for_its_parent(rust, family):
    parent, child = family
    assert rust.ask(parent, ("pass on", (child, Add(2))), MOMENT) == ("heard", Total(42, [2]))


def test_a_parent_hears_of_the_exit_of_its_child(rust, family):
    parent, child = family
    assert rust.ask(parent, ("exit", child), MOMENT) == ("child exited", child)
    assert rust.ask(child, Add(1), MOMENT) is None


@pytest.mark.parametrize("how", ["abort", "kill"])
def test_a_parent_hears_of_a_child_that_is_killed(rust, family, how):
    parent, child = family
    assert rust.ask(parent, ("watch", child), MOMENT) == "watching"
    if how == "abort":
        rust.tell(child, Abort())
    else:
        os.kill(rust.ask(child, Where(), MOMENT), signal.SIGKILL)
    heard = [rust.listen(MOMENT), rust.listen(MOMENT)]
    assert sorted(heard, key=lambda pair: pair[0]) == [("child exited", child), ("terminated", child)]


def test_a_child_exits_with_its_parent(rust, family):
    parent, child = family
    child_process = rust.ask(child, Where(), MOMENT)
    rust.tell(parent, ActorExitRequest())
    seen.until(lambda: seen.state(child_process) in ("", "Z"), MOMENT)


def test_a_child_exits_when_its_parent_is_killed(scene, rust):
    echo_and_more = rust.createActor(PidParent)
    process = rust.ask(echo_and_more, "pid", MOMENT)
    child = rust.ask(echo_and_more, ("create", COUNTER), MOMENT)
    child_process = rust.ask(child, Where(), MOMENT)
    os.kill(process, signal.SIGKILL)
    seen.until(lambda: seen.state(child_process) in ("", "Z"), MOMENT)


def test_a_child_that_is_left_behind_lives_on(rust, family):
    parent, child = family
    rust.tell(parent, ActorExitRequest(recursive=False))
    assert rust.ask(parent, ("watch", child), MOMENT) is None
    assert rust.ask(child, Add(1), MOMENT) == Total(41, [1])


@pytest.mark.parametrize("what", ["cuonter", roscius.RustActor("counter", "many"), roscius.RustActor("counter", 2**70)])
def test_a_child_that_can_not_be_is_an_exit_to_its_parent(rust, what):
    parent = rust.createActor(Parent)
    rust.tell(parent, ("create", what))
    # The handler that wants it can not name it to others.
    heard = {it[0]: it[1] for it in (rust.listen(MOMENT), rust.listen(MOMENT))}
    assert isinstance(heard["child exited"], roscius.ActorAddress)
    assert heard == {"child exited": heard["poison"], "poison": heard["child exited"]}


def test_an_actor_in_rust_watches_one_in_python(rust):
    speaker, echo = rust.createActor("speaker"), rust.createActor(Echo)
    process = rust.ask(echo, "pid", MOMENT)
    rust.tell(speaker, Watch(echo))
    os.kill(process, signal.SIGKILL)
    ended = rust.listen(MOMENT)
    assert isinstance(ended, Ended)
    assert ended.address == echo


class PidParent(Parent):
    def receiveMessage(self, msg, sender):
        if msg == "pid":
            self.send(sender, os.getpid())
        else:
            super().receiveMessage(msg, sender)


# Executables


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/nonexistent/program", "could not be started: No such file"),
        ("/etc/passwd", "could not be started: Permission denied"),
        (shutil.which("true"), "offers no actors: it ended"),
        (shutil.which("cat"), "offers no actors: it"),
    ],
)
def test_an_executable_that_is_none_is_refused(asys, path, complaint):
    with pytest.raises(ValueError, match=complaint):
        roscius.announce(asys, path)
    assert asys.ask(asys.createActor(Echo), "hello", MOMENT) == "HELLO"


def test_a_program_that_attaches_brings_its_actors(scene, asys, begin):
    attached = begin("attach", str(scene.port))
    assert attached.stdout.readline() == "attached\n"
    assert asys.ask(asys.createActor(COUNTER), Add(2), MOMENT) == Total(42, [2])


def test_an_announced_program_that_is_killed_is_missed_by_name_alone(scene, rust):
    counter = rust.createActor(COUNTER)
    counter_process = rust.ask(counter, Where(), MOMENT)
    os.kill(seen.parent_of(counter_process), signal.SIGKILL)

    def is_unknown():
        try:
            rust.createActor(COUNTER)
        except ActorSystemFailure as error:  # While it is being missed, another one.
            return "has ended, and there is no other" in str(error)
        return False

    seen.until(is_unknown, MOMENT)
    assert rust.ask(counter, Add(2), MOMENT) == Total(42, [2])
