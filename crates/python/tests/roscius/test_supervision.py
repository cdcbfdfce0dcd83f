"""Restarts, and what parents are told."""

import pytest
import roscius
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorTypeDispatcher,
    ChildActorExited,
    PoisonMessage,
)

MOMENT = 5


class Fragile(Exception):
    pass


class Broken(Exception):
    pass


class Child(Actor):
    """Counts what it gets, and does what it is told."""

    def __init__(self):
        self.count = 0

    def receiveMessage(self, msg, sender):
        if isinstance(msg, type) and issubclass(msg, Exception):
            raise msg("as told")
        if msg == "exit":
            self.send(self.myAddress, ActorExitRequest())
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
    assert counts(system, [child]) == [1]
    for message in (Fragile, "a", "b", "c"):
        system.tell(child, message)
    answers = [system.listen(MOMENT) for _ in range(4)]
    assert sum(isinstance(answer, PoisonMessage) for answer in answers) == 1
    # On the base `simple` a message that failed is tried again behind the others.
    assert [answer[0] for answer in answers if not isinstance(answer, PoisonMessage)] in ([1, 2, 3], [2, 3, 4])
    assert counts(system, [child])[0] in (1, 4)


def test_a_parent_is_told_when_a_child_is_given_up(system):
    parent, [child] = family(system, OneForOne)
    for _ in range(3):
        system.tell(child, Fragile)
    got = news(system, parent, "given up", "exited")
    assert got[0][:2] == ("given up", 2)
    assert "as told" in got[0][2]
    assert got[1:] == ["exited"]


def test_all_for_one_restarts_the_siblings_too(system):
    _, children = family(system, AllForOne, 3)
    assert counts(system, children) == [1, 1, 1]
    assert isinstance(system.ask(children[1], Fragile, MOMENT), PoisonMessage)
    settle(system, children[1])
    assert sum(counts(system, children)) in range(3, 7)
    wait_for_restart(system, children, [0, 1, 2])


def test_rest_for_one_restarts_those_created_later(system):
    _, children = family(system, RestForOne, 3)
    for _ in range(5):
        before = counts(system, children)
    assert before == [5, 5, 5]
    assert isinstance(system.ask(children[1], Fragile, MOMENT), PoisonMessage)
    settle(system, children[1])
    wait_for_restart(system, children, [1, 2], least=5)
    assert counts(system, children[:1])[0] > 5


def settle(system, child):
    """Returns when the child has been restarted."""
    system.ask(child, "count", MOMENT)


def wait_for_restart(system, children, restarted, least=0):
    """Returns when these have another instance, whose count is small again."""
    pending = set(restarted)
    asked = 0
    while pending:
        asked += 1
        pending -= {number for number in pending if counts(system, [children[number]])[0] <= asked + least}


def test_an_exception_can_be_resumed_or_stop_the_child(system):
    parent, [child] = family(system, Choosing)
    assert counts(system, [child]) == [1]
    assert isinstance(system.ask(child, Fragile, MOMENT), PoisonMessage)
    assert counts(system, [child]) == [2]
    system.tell(child, Broken)
    assert news(system, parent, "exited") == ["exited"]


class Grandparent(Parent):
    child_class = Choosing


def test_a_failure_can_be_escalated(system):
    grandparent, [parent] = family(system, Grandparent)
    child = system.ask(parent, "child", MOMENT)
    system.tell(child, ZeroDivisionError)
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
    system.tell(child, Fragile)
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
