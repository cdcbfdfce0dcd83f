"""Systems with certificates, which the command `roscius` makes."""

import subprocess

import pytest
from elsewhere import made
from foreign import MOMENT
from thespian.actors import Actor, ActorSystemException, NoCompatibleSystemForActor, requireCapability
from thespian.test import get_free_admin_port


@requireCapability("blue")
class Blue(Actor):
    """Runs where there is something blue, and answers."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, (str, bytes)):
            self.send(sender, msg)


@pytest.fixture
def certify(examples, tmp_path):
    """Make a certificate of an authority, which is made too when it is first named."""

    def make(authority, node):
        folder = tmp_path / authority
        if not folder.exists():
            subprocess.run([examples["roscius"], "cert", "init", authority, "--folder", folder], check=True)
        subprocess.run([examples["roscius"], "cert", "node", node, "--folder", folder], check=True)
        return str(folder / f"{node}.pem")

    return make


@pytest.fixture
def joined(scene, certify, monkeypatch):
    """Start a system with a certificate of this authority. The first leads."""
    monkeypatch.setenv("THESPIAN_BASE_IPADDR", "127.0.0.1")
    leader = []

    def start(authority, node, **capabilities):
        port = get_free_admin_port()
        leader.append(f"127.0.0.1:{port}")
        entries = {"Convention Address.IPv4": leader[0], "Convention Certificate": certify(authority, node)}
        return scene.start("multiprocTCPBase", **{"Admin Port": port, **entries, **capabilities})

    return start


@requireCapability("green")
class Green(Actor):
    """Runs where there is something green."""


def test_systems_of_one_authority_know_each_other(joined):
    first, _second = joined("site", "one"), joined("site", "two", blue=True)
    blue = made(first, Blue)
    assert first.ask(blue, "hello", MOMENT) == "hello"
    long = bytes(range(256)) * (1 << 13)
    assert first.ask(blue, long, MOMENT) == long


def test_a_system_of_another_authority_is_not_let_in(joined):
    first = joined("site", "one")
    joined("elsewhere", "two", blue=True)
    # One that came later is there.
    joined("site", "three", green=True)
    made(first, Green)
    with pytest.raises(NoCompatibleSystemForActor):
        first.createActor(Blue)


def test_a_certificate_that_is_not_there_is_said_at_the_start(scene, tmp_path):
    with pytest.raises(ActorSystemException, match=r"ca\.pem: no certificate"):
        scene.start("multiprocTCPBase", **{"Convention Certificate": str(tmp_path / "missing.pem")})
