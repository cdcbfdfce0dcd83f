"""How slowly a system lives in its convention, as the environment says it."""

import os
import signal
import time

import pytest
from test_actors_elsewhere import MOMENT, Parent
from thespian.system.network_place import Pace, pace_of


def test_minutes_and_seconds_are_read():
    environment = {
        "CONVENTION_REREGISTRATION_PERIOD": "7:22",
        "CONVENTION_RESTART_PERIOD": "3:22",
        "CONVENTION_REGISTRATION_MISS_MAX": "3",
    }
    assert pace_of(environment) == Pace(heartbeat=442, misses=3, retry=202)
    assert pace_of({}) == pace_of(dict.fromkeys(environment, "")) == Pace(None, None, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CONVENTION_REREGISTRATION_PERIOD", text)
        for text in ("7", "0:00", "-1:00", "1:2:3", "15:01", "0:0.5", "soon", "1:", ":5")
    ]
    + [("CONVENTION_REGISTRATION_MISS_MAX", text) for text in ("0", "-3", "2.5", "many")]
    + [("CONVENTION_RESTART_PERIOD", "7 minutes")],
)
def test_what_can_not_be_read_is_noted_and_not_used(scene, name, text):
    assert pace_of({name: text}) == Pace(None, None, None)
    (line,) = scene.noted(name)
    assert repr(text) in line


@pytest.mark.parametrize("convention", ["multiprocTCPBase"], indirect=True)
def test_a_frozen_member_is_given_up_after_as_many_misses_as_the_environment_says(convention, monkeypatch):
    monkeypatch.setenv("CONVENTION_REREGISTRATION_PERIOD", "0:01")
    monkeypatch.setenv("CONVENTION_REGISTRATION_MISS_MAX", "2")
    # It has the usual retries, and says so.
    monkeypatch.setenv("CONVENTION_RESTART_PERIOD", "soon")
    leader = convention.join()
    first = convention.admins()
    watcher = leader.createActor(Parent)
    leader.tell(watcher, "watch")
    convention.join()
    assert leader.listen(MOMENT) == "ActorSystemConventionUpdate"
    assert convention.scene.noted("CONVENTION_RESTART_PERIOD is 'soon'")
    (member,) = convention.admins() - first
    os.kill(member, signal.SIGSTOP)
    try:
        since = time.monotonic()
        assert leader.listen(3 * MOMENT) == "ActorSystemConventionUpdate"
        # Nine seconds if nobody says otherwise. It may have been heard last up to a second before.
        assert 0.5 < time.monotonic() - since < 6
    finally:
        os.kill(member, signal.SIGCONT)
