"""Conventions whose links go over a NATS server: what is different there."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import seen
from elsewhere import made
from test_actors_elsewhere import MOMENT, Blue, Echo, Parent, Red
from thespian.actors import ActorSystemStartupFailure
from thespian.test import get_free_admin_port


def test_three_systems_speak_by_way_of_the_server(convention_over_nats):
    first = convention_over_nats.join()
    second = convention_over_nats.join(blue=True)
    third = convention_over_nats.join(red=True)
    blue, red = made(first, Blue), made(second, Red)
    assert first.ask(blue, "to the second", MOMENT) == "to the second"
    # An address works in all of them.
    third.tell(blue, ("from the third", red))
    seen.until(lambda: third.ask(red, "heard", MOMENT) is not None, MOMENT)
    assert third.ask(blue, "hello", MOMENT) == "hello"


def test_the_leader_may_be_killed(convention_over_nats):
    first = convention_over_nats.join()
    admins = convention_over_nats.admins()
    second = convention_over_nats.join(green=True)
    third = convention_over_nats.join(blue=True)
    assert first.ask(made(first, Blue), "by the first", MOMENT) == "by the first"
    assert second.ask(made(second, Blue), "by the second", MOMENT) == "by the second"
    seen.kill(admins)
    # Another leads: it knows where there is something blue.
    assert second.ask(made(second, Blue), "without the first", MOMENT) == "without the first"
    assert third.ask(third.createActor(Echo), "here", MOMENT) == "here"
    # What it has left is removed by the next system.
    convention_over_nats.join()


def test_nothing_is_lost_without_a_notice_when_the_server_is_killed_and_back(convention_over_nats):
    first = convention_over_nats.join()
    convention_over_nats.join(blue=True)
    blue = made(first, Blue)
    for number in range(500):
        first.tell(blue, number)
    convention_over_nats.server.kill()
    for number in range(500, 1000):
        first.tell(blue, number)
    convention_over_nats.server.start_again()
    for number in range(1000, 1500):
        first.tell(blue, number)
    # It was away for less than a member is waited for.
    assert first.ask(blue, "heard", 30) == list(range(1500))


def test_without_the_server_members_are_given_up_and_come_back(convention_over_nats):
    first = convention_over_nats.join()
    convention_over_nats.join(blue=True)
    made(first, Blue)
    parent = first.createActor(Parent)
    assert first.ask(parent, Blue, MOMENT)
    convention_over_nats.server.kill()
    assert first.listen(20) == "ChildActorExited"
    convention_over_nats.server.start_again()
    assert first.ask(made(first, Blue), "again", MOMENT) == "again"


@pytest.mark.parametrize("address", ["nats://127.0.0.1:1", "nats:///site"])
def test_an_address_that_is_none_is_refused(scene, address):
    with pytest.raises(ActorSystemStartupFailure):
        scene.start("multiprocTCPBase", **{"Convention Address": address})


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"Convention Address": "ftp://127.0.0.1/site"}, "ftp://127.0.0.1/site"),
        ({"Convention Address": 4222}, "4222"),
        ({"Convention Address": ["nats://127.0.0.1/site", "localhost"]}, "localhost"),
        ({"Convention Address": ["tcp://127.0.0.1:1900", 1901]}, "1901"),
        (
            {"Convention Address": "tcp://127.0.0.1:1900", "Convention Address.IPv4": "127.0.0.1"},
            "leave one of them out",
        ),
    ],
)
def test_an_address_that_can_be_none_is_refused_before_anything_starts(scene, entries, why):
    with pytest.raises(RuntimeError, match=why):
        scene.start("multiprocTCPBase", **{"Admin Port": get_free_admin_port(), **entries})
    assert scene.members() == set()


def test_a_system_starts_without_the_server_and_works_alone(scene):
    asys = scene.start("multiprocTCPBase", **{"Convention Address": "nats://127.0.0.1:9/site"})
    begun = time.monotonic()
    assert asys.ask(asys.createActor(Echo), "alone", MOMENT) == "alone"
    assert time.monotonic() - begun < MOMENT


def test_the_address_of_a_leader_may_be_a_url(scene):
    port = get_free_admin_port()
    way = {"Convention Address": f"tcp://localhost:{port}"}
    first = scene.start("multiprocTCPBase", **way, **{"Admin Port": port})
    scene.start("multiprocTCPBase", **way, **{"Admin Port": get_free_admin_port()}, blue=True)
    assert first.ask(made(first, Blue), "by a URL", MOMENT) == "by a URL"


def test_the_program_of_the_book_does_what_is_said(convention_over_nats, tmp_path):
    page = (Path(__file__).parents[4] / "docs" / "nats.md").read_text()
    program, output = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, re.DOTALL).groups()
    program = program.replace("nats://roscius:secret@localhost:4222/site", convention_over_nats.server.address)
    for port in ("1900", "1901"):
        program = program.replace(port, str(get_free_admin_port()))
    (tmp_path / "program.py").write_text(program)
    with (tmp_path / "output").open("w+") as shown:
        subprocess.run([sys.executable, "program.py"], cwd=tmp_path, stdout=shown, timeout=50, check=True)
        shown.seek(0)
        assert shown.read() == output
