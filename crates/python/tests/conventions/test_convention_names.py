"""Names that a whole convention shares: one actor of each in all systems that follow a leader."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import seen
from roscius import ConventionName
from thespian.actors import Actor, ActorExitRequest, ActorSystemFailure
from thespian.test import get_free_admin_port

# How systems are linked makes no difference here, and each case takes some seconds.
pytestmark = pytest.mark.parametrize("convention", ["multiprocTCPBase"], indirect=True)

NAME = ConventionName("registry")
MOMENT = 5


class Registry(Actor):
    """Tells of its process, and makes another of its kind."""

    def receiveMessage(self, msg, sender):
        if msg == "pid":
            self.send(sender, os.getpid())
        elif msg == "another":
            self.send(sender, self.createActor(Registry, globalName=NAME))


@pytest.fixture
def three(convention):
    """Three systems, of which two may lead and the first does, each with the process of its Admin."""
    first, second = get_free_admin_port(), get_free_admin_port()
    while second == first:
        second = get_free_admin_port()
    leaders = {"Convention Address.IPv4": [f"localhost:{first}", f"localhost:{second}"]}
    systems = []
    for port in ({"Admin Port": first}, {"Admin Port": second}, {}):
        before = convention.admins()
        system = convention.join(**leaders, **port)
        systems.append((system, convention.admins() - before))
    return systems


def test_two_that_ask_at_once_from_outside_get_one_actor(three):
    systems = [system for system, _ in three]
    with ThreadPoolExecutor(len(systems)) as pool:
        made = list(pool.map(lambda system: system.createActor(Registry, globalName=NAME), systems))
    assert len({str(actor) for actor in made}) == 1
    pids = {system.ask(actor, "pid", MOMENT) for system, actor in zip(systems, made, strict=True)}
    assert len(pids) == 1

    # Nor does an actor get another, but the same text in one system is another name.
    elsewhere = systems[2].createActor(Registry, globalName="registry")
    assert systems[2].ask(elsewhere, "pid", MOMENT) not in pids
    another = systems[2].ask(elsewhere, "another", MOMENT)
    assert systems[2].ask(another, "pid", MOMENT) in pids

    # When it has ended the name is free.
    systems[1].tell(made[1], ActorExitRequest())

    def anew():
        actor = systems[0].createActor(Registry, globalName=NAME)
        return systems[0].ask(actor, "pid", 0.5) not in (None, *pids)

    assert seen.until(anew)


def test_the_name_can_be_made_anew_when_the_system_of_its_holder_is_killed(convention, three):
    (leader, _), (member, _), (holder, admin) = three
    actor = holder.createActor(Registry, globalName=NAME)
    pid = holder.ask(actor, "pid", MOMENT)
    assert leader.ask(leader.createActor(Registry, globalName=NAME), "pid", MOMENT) == pid
    seen.kill(admin)

    def anew():
        # Before the link is seen to be broken the answer may be the old one.
        try:
            other = member.ask(member.createActor(Registry, globalName=NAME), "pid", 0.5)
        except ActorSystemFailure:
            return None
        return other if other != pid else None

    other = seen.until(anew, 2 * MOMENT)
    assert leader.ask(leader.createActor(Registry, globalName=NAME), "pid", MOMENT) == other
    # What it has left is removed by the next system.
    convention.join()


def test_the_name_is_the_same_actor_when_the_leader_is_killed(convention, three):
    (_, admin), (next_leader, _), (holder, _) = three
    pid = holder.ask(holder.createActor(Registry, globalName=NAME), "pid", MOMENT)
    seen.kill(admin)
    found = next_leader.createActor(Registry, globalName=NAME)
    assert next_leader.ask(found, "pid", MOMENT) == pid
    convention.join()


def test_without_a_leader_a_name_is_refused_and_one_held_here_is_found(convention):
    leader = convention.join()
    before = convention.admins()
    member = convention.join()
    actor = member.createActor(Registry, globalName=NAME)
    pid = member.ask(actor, "pid", MOMENT)
    assert leader.ask(leader.createActor(Registry, globalName=NAME), "pid", MOMENT) == pid
    seen.kill(before)
    found = member.createActor(Registry, globalName=NAME)
    assert member.ask(found, "pid", MOMENT) == pid
    with pytest.raises(ActorSystemFailure, match="no leader of the convention"):
        member.createActor(Registry, globalName=ConventionName("till"))
    convention.join()
