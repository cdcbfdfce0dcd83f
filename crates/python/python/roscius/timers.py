"""Wakeups that can be cancelled and that repeat, over the `wakeupAfter` that every base has."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from thespian.system.messages.delivery import WakeupMessage
from thespian.system.timing import Period, currentTime, timePeriodSeconds

if TYPE_CHECKING:
    from roscius._core import Reference

# Unique in the process: a wakeup of an instance that was restarted must not be taken for one of the new instance.
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Tick:
    """What a base brings back in a WakeupMessage of a `Timer`."""

    number: int


class Timer:
    """A wakeup that was asked for. `Actor.wakeup` makes them."""

    def __init__(self, timers: Timers, period: Period, every: Period | None, payload: Any) -> None:
        self._timers = timers
        self._number = next(_numbers)
        self._period = period
        self._every = every
        self._payload = payload
        self._due = currentTime() + timePeriodSeconds(period)

    @property
    def is_active(self) -> bool:
        """Whether a wakeup is still to come."""
        return self._timers.has(self._number)

    def cancel(self) -> bool:
        """Let no wakeup come any more, not even one that is due already. False if none was to come."""
        return self._timers.drop(self._number)


class Timers:
    """The timers of one actor."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._active: dict[int, Timer] = {}

    def start(self, after: Period | None, every: Period | None, payload: Any) -> Timer:
        """Start a timer."""
        first = every if after is None else after
        if first is None:
            raise TypeError("wakeup() needs `after`, `every`, or both")
        if every is not None and timePeriodSeconds(every) <= 0:
            raise ValueError("a wakeup cannot come every 0 seconds")
        timer = Timer(self, first, every, payload)
        self._active[timer._number] = timer
        self._arm(timer)
        return timer

    def has(self, number: int) -> bool:
        """Whether a timer is active."""
        return number in self._active

    def drop(self, number: int) -> bool:
        """End a timer. False if it had ended."""
        return self._active.pop(number, None) is not None

    def ring(self, wakeup: WakeupMessage) -> bool:
        """Make of a wakeup what the actor is to get. False: nothing."""
        tick = wakeup.payload
        if not isinstance(tick, Tick):
            return True
        timer = self._active.get(tick.number)
        if timer is None:
            return False
        # In place: when the handler fails, what is delivered again is an ordinary wakeup.
        wakeup.payload, wakeup.delayPeriod = timer._payload, timer._period
        if timer._every is None:
            del self._active[tick.number]
        else:
            interval = timePeriodSeconds(timer._every)
            # Wakeups that the actor was too busy for are left out.
            timer._due += interval * max(1, ceil((currentTime() - timer._due) / interval))
            timer._period = timer._every
            self._arm(timer)
        return True

    def _arm(self, timer: Timer) -> None:
        seconds = max(0.0, timer._due - currentTime())
        self._reference.wakeup_after(seconds, timer._period, Tick(timer._number))
