"""A source authority that trusts whoever has one of some keys."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from thespian.system.dispatcher import ActorTypeDispatcher
from thespian.system.messages.sources import ValidatedSource, ValidateSource

from roscius.signed_sources import SourceRefused, TrustedKeys, key_ids

_log = logging.getLogger(__name__)


class TrustKeys:
    """Tells a `KeyAuthority` which public keys to trust from now on: texts in PEM form, files, patterns of files."""

    def __init__(self, *places: str) -> None:
        self.places = places


@dataclass
class KeysTrusted:
    """The answer to `TrustKeys`: the ids of the keys, and what is wrong with places that have none."""

    keys: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class KeyAuthority(ActorTypeDispatcher):
    """Lets sources be loaded that are signed by a trusted key, and refuses all others with a reason in the log.

    It becomes the source authority of its system when it gets `TrustKeys`.
    """

    trusted = TrustedKeys()

    def trust(self, trusted: TrustedKeys) -> None:
        """Decide by these keys, as the source authority of the system."""
        self.trusted = trusted
        self.registerSourceAuthority()

    def receiveMsg_TrustKeys(self, msg: TrustKeys, sender: Any) -> None:
        """Take the keys, and say which they are."""
        self.trust(TrustedKeys(*msg.places))
        found, problems = self.trusted.read()
        ids = [each for text in found.values() for each in key_ids(text)]
        self.send(sender, KeysTrusted(ids, problems))

    def receiveMsg_ValidateSource(self, msg: ValidateSource, sender: Any) -> None:
        """Verify a source for the actor system."""
        try:
            verified = self.trusted.verify(msg.sourceData)
        except SourceRefused as error:
            _log.warning("Source %s (%s) is refused: %s", msg.sourceHash, msg.sourceInfo, error)
            content = None
        else:
            _log.info("Source %s (%s) is signed by the key %s", msg.sourceHash, msg.sourceInfo, verified.key)
            content = verified.content
        self.send(sender, ValidatedSource(msg.sourceHash, content, msg.sourceInfo))
