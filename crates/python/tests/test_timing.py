"""Periods and expiration."""

from datetime import timedelta

import pytest
from thespian.system.timing import (
    ExpirationTimer,
    currentTime,
    secondsOrNone,
    timePeriodSeconds,
    toTimeDeltaOrNone,
)


def test_periods():
    assert timePeriodSeconds(timedelta(minutes=1)) == 60
    assert timePeriodSeconds(0.5) == 0.5
    assert secondsOrNone(None) is None
    assert secondsOrNone(3) == 3
    assert toTimeDeltaOrNone(None) is None
    assert toTimeDeltaOrNone(2) == timedelta(seconds=2)
    with pytest.raises(TypeError):
        timePeriodSeconds("soon")


def test_a_timer_expires():
    start = currentTime()
    timer = ExpirationTimer(10, start)
    assert not timer.view(start).expired()
    assert timer.view(start + 4).remainingSeconds() == pytest.approx(6)
    assert timer.view(start + 4).remaining() == timedelta(seconds=6)
    assert timer.view(start + 10).expired()
    assert timer.view(start + 11).remainingSeconds() == 0.0
    assert str(timer.view(start + 4)).startswith("Expires_in_0:00:0")
    assert str(timer.view(start + 11)).startswith("Expired_for_0:00:01")


def test_no_period_is_for_ever():
    timer = ExpirationTimer(None)
    with timer as view:
        assert not view.expired()
        assert view.remaining() is None
        assert view.remainingSeconds(forever=9) == 9
    assert str(timer) == "Forever"


def test_order():
    now = currentTime()
    gone, short, long, forever = (ExpirationTimer(each, now) for each in (0, 50, 100, None))
    assert gone < short < long < forever
    assert forever > long > short > gone
    assert gone == ExpirationTimer(-5, now)
    assert forever == ExpirationTimer(None)
    assert not forever != ExpirationTimer(None)  # noqa: SIM202 - the operator is what is tested
    assert short == ExpirationTimer(50.00001, now)
    assert short != long
    assert short <= long and long >= short
    assert short != "text"
    with pytest.raises(TypeError):
        assert short < 5
