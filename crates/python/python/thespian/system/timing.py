"""Periods of time and expiration."""

from __future__ import annotations

import time
from datetime import timedelta
from math import inf
from types import TracebackType
from typing import Any

Period = timedelta | float | int

# Timers that were made one after the other, for the same period, count as equal.
_SAME_MOMENT = 60e-6


def currentTime() -> float:
    """The moment it is now, in seconds of a clock that never goes back."""
    return time.monotonic()


def timePeriodSeconds(basis: Period) -> float:
    """The length of a period in seconds."""
    if isinstance(basis, timedelta):
        return basis.total_seconds()
    if isinstance(basis, (int, float)):
        return basis
    raise TypeError(f"A time period is a timedelta or a number of seconds, not {type(basis)}")


def secondsOrNone(period: Period | None) -> float | None:
    """The length of a period in seconds; None, which means for ever, stays None."""
    return None if period is None else timePeriodSeconds(period)


def toTimeDeltaOrNone(timespec: Period | None) -> timedelta | None:
    """The period as a timedelta; None, which means for ever, stays None."""
    if timespec is None or isinstance(timespec, timedelta):
        return timespec
    return timedelta(seconds=timePeriodSeconds(timespec))


class ExpirationView:
    """What an `ExpirationTimer` looks like at one moment."""

    def __init__(self, deadline: float, now: float) -> None:
        self._deadline = deadline
        self._now = now

    def expired(self) -> bool:
        """Whether the time is over."""
        return self._now >= self._deadline

    def remainingSeconds(self, forever: Any = None) -> Any:
        """The seconds left, 0.0 when the time is over; `forever` if it never will be."""
        if self._deadline == inf:
            return forever
        return max(self._deadline - self._now, 0.0)

    def remaining(self, forever: Any = None) -> Any:
        """The time left as a timedelta; `forever` if it is never over."""
        if self._deadline == inf:
            return forever
        return timedelta(seconds=self.remainingSeconds())

    def __str__(self) -> str:
        if self._deadline == inf:
            return "Forever"
        difference = timedelta(seconds=abs(self._deadline - self._now))
        return f"{'Expired_for' if self.expired() else 'Expires_in'}_{difference}"


class ExpirationTimer:
    """Measures a period from now on; None never expires.

    `view()` looks at it at one moment, and so does `with timer as view:`. Timers that have expired are all
    equal, and smaller than others.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, duration: Period | None, timeNow: float | None = None) -> None:
        start = currentTime() if timeNow is None else timeNow
        self.duration = duration
        self._deadline = inf if duration is None else start + timePeriodSeconds(duration)

    def view(self, timeNow: float | None = None) -> ExpirationView:
        """This timer as it is now, or at the moment given."""
        return ExpirationView(self._deadline, currentTime() if timeNow is None else timeNow)

    def __enter__(self) -> ExpirationView:
        return self.view()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def _equals(self, other: ExpirationTimer) -> bool:
        now = currentTime()
        if self._deadline <= now or other._deadline <= now:
            return self._deadline <= now and other._deadline <= now
        # Two infinite deadlines are equal, though their difference is no number.
        return self._deadline == other._deadline or abs(self._deadline - other._deadline) <= _SAME_MOMENT

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExpirationTimer) and self._equals(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, ExpirationTimer):
            return NotImplemented
        return not self._equals(other) and self._deadline < other._deadline

    def __gt__(self, other: object) -> bool:
        if not isinstance(other, ExpirationTimer):
            return NotImplemented
        return not self._equals(other) and self._deadline > other._deadline

    def __le__(self, other: object) -> bool:
        if not isinstance(other, ExpirationTimer):
            return NotImplemented
        return not self > other

    def __ge__(self, other: object) -> bool:
        if not isinstance(other, ExpirationTimer):
            return NotImplemented
        return not self < other

    def __str__(self) -> str:
        return str(self.view())
