"""Durable messages between systems whose links go over a NATS server, which may be away as well."""

import pytest
import seen
from nats_server import NatsServer
from test_durable_messages import MOMENT, SETTLED, Sites


@pytest.fixture
def sites(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    server = NatsServer(tmp_path / "nats")
    yield Sites(scene, tmp_path, server)
    server.kill()


def test_a_member_that_is_killed_gets_the_rest_when_it_is_back(sites):
    first, second = sites.add(), sites.add(spool=True)
    second.ledger()
    first.send(second, *range(20))
    sites.written(*range(20))
    second.noted(SETTLED, 20)
    second.kill()
    first.send(second, *range(20, 40))
    second.start()
    second.ledger()
    sites.written(*range(40))


def test_who_has_sent_may_be_killed_too_and_sends_them_when_it_is_back(sites):
    first, second = sites.add(), sites.add(spool=True)
    first.kill()
    second.send(first, *range(30))
    second.kill()
    first.start()
    first.ledger()
    second.start()
    sites.written(*range(30))


@pytest.mark.parametrize("is_given_up", (False, True))
def test_the_server_may_be_away_for_short_and_for_long(sites, is_given_up):
    first, second = sites.add(), sites.add()
    second.ledger()
    # The first watches the second, and so hears that it is given up.
    letters = first.mourner()
    first.send(second, *range(200))
    seen.until(lambda: len(sites.lines()) > 10)
    sites.server.kill()
    first.send(second, *range(200, 400))
    if is_given_up:
        sites.scene.noted("no way to other systems")
        seen.until(lambda: first.members() == 0, 4 * MOMENT)
        first.send(second, *range(400, 500))
    sites.server.start_again()
    first.send(second, *range(500, 600))
    sites.written(*range(400), *(range(400, 500) if is_given_up else ()), *range(500, 600), within=6 * MOMENT)
    assert letters() == []


def test_members_send_by_way_of_their_leader_and_go_on_without_it(sites):
    leader, left, right = sites.add(), sites.add(), sites.add()
    right.ledger()
    left.send(right, *range(100))
    seen.until(lambda: len(sites.lines()) > 10)
    leader.kill()
    left.send(right, *range(100, 200))
    sites.written(*range(200), within=6 * MOMENT)
    # What it has left is removed by the next system.
    leader.start()


def test_a_third_that_is_there_holds_what_is_between_two_that_are_not(sites):
    third, sender, receiver = sites.add(), sites.add(), sites.add()
    receiver.kill()
    # All three may lead, so they know each other: from then on what is for it goes by way of the first.
    seen.until(lambda: sender.members() == third.members() == 1, 4 * MOMENT)
    third.ledger()
    sender.send(receiver, *range(50))
    # What is sent after it has come, so it has.
    sender.send(third, "marker")
    sites.written("marker")
    sender.kill()
    receiver.start()
    receiver.ledger()
    sites.written("marker", *range(50))
    sender.start()


def test_all_may_be_killed_with_the_server_at_any_moment(sites):
    first, second = sites.add(spool=True), sites.add(spool=True)
    second.ledger()
    first.send(second, *range(200))
    seen.until(lambda: len(sites.lines()) > 10)
    second.kill()
    sites.server.kill()
    first.kill()
    sites.server.start_again()
    first.start()
    second.start()
    second.ledger()
    seen.until(lambda: "199" in sites.lines(), 6 * MOMENT)
    lines = [int(line) for line in sites.lines()]
    # One may have been handled and not noted when its system was killed.
    assert sorted(set(lines)) == list(range(200)) and lines == sorted(lines) and len(lines) <= 201
