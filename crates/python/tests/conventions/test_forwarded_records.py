"""What members log: the logger of the leader has it too, from warnings on."""

import logging

import pytest
import seen
from test_actors_elsewhere import MOMENT, Mourner
from thespian.actors import Actor, ActorSystem
from thespian.test import get_free_admin_port

pytestmark = pytest.mark.parametrize("convention", ["multiprocTCPBase"], indirect=True)
COUNT = 500


class Chatty(Actor):
    """Logs what it is told to, and says when it has."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            logging.getLogger("chatty").log(*msg)
            self.send(sender, "logged")
        elif isinstance(msg, int):
            for number in range(msg):
                logging.getLogger("chatty").error("many %d", number)
            self.send(sender, "logged")


class Office:
    """A system with a log of its own, and an actor that writes to it."""

    def __init__(self, convention, name, **capabilities):
        scene = convention.scene
        self.log = scene.home / f"{name}.log"
        logs = scene.log_defs()
        logs["handlers"]["file"]["filename"] = str(self.log)
        self.system = convention.join(logs, **capabilities)
        self.chatty = self.system.createActor(Chatty)

    def say(self, level, text):
        assert self.system.ask(self.chatty, (level, text), MOMENT) == "logged"

    def lines(self, text):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if text in line]

    def hears(self, other, text):
        """Wait until what the other logs is written here."""

        def heard():
            other.say(logging.WARNING, text)
            return self.lines(text)

        assert seen.until(heard, 3 * MOMENT)


def test_warnings_of_a_member_are_in_the_log_of_the_leader_and_what_matters_less_is_not(convention):
    leader, member = Office(convention, "leader"), Office(convention, "member")
    leader.hears(member, "there")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.CRITICAL):
        member.say(level, f"it is {level}")
    assert seen.until(lambda: leader.lines("it is 50"), MOMENT)
    assert leader.lines("it is") == [
        f"{level}|{member.chatty}|it is {number}" for level, number in (("WARNING", 30), ("CRITICAL", 50))
    ]
    assert [line[-2:] for line in member.lines("it is")] == ["10", "20", "30", "50"]


def test_what_is_logged_where_the_leader_is_stays_there_and_is_written_once(convention):
    leader, member = Office(convention, "leader"), Office(convention, "member")
    leader.hears(member, "there")
    leader.say(logging.ERROR, "at home")
    member.say(logging.ERROR, "from the member")
    # What comes after it has come: nothing that was sent on to anybody is under way.
    assert seen.until(lambda: leader.lines("from the member"), MOMENT)
    assert len(leader.lines("at home")) == len(leader.lines("from the member")) == 1
    assert member.lines("at home") == []
    assert len(member.lines("from the member")) == 1


def test_many_records_come_in_order(convention):
    leader, member = Office(convention, "leader"), Office(convention, "member")
    leader.hears(member, "there")
    assert member.system.ask(member.chatty, COUNT, 2 * MOMENT) == "logged"
    assert seen.until(lambda: leader.lines(f"many {COUNT - 1}"), 2 * MOMENT)
    numbers = [int(line.rpartition(" ")[2]) for line in leader.lines("many ")]
    assert numbers == list(range(COUNT))


def test_a_leader_that_takes_no_pickles_gets_no_records_and_they_are_no_dead_letters(convention):
    leader = Office(convention, "leader", **{"Convention Pickle": "never"})
    member = Office(convention, "member")
    mourner = member.system.createActor(Mourner)
    assert member.system.ask(mourner, "start", MOMENT) == "started"
    # A number is no pickle. What is said after the record comes after it.
    seen.until(lambda: member.system.ask(leader.chatty, 0, 0.2) == "logged", 2 * MOMENT)
    member.say(logging.ERROR, "kept at home")
    seen.until(lambda: member.lines("kept at home"), MOMENT)
    assert member.system.ask(leader.chatty, 0, MOMENT) == "logged"
    assert leader.lines("kept at home") == []
    assert member.system.ask(mourner, "letters", MOMENT) == []
    assert [line for line in convention.scene.noted_lines() if "makes no sense" in line] == []


def test_records_follow_the_leader_and_nobody_waits_for_one_that_is_gone(convention):
    ports = [get_free_admin_port(), get_free_admin_port()]
    convention.leaders = [f"localhost:{port}" for port in ports]
    first, second = (Office(convention, name, **{"Admin Port": port}) for name, port in zip(("first", "second"), ports))
    member = Office(convention, "member")
    mourner = member.system.createActor(Mourner)
    assert member.system.ask(mourner, "start", MOMENT) == "started"
    first.hears(member, "to the first")
    assert second.lines("to the first") == []
    first.system.shutdown()
    # At once, and whoever leads, if anybody does.
    assert member.system.ask(member.chatty, COUNT, 2 * MOMENT) == "logged"
    second.hears(member, "to the second")
    second.system.shutdown()
    assert member.system.ask(member.chatty, COUNT, 2 * MOMENT) == "logged"
    member.say(logging.ERROR, "to nobody")
    assert seen.until(lambda: member.lines("to nobody"), MOMENT)
    third = Office(convention, "third", **{"Admin Port": ports[0]})
    third.hears(member, "to the third")
    # That some have reached nobody else is no loss to be told of, which would be logged in turn.
    letters = member.system.ask(mourner, "letters", MOMENT)
    assert not any(isinstance(letter, logging.LogRecord) for letter in letters)


def test_a_leader_without_a_log_hurts_nobody(convention):
    port = get_free_admin_port()
    convention.leaders = [f"localhost:{port}"]
    place = {"Admin Port": port, "Convention Address.IPv4": convention.leaders}
    leader = ActorSystem(convention.base, place, logDefs=False, transientUnique=True)
    convention.scene.systems.append(leader)
    member = Office(convention, "member")
    assert member.system.ask(member.chatty, COUNT, 2 * MOMENT) == "logged"
    member.say(logging.ERROR, "the last")
    assert seen.until(lambda: member.lines("the last"), MOMENT)
    chatty = leader.createActor(Chatty)
    assert member.system.ask(chatty, (logging.ERROR, "nowhere"), MOMENT) == "logged"
