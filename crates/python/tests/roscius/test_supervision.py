"""Restarts, and what parents are told."""

import itertools

import pytest
import roscius
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorTypeDispatcher,
    PoisonMessage,
)

MOMENT = 5


class Fragile(Exception):
    pass


class Broken(Exception):
    pass


_made = itertools.count()


class Child(Actor):
    """Counts what it gets, and does what it is told."""

    def __init__(self):
        self.count = 0
        self.number = next(_made)

    def receiveMessage(self, msg, sender):
        if isinstance(msg, type) and issubclass(msg, Exception):
            raise msg("as told")
        if msg == "exit":
            self.send(self.myAddress, ActorExitRequest())
        elif msg == "number":
            self.send(sender, self.number)
        elif isinstance(msg, str):
            self.count += 1
            self.send(sender, (self.count, str(self.myAddress)))


class Parent(ActorTypeDispatcher):
    child_class = Child

    def __init__(self):
        self.children = []
        self.news = []

    def receiveMsg_str(self, msg, sender):
        if msg == "child":
            self.children.append(self.createActor(self.child_class))
            self.send(sender, self.children[-1])
        elif msg == "news":
            self.send(sender, self.news)

    def receiveMsg_tuple(self, msg, sender):
        for one in msg[1:]:
            self.send(msg[0], one)

    def receiveMsg_ChildGivenUp(self, msg, sender):
        self.news.append(("given up", msg.restarts, msg.details))

    def receiveMsg_ChildActorExited(self, msg, sender):
        self.news.append("exited")


@roscius.supervise(max_restarts=2, within=60)
class OneForOne(Parent):
    pass


@roscius.supervise("all_for_one", max_restarts=100)
class AllForOne(Parent):
    pass


@roscius.supervise("rest_for_one", max_restarts=100)
class RestForOne(Parent):
    pass


@roscius.supervise(on={Fragile: "resume", Broken: "stop", ArithmeticError: "escalate"})
class Choosing(Parent):
    pass


def family(system, parent_class, children=1):
    parent = system.createActor(parent_class)
    return parent, [system.ask(parent, "child", MOMENT) for _ in range(children)]


def news(system, parent, *until):
    """The news of a parent, when they are complete."""
    got = []
    while not all(any(word in str(one) for one in got) for word in until):
        got = system.ask(parent, "news", MOMENT)
    return got


def counts(system, children):
    return [system.ask(child, "count", MOMENT)[0] for child in children]


def test_without_a_decorator_an_actor_goes_on(system):
    parent, [child] = family(system, Parent)
    assert counts(system, [child]) == [1]
    assert isinstance(system.ask(child, Fragile, MOMENT), PoisonMessage)
    assert counts(system, [child]) == [2]
    assert system.ask(parent, "news", MOMENT) == []


def test_a_child_is_restarted_at_its_address(system):
    _, [child] = family(system, OneForOne)
    first = system.ask(child, "count", MOMENT)
    assert isinstance(system.ask(child, Fragile, MOMENT), PoisonMessage)
    assert system.ask(child, "count", MOMENT) == first


def test_the_mailbox_of_a_restarted_child_is_kept(system):
    _, [child] = family(system, OneForOne)
    number = system.ask(child, "number", MOMENT)
    for message in (Fragile, "a", "b", "c"):
        system.tell(child, message)
    # The message that failed is tried again behind the others, so some are answered before the restart and some after it.
    answers = [system.listen(MOMENT) for _ in range(4)]
    assert sum(isinstance(answer, PoisonMessage) for answer in answers) == 1
    assert None not in answers
    assert system.ask(child, "number", MOMENT) != number


def test_a_parent_is_told_when_a_child_is_given_up(system):
    parent, [child] = family(system, OneForOne)
    for _ in range(3):
        assert isinstance(system.ask(child, Fragile, MOMENT), PoisonMessage)
    got = news(system, parent, "given up", "exited")
    assert got[0][:2] == ("given up", 2)
    assert "as told" in got[0][2]
    assert got[1:] == ["exited"]


def restarted_with(system, parent_class, failing, expected):
    """Which of three children have another instance after one failed, once the expected ones have."""
    _, children = family(system, parent_class, 3)
    before = [system.ask(child, "number", MOMENT) for child in children]
    assert isinstance(system.ask(children[failing], Fragile, MOMENT), PoisonMessage)
    for number in expected:
        # Those in other processes hear of it later.
        while system.ask(children[number], "number", MOMENT) == before[number]:
            pass
    after = [system.ask(child, "number", MOMENT) for child in children]
    return [number for number in range(3) if before[number] != after[number]]


def test_a_strategy_says_which_siblings_are_restarted_too(system):
    assert restarted_with(system, OneForOne, 1, [1]) == [1]
    assert restarted_with(system, AllForOne, 1, [0, 1, 2]) == [0, 1, 2]
    assert restarted_with(system, RestForOne, 1, [1, 2]) == [1, 2]


def test_an_exception_can_be_resumed_or_stop_the_child(system):
    parent, [child] = family(system, Choosing)
    assert counts(system, [child]) == [1]
    assert isinstance(system.ask(child, Fragile, MOMENT), PoisonMessage)
    assert counts(system, [child]) == [2]
    assert isinstance(system.ask(child, Broken, MOMENT), PoisonMessage)
    assert news(system, parent, "exited") == ["exited"]


class Grandparent(Parent):
    child_class = Choosing


def test_a_failure_can_be_escalated(system):
    grandparent, [parent] = family(system, Grandparent)
    child = system.ask(parent, "child", MOMENT)
    assert isinstance(system.ask(child, ZeroDivisionError, MOMENT), PoisonMessage)
    assert news(system, grandparent, "exited") == ["exited"]


@roscius.restart("permanent")
class Permanent(Child):
    pass


@roscius.restart("temporary")
class Temporary(Child):
    pass


class KeepsPermanent(Parent):
    child_class = Permanent


@roscius.supervise()
class KeepsTemporary(Parent):
    child_class = Temporary


def test_a_permanent_child_is_restarted_when_it_exits(system):
    parent, [child] = family(system, KeepsPermanent)
    first = system.ask(child, "count", MOMENT)
    system.tell(child, "exit")
    while system.ask(child, "count", MOMENT) != first:
        pass
    system.tell(parent, (child, ActorExitRequest()))
    assert news(system, parent, "exited") == ["exited"]


def test_a_temporary_child_stops(system):
    parent, [child] = family(system, KeepsTemporary)
    assert isinstance(system.ask(child, Fragile, MOMENT), PoisonMessage)
    assert news(system, parent, "exited") == ["exited"]


@roscius.restart("transient")
class Top(Child):
    pass


def test_an_actor_at_the_top_can_be_restarted(system):
    top = system.createActor(Top)
    first = system.ask(top, "count", MOMENT)
    assert isinstance(system.ask(top, Fragile, MOMENT), PoisonMessage)
    assert system.ask(top, "count", MOMENT) == first


class Asynchronous(roscius.Actor):
    def __init__(self):
        self.count = 0

    async def receiveMessage(self, msg, sender):
        if isinstance(msg, type):
            raise msg("as told")
        if isinstance(msg, str):
            self.count += 1
            self.send(sender, (self.count, str(self.myAddress)))


@roscius.supervise(backoff=0.01)
class KeepsAsynchronous(Parent):
    child_class = Asynchronous


def test_a_coroutine_that_raises_restarts_its_actor(system):
    _, [child] = family(system, KeepsAsynchronous)
    first = system.ask(child, "count", MOMENT)
    assert isinstance(system.ask(child, Fragile, MOMENT), PoisonMessage)
    assert system.ask(child, "count", MOMENT) == first


@pytest.mark.parametrize(
    "wrong",
    [
        {"strategy": "none"},
        {"on": {Fragile: "ignore"}},
        {"on": {"Fragile": "stop"}},
        {"on_limit": "restart"},
        {"max_restarts": -1},
        {"backoff": (2, 1)},
    ],
)
def test_a_wrong_declaration_is_an_error(wrong):
    with pytest.raises(ValueError):
        roscius.supervise(**wrong)


def test_a_wrong_policy_is_an_error():
    with pytest.raises(ValueError):
        roscius.restart("sometimes")
