"""Plain data cross as they are; what can not cross says so."""

import pytest
from foreign import MOMENT, Add, Echo, Parent, Relay, Tell, Unknown
from thespian.actors import PoisonMessage


@pytest.fixture
def plainly(rust):
    return rust.createActor("plainly")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("größer", "GRÖSSER"),
        ("", ""),
        (b"abc", b"cba"),
        (41, 42),
        (-(2**63), -(2**63) + 1),
        (1.0, 0.5),
        (True, False),
        (None, "nothing"),
    ],
)
def test_an_actor_in_rust_answers_plain_data_with_the_like(rust, plainly, said, answer):
    received = rust.ask(plainly, said, MOMENT)
    assert received == answer
    assert type(received) is type(answer)


def test_a_megabyte_crosses(rust, plainly):
    assert rust.ask(plainly, "x" * 2**20, MOMENT) == "X" * 2**20


def test_answers_come_in_the_order_of_the_messages(rust, plainly):
    for number in range(1000):
        rust.tell(plainly, number)
    assert [rust.listen(MOMENT) for _ in range(1000)] == list(range(1, 1001))


def test_an_answer_that_is_nothing_is_not_sent(rust, plainly):
    rust.tell(plainly, "nothing")
    assert rust.ask(plainly, 1, MOMENT) == 2


@pytest.mark.parametrize("text", ["fail", "panic"])
def test_a_message_that_an_actor_in_rust_fails_on_comes_back(rust, plainly, text):
    poison = rust.ask(plainly, text, MOMENT)
    assert isinstance(poison, PoisonMessage)
    assert poison.poisonMessage == text
    assert "as it was told" in poison.details
    assert rust.ask(plainly, 1, MOMENT) == 2  # It was restarted, at the same address.


@pytest.mark.parametrize("pickled", [(1, 2), {"a": 1}, 2**70, {1}])
def test_a_pickle_comes_back_with_what_actors_in_rust_take(rust, plainly, pickled):
    poison = rust.ask(plainly, pickled, MOMENT)
    assert isinstance(poison, PoisonMessage)
    assert poison.poisonMessage == pickled
    assert "roscius.message" in poison.details
    assert "no pickles" in poison.details


def test_types_that_are_not_taken_come_back(rust, plainly):
    unknown = rust.ask(plainly, Unknown(1), MOMENT)
    assert isinstance(unknown, PoisonMessage)
    assert unknown.poisonMessage == Unknown(1)
    assert "test.Unknown" in unknown.details
    # One that its program knows and the actor does not accept.
    foreign = rust.ask(plainly, Add(1), MOMENT)
    assert isinstance(foreign, PoisonMessage)
    assert "test.Add" in foreign.details
    counter = rust.createActor("speaker")
    assert isinstance(rust.ask(counter, 3.5, MOMENT), PoisonMessage)


def test_actors_in_python_get_the_same(rust, plainly):
    parent = rust.createActor(Parent)
    for said, heard in [("hello", ("heard", "HELLO")), (b"ab", ("heard", b"ba"))]:
        assert rust.ask(parent, ("pass on", (plainly, said)), MOMENT) == heard
    what, message, details = rust.ask(parent, ("pass on", (plainly, "fail")), MOMENT)
    assert (what, message) == ("poison", "fail")
    assert "as it was told" in details
    assert rust.ask(parent, ("ask", (plainly, 1)), MOMENT) == ("answer", 2)
    assert rust.ask(parent, ("ask", (plainly, "fail")), MOMENT)[:2] == ("error", "AskFailed")


def test_an_actor_in_rust_asks_one_in_python(rust):
    speaker, echo = rust.createActor("speaker"), rust.createActor(Echo)
    assert rust.ask(speaker, Relay(echo, "hello"), MOMENT) == 'Str("HELLO")'
    assert "as it was told" in rust.ask(speaker, Relay(echo, "fail"), MOMENT)
    assert rust.ask(speaker, Relay(echo, "again"), MOMENT) == 'Str("AGAIN")'


def test_an_actor_in_rust_tells_one_in_python_and_hears_its_answer(rust):
    speaker, echo = rust.createActor("speaker"), rust.createActor(Echo)
    rust.tell(speaker, Tell(echo, "hello"))
    assert rust.listen(MOMENT) == "heard: HELLO"
    rust.tell(speaker, Tell(echo, "fail"))
    returned = rust.listen(MOMENT)
    assert returned.startswith("came back: ")
    assert "as it was told" in returned


def test_an_ask_of_an_actor_that_is_gone_ends(rust, plainly):
    from thespian.actors import ActorExitRequest

    rust.tell(plainly, ActorExitRequest())
    assert rust.ask(plainly, "hello", MOMENT) is None
    speaker, echo = rust.createActor("speaker"), rust.createActor(Echo)
    rust.tell(echo, ActorExitRequest())
    assert "nobody has the address" in rust.ask(speaker, Relay(echo, "hello"), MOMENT)
