"""Children in processes of their own: restarted when they fail, and when their processes are killed."""

import os
import signal
import time

import pytest
import roscius
from thespian.actors import Actor, ActorExitRequest, ActorTypeDispatcher, ChildActorExited, PoisonMessage

MOMENT = 5


@pytest.fixture
def base():
    return "multiprocTCPBase"


class Child(Actor):
    """Counts what it gets."""

    def __init__(self):
        self.got = []

    def receiveMessage(self, msg, sender):
        if msg == "who":
            self.send(sender, (os.getpid(), str(self.myAddress)))
        elif msg == "got":
            self.send(sender, self.got)
        elif msg == "fail":
            raise ValueError("as told")
        elif msg == "leave":
            os._exit(0)
        elif isinstance(msg, int):
            self.got.append(msg)


class Parent(ActorTypeDispatcher):
    child_class = Child

    def __init__(self):
        self.news = []

    def receiveMsg_str(self, msg, sender):
        if msg == "child":
            self.child = self.createActor(self.child_class)
            self.send(sender, self.child)
        elif msg == "pid":
            self.send(sender, os.getpid())
        elif msg == "news":
            self.send(sender, self.news)
        elif msg == "fail":
            raise ValueError("as told")

    def receiveMsg_tuple(self, msg, sender):
        for one in msg:
            self.send(self.child, one)

    def receiveMsg_ChildGivenUp(self, msg, sender):
        self.news.append(("given up", msg.restarts, msg.details))

    def receiveMsg_ChildActorExited(self, msg, sender):
        self.news.append("exited")

    def receiveMsg_PoisonMessage(self, msg, sender):
        self.news.append(("poison", msg.poisonMessage))


@roscius.supervise(max_restarts=2, within=60)
class Supervisor(Parent):
    pass


def child_of(system, parent):
    child = system.ask(parent, "child", MOMENT)
    return child, system.ask(child, "who", MOMENT)


def kill(process):
    os.kill(process, signal.SIGKILL)


def news(system, parent, *until):
    """The news of a parent, when they are complete."""
    got, end = [], time.monotonic() + MOMENT
    while not all(any(word in str(one) for one in got) for word in until):
        assert time.monotonic() < end, f"{until} in {got}"
        got = system.ask(parent, "news", MOMENT)
    return got


def who(system, child, but):
    """The process and address of a child that has another process than before."""
    end = time.monotonic() + MOMENT
    while time.monotonic() < end:
        answer = system.ask(child, "who", 1)
        if answer is not None and answer != but:
            return answer
    raise AssertionError("it did not come back")


def test_a_killed_child_comes_back_at_its_address(system):
    parent = system.createActor(Supervisor)
    child, first = child_of(system, parent)
    kill(first[0])
    second = who(system, child, first)
    assert second[1] == first[1]
    assert second[0] != first[0]
    assert system.ask(parent, "news", MOMENT) == []
    # It is a child as before: it fails, and it is killed again.
    assert isinstance(system.ask(child, "fail", MOMENT), PoisonMessage)
    assert system.ask(child, "who", MOMENT) == second
    assert system.ask(parent, "news", MOMENT) == []


def test_messages_wait_for_the_new_process(system):
    parent = system.createActor(Supervisor)
    child, first = child_of(system, parent)
    boss = system.ask(parent, "pid", MOMENT)
    os.kill(boss, signal.SIGSTOP)
    try:
        os.kill(first[0], signal.SIGKILL)
        # What is sent now goes to the dead until the link is known to be broken. From then on it waits.
        assert system.ask(child, "who", 0.3) is None
        for number in range(50):
            system.tell(child, number)
    finally:
        os.kill(boss, signal.SIGCONT)
    assert system.ask(child, "got", MOMENT) == list(range(50))


def test_a_child_that_is_killed_too_often_is_given_up(system):
    parent = system.createActor(Supervisor)
    child, now = child_of(system, parent)
    for _ in range(2):
        kill(now[0])
        now = who(system, child, now)
    kill(now[0])
    got = news(system, parent, "given up", "exited")
    assert got[0][:2] == ("given up", 2)
    assert "signal 9" in got[0][2]
    assert got[1:] == ["exited"]
    begun = time.monotonic()
    assert system.ask(child, "who", MOMENT) is None
    assert time.monotonic() - begun < MOMENT, "nobody waits for who does not come back"


@roscius.restart("permanent")
class Permanent(Child):
    pass


@roscius.restart("transient")
class Transient(Child):
    pass


@roscius.restart("temporary")
class Temporary(Child):
    pass


class OfPermanent(Parent):
    child_class = Permanent


class OfTransient(Parent):
    child_class = Transient


class OfTemporary(Parent):
    child_class = Temporary


@pytest.mark.parametrize("parent_class", [OfPermanent, OfTransient])
def test_a_policy_of_the_child_is_enough(system, parent_class):
    child, first = child_of(system, system.createActor(parent_class))
    kill(first[0])
    assert who(system, child, first)[1] == first[1]


@pytest.mark.parametrize("parent_class", [Parent, OfTemporary])
def test_a_child_that_is_not_to_be_restarted_has_ended_with_its_process(system, parent_class):
    parent = system.createActor(parent_class)
    _, first = child_of(system, parent)
    kill(first[0])
    assert news(system, parent, "exited") == ["exited"]


def test_only_a_permanent_child_comes_back_after_it_left_in_good_order(system):
    child, first = child_of(system, system.createActor(OfPermanent))
    system.tell(child, "leave")
    assert who(system, child, first)[1] == first[1]
    parent = system.createActor(OfTransient)
    child, _ = child_of(system, parent)
    system.tell(child, "leave")
    assert news(system, parent, "exited") == ["exited"]


@roscius.supervise(backoff=30)
class Patient(Parent):
    pass


def test_a_parent_that_exits_waits_for_no_restart(system):
    parent = system.createActor(Patient)
    _, first = child_of(system, parent)
    kill(first[0])
    watcher = system.createActor(Watcher)
    assert system.ask(watcher, parent, MOMENT) == "watching"
    system.tell(parent, ActorExitRequest())
    assert system.listen(MOMENT) == "stopped"


class Watcher(roscius.Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, roscius.ActorAddress):
            self.client = sender
            self.watch(msg)
            self.send(sender, "watching")
        elif isinstance(msg, roscius.Terminated):
            self.send(self.client, msg.reason)


@roscius.supervise(backoff=0.3)
class Slow(Parent):
    pass


def test_a_restart_waits_for_its_back_off(system):
    child, first = child_of(system, system.createActor(Slow))
    begun = time.monotonic()
    kill(first[0])
    who(system, child, first)
    assert time.monotonic() - begun > 0.25


def test_who_sent_what_failed_hears_of_it_once(system):
    parent = system.createActor(Supervisor)
    child, _ = child_of(system, parent)
    system.tell(parent, ("fail", 1))
    news(system, parent, "poison")
    # Another notice would have come before what the child says later.
    assert system.ask(child, "got", MOMENT) == [1]
    assert system.ask(parent, "news", MOMENT) == [("poison", "fail")]
    assert isinstance(system.ask(child, "fail", MOMENT), PoisonMessage)
    assert system.ask(child, "got", MOMENT) == []
    assert system.listen(0.1) is None


class Grandparent(Parent):
    child_class = Supervisor


@roscius.supervise()
class KeepsSupervisors(Grandparent):
    pass


def test_the_children_of_a_restarted_parent_exit_and_are_not_news_to_it(system):
    parent = system.createActor(KeepsSupervisors)
    middle = system.ask(parent, "child", MOMENT)
    child, first = child_of(system, middle)
    assert isinstance(system.ask(middle, "fail", MOMENT), PoisonMessage)
    assert system.ask(middle, "news", MOMENT) == []
    with pytest.raises(ProcessLookupError):
        end = time.monotonic() + MOMENT
        while time.monotonic() < end:
            os.kill(first[0], 0)
            time.sleep(0.01)
    assert system.ask(child, "who", MOMENT) is None
    assert system.ask(middle, "news", MOMENT) == []
    # The new instance has children of its own.
    assert child_of(system, middle)[1][0] != first[0]


@roscius.restart("transient")
class Fussy(Child):
    """Has no second instance as long as there is a file."""

    def __init__(self):
        super().__init__()
        if os.path.exists(os.environ.get("FUSSY", "")):
            raise RuntimeError("not now")


class OfFussy(Parent):
    child_class = Fussy


def test_a_constructor_that_fails_again_and_again_is_given_up(system_of_fussy):
    system, file = system_of_fussy
    parent = system.createActor(OfFussy)
    _, first = child_of(system, parent)
    file.touch()
    kill(first[0])
    got = news(system, parent, "given up", "exited")
    assert [one if isinstance(one, str) else one[:2] for one in got] == [("given up", 3), "exited"]


def test_a_first_constructor_that_fails_is_the_end_of_the_child(system_of_fussy):
    system, file = system_of_fussy
    file.touch()
    parent = system.createActor(OfFussy)
    system.ask(parent, "child", MOMENT)
    assert news(system, parent, "exited") == ["exited"]


@pytest.fixture
def system_of_fussy(monkeypatch, tmp_path, request):
    monkeypatch.setenv("FUSSY", str(tmp_path / "fussy"))
    return request.getfixturevalue("system"), tmp_path / "fussy"


class Creator(roscius.Actor):
    """Does in a coroutine all that an actor can do."""

    def __init__(self):
        self.news = []
        self.client = None

    async def receiveMessage(self, msg, sender):
        if msg == "begin":
            self.client = sender
            child = self.createActor(Child)
            for number in range(3):
                self.send(child, number)
            got = await self.ask(child, "got", MOMENT)
            named = self.createActor(Child, globalName="named")
            where = await self.ask(named, "who", MOMENT)
            self.wakeupAfter(0.01, "up")
            self.watch(child)
            self.send(child, ActorExitRequest())
            self.createActor("no.such.Actor")
            self.send(sender, (got, where[0] != os.getpid()))
        elif msg == "many":
            children = [self.createActor(Child) for _ in range(5)]
            processes = {(await self.ask(child, "who", MOMENT))[0] for child in children}
            for child in children:
                self.send(child, ActorExitRequest())
            self.send(sender, len(processes))
        elif msg == "news":
            self.send(sender, self.news)
        elif isinstance(msg, (ChildActorExited, roscius.Terminated)) or type(msg).__name__ == "WakeupMessage":
            self.news.append(type(msg).__name__)


def test_a_coroutine_can_do_all_that_an_actor_can(system):
    creator = system.createActor(Creator)
    assert system.ask(creator, "begin", 2 * MOMENT) == ([0, 1, 2], True)
    end = time.monotonic() + MOMENT
    got = []
    while len(got) < 4 and time.monotonic() < end:
        got = system.ask(creator, "news", MOMENT)
    assert sorted(got) == ["ChildActorExited", "ChildActorExited", "Terminated", "WakeupMessage"]
    assert system.ask(creator, "many", 2 * MOMENT) == 5
    end = time.monotonic() + MOMENT
    while len(got) < 9 and time.monotonic() < end:
        got = system.ask(creator, "news", MOMENT)
    assert got.count("ChildActorExited") == 7, "each is told once"
