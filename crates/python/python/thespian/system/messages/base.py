"""The common base of the actor system's own messages."""

from __future__ import annotations

from thespian.system.public import public


@public
class ActorSystemMessage:
    """A message of the actor system itself.

    Programs should not derive their messages from it: `ask` and `listen` do not return such messages.
    """
