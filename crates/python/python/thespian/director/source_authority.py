"""The Director's source authority."""

from __future__ import annotations

import glob
import os
from typing import Any

from roscius.key_authority import KeyAuthority
from roscius.signed_sources import TrustedKeys

_STARTUP = "Startup:"


def keys_of(sources_dir: str) -> TrustedKeys:
    """The keys that the Director of this directory trusts."""
    return TrustedKeys(os.path.join(glob.escape(sources_dir), "*_tls.key"))


class SourceAuthority(KeyAuthority):
    """Lets sources be loaded that are signed with a key among the `*_tls.key` of the Director's directory.

    The text `Startup:<directory>` makes it the source authority.
    """

    def receiveMsg_str(self, msg: str, sender: Any) -> None:
        """Start, if the message says so."""
        if msg.startswith(_STARTUP):
            self.trust(keys_of(msg.removeprefix(_STARTUP)))


SourceAuthority.__module__ = "thespian.director"
