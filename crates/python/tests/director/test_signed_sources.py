"""Signing and verifying from Python."""

from datetime import UTC, datetime, timedelta

import pytest
from keys import MADE_ELSEWHERE, data, text
from roscius.signed_sources import (
    KeyRefused,
    SourceRefused,
    TrustedKeys,
    generate_key,
    key_ids,
    public_key,
    sign,
    verify,
)
from thespian.director import SourceEncoding

CONTENT = b"the content"


def test_an_ed25519_signature():
    pair = generate_key()
    assert public_key(pair.private) == pair.public
    verified = verify(sign(CONTENT, pair.private), [text("rsa_2048.pub"), pair.public])
    assert (verified.content, verified.expires) == (CONTENT, None)
    assert verified.format == "RosciusSource1-ed25519"
    assert [verified.key] == key_ids(pair.public)
    with pytest.raises(SourceRefused, match=f"signed by the key {verified.key}, which is none of the 1 trusted keys"):
        verify(sign(CONTENT, pair.private), [generate_key().public])


def test_a_signature_expires():
    pair = generate_key()
    end = datetime(2030, 1, 1, tzinfo=UTC)
    signed = sign(CONTENT, pair.private, expires=end)
    assert verify(signed, [pair.public], now=end - timedelta(seconds=1)).expires == end
    with pytest.raises(SourceRefused, match="expired 60 seconds ago"):
        verify(signed, [pair.public], now=end + timedelta(minutes=1))
    with pytest.raises(SourceRefused, match="expired"):
        verify(sign(CONTENT, pair.private, expires=timedelta(seconds=-5)), [pair.public])
    assert verify(sign(CONTENT, pair.private, expires=timedelta(days=1)), [pair.public])
    with pytest.raises(ValueError, match="1970"):
        sign(CONTENT, pair.private, expires=datetime(1960, 1, 1, tzinfo=UTC))


def test_what_the_original_signed():
    key = text("rsa_2048.pub")
    said = []
    for name in ("director1.tls", "viceroy1.tls", "viceroy2.tls"):
        assert verify(data(name), [key]).content == data("source.zip")
        assert SourceEncoding.tls_to_zip(data(name), key) == data("source.zip")
        assert SourceEncoding.tls_to_zip(data(name), text("rsa_1024.pub"), lambda *args: said.append(args)) is None
    assert len(said) == 3
    assert "signature is wrong" in str(said[-1])
    with pytest.raises(SourceRefused, match="its signature is wrong: 1 trusted RSA key was tried"):
        verify(data("director1.tls"), [text("rsa_1024.pub")])


def test_signing_as_the_original(tmp_path):
    archive = tmp_path / "source.zip"
    archive.write_bytes(data("source.zip"))
    for layout, name in ((None, "director1.tls"), ("ViceroyFMT2", "viceroy2.tls")):
        path = SourceEncoding.zip_to_tls(str(archive), str(MADE_ELSEWHERE / "rsa_2048.pem"), layout)
        assert path == str(tmp_path / "source.tls")
        assert (tmp_path / "source.tls").read_bytes() == data(name)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["source.tls", "source.zip"]


def test_keys_and_formats_that_do_not_go_together():
    pair = generate_key()
    with pytest.raises(KeyRefused, match="a private key is wanted"):
        sign(CONTENT, pair.public)
    with pytest.raises(KeyRefused, match="there is no key in it"):
        key_ids("hello")
    with pytest.raises(ValueError, match="is for RSA keys"):
        sign(CONTENT, pair.private, "ThespianDirectorFMT1")
    with pytest.raises(ValueError, match="no format `secret`"):
        sign(CONTENT, pair.private, "secret")
    with pytest.raises(ValueError, match="is for zip files"):
        sign(CONTENT, text("rsa_2048.pem"))
    with pytest.raises(ValueError, match="no place for an expiry"):
        sign(data("source.zip"), text("rsa_2048.pem"), expires=timedelta(days=1))


def test_trusted_keys_are_read_anew(tmp_path):
    first, second = generate_key(), generate_key()
    trusted = TrustedKeys(first.public, str(tmp_path / "*.pem"))
    signed = sign(CONTENT, second.private)
    assert trusted.verify(sign(CONTENT, first.private)).content == CONTENT
    with pytest.raises(SourceRefused, match="there is no such file"):
        trusted.verify(signed)
    (tmp_path / "second.pem").write_text(second.public)
    assert trusted.verify(signed).content == CONTENT
    (tmp_path / "second.pem").write_text("rubbish")
    (tmp_path / "third.pem").mkdir()
    with pytest.raises(SourceRefused, match=r"not all keys could be read: .*second.pem: there is no key .*third.pem: "):
        trusted.verify(signed)
