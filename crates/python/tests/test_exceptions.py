"""The errors: their family, their texts, and that they pickle."""

import pickle

import pytest
from thespian.actors import (
    ActorSystemException,
    ActorSystemFailure,
    ActorSystemRequestTimeout,
    ActorSystemStartupFailure,
    InvalidActorAddress,
    InvalidActorSourceHash,
    InvalidActorSpecification,
    NoCompatibleSystemForActor,
)
from thespian.system.class_resolution import NoSuchClass

ERRORS = [
    (InvalidActorAddress("here", "no address"), "here is no address"),
    (NoCompatibleSystemForActor("Cow", "None found"), "None found for Actor Cow"),
    (InvalidActorSourceHash("abc"), "Source hash abc does not match any loaded sources."),
    (InvalidActorSpecification("X"), "Invalid Actor Specification: X"),
    (InvalidActorSpecification("X", "why"), "Invalid Actor Specification: X (why)"),
    (NoSuchClass("m.X", "why"), "Invalid Actor Specification: m.X (why)"),
    (ActorSystemFailure("broken"), "broken"),
]


@pytest.mark.parametrize(("error", "text"), ERRORS, ids=lambda e: type(e).__name__)
def test_text_and_pickle(error, text):
    assert isinstance(error, ActorSystemException)
    assert str(error) == text
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == text


def test_failures_are_a_family_of_their_own():
    assert issubclass(ActorSystemStartupFailure, ActorSystemFailure)
    assert issubclass(ActorSystemRequestTimeout, ActorSystemFailure)
    assert not issubclass(InvalidActorAddress, ActorSystemFailure)
    assert InvalidActorAddress("here", "no address").actorAddress == "here"
