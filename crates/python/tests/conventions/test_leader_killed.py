"""The leader is killed while something is under way that it has a part in. What happens at each moment of each step is tried on simulated systems
(crates/simulation/tests/simulated/leader_killed.rs); here are real ones."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
import seen
from conftest import Convention
from elsewhere import made
from thespian.actors import Actor, requireCapability
from thespian.test import get_free_admin_port

MOMENT = 5
# Until the next leads.
SOON = 20


class Slow(Actor):
    """Runs where there is something blue, and takes its time to find that out in one of the processes that ask."""

    @staticmethod
    def actorSystemCapabilityCheck(capabilities, requirements):
        if not capabilities.get("blue"):
            return False
        folder = Path(os.environ["SLOW"])
        with (folder / "asked").open("a") as file:
            file.write(f"{os.getpid()}\n")
        if len((folder / "asked").read_text().split()) == int((folder / "which").read_text()):
            (folder / "begun").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)
        return True

    def receiveMessage(self, msg, sender):
        if msg == "pid":
            self.send(sender, os.getpid())


@requireCapability("blue")
class Blue(Actor):
    """Runs where there is something blue."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, msg)


class Led(Convention):
    """A convention with a leader and one who is next."""

    def __init__(self, scene):
        super().__init__(scene, "multiprocTCPBase")
        self.ports = [get_free_admin_port(), get_free_admin_port()]
        self.leaders = [f"localhost:{port}" for port in self.ports]
        self.join()
        self.leader = next(iter(self.admins()))
        self.next = self.join()

    def join(self, **capabilities):
        port = self.ports.pop(0) if self.ports else get_free_admin_port()
        place = {"Admin Port": port, "Convention Address.IPv4": self.leaders}
        return self.scene.start(self.base, **place, **capabilities)

    def kill(self):
        """Kill the leader."""
        seen.kill([self.leader])

    def freeze(self):
        """Have the leader do nothing more, although it is there."""
        os.kill(self.leader, signal.SIGSTOP)


@pytest.fixture
def led(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("SLOW", str(tmp_path))
    convention = Led(scene)
    yield convention
    # What the leader has left is removed by the next system.
    convention.join()


def in_background(act):
    """Do something in a thread. What it returns is given by the function that is returned."""
    results = []
    thread = threading.Thread(target=lambda: results.append(act()), daemon=True)
    thread.start()

    def result():
        thread.join(SOON)
        assert results, "it has not come to an end"
        return results[0]

    return result


@pytest.mark.parametrize("which", [1, 2], ids=("while_it_looks_where", "while_another_makes_it"))
def test_while_an_actor_is_made_in_another_system(led, tmp_path, which):
    one, _two = led.join(), led.join(blue=True)
    assert one.ask(made(one, Blue), "there", MOMENT) == "there"
    (tmp_path / "which").write_text(str(which))
    creation = in_background(lambda: one.createActor(Slow))
    seen.until((tmp_path / "begun").exists)
    led.kill()
    (tmp_path / "go").touch()
    kept = one.ask(creation(), "pid", MOMENT)
    asked = {int(line) for line in (tmp_path / "asked").read_text().split()}
    assert kept in asked
    # There is one, and none that nobody knows of.
    seen.gone(asked - {kept})


def test_while_a_system_joins(led):
    led.freeze()
    one, _two = led.join(), led.join(blue=True)
    led.kill()
    assert one.ask(seen.until(lambda: made(one, Blue), SOON), "there", MOMENT) == "there"


def test_while_a_system_leaves(led):
    one, two = led.join(), led.join(blue=True)
    assert one.ask(made(one, Blue), "there", MOMENT) == "there"
    led.freeze()
    end = in_background(two.shutdown)
    led.kill()
    end()
    new = led.join(blue=True)
    assert new.ask(new.createActor(Blue), "here", MOMENT) == "here"
    assert one.ask(made(one, Blue), "in the new one", MOMENT) == "in the new one"
