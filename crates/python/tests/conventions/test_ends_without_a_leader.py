"""Members that end when nobody leads them any more."""

import os
import signal
import time

import pytest
import seen
from elsewhere import made
from test_actors_elsewhere import MOMENT, Blue, Parent

# Each is as on a host of its own: there is no other way between members than by the leader.
pytestmark = pytest.mark.parametrize("convention", ["multiprocTCPBase"], indirect=True)


@pytest.fixture
def hosts(convention, monkeypatch):
    """Has each system look for others on its own host alone."""

    def join(**capabilities):
        home = convention.scene.home / f"host{len(convention.scene.systems)}"
        home.mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
        return convention.join(**capabilities)

    return join


def admin_of(convention, number):
    (socket,) = convention.scene.home.glob(f"host{number}/roscius-*/s*/*00000000")
    (pid,) = seen.listeners(socket)
    return pid


@pytest.mark.parametrize("how", ("shut down", "killed"))
def test_a_member_without_a_leader_ends_at_once_though_an_actor_of_it_waits_for_a_child_elsewhere(
    convention, hosts, how
):
    leader, member, other = hosts(), hosts(), hosts(blue=True)
    made(member, Blue)
    parent = member.createActor(Parent)
    child = member.ask(parent, Blue, MOMENT)
    process = member.ask(child, "pid", MOMENT)
    if how == "shut down":
        leader.shutdown()
    else:
        os.kill(admin_of(convention, 0), signal.SIGKILL)
    convention.scene.systems.remove(leader)
    since = time.monotonic()
    member.shutdown()
    # A broken link may come back within a second and a half; what does not exit is killed after seven.
    assert time.monotonic() - since < 4
    assert process in convention.scene.members(), "nobody could tell it that it has no parent"
    other.shutdown()
    convention.scene.systems.clear()
    assert seen.until(lambda: process not in convention.scene.members(), MOMENT)
