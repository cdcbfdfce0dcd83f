"""Programs in Rust create actors in Python, in systems of either."""

import os
import signal

import pytest
import roscius
import seen
from foreign import MOMENT, Add, Echo, Ended, Parent, Raise, Total, Where
from thespian.actors import ActorSystem, PoisonMessage

TALK = """\
Str("HELLO")
42
failed: ValueError: as it was told
Some("TOLD")
ended: it stopped by itself
no answer: nobody has the address, or the actor exited first
"""


def test_a_program_in_rust_uses_an_actor_in_python(scene, asys, begin):
    used = begin("use", str(scene.port), "foreign.Echo")
    assert used.stdout.read() == TALK


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("nowhere.Echo", "No module named 'nowhere'"), ("foreign.Ohce", "Ohce"), ("Echo", "qualified")],
)
def test_a_class_that_there_is_not_is_an_error(scene, asys, begin, name, complaint):
    used = begin("use", str(scene.port), name)
    assert complaint in used.stdout.read()


def test_an_actor_in_rust_has_children_in_python(rust):
    speaker = rust.createActor("speaker")
    child = rust.ask(speaker, Raise("foreign.Echo"), MOMENT)
    assert rust.ask(child, "hello", MOMENT) == "HELLO"
    os.kill(rust.ask(child, "pid", MOMENT), signal.SIGKILL)
    ended = rust.listen(MOMENT)
    assert isinstance(ended, Ended)
    assert ended.address == child


def test_a_child_in_python_that_can_not_be_fails_its_creation(rust):
    speaker = rust.createActor("speaker")
    poison = rust.ask(speaker, Raise("nowhere.Echo"), MOMENT)
    assert isinstance(poison, PoisonMessage)
    assert "No module named 'nowhere'" in poison.details


@pytest.fixture
def served(scene, begin):
    """The port of a system that a program in Rust has started."""
    process = begin("serve")
    return int(process.stdout.readline())


def test_a_program_in_python_attaches_to_a_system_of_a_program_in_rust(scene, served):
    asys = scene.start("multiprocTCPBase", **{"Admin Port": served})
    counter = asys.createActor(roscius.RustActor("counter", 40))
    assert asys.ask(counter, Add(2), MOMENT) == Total(42, [2])
    parent = asys.createActor(Parent)
    child = asys.ask(parent, ("create", roscius.RustActor("counter", 0)), MOMENT)
    assert asys.ask(child, Add(2), MOMENT) == Total(2, [2])
    echo = asys.createActor(Echo)
    assert asys.ask(echo, "hello", MOMENT) == "HELLO"


def test_a_program_in_rust_keeps_the_actors_in_python_that_another_has_brought(scene, served, begin):
    ActorSystem("multiprocTCPBase", {"Admin Port": served}, transientUnique=True)._systemBase._core.close(1.0)
    used = begin("use", str(served), "foreign.Echo")
    assert used.stdout.read() == TALK


def test_without_python_in_the_system_the_error_says_so(scene, served, begin):
    used = begin("use", str(served), "foreign.Echo")
    assert "nobody in this system makes `python`" in used.stdout.read()


def test_nothing_is_left_when_a_system_with_both_ends(scene, rust):
    rust.createActor("plainly")
    counter = rust.createActor(roscius.RustActor("counter", 1))
    process = rust.ask(counter, Where(), MOMENT)
    rust.shutdown()
    seen.until(lambda: seen.state(process) in ("", "Z"), MOMENT)
