"""A Director's directory, with keys, and files to make sources from."""

import pytest
from keys import MADE_ELSEWHERE
from roscius.signed_sources import generate_key
from thespian.director import DirectorControl

TLI = """{
    'Actors': {
        'service.Service': {
            'OnLoad': {'Role': 'server', 'Message': 'loaded'},
            'OnDeactivate': {'Message': 'deactivated'},
            'OnReactivate': {'Message': 'reactivated'},
        },
    },
}
"""
SERVICE = """
from thespian.actors import ActorTypeDispatcher

import parts.version


class Service(ActorTypeDispatcher):
    def __init__(self):
        self.heard = []

    def receiveMsg_str(self, msg, sender):
        if msg == "version":
            self.send(sender, parts.version.VERSION)
        elif msg == "heard":
            self.send(sender, self.heard)
        elif msg == "end":
            from thespian.actors import ActorExitRequest
            self.send(self.myAddress, ActorExitRequest())
        else:
            self.heard.append(msg)
"""


@pytest.fixture
def directory(tmp_path):
    """The Director's directory, which trusts an RSA key and an Ed25519 key."""
    place = tmp_path / "director"
    place.mkdir()
    (place / "rsa_tls.key").write_bytes((MADE_ELSEWHERE / "rsa_2048.pub").read_bytes())
    pair = generate_key()
    (place / "ed_tls.key").write_text(pair.public)
    (tmp_path / "ed.pem").write_text(pair.private)
    (place / "thesplogd.cfg").write_text(str(tmp_path))
    return place


@pytest.fixture
def rsa_key():
    return str(MADE_ELSEWHERE / "rsa_2048.pem")


@pytest.fixture
def ed_key(directory):
    return str(directory.parent / "ed.pem")


class Sources:
    """A tree of sources of the group `service`, whose version can be changed."""

    def __init__(self, place):
        self.place = place
        (place / "parts").mkdir(parents=True)
        (place / "parts" / "__init__.py").touch()
        (place / "service.py").write_text(SERVICE)
        (place / "service.tli").write_text(TLI)
        self.set_version(1)

    def set_version(self, version):
        (self.place / "parts" / "version.py").write_text(f"VERSION = {version!r}\n")

    def __str__(self):
        return str(self.place)


@pytest.fixture
def sources(tmp_path):
    return Sources(tmp_path / "sources")


@pytest.fixture
def control(directory):
    """Commands that need no actor system."""
    return DirectorControl(str(directory))
