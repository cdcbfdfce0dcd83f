"""Talking to the Director, by messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Answer = dict[str, Any]

_LOOK: Answer = {"DirectorOp": "RetrieveAll"}
_TELL: Answer = {"DirectorOp": "RequestNotification"}


class DirectorClient:
    """Somebody who has an address, and is answered there."""

    def __init__(self, context: Any, director: Any, patience: float) -> None:
        self._context = context
        self._director = director
        self._patience = patience

    def ask(self, request: Answer, kind: str) -> Answer | None:
        """The first answer of a kind; None if it does not come in time."""
        for answer in self._answers(request):
            if answer.get("DirectorResponse") == kind:
                return answer
        return None

    def wait_until(self, is_reached: Callable[[Answer], bool]) -> bool:
        """Wait until the groups are as they should be. False if they are not in time."""
        # Asked for before each look, so that no change is missed.
        for answer in self._answers(_TELL, _LOOK):
            if answer.get("DirectorResponse") == "NotificationOfUpdate":
                self._tell(_TELL, _LOOK)
            elif is_reached(answer.get("Groups", {})):
                return True
        return False

    def _tell(self, *requests: Answer) -> None:
        for request in requests:
            self._context.tell(self._director, request)

    def _answers(self, *requests: Answer) -> Iterator[Answer]:
        """What comes within the time that there is."""
        until = time.monotonic() + self._patience
        self._tell(*requests)
        while (left := until - time.monotonic()) > 0:
            answer = self._context.listen(left)
            if isinstance(answer, dict):
                yield answer


@contextmanager
def client_of(system: Any, director: Any, patience: float) -> Iterator[DirectorClient]:
    """A client with an address of its own, so that nothing is mixed up with what the program gets at its own."""
    with system.private() as context:
        yield DirectorClient(context, director, patience)
