"""A leader that has no descriptor left for another member."""

import os
import resource

import pytest
from test_actors_elsewhere import MOMENT, Parent

pytestmark = pytest.mark.parametrize("convention", ["multiprocTCPBase"], indirect=True)


def test_a_leader_without_open_files_says_so_and_takes_members_when_there_are_some(convention):
    leader = convention.join()
    (admin,) = convention.admins()
    watcher = leader.createActor(Parent)
    leader.tell(watcher, "watch")
    taken = {int(number) for number in os.listdir(f"/proc/{admin}/fd")}
    first_free = next(number for number in range(len(taken) + 1) if number not in taken)
    soft, hard = resource.prlimit(admin, resource.RLIMIT_NOFILE)
    assert soft == hard, "it has as many as there may be"
    resource.prlimit(admin, resource.RLIMIT_NOFILE, (first_free, hard))
    convention.join()
    (line,) = convention.scene.noted("open file", 2 * MOMENT)
    assert "Too many open files" in line
    assert f"files: {first_free}" in line
    resource.prlimit(admin, resource.RLIMIT_NOFILE, (soft, hard))
    assert leader.listen(2 * MOMENT) == "ActorSystemConventionUpdate"
