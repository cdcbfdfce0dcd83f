"""Checking RSA signatures (PKCS#1 v1.5), without any other library."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable
from typing import Any

_INTEGER = 0x02
_BIT_STRING = 0x03
_SEQUENCE = 0x30

# What PKCS#1 puts before a digest: the ASN.1 of a DigestInfo with this algorithm, up to the digest's content.
_DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha224": bytes.fromhex("302d300d06096086480165030402040500041c"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


class InvalidKey(ValueError):
    """This is not an RSA public key in PEM form."""


def to_bytelist(text: Any) -> list[int]:
    """The bytes of a text, of bytes or of numbers, as numbers."""
    if isinstance(text, str):
        return [ord(each) for each in text]
    return list(text)


def list_to_str(bytelist: Iterable[int]) -> str:
    """The text whose characters have these codes."""
    return "".join(map(chr, bytelist))


def extract_ascii(data: bytes, max_len: int) -> tuple[str, bytes]:
    """The ASCII text that `data` begins with, at most `max_len` characters, and the rest of `data`."""
    length = 0
    while length < min(max_len, len(data)) and data[length] < 0x80:
        length += 1
    return bytes(data[:length]).decode("ascii"), data[length:]


def asnDecode(der: bytes) -> list[Any]:
    """The values in DER: numbers for integers, lists for sequences, bytes for all else."""
    values: list[Any] = []
    while der:
        tag, content, der = _element(der)
        if tag == _SEQUENCE:
            values.append(asnDecode(content))
        elif tag == _INTEGER:
            values.append(int.from_bytes(content, "big", signed=True))
        else:
            values.append(content)
    return values


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """The tag and the content of the first element, and what follows it."""
    if len(der) < 2:
        raise InvalidKey("the key ends too early")
    tag, length, start = der[0], der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    end = start + length
    if end > len(der):
        raise InvalidKey("the key ends too early")
    return tag, der[start:end], der[end:]


def key_factors(pem_public_key_text: str) -> tuple[int, int]:
    """The modulus and the exponent of a public key in PEM form (`BEGIN PUBLIC KEY` or `BEGIN RSA PUBLIC KEY`)."""
    lines = [line.strip() for line in pem_public_key_text.strip().splitlines()]
    body = "".join(line for line in lines if not line.startswith("-----"))
    try:
        values = asnDecode(base64.b64decode(body, validate=True))
        key = values[0]
        if isinstance(key[0], list):
            # The key proper is inside a bit string, behind the number of its unused bits.
            key = asnDecode(key[1][1:])[0]
        modulus, exponent = key
    except InvalidKey:
        raise
    except (ValueError, IndexError, TypeError) as error:
        raise InvalidKey(f"not an RSA public key in PEM form: {error}") from error
    if not (isinstance(modulus, int) and isinstance(exponent, int) and modulus > 0 and exponent > 1):
        raise InvalidKey("not the modulus and the exponent of an RSA public key")
    return modulus, exponent


def verify(
    message_bytelist: Iterable[int],
    signature_bytelist: Iterable[int],
    modN: int,
    e: int,
    hashfunc: Callable[[bytes], Any],
) -> bool:
    """Whether the signature of the message was made with the private part of this key.

    `hashfunc` is a function of hashlib, such as `hashlib.sha256`.
    """
    digest = hashfunc(bytes(message_bytelist))
    prefix = _DIGEST_INFO.get(digest.name)
    if prefix is None:
        raise ValueError(f"signatures with {digest.name} are not supported")
    size = (modN.bit_length() + 7) // 8
    signature = bytes(signature_bytelist)
    value = int.from_bytes(signature, "big")
    if len(signature) != size or value >= modN:
        return False
    info = prefix + digest.digest()
    filling = size - len(info) - 3
    if filling < 8:  # such a key is too short for this digest
        return False
    # The block is built and compared as a whole: taking a received one apart has let forgeries through elsewhere.
    expected = b"\x00\x01" + b"\xff" * filling + b"\x00" + info
    return hmac.compare_digest(pow(value, e, modN).to_bytes(size, "big"), expected)
