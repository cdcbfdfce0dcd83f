"""Conventions whose links go over a NATS server: what is different there."""

import itertools
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import seen
from elsewhere import made
from nats_operator import Operator
from nats_server import NatsServer
from test_actors_elsewhere import MOMENT, Blue, Echo, Mourner, Parent, Red
from thespian.actors import (
    Actor,
    ActorSystemFailure,
    ActorSystemStartupFailure,
    NoCompatibleSystemForActor,
    PoisonMessage,
)
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


def test_nothing_is_lost_when_the_server_is_killed_and_back_again_and_again(convention_over_nats):
    first, second = convention_over_nats.join(red=True), convention_over_nats.join(blue=True)
    blue, red = made(first, Blue), made(second, Red)
    sent = itertools.count()

    def send(count):
        for number in itertools.islice(sent, count):
            first.tell(blue, number)
            second.tell(red, number)

    for _ in range(3):
        # It is killed in the middle of this, and is away for less than a member is waited for.
        send(500)
        convention_over_nats.server.kill()
        send(200)
        convention_over_nats.server.start_again()
        send(200)
    assert first.ask(blue, "heard", 30) == list(range(2700))
    assert second.ask(red, "heard", 30) == list(range(2700))


def test_what_a_server_that_is_away_for_long_costs_is_told_in_dead_letters(convention_over_nats):
    first = convention_over_nats.join()
    convention_over_nats.join(blue=True)
    blue, mourner, parent = made(first, Blue), first.createActor(Mourner), first.createActor(Parent)
    assert first.ask(mourner, "start", MOMENT) == "started"
    # Its end tells when the system is given up.
    assert first.ask(parent, Blue, MOMENT)
    for number in range(300):
        first.tell(blue, number)
    assert first.ask(blue, "heard", MOMENT) == list(range(300))
    for number in range(300, 500):
        first.tell(blue, number)
    convention_over_nats.server.kill()
    for number in range(500, 1000):
        first.tell(blue, number)
    assert first.listen(20) == "ChildActorExited"
    convention_over_nats.server.start_again()
    made(first, Blue)
    # The program that had it made is no actor, so it has lived on.
    first.tell(blue, 1000)
    heard = first.ask(blue, "heard", MOMENT)
    letters = seen.until(lambda: (found := first.ask(mourner, "letters", MOMENT)) and found[-1] == 999 and found)
    assert heard == sorted(set(heard)) and heard[:300] == list(range(300)) and heard[-1] == 1000
    assert letters == sorted(set(letters)) and letters[-500:] == list(range(500, 1000))
    # What was on its way then is both, perhaps, and never neither.
    assert set(heard) | set(letters) == set(range(1001))


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


def test_systems_with_credentials_are_let_in(scene, tmp_path):
    operator = Operator()
    server = NatsServer(tmp_path / "nats", operator.configuration())
    entries = {
        "Convention Address": server.address,
        "Convention Credentials": str(operator.user(tmp_path / "own.creds")),
    }
    first = scene.start("multiprocTCPBase", **entries, **{"Admin Port": get_free_admin_port()})
    scene.start("multiprocTCPBase", **entries, **{"Admin Port": get_free_admin_port()}, blue=True)
    assert first.ask(made(first, Blue), "with credentials", MOMENT) == "with credentials"
    # Those of another operator are refused, and whoever shows them goes on alone.
    entries["Convention Credentials"] = str(Operator().user(tmp_path / "other.creds"))
    other = scene.start("multiprocTCPBase", **entries, **{"Admin Port": get_free_admin_port()}, red=True)
    assert scene.noted("refuses the credentials in `" + entries["Convention Credentials"])
    assert other.ask(other.createActor(Red), "alone", MOMENT) == "alone"
    with pytest.raises(NoCompatibleSystemForActor):
        first.createActor(Red)
    server.kill()


def test_systems_at_a_leaf_node_and_at_its_hub_are_one_convention(scene, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    asks = "authorization { user: somebody, password: secret }\n"
    hub = NatsServer(tmp_path / "hub", f'{asks}jetstream {{ domain: hub }}\nleafnodes {{ listen: "{place}" }}\n')
    remote = f'leafnodes {{ remotes: [ {{ url: "nats-leaf://somebody:secret@{place}" }} ] }}\n'
    leaf = NatsServer(tmp_path / "leaf", f"{asks}jetstream {{ domain: leaf }}\n{remote}")
    systems = [
        scene.start(
            "multiprocTCPBase",
            **{
                "Admin Port": get_free_admin_port(),
                "Convention Address": f"nats://somebody:secret@127.0.0.1:{server.port}/site?domain=hub",
                colour: True,
            },
        )
        for server, colour in ((hub, "red"), (leaf, "blue"))
    ]
    blue, red = made(systems[0], Blue), made(systems[1], Red)
    assert systems[0].ask(blue, "from the hub", MOMENT) == "from the hub"
    assert systems[1].ask(red, "from the leaf", MOMENT) == "from the leaf"
    for server in (leaf, hub):
        server.kill()


@pytest.mark.parametrize("content", [None, "", "-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n"])
def test_a_file_that_holds_no_credentials_is_no_start(scene, tmp_path, content):
    path = tmp_path / "some.creds"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ActorSystemStartupFailure, match=r"some\.creds"):
        scene.start(
            "multiprocTCPBase", **{"Convention Address": "nats://127.0.0.1/site", "Convention Credentials": str(path)}
        )


class Changer(Actor):
    """Has its system change a capability."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.updateCapability(*msg)
            self.send(sender, "changed")
        elif isinstance(msg, str):
            self.preRegisterRemoteSystem(msg, {})
            self.send(sender, "invited")


ANOTHER = [
    ("Convention Address.IPv4", "localhost:1900"),
    ("Convention Address", None),
    ("Convention Address", "tcp://localhost"),
]


@pytest.mark.parametrize(("name", "value"), ANOTHER)
def test_where_the_leaders_are_does_not_change_on_a_server(convention_over_nats, name, value):
    first = convention_over_nats.join()
    second = convention_over_nats.join(blue=True)
    blue = made(first, Blue)
    with pytest.raises(ActorSystemFailure, match="NATS server"):
        second.updateCapability(name, value)
    changer = second.createActor(Changer)
    refused = second.ask(changer, (name, value), MOMENT)
    assert isinstance(refused, PoisonMessage) and "NATS server" in refused.details
    # The same again is no change, and others are.
    second.updateCapability("Convention Address", convention_over_nats.server.address)
    assert second.ask(changer, ("red", True), MOMENT) == "changed"
    assert first.ask(made(first, Red), "still there", MOMENT) == "still there"
    assert first.ask(blue, "still there", MOMENT) == "still there"


def test_a_system_does_not_change_to_a_server(scene):
    asys = scene.start("multiprocTCPBase")
    with pytest.raises(ActorSystemFailure, match="NATS server"):
        asys.updateCapability("Convention Address", "nats://127.0.0.1/site")
    assert asys.ask(asys.createActor(Echo), "alone", MOMENT) == "alone"


def test_nobody_is_invited_by_an_address(convention_over_nats):
    first = convention_over_nats.join()
    assert first.ask(first.createActor(Changer), "localhost:1900", MOMENT) == "invited"
    assert convention_over_nats.scene.noted("`localhost:1900` is not invited")


@pytest.mark.parametrize("address", ["nats://127.0.0.1:1", "nats:///site", "nats://127.0.0.1/site?x=1"])
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
