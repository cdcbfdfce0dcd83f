"""Messages that are kept until an actor of the right name, in the right system, has handled them."""

import os
import resource
import signal
from pathlib import Path

import pytest
import roscius
import seen
from test_actors_elsewhere import Mourner
from thespian.actors import Actor, ActorSystemStartupFailure, Thespian_StatusReq
from thespian.test import get_free_admin_port

MOMENT = 5
BASE = "multiprocTCPBase"
SPOOL = "Convention Spool Directory"
# Kinds of records on disk.
DISCARDED, SETTLED = 2, 3


class Ledger(Actor):
    """Writes down what it gets, one line each, and does what it says."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, (int, str)):
            line = str(msg).partition("\n")[0][:40]
            with Path(os.environ["LEDGER"]).open("a") as file:
                file.write(f"{line}\n")
            if line == "fail":
                raise ValueError("as it was told")
            if line == "die":
                os.kill(os.getpid(), signal.SIGKILL)


class Sender(Actor):
    """Sends what it gets to the durable destination that it was told of."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.whom = roscius.durable(self, *msg)
            self.send(sender, self.whom)
        elif isinstance(msg, int):
            self.send(self.whom, msg)


class Forwarder(Actor):
    """Sends a message to an address that it is given."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            whom, what = msg
            self.send(whom, what)


class Site:
    """A system that can be killed, and started anew on its port."""

    def __init__(self, sites, **capabilities):
        self.sites = sites
        self.port = get_free_admin_port()
        # Over a server a system has no address of its own.
        self.identity = f"site-{len(sites.all)}" if sites.server else f"127.0.0.1:{self.port}"
        self.capabilities = capabilities
        self.start()

    def start(self):
        before = self.sites.admins()
        if self.sites.server:
            way = {"Convention Address": self.sites.server.address, "Convention Identity": self.identity}
        else:
            way = {"Convention Address.IPv4": [self.sites.all[0].identity if self.sites.all else self.identity]}
        entries = {"Admin Port": self.port, **way, **self.capabilities}
        self.system = self.sites.scene.start(BASE, **entries)
        (self.admin,) = self.sites.admins() - before

    def kill(self):
        seen.kill([self.admin])
        seen.until(lambda: seen.state(self.admin) in ("Z", ""))

    def ledger(self):
        return self.system.createActor(Ledger, globalName="ledger")

    def status(self):
        return self.system.ask(self.system._systemBase._core.admin, Thespian_StatusReq(), MOMENT)

    def names(self):
        """The global names that actors here have."""
        return self.status().globalActors

    def members(self):
        """How many members it knows."""
        return len(self.status().conventionAttendees)

    def mourner(self):
        mourner = self.system.createActor(Mourner)
        assert self.system.ask(mourner, "start", MOMENT) == "started"
        return lambda: self.system.ask(mourner, "letters", MOMENT)

    def noted(self, what, count):
        """So many records of this kind have been written down."""
        file = Path(self.capabilities[SPOOL]) / "messages"

        def found():
            content, at, kinds = file.read_bytes(), 8, []
            while at + 9 <= len(content):
                kinds.append(content[at + 8])
                at += 8 + int.from_bytes(content[at : at + 4], "little")
            return kinds.count(what)

        seen.until(lambda: found() >= count)

    def send(self, to, *messages):
        whom = roscius.durable(self.system, to.identity, "ledger")
        for message in messages:
            self.system.tell(whom, message)
        # When this is answered, they are kept.
        assert roscius.durable(self.system, to.identity, "ledger") == whom


class Sites:
    """Systems of one convention. The first leads."""

    def __init__(self, scene, tmp_path, server=None):
        self.scene = scene
        self.path = tmp_path
        self.server = server
        self.all = []

    def add(self, spool=False, **capabilities):
        if spool:
            capabilities[SPOOL] = str(self.path / f"spool{len(self.all)}")
        self.all.append(Site(self, **capabilities))
        return self.all[-1]

    def admins(self):
        sockets = self.scene.home.glob("roscius-*/s*/*00000000")
        return {pid for socket in sockets for pid in seen.listeners(socket)}

    def lines(self):
        file = self.path / "ledger"
        return file.read_text().split() if file.exists() else []

    def written(self, *messages, within=4 * MOMENT):
        """All these were handled, in this order, each once, and nothing else was."""
        expected = [str(message) for message in messages]
        seen.until(lambda: len(self.lines()) >= len(expected), within)
        assert self.lines() == expected


@pytest.fixture
def sites(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    return Sites(scene, tmp_path)


def test_an_actor_gets_what_was_sent_before_it_was_there(sites):
    leader = sites.add()
    leader.send(leader, 1, 2, 3)
    leader.ledger()
    sites.written(1, 2, 3)
    leader.send(leader, 4)
    sites.written(1, 2, 3, 4)


def test_a_system_that_is_killed_gets_the_rest_when_it_is_back(sites):
    leader, member = sites.add(), sites.add(spool=True)
    member.ledger()
    leader.send(member, *range(20))
    sites.written(*range(20))
    # That a message was handled is noted after its handler has returned.
    member.noted(SETTLED, 20)
    member.kill()
    leader.send(member, *range(20, 40))
    member.start()
    member.ledger()
    sites.written(*range(40))


def test_what_was_kept_is_sent_when_its_system_is_back(sites):
    leader, member = sites.add(), sites.add(spool=True)
    leader.ledger()
    member.send(leader, *range(5))
    sites.written(*range(5))
    # The leader has no directory: it forgets what it has handled.
    member.noted(DISCARDED, 5)
    absent = f"127.0.0.1:{get_free_admin_port()}"
    nobody = roscius.durable(member.system, absent, "ledger")
    member.system.tell(nobody, "for nobody")
    leader.kill()
    member.send(leader, *range(5, 30))
    member.kill()
    leader.start()
    member.start()
    leader.ledger()
    sites.written(*range(30))


def test_kills_at_any_moment_cost_no_message_and_no_order(sites):
    leader, member = sites.add(spool=True), sites.add(spool=True)
    member.ledger()
    leader.send(member, *range(200))
    seen.until(lambda: len(sites.lines()) > 10)
    member.kill()
    leader.kill()
    leader.start()
    member.start()
    member.ledger()
    seen.until(lambda: "199" in sites.lines(), 4 * MOMENT)
    lines = [int(line) for line in sites.lines()]
    # One may have been handled and not noted when its system was killed.
    assert sorted(set(lines)) == list(range(200)) and lines == sorted(lines) and len(lines) <= 201


def test_members_send_by_way_of_their_leader_also_when_that_was_started_anew(sites):
    leader, left, right = sites.add(), sites.add(), sites.add()
    left.send(right, *range(10))
    leader.kill()
    left.send(right, *range(10, 20))
    leader.start()
    right.ledger()
    sites.written(*range(20))


def test_an_actor_can_send_and_so_can_one_in_another_system(sites):
    leader, member = sites.add(), sites.add(blue=True)
    sender = leader.system.createActor(Sender)
    whom = leader.system.ask(sender, (member.identity, "ledger"), MOMENT)
    for number in range(3):
        leader.system.tell(sender, number)
    # It is an address like any other.
    forwarder = member.system.createActor(Forwarder)
    member.system.tell(forwarder, (whom, 3))
    member.ledger()
    seen.until(lambda: len(sites.lines()) == 4, 4 * MOMENT)
    assert sorted(sites.lines()) == ["0", "1", "2", "3"]
    with pytest.raises(ValueError, match="name"):
        roscius.durable(leader.system, member.identity, "")
    with pytest.raises(ValueError, match="identity"):
        roscius.durable(leader.system, "", "ledger")


def test_what_waits_too_long_is_a_dead_letter(sites):
    leader = sites.add(**{"Convention Spool Seconds": 0.5})
    letters = leader.mourner()
    nobody = roscius.durable(leader.system, "nowhere", "ledger")
    for number in range(3):
        leader.system.tell(nobody, number)
    assert letters() == []
    assert seen.until(lambda: (found := letters()) and len(found) == 3 and found) == [0, 1, 2]


def test_what_has_no_room_is_a_dead_letter_at_once(sites):
    leader = sites.add(**{"Convention Spool Bytes": 10_000})
    letters = leader.mourner()
    leader.send(leader, "long\n" + 20_000 * "x", *(f"{number}\n" + 3_000 * "x" for number in range(4)))
    assert [letter.split()[0] for letter in seen.until(lambda: len(letters()) == 2 and letters())] == ["long", "3"]
    leader.ledger()
    sites.written(0, 1, 2)
    # There is room again.
    leader.send(leader, 4)
    sites.written(0, 1, 2, 4)


def test_a_handler_that_fails_gets_it_again_and_the_rest_waits(sites):
    leader = sites.add()
    letters = leader.mourner()
    leader.ledger()
    leader.send(leader, 1, "fail", 2)
    seen.until(lambda: "2" in sites.lines(), 4 * MOMENT)
    # Four times, and each time twice as any message that fails.
    assert sites.lines() == ["1", *8 * ["fail"], "2"]
    assert seen.until(letters) == ["fail"]


def test_a_message_that_ends_its_process_is_given_to_the_next_of_the_name_and_bounded(sites):
    leader = sites.add()
    letters = leader.mourner()
    leader.send(leader, "die", "last")
    for count in range(1, 5):
        leader.ledger()
        seen.until(lambda count=count: sites.lines().count("die") == count)
        seen.until(lambda: not leader.names())
    assert seen.until(letters) == ["die"]
    leader.ledger()
    sites.written(*4 * ["die"], "last")


def test_what_is_damaged_on_disk_costs_no_other_message(sites):
    leader = sites.add(spool=True)
    leader.send(leader, *range(10))
    file = Path(leader.capabilities[SPOOL]) / "messages"
    seen.until(lambda: file.stat().st_size > 10 * 100)
    leader.kill()
    content = bytearray(file.read_bytes())
    content[50] ^= 0xFF
    file.write_bytes(content[:-3])
    leader.start()
    leader.ledger()
    sites.written(*range(1, 9))


def test_a_full_disk_costs_the_messages_that_have_no_room_and_nothing_else(sites):
    leader = sites.add(spool=True)
    letters = leader.mourner()
    leader.send(leader, 1)
    size = (Path(leader.capabilities[SPOOL]) / "messages").stat().st_size
    unlimited = resource.prlimit(leader.admin, resource.RLIMIT_FSIZE)
    resource.prlimit(leader.admin, resource.RLIMIT_FSIZE, (size + 100, unlimited[1]))
    leader.send(leader, 2, 3)
    assert seen.until(lambda: len(letters()) == 2 and letters()) == [2, 3]
    resource.prlimit(leader.admin, resource.RLIMIT_FSIZE, unlimited)
    leader.send(leader, 4)
    leader.kill()
    leader.start()
    leader.ledger()
    sites.written(1, 4)


def test_a_directory_that_can_not_be_used_is_no_start(sites, tmp_path):
    first = sites.add(spool=True)
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o700)
    (foreign / "messages").write_text("a letter to my aunt")
    (tmp_path / "open").mkdir(mode=0o755)
    refused = {
        first.capabilities[SPOOL]: "another system keeps its durable messages in",
        foreign: "does not hold durable messages",
        tmp_path / "open": "others can enter it",
        "/dev/null/spool": "durable messages can not be kept in",
    }
    for path, why in refused.items():
        with pytest.raises(ActorSystemStartupFailure, match=why):
            sites.scene.start(BASE, **{"Admin Port": get_free_admin_port(), SPOOL: str(path)})
    assert (foreign / "messages").read_text() == "a letter to my aunt"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Seconds", 0),
        ("Seconds", "a day"),
        ("Seconds", True),
        ("Seconds", float("nan")),
        ("Bytes", -1),
        ("Bytes", 1.5),
        ("Directory", "not/absolute"),
        ("Directory", 7),
    ],
)
def test_settings_that_make_no_sense_are_refused(sites, name, value):
    with pytest.raises(RuntimeError, match=f"Convention Spool {name}"):
        sites.add(**{f"Convention Spool {name}": value})


def test_bases_of_one_process_have_none():
    from thespian.actors import ActorSystem

    system = ActorSystem("simpleSystemBase", transientUnique=True)
    try:
        with pytest.raises(ValueError, match="several processes"):
            roscius.durable(system, "somewhere", "ledger")
    finally:
        system.shutdown()
