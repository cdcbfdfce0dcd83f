"""The messages of the system: equality, texts, pickling under the public name."""

import pickle

import pytest
import thespian.actors
from thespian.actors import (
    ActorExitRequest,
    ActorSystemConventionUpdate,
    ActorSystemMessage,
    ChildActorExited,
    DeadEnvelope,
    LoadedSource,
    PoisonMessage,
    Thespian_ActorStatus,
    Thespian_StatusReq,
    Thespian_SystemStatus,
    ThespianWatch,
    UnloadedSource,
    ValidatedSource,
    ValidateSource,
    WakeupMessage,
    WatchMessage,
)

COMPARABLE = [
    (ActorExitRequest(), ActorExitRequest(False), ChildActorExited("a")),
    (ChildActorExited("a"), ChildActorExited("a"), ChildActorExited("b")),
    (PoisonMessage("a", "why"), PoisonMessage("a"), PoisonMessage("b")),
    (WakeupMessage(1, "p"), WakeupMessage(1, "p"), WakeupMessage(1)),
    (DeadEnvelope("a", 1), DeadEnvelope("a", 1), DeadEnvelope("a", 2)),
    (ValidateSource("h", b"1"), ValidateSource("h", b"2"), ValidateSource("i", b"1")),
    (ValidatedSource("h", b"1"), ValidatedSource("h", None), ValidateSource("h", b"1")),
    (LoadedSource("h", "i"), LoadedSource("h", "i"), UnloadedSource("h", "i")),
    (UnloadedSource("h", "i"), UnloadedSource("h", "i"), UnloadedSource("h", "j")),
    (
        ActorSystemConventionUpdate("a", {}),
        ActorSystemConventionUpdate("a", {}),
        ActorSystemConventionUpdate("a", {}, False),
    ),
]


@pytest.mark.parametrize(("one", "same", "other"), COMPARABLE, ids=lambda m: type(m).__name__)
def test_equality(one, same, other):
    assert one == same
    assert not one != same  # noqa: SIM202 - the operator is what is tested
    assert one != other
    assert not one == other  # noqa: SIM201
    assert one != "text"
    assert one != None
    with pytest.raises(TypeError):
        hash(one)


@pytest.mark.parametrize("message", [each[0] for each in COMPARABLE], ids=lambda m: type(m).__name__)
def test_pickles_by_its_public_name(message):
    assert isinstance(message, ActorSystemMessage)
    assert type(message).__module__ == "thespian.actors"
    assert getattr(thespian.actors, type(message).__name__) is type(message)
    assert pickle.loads(pickle.dumps(message)) == message


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (ActorExitRequest(), "ActorExitRequest"),
        (ChildActorExited("addr"), "ChildActorExited:addr"),
        (PoisonMessage("m"), "Poison<m>"),
        (PoisonMessage("m", "why"), "Poison<m>: why"),
        (WakeupMessage(5, "p"), "WakeupMessage(5, p)"),
        (DeadEnvelope("addr", "m"), "DeadEnvelope(m)->addr"),
        (LoadedSource("h", "i"), "LoadedSource(sourceHash=h, sourceInfo=i)"),
        (UnloadedSource("h", "i"), "UnloadedSource(sourceHash=h, sourceInfo=i)"),
        (
            ActorSystemConventionUpdate("addr", {"a": 1}),
            "ActorSystemConventionUpdate(remoteAdminAddress=addr, remoteAdded=True, remoteCapabilities={'a': 1}",
        ),
    ],
)
def test_texts(message, text):
    assert str(message) == text


class NoText:
    def __str__(self):
        raise RuntimeError("no text")


def test_messages_without_a_text_are_shown_all_the_same():
    assert str(DeadEnvelope("addr", NoText())) == "DeadEnvelope(<message>)->addr"
    assert str(PoisonMessage(NoText())) == "Poison<<message>>"


def test_a_dead_envelope_may_contain_itself():
    envelope = DeadEnvelope("addr", None)
    envelope.deadMessage = envelope
    assert "DeadEnvelope" in str(envelope)


def test_exit_request_can_be_made_non_recursive():
    request = ActorExitRequest()
    assert request.isRecursive
    request.notRecursive()
    assert not request.isRecursive
    assert not ActorExitRequest(recursive=False).isRecursive


def test_watch_is_no_system_message():
    assert not isinstance(ThespianWatch([1]), ActorSystemMessage)
    assert ThespianWatch([1]).filenos == [1]
    assert isinstance(WatchMessage([1]), ActorSystemMessage)
    assert WatchMessage([1]).ready == [1]


@pytest.mark.parametrize("message", [Thespian_StatusReq(), Thespian_SystemStatus("a"), Thespian_ActorStatus("a", "C")])
def test_status_messages_are_system_messages_that_compare_by_identity(message):
    assert isinstance(message, ActorSystemMessage)
    assert message == message  # noqa: PLR0124
    assert message != pickle.loads(pickle.dumps(message))
    assert hash(message)
