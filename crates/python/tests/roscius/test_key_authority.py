"""The source authority that trusts a list of keys."""

import io
import time
import zipfile
from datetime import timedelta

import pytest
import roscius
from roscius.signed_sources import generate_key, key_ids, sign
from thespian.actors import InvalidActorSourceHash

MOMENT = 5
PROGRAM = """
from thespian.actors import Actor

class Greeter(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, "hello, " + msg)
"""


def source():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("greeter.py", PROGRAM)
    return packed.getvalue()


def load(system, content):
    return system.loadActorSource(io.BytesIO(content))


def create(system, source_hash):
    return system.createActor("greeter.Greeter", sourceHash=source_hash)


@pytest.fixture
def authority(system):
    return system.createActor(roscius.KeyAuthority)


def test_what_a_trusted_key_signed_is_loaded(system, authority, tmp_path):
    first, second = generate_key(), generate_key()
    (tmp_path / "second.pem").write_text(second.public)
    (tmp_path / "bad.pem").write_text("rubbish")
    answer = system.ask(authority, roscius.TrustKeys(first.public, str(tmp_path / "*.pem")), MOMENT)
    assert answer.keys == key_ids(first.public) + key_ids(second.public)
    assert len(answer.problems) == 1
    assert "bad.pem: there is no key in it" in answer.problems[0]
    for pair in (first, second):
        greeter = create(system, load(system, sign(source(), pair.private, expires=timedelta(days=1))))
        assert system.ask(greeter, "you", MOMENT) == "hello, you"


def test_all_else_is_refused_at_once(system, authority):
    pair = generate_key()
    assert system.ask(authority, roscius.TrustKeys(pair.public), MOMENT).problems == []
    signed = sign(source(), pair.private)
    for bad in (
        source(),
        signed[:-1],
        sign(source(), generate_key().private),
        sign(source(), pair.private, expires=timedelta(days=-1)),
        sign(b"no zip", pair.private),
    ):
        with pytest.raises(InvalidActorSourceHash):
            create(system, load(system, bad))
    assert system.ask(create(system, load(system, signed)), "you", MOMENT) == "hello, you"


def test_a_key_is_trusted_as_long_as_its_file_is_there(system, authority, tmp_path):
    pair = generate_key()
    assert system.ask(authority, roscius.TrustKeys(str(tmp_path / "*.pem")), MOMENT).keys == []
    signed = sign(source(), pair.private)
    with pytest.raises(InvalidActorSourceHash):
        create(system, load(system, signed))
    (tmp_path / "key.pem").write_text(pair.public)
    # It was refused before, and is asked about again.
    assert system.ask(create(system, load(system, signed)), "you", MOMENT) == "hello, you"
    (tmp_path / "key.pem").unlink()
    with pytest.raises(InvalidActorSourceHash):
        create(system, load(system, sign(source(), pair.private, expires=timedelta(days=1))))


def test_other_keys_are_trusted_from_now_on(system, authority):
    first, second = generate_key(), generate_key()
    system.ask(authority, roscius.TrustKeys(first.public), MOMENT)
    system.ask(authority, roscius.TrustKeys(second.public), MOMENT)
    with pytest.raises(InvalidActorSourceHash):
        create(system, load(system, sign(source(), first.private)))
    assert create(system, load(system, sign(source(), second.private)))


def test_the_authority_of_the_director(system, tmp_path):
    """Programs start it with a text, which has no answer."""
    pair = generate_key()
    (tmp_path / "mine_tls.key").write_text(pair.public)
    system.tell(system.createActor("thespian.director.SourceAuthority"), f"Startup:{tmp_path}")
    signed = sign(source(), pair.private)
    until = time.monotonic() + MOMENT
    while True:
        try:
            greeter = create(system, load(system, signed))
            break
        except InvalidActorSourceHash:
            # It is not the authority yet.
            assert time.monotonic() < until
    assert system.ask(greeter, "you", MOMENT) == "hello, you"
