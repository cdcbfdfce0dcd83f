"""The actor system as external code uses it."""

import pickle
import platform
import sys
import threading
import time

import pytest
from thespian.actors import (
    Actor,
    ActorAddress,
    ActorExitRequest,
    ActorSystem,
    ActorSystemException,
    ActorSystemMessage,
    InvalidActorSourceHash,
    ThespianGeneration,
    WakeupMessage,
)
from thespian.system import simpleSystemBase, threadSystemBase
from thespian.system.addressManager import CannotPickle

MOMENT = 2


class Echo(Actor):
    def receiveMessage(self, msg, sender):
        if not isinstance(msg, ActorSystemMessage):
            self.send(sender, msg)


class Silent(Actor):
    def receiveMessage(self, msg, sender):
        pass


class SetsCapability(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.updateCapability(*msg)
            self.send(sender, "set")


@pytest.fixture
def singleton():
    ActorSystem.systemBase = None
    yield
    ActorSystem(logDefs=False).shutdown()


def test_the_system_of_the_process_is_shared(singleton):
    one = ActorSystem("simpleSystemBase", {"a": 1}, logDefs=False)
    two = ActorSystem("simpleSystemBase", {"a": 2}, logDefs=False)
    three = ActorSystem()
    assert one is not two
    assert one._systemBase is two._systemBase is three._systemBase is ActorSystem.systemBase
    assert two.capabilities["a"] == 1
    echo = one.createActor(Echo)
    assert three.ask(echo, "hi", MOMENT) == "hi"
    assert ActorSystem(simpleSystemBase.ActorSystemBase)._systemBase is one._systemBase
    assert ActorSystem(one._systemBase)._systemBase is one._systemBase


def test_another_base_replaces_it(singleton):
    one = ActorSystem(logDefs=False)
    other = ActorSystem("threadSystemBase", logDefs=False)
    assert isinstance(ActorSystem.systemBase, threadSystemBase.ActorSystemBase)
    assert ActorSystem()._systemBase is other._systemBase
    assert one.ask(one.createActor(Echo), 1, MOMENT) == 1
    one.shutdown()
    assert ActorSystem.systemBase is other._systemBase


def test_a_unique_system_is_not_shared(singleton):
    unique = ActorSystem(logDefs=False, transientUnique=True)
    assert ActorSystem.systemBase is None
    shared = ActorSystem(logDefs=False)
    assert shared._systemBase is not unique._systemBase
    unique.shutdown()
    assert ActorSystem.systemBase is shared._systemBase


def test_an_unknown_base():
    with pytest.raises(ModuleNotFoundError, match="no system base `noSuchBase`.*simpleSystemBase"):
        ActorSystem("noSuchBase", transientUnique=True)


def test_shutdown(singleton):
    one = ActorSystem(logDefs=False)
    two = ActorSystem()
    echo = one.createActor(Echo)
    one.shutdown()
    one.shutdown()
    assert ActorSystem.systemBase is None
    for use in (
        lambda: one.ask(echo, "hi", 1),
        lambda: two.tell(echo, "hi"),
        lambda: one.createActor(Echo),
        lambda: two.createActor(Echo),
    ):
        with pytest.raises(ActorSystemException, match="shut down"):
            use()
    two.shutdown()


def test_the_deprecated_capability_warns():
    with pytest.warns(DeprecationWarning, match="logDefs"):
        ActorSystem("simpleSystemBase", {"logging": {}}, logDefs=False, transientUnique=True).shutdown()


def test_capabilities_are_those_given_and_those_of_the_system():
    given = {"Cows": True, "Python Version": "overwritten"}
    system = ActorSystem("simpleSystemBase", given, logDefs=False, transientUnique=True)
    assert system.capabilities is given
    assert given["Cows"]
    assert given["Python Version"] == tuple(sys.version_info)
    assert given["Thespian Generation"] == ThespianGeneration == (3, 10)
    assert given["Thespian ActorSystem Name"] == "simpleSystem"
    assert given["Thespian ActorSystem Version"] == 2
    assert given["Thespian Watch Supported"] is False
    assert given["AllowRemoteActorSources"] == "No"
    assert int(given["Thespian Version"]) > 1_600_000_000_000
    assert isinstance(given["Thespian Version"], str)
    assert given["os"] == sys.platform
    assert given["arch"] == platform.machine()
    system.shutdown()


def test_a_program_may_have_an_os_and_an_arch_of_its_own():
    given = {"os": "Debian", "arch": None}
    system = ActorSystem("simpleSystemBase", given, logDefs=False, transientUnique=True)
    assert (given["os"], given["arch"]) == ("Debian", None)
    system.shutdown()


def test_capabilities_can_be_changed(asys):
    asys.updateCapability("Cows", 3)
    assert asys.capabilities["Cows"] == 3
    asys.updateCapability("Cows")
    asys.updateCapability("Cows")
    assert "Cows" not in asys.capabilities
    assert asys.ask(asys.createActor(SetsCapability), ("Pigs", 1), MOMENT) == "set"
    if "multiproc" not in asys.base_name:  # elsewhere the program has a copy of its own
        assert asys.capabilities["Pigs"] == 1


def test_ask_tell_listen(asys):
    echo = asys.createActor(Echo)
    assert isinstance(echo, ActorAddress)
    assert asys.ask(echo, "hi", MOMENT) == "hi"
    asys.tell(echo, "first")
    asys.tell(echo, "second")
    assert asys.listen(MOMENT) == "first"
    assert asys.listen(MOMENT) == "second"
    assert asys.listen(0) is None
    assert asys.ask(asys.createActor(Silent), "hi", 0.05) is None


class Threaded(Actor):
    """Has a thread of its own that sends, and asks for a wakeup, while no message is handled."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, WakeupMessage):
            self.send(self.asker, ("woke up", msg.payload, msg.delayPeriod))
        elif msg == "go":
            self.asker = sender
            self.released = threading.Event()
            self.thread = threading.Thread(target=self.work)
            self.thread.start()
        elif msg == "release":
            self.released.set()

    def work(self):
        self.released.wait()
        self.send(self.asker, "from the thread")
        self.wakeupAfter(0.01, "payload")


def test_threads_of_an_actor_can_send_and_ask_for_wakeups(asys):
    actor = asys.createActor(Threaded)
    asys.tell(actor, "go")
    asys.tell(actor, "release")
    answers = []
    deadline = time.monotonic() + 10
    while len(answers) < 2 and time.monotonic() < deadline:
        # On the simple base a wait ends when there is nothing left to do, whatever threads are up to.
        answer = asys.listen(0.05)
        answers += [answer] if answer is not None else []
    assert answers == ["from the thread", ("woke up", "payload", 0.01)]


def test_asking_the_dead_is_not_waited_for(asys):
    actor = asys.createActor(Echo)
    assert asys.ask(actor, "there?", 5) == "there?"
    asys.tell(actor, ActorExitRequest())
    start = time.monotonic()
    while asys.ask(actor, "still there?", 20) is not None:
        assert time.monotonic() - start < 10
    assert time.monotonic() - start < 10


def test_bad_addresses_and_timeouts(asys):
    text = r"Actor `tell' address \"nobody\" is not a valid ActorAddress: <class 'str'>"
    with pytest.raises(ValueError, match=text):
        asys.tell("nobody", "hi")
    with pytest.raises(ValueError, match="Actor `ask' address"):
        asys.ask(None, "hi")
    with pytest.raises(TypeError):
        asys.ask(asys.createActor(Echo), "hi", "soon")


def test_a_private_context_gets_its_own_answers(asys):
    echo = asys.createActor(Echo)
    with asys.private() as context:
        asys.tell(echo, "for the system")
        assert context.ask(echo, "for the context", MOMENT) == "for the context"
        assert asys.listen(MOMENT) == "for the system"
        assert context.ask(context.createActor(Echo), 1, MOMENT) == 1
        with pytest.raises(AttributeError):
            context.shutdown()


def test_a_private_context_is_closed_by_an_error(asys):
    echo = asys.createActor(Echo)
    with pytest.raises(KeyError), asys.private() as context:
        raise KeyError
    with pytest.raises(Exception, match="closed"):
        context.tell(echo, "hi")


def test_private_contexts_in_threads(asys):
    if asys.base_name == "simpleSystemBase":
        pytest.skip("actors of the simple base only run in the thread that made the system")
    echo, answers = asys.createActor(Echo), []

    def work(number):
        with asys.private() as context:
            answers.append(all(context.ask(echo, (number, i), MOMENT) == (number, i) for i in range(50)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 8


def test_system_update(asys):
    assert asys.systemUpdate("noSuchThing", 1, a=2) is None
    assert asys.systemUpdate("capabilities") is None


def test_the_processing_limit(asys):
    if asys.base_name != "simpleSystemBase":
        pytest.skip("only the simple base has a limit")

    asys.systemUpdate("setProcessingLimit", 10)
    with pytest.raises(RuntimeError, match="Too many sends"):
        asys.tell(asys.createActor(TalksToItself), "go")


class TalksToItself(Actor):
    def receiveMessage(self, msg, sender):
        self.send(self.myAddress, msg)


def test_sources_without_an_authority(asys, tmp_path, caplog):
    path = tmp_path / "source.zip"
    path.write_bytes(b"content")
    assert asys.loadActorSource(str(path)) == "9a0364b9e99bb480dd25e1f0284c8555"
    with path.open("rb") as file:
        assert asys.loadActorSource(file) == "9a0364b9e99bb480dd25e1f0284c8555"
        assert file.closed
    with pytest.raises(OSError):
        asys.loadActorSource(str(tmp_path / "missing.zip"))
    asys.unloadActorSource("9a0364b9e99bb480dd25e1f0284c8555")
    with pytest.raises(InvalidActorSourceHash):
        asys.createActor("a.B", sourceHash="9a0364b9e99bb480dd25e1f0284c8555")
    # Where the Admin decides, the logger of the system writes it.
    assert "multiproc" in asys.base_name or "no source authority" in caplog.text


def test_addresses(asys):
    echo, other = asys.createActor(Echo), asys.createActor(Echo)
    assert str(asys.systemAddress) == "ActorAddr-/ActorSys"
    assert str(echo) == f"ActorAddr-{echo.addressDetails}"
    assert echo != other
    assert echo != None
    assert pickle.loads(pickle.dumps(echo)) == echo
    assert asys.ask(pickle.loads(pickle.dumps(echo)), "hi", MOMENT) == "hi"
    with pytest.raises(TypeError):
        hash(echo)


def test_a_base_does_not_pickle(asys):
    with pytest.raises(CannotPickle):
        pickle.dumps(asys._systemBase)
