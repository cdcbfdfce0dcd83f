"""Signatures, against a key and a signature that OpenSSL made."""

import hashlib
from pathlib import Path

import pytest
from thespian.rsasig import (
    InvalidKey,
    extract_ascii,
    key_factors,
    list_to_str,
    to_bytelist,
    verify,
)

PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC1eZupBa3OGvP5yhvCTc0YZLjt
ImMtQ7EsYS/pSaur/MTOLVBs1wDDiSr6ccMoGBdnQCJoK8ZXBKhuFFtNrtLlLLV6
GWMWO/buDF/1EcDT5dxh5jQsX0/aP/lys1oVgeDCfPrkWsr+w5yvINMnHiJsVhBK
rVh1WJzBjkWw3oPW/QIDAQAB
-----END PUBLIC KEY-----
"""
RSA_PUBLIC_KEY = """-----BEGIN RSA PUBLIC KEY-----
MIGJAoGBALV5m6kFrc4a8/nKG8JNzRhkuO0iYy1DsSxhL+lJq6v8xM4tUGzXAMOJ
KvpxwygYF2dAImgrxlcEqG4UW02u0uUstXoZYxY79u4MX/URwNPl3GHmNCxfT9o/
+XKzWhWB4MJ8+uRayv7DnK8g0yceImxWEEqtWHVYnMGORbDeg9b9AgMBAAE=
-----END RSA PUBLIC KEY-----
"""
MESSAGE = b"a source"
SIGNATURE = bytes.fromhex(
    "9e0f9daff1f2acc8a8b91f7cef79de3e258627a2bdbebeabb8474659a76a6a066c48dc712078e16c8d601c7f47ff8883"
    "fc3505f8382854da6cefb31bcdcb145f1fd79cc512d29c78e6e1e1de7858b9bdd30011446c7391fa119ccaf9cf2b6555"
    "95c302cd4fbd62c7e1d366de9fab776d249bed96dc43a71e9a75f96cf5a900c9"
)


@pytest.mark.parametrize("text", [PUBLIC_KEY, RSA_PUBLIC_KEY])
def test_a_good_signature(text):
    modulus, exponent = key_factors(text)
    assert modulus.bit_length() == 1024
    assert exponent == 65537
    assert verify(to_bytelist(MESSAGE), to_bytelist(SIGNATURE), modulus, exponent, hashlib.sha256)


def test_what_the_director_signed():
    """A key of a size that is in use: RSA with 2048 bits."""
    made = Path(__file__).parents[3] / "crates" / "signatures" / "tests" / "made_elsewhere"
    modulus, exponent = key_factors((made / "rsa_2048.pub").read_text())
    content, signed = (made / "source.zip").read_bytes(), (made / "viceroy2.tls").read_bytes()
    signature = signed[-256:]
    assert signed == b"ViceroyFMT2-sha256\n256\n" + content + signature
    assert verify(list(content), list(signature), modulus, exponent, hashlib.sha256)
    assert not verify(list(content), list(signature[::-1]), modulus, exponent, hashlib.sha256)


def test_bad_signatures():
    modulus, exponent = key_factors(PUBLIC_KEY)

    def check(message, signature, hashfunc=hashlib.sha256):
        return verify(message, signature, modulus, exponent, hashfunc)

    assert not check(b"another source", SIGNATURE)
    assert not check(MESSAGE, SIGNATURE[:-1] + b"\x00")
    assert not check(MESSAGE, SIGNATURE[:-1])
    assert not check(MESSAGE, b"\x00" + SIGNATURE)
    assert not check(MESSAGE, b"")
    assert not check(MESSAGE, b"\xff" * len(SIGNATURE))
    assert not check(MESSAGE, SIGNATURE, hashlib.sha512)
    with pytest.raises(ValueError, match="md5"):
        check(MESSAGE, SIGNATURE, hashlib.md5)


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PUBLIC KEY-----\nMIGf\n", PUBLIC_KEY[:120], "AAAA"])
def test_bad_keys(text):
    with pytest.raises(InvalidKey):
        key_factors(text)


def test_texts():
    assert extract_ascii(b"abc\xffdef", 10) == ("abc", b"\xffdef")
    assert extract_ascii(b"abcdef", 2) == ("ab", b"cdef")
    assert list_to_str(to_bytelist("text")) == "text"
