"""What the shell brings for trying out loadable sources: an authority that accepts all, and an actor to load."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from thespian.actors import ActorTypeDispatcher, ValidatedSource, ValidateSource

TEST_ACTOR = "t.TestActor"

_TEST_ACTOR_SOURCE = """\
import logging

from thespian.actors import Actor


class TestActor(Actor):
    def receiveMessage(self, msg, sender):
        logging.getLogger("Thespian.Actor").debug('TestActor @ %s got message "%s" from %s', self.myAddress, msg, sender)
        if msg == "create":
            self.send(sender, self.createActor(TestActor))
        elif isinstance(msg, str):
            self.send(sender, f"TestActor @ {self.myAddress} got: {msg}")
"""


class SimpleSourceAuthority(ActorTypeDispatcher):
    """Accepts every source, whoever it is from. Any text makes it the authority of its system."""

    def receiveMsg_str(self, msg: str, sender: Any) -> None:
        """Become the authority."""
        self.registerSourceAuthority()

    def receiveMsg_ValidateSource(self, msg: ValidateSource, sender: Any) -> None:
        """Accept the source as it is."""
        self.send(sender, ValidatedSource(msg.sourceHash, msg.sourceData, msg.sourceInfo))


def test_actor_zip() -> io.BytesIO:
    """A source with `t.TestActor`, which says what it got, and answers `create` with the address of a child."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        # Without a time: it is the same source, with the same hash, whenever it is made.
        archive.writestr(zipfile.ZipInfo("t.py"), _TEST_ACTOR_SOURCE)
    return io.BytesIO(content.getvalue())
