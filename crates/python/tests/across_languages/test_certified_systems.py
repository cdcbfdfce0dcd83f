"""Systems with certificates, which the command `roscius` makes."""

import json
import subprocess
import time

import pytest
import seen
from elsewhere import made
from foreign import MOMENT
from thespian.actors import Actor, ActorSystemException, NoCompatibleSystemForActor, requireCapability
from thespian.test import get_free_admin_port


class Echo(Actor):
    """Answers."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, (str, bytes)):
            self.send(sender, msg)


@requireCapability("blue")
class Blue(Echo):
    """Runs where there is something blue."""


@requireCapability("green")
class Green(Echo):
    """Runs where there is something green."""


@pytest.fixture
def certify(examples, tmp_path):
    """Make a certificate of an authority, which is made too when it is first named."""

    def make(authority, node):
        folder = tmp_path / authority
        if not folder.exists():
            subprocess.run([examples["roscius"], "cert", "init", authority, "--folder", folder], check=True)
        # One that is there already is made anew.
        command = [examples["roscius"], "cert", "node", node, "--folder", folder]
        subprocess.run([*command, "--replace"] if (folder / f"{node}.pem").exists() else command, check=True)
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


def fingerprint(examples, certificate):
    command = [examples["roscius"], "cert", "show", certificate, "--json"]
    [shown] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return shown["fingerprint"]


def test_a_certificate_is_refused_and_renewed_while_systems_run(joined, certify, examples, tmp_path):
    first, second = joined("site", "one"), joined("site", "two", blue=True)
    blue = made(first, Blue)
    assert first.ask(blue, "hello", MOMENT) == "hello"
    refused = tmp_path / "site" / "refused"
    refused.write_text(f"{fingerprint(examples, str(tmp_path / 'site' / 'two.pem'))}  # stolen\n")

    def is_gone():
        try:
            first.createActor(Blue)
        except NoCompatibleSystemForActor:
            return True
        return False

    seen.until(is_gone, MOMENT)
    certify("site", "two")
    assert first.ask(made(first, Blue), "again", MOMENT) == "again"
    # The other side was not started again, but its actor has ended with the system of who made it.
    assert second.ask(second.createActor(Blue), "hello", MOMENT) == "hello"


def test_files_of_no_use_change_nothing(joined, certify, tmp_path):
    first, _second = joined("site", "one"), joined("site", "two", blue=True)
    blue = made(first, Blue)
    key = tmp_path / "site" / "one.key"
    whole = key.read_text()
    key.write_text(whole[:40])
    for number in range(30):
        assert first.ask(blue, str(number), MOMENT) == str(number)
        time.sleep(0.1)
    # Nor is who comes later turned away.
    joined("site", "three", green=True)
    assert first.ask(made(first, Green), "hello", MOMENT) == "hello"


def test_a_certificate_that_is_not_there_is_said_at_the_start(scene, tmp_path):
    with pytest.raises(ActorSystemException, match=r"missing\.pem: no certificate"):
        scene.start("multiprocTCPBase", **{"Convention Certificate": str(tmp_path / "missing.pem")})
