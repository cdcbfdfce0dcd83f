"""The `roscius` command looks into systems of actors in Python, and speaks with them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest
import roscius
import seen
from thespian.actors import Actor, ActorExitRequest, ValidatedSource, ValidateSource, WakeupMessage

PROJECT = Path(__file__).parents[4]
# The same features as when all is tested, so that nothing is built again.
BUILD = "cargo build --quiet --workspace --all-features --bin roscius --message-format json-render-diagnostics"

# The first test builds the program.
pytestmark = pytest.mark.timeout(300)


class Order:
    """A message that only Python knows."""


class Clerk(Actor):
    """Says what it heard, has an assistant, and writes to one that has gone."""

    def receiveMessage(self, msg, sender):
        if msg == "assistant":
            self.send(sender, self.createActor(Assistant))
        elif msg == "lose":
            self.gone = self.createActor(Assistant)
            self.send(self.gone, ActorExitRequest())
            self.wakeupAfter(0.2)
        elif isinstance(msg, WakeupMessage):
            self.send(self.gone, Order())
        elif msg == "fail":
            raise ValueError("no use")
        elif msg == "log":
            logging.getLogger(__name__).debug("clerk %s whispers", self.myAddress)
        elif msg == "order":
            self.send(sender, Order())
        elif isinstance(msg, (str, int, float, bool, list, dict)):
            self.send(sender, {"heard": msg, "type": type(msg).__name__})


class Assistant(Actor):
    """Waits for an event when it is told to, and takes no other message meanwhile."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str) and msg.startswith("/"):
            Path(msg).touch()
            threading.Event().wait(60)


@roscius.restart("transient")
class Fragile(Actor):
    """Fails."""

    def receiveMessage(self, msg, sender):
        if msg == "fail":
            raise ValueError("no use")


@roscius.supervise("one_for_one", max_restarts=10)
class Boss(Actor):
    """Has one that fails."""

    def receiveMessage(self, msg, sender):
        if msg == "hire":
            self.send(sender, self.createActor(Fragile))


@pytest.fixture(scope="module")
def command():
    """The program, run with some arguments. What it has said is returned."""
    built = subprocess.run(BUILD.split(), cwd=PROJECT, check=True, stdout=subprocess.PIPE).stdout
    artifacts = (json.loads(line) for line in built.splitlines())
    [program] = [it["executable"] for it in artifacts if it.get("executable")]

    def run(*arguments):
        # Programs that actors are not to belong to: the mark of the test is on its systems alone.
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)

    return run


def read(said, code=0):
    """The JSON that the command has written."""
    assert said.returncode == code, said
    return json.loads(said.stdout)


def test_actors_are_shown_with_their_classes_names_and_parents(scene, base, command):
    asys = scene.start(base, **{"Has Till": True})
    clerk = asys.createActor(Clerk, globalName="clerk")
    asys.ask(clerk, "assistant", 5)
    status = read(command("status", "--json"))
    assert status["healthy"] and status["warnings"] == []
    assert status["system"]["capabilities"]["Has Till"] is True
    assert status["system"]["makers"] == ["python"]
    named, assistant = status["actors"]
    assert (named["name"], named["class"], named["handled"]) == ("clerk", "test_operating.Clerk", 1)
    assert (assistant["class"], assistant["parent"]) == ("test_operating.Assistant", named["address"])
    roles = sorted(process["role"] for process in status["processes"])
    assert roles == ["actors", "actors", "admin", "logger", "program", "starter"]
    # One more may be ready for the next actor: it is none of the system's yet.
    assert {process["pid"] for process in status["processes"]} <= scene.members() | {os.getpid()}
    assert "clerk" in command("ps").stdout


def test_actors_are_asked_with_plain_data(scene, base, command):
    scene.start(base).createActor(Clerk, globalName="clerk")
    for data in ("hello", 5, -1.5, True, [1, [2, None]], {"a": {"b": "ä"}}, 1 << 63):
        answer = read(command("ask", "clerk", "--json", json.dumps(data)))
        assert answer == {"heard": data, "type": type(data).__name__}
    assert command("ask", "Clerk", "hello").stdout == '{"heard":"hello","type":"str"}\n'
    assert command("ask", "clerk", "order").stdout == "an instance of `test_operating.Order`\n"
    failed = command("ask", "clerk", "fail")
    assert failed.returncode == 1
    assert "gave the message back" in failed.stderr and "ValueError: no use" in failed.stderr


def test_an_actor_that_does_not_return_is_told_from_one_that_is_stopped(scene, base, command):
    asys = scene.start(base)
    assistant = asys.createActor(Assistant, globalName="assistant")
    begun = scene.home / "begun"
    asys.tell(assistant, str(begun))
    seen.until(begun.exists)
    [warning] = read(command("status", "--json", "--within", "0.5"), 1)["warnings"]
    assert warning["kind"] == "unanswering"
    assert warning["why"] == "a handler waits for something and does not return"
    [actor] = read(command("ps", "--json", "--within", "0.5"))
    assert (actor["state"], actor["class"]) == ("unanswering", "test_operating.Assistant")
    os.kill(actor["pid"], signal.SIGSTOP)
    [warning] = read(command("status", "--json", "--within", "0.5"), 1)["warnings"]
    assert "stopped by a signal" in warning["why"]
    assert command("kill", "--force", "assistant", "--within", "0.5").returncode == 0
    seen.until(lambda: read(command("ps", "--json")) == [])


def test_a_lost_object_is_called_by_its_class(scene, base, command):
    asys = scene.start(base)
    clerk = asys.createActor(Clerk)
    asys.tell(clerk, "lose")
    said = seen.until(lambda: (it := command("status", "--json")).returncode == 1 and it)
    letters = read(said, 1)["dead_letters"]
    [kind] = letters["kinds"]
    assert (kind["message"], kind["count"]) == ("test_operating.Order", 1)
    assert f"ActorAddr-(T|:{kind['first']['sender']})" == str(clerk)


def test_restarts_are_counted(scene, base, command):
    asys = scene.start(base)
    fragile = asys.ask(asys.createActor(Boss), "hire", 5)
    for _ in range(3):
        asys.ask(fragile, "fail", 5)
    status = read(command("status", "--json"), 1)
    [warning] = status["warnings"]
    assert warning["kind"] == "restarts"
    assert warning["what"].startswith("test_operating.Fragile") and "restarted 3 times" in warning["what"]


def test_capabilities_and_the_end_are_heard_by_programs(scene, base, command):
    asys = scene.start(base, **{"Has Till": True})
    assert command("capabilities", "set", "Has Till", "false").returncode == 0
    assert command("capabilities", "set", "Trays", "[1, 2]").returncode == 0
    capabilities = read(command("capabilities", "list", "--json"))
    assert (capabilities["Has Till"], capabilities["Trays"]) == (False, [1, 2])
    # A program of the system changes the same one.
    asys.updateCapability("Trays", "none")
    assert read(command("capabilities", "list", "--json"))["Trays"] == "none"
    assert command("shutdown").returncode == 0
    seen.until(lambda: not scene.members(), 10)
    assert command("status").returncode == 2


class Authority(Actor):
    """Takes what is a zip file, refuses what is empty, and says nothing about the rest."""

    def receiveMessage(self, msg, sender):
        if msg == "begin":
            self.registerSourceAuthority()
            self.send(sender, "begun")
        elif isinstance(msg, ValidateSource):
            if msg.sourceData.startswith(b"PK"):
                self.send(sender, ValidatedSource(msg.sourceHash, msg.sourceData, msg.sourceInfo))
            elif msg.sourceData == b"refuse":
                self.send(sender, ValidatedSource(msg.sourceHash, None, msg.sourceInfo))


def test_sources_are_loaded_listed_and_let_go(scene, base, command):
    asys = scene.start(base)
    archive = scene.home / "greeter.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(
            "greeter.py",
            "from thespian.actors import Actor\n"
            "class Greeter(Actor):\n"
            "    def receiveMessage(self, msg, sender):\n"
            "        if isinstance(msg, str):\n"
            "            self.send(sender, 'hello ' + msg)\n",
        )
    none = command("sources", "load", str(archive))
    assert none.returncode == 1 and "there is no source authority" in none.stderr
    authority = asys.createActor(Authority)
    assert asys.ask(authority, "begin", 5) == "begun"
    source_hash = command("sources", "load", str(archive)).stdout.strip()
    assert source_hash == hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    greeter = asys.createActor("greeter.Greeter", sourceHash=source_hash)
    assert asys.ask(greeter, "you", 5) == "hello you"
    [listed] = read(command("sources", "list", "--json"))
    assert listed == {"hash": source_hash, "info": str(archive), "validated": True}
    status = read(command("status", "--json"))
    assert (status["sources"], f"ActorAddr-(T|:{status['source_authority']})") == ([listed], str(authority))
    assert f"{{{{{source_hash}}}}}greeter.Greeter" in {actor["class"] for actor in status["actors"]}
    other = scene.home / "other"
    other.write_bytes(b"refuse")
    refused = command("sources", "load", str(other))
    assert refused.returncode == 1 and "has refused" in refused.stderr
    other.write_bytes(b"what is this")
    silent = command("sources", "load", str(other), "--info", "a riddle", "--timeout", "0.3")
    assert silent.returncode == 1 and "has not decided" in silent.stderr
    lines = command("sources").stdout.splitlines()
    assert sum("loaded" in line for line in lines) == sum("a riddle" in line for line in lines) == 1
    assert command("sources", "unload", source_hash[:8]).returncode == 0
    assert [it["info"] for it in read(command("sources", "list", "--json"))] == ["a riddle"]
    assert command("sources", "unload", "ffff").returncode == 1
    missing = command("sources", "load", str(scene.home / "missing"))
    assert missing.returncode == 1 and "can not be read" in missing.stderr


def test_the_level_of_the_log_is_changed_while_actors_run(scene, base, command):
    asys = scene.start(base, logDefs=scene.log_defs() | {"root": {"level": "WARNING", "handlers": ["file"]}})
    assert command("log", "level").stdout == "DEBUG\n", "as the handler wants"
    assert command("log", "level", "ERROR").stdout == "ERROR\n"
    before = asys.createActor(Clerk)
    asys.tell(before, "log")
    assert asys.ask(before, 1, 5)["heard"] == 1
    assert command("log", "level", "debug").stdout == "DEBUG\n"
    after = asys.createActor(Clerk)
    assistant = asys.ask(after, "assistant", 5)
    for clerk in (before, after):
        asys.tell(clerk, "log")
        scene.logged(f"clerk {clerk} whispers")
    assert sum("whispers" in line for line in scene.lines()) == 2, "the first was held back"
    assert assistant is not None
    assert command("log", "level").stdout == "DEBUG\n"
