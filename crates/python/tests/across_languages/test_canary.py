"""Nothing that comes from who does not belong here is unpickled, whatever it says and whatever it shows.

The program `enemy` (crates/host/examples/enemy) says all that a member can say, with a pickle wherever one could be. Whoever unpickles it makes a file that
is called as what was said."""

import pickle
import subprocess

import pytest
import seen
from foreign import MOMENT
from thespian.actors import Actor
from thespian.test import get_free_admin_port

BASE = "multiprocTCPBase"
# Of all that a member can say, this is unpickled: a message, also a durable one, one that comes back, or one that is to be a dead letter; what an actor is to
# be made from; and a capability that somebody is told of.
UNPICKLED = {"frame-1", "durable", "returned", "dead-letter", "request-0", "capability"}


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return open, (f"{self.folder}/{'@' * 16}", "w")


class Echo(Actor):
    """Answers."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, msg)


class Watcher(Actor):
    """Hears of all systems that join, and of what they say they have."""

    def receiveMessage(self, msg, sender):
        if msg == "watch":
            self.notifyOnSystemRegistrationChanges()
            self.send(sender, "watching")


class Target:
    """A system, and the enemy of it."""

    def __init__(self, scene, program, folder, **capabilities):
        self.scene, self.program, self.folder = scene, program, folder
        self.canaries = folder / "canaries"
        self.canaries.mkdir()
        self.pickle = folder / "pickle"
        self.pickle.write_bytes(pickle.dumps(Canary(self.canaries)))
        port = get_free_admin_port()
        self.place = f"127.0.0.1:{port}"
        self.asys = scene.start(BASE, **{"Admin Port": port, "Convention Address.IPv4": self.place, **capabilities})
        self.echo = self.asys.createActor(Echo, globalName="echo")
        self.watcher = self.asys.createActor(Watcher)
        assert self.asys.ask(self.watcher, "watch", MOMENT) == "watching"

    def told(self, how, *credentials):
        """Have the enemy say everything."""
        actor = self.echo.key()
        command = [self.program, how, "1000", self.place, actor, self.pickle, *credentials]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert said.returncode == 0, said.stderr
        # Whatever came from it came before this.
        assert self.asys.ask(self.echo, "still there?", MOMENT) == "still there?"
        assert self.asys.ask(self.watcher, "watch", MOMENT) == "watching"
        assert self.asys.ask(self.asys.createActor(Echo), "new", MOMENT) == "new"

    def unpickled(self):
        """What was unpickled of what the enemy has said, by name."""
        return {path.name.lstrip("-") for path in self.canaries.iterdir()}


@pytest.fixture
def folder(examples, tmp_path):
    """A folder with certificates of all kinds."""
    subprocess.run([examples["enemy"], "certificates", tmp_path], check=True)
    return tmp_path


@pytest.fixture
def target(scene, examples, folder, monkeypatch):
    """A system with a certificate."""
    monkeypatch.setenv("THESPIAN_BASE_IPADDR", "127.0.0.1")
    return Target(scene, examples["enemy"], folder, **{"Convention Certificate": str(folder / "system.pem")})


@pytest.fixture
def insecure(scene, examples, folder, monkeypatch):
    """A system that lets in whoever is of its convention."""
    monkeypatch.setenv("THESPIAN_BASE_IPADDR", "127.0.0.1")
    return Target(scene, examples["enemy"], folder, **{"Convention Insecure": True})


def test_a_member_is_unpickled(target):
    """Else there would be nothing to see below."""
    target.told("join", str(target.folder / "member.pem"))
    # A new process does it when it gets to it.
    seen.until(lambda: target.unpickled() >= UNPICKLED)
    assert target.unpickled() == UNPICKLED


def test_where_no_pickles_are_taken_no_member_is_unpickled(scene, examples, folder, monkeypatch):
    monkeypatch.setenv("THESPIAN_BASE_IPADDR", "127.0.0.1")
    capabilities = {"Convention Certificate": str(folder / "system.pem"), "Convention Pickle": "never"}
    target = Target(scene, examples["enemy"], folder, **capabilities)
    target.told("join", str(folder / "member.pem"))
    assert target.unpickled() == set()


def test_whoever_reaches_an_insecure_port_is_unpickled(insecure):
    insecure.told("join", "plain", "")
    seen.until(lambda: insecure.unpickled() >= UNPICKLED)
    assert insecure.unpickled() == UNPICKLED


@pytest.mark.parametrize(
    ("credentials", "why"),
    [
        pytest.param(["plain"], "uses no TLS", id="plain"),
        pytest.param(["none"], "certificate", id="no_certificate"),
        pytest.param(["other/member.pem"], "authority", id="another_authority"),
        pytest.param(["expired.pem", "site", "expired"], "expired", id="expired"),
        pytest.param(["revoked.pem", "site", "revoked"], "refused", id="refused"),
        pytest.param(["member.pem", "elsewhere"], "elsewhere", id="another_convention"),
        pytest.param(["member.pem", "site", "system"], "site/member", id="another_identity"),
    ],
)
def test_who_does_not_belong_here_is_not_unpickled(target, credentials, why):
    shown, *names = credentials
    shown = str(target.folder / shown) if shown.endswith(".pem") else shown
    target.told("speak", shown, *names)
    assert target.unpickled() == set()
    assert any(why in line for line in target.scene.noted("turned away"))


def test_another_convention_is_not_unpickled_at_an_insecure_port(insecure):
    insecure.told("speak", "plain", "elsewhere")
    assert insecure.unpickled() == set()
    assert any("elsewhere" in line for line in insecure.scene.noted("turned away"))
