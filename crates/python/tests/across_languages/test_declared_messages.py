"""Declared messages cross under their names, and are instances of their classes on the other side."""

import collections
import dataclasses
import decimal
import enum

import pytest
import roscius
from foreign import MOMENT, Add, Author, Echo, Mood, Note, Parent, Raise, Review, Total, Unknown, Where
from thespian.actors import ActorExitRequest, PoisonMessage


def test_a_handler_in_rust_answers_with_an_instance(rust):
    counter = rust.createActor(roscius.RustActor("counter", 40))
    assert rust.ask(counter, Add(2), MOMENT) == Total(42, [2])
    assert rust.ask(counter, Add(2**63), MOMENT) == Total(42 + 2**63, [2, 2**63])
    assert isinstance(rust.ask(counter, Where(), MOMENT), int)


def test_each_form_of_a_field_crosses_both_ways(rust):
    reviewer = rust.createActor("test.reviewer")
    review = Review(
        title="quiet",
        author=Author("Ada"),
        stars=4,
        words={"fine": 2, "poor": -1},
        tags={"a", "b"},
        mood=Mood.Good,
        place=(7, "shelf"),
        raw=b"\x00\xff",
        note=None,
        by=reviewer,
    )
    answer = rust.ask(reviewer, review, MOMENT)
    assert answer == dataclasses.replace(review, title="QUIET", mood=Mood.Bad)
    assert type(answer.stars) is float
    answer = rust.ask(reviewer, dataclasses.replace(review, author=Author("Ada", 1815), note="x"), MOMENT)
    assert (answer.author, answer.note) == (Author("Ada", 1815), "x")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"stars": "many"}, "test.Review"),
        ({"note": decimal.Decimal(1)}, "test.Review.note: a `decimal.Decimal`"),
        ({"words": {"fine": 2**70}}, "test.Review.words[fine]: the whole number has more than 64 bits"),
        ({"author": Author(object())}, "test.Review.author.name: a `object`"),
        ({"title": "\ud800"}, "test.Review.title: a text with half a surrogate pair"),
        ({"by": roscius.ActorAddress("nobody")}, "test.Review.by: ActorAddr-nobody is the address of no actor"),
    ],
)
def test_what_can_not_cross_names_the_field(rust, change, complaint):
    reviewer, parent = rust.createActor("test.reviewer"), rust.createActor(Parent)
    fields = {
        "title": "t",
        "author": Author("a"),
        "stars": 1.0,
        "words": {},
        "tags": set(),
        "mood": Mood.Good,
        "place": (1, "b"),
        "raw": b"",
        "note": None,
        "by": parent,
    }
    review = Review(**fields | change)
    try:
        refused = rust.ask(reviewer, review, MOMENT)
    except ValueError as error:
        details = str(error)
    else:
        assert isinstance(refused, PoisonMessage)
        details = refused.details
    assert complaint in details


def test_a_list_that_contains_itself_is_refused(rust):
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="more than 128 deep"):
        rust.tell(rust.createActor("plainly"), Unknown(endless))


def test_actors_in_python_exchange_them_as_well(asys):
    note = Note("quiet", {"a": [1, 2.5, None, True, b"x", {"b": "c"}], "big": 2**64 - 1})
    assert asys.ask(asys.createActor(Echo), note, MOMENT) == Note("QUIET", note.about)


def test_a_message_that_is_not_known_at_the_receiver_comes_back(asys):
    @roscius.message("test.Local")
    @dataclasses.dataclass
    class Local:
        text: str

    # The starter was forked before the class was declared.
    echo = asys.createActor("foreign.Echo")
    poison = asys.ask(echo, Local("hello"), MOMENT)
    assert isinstance(poison, PoisonMessage)
    assert poison.poisonMessage == Local("hello")
    assert "no message type `test.Local` is known here" in poison.details
    assert asys.ask(echo, "still there", MOMENT) == "STILL THERE"


def test_a_request_to_exit_crosses_with_what_it_says(asys):
    echo = asys.createActor(Echo)
    request = ActorExitRequest(recursive=False)
    asys.tell(echo, request)
    assert asys.ask(echo, "anybody", MOMENT) is None


def test_the_name_of_a_message_belongs_to_one_class():
    with pytest.raises(ValueError, match=r"declared by foreign\.Add"):

        @roscius.message("test.Add")
        @dataclasses.dataclass
        class Other:
            amount: int

    with pytest.raises(TypeError, match="no dataclass"):
        roscius.message("test.NoDataclass")(collections.OrderedDict)
    with pytest.raises(TypeError, match="the name of a message"):
        roscius.message(Raise)  # type: ignore[arg-type]


def test_a_class_may_be_declared_again_by_its_module():
    def declare():
        @roscius.message("test.Reloaded")
        @dataclasses.dataclass
        class Reloaded:
            pass

        return Reloaded

    assert declare() is not declare()


class Level(enum.IntEnum):
    LOW = 1


@roscius.message("test.Forms")
@dataclasses.dataclass(frozen=True)
class Forms:
    level: Level
    row: tuple[int, ...]
    kinds: frozenset[str]
    either: int | str
    nested: list[Author] = dataclasses.field(default_factory=list)
    made: int = dataclasses.field(init=False, default=3)


def test_less_usual_forms_are_kept_between_actors_in_python(asys):
    parent = asys.createActor(Parent)
    forms = Forms(Level.LOW, (1, 2), frozenset({"a"}), "b", [Author("x", 1)])
    # To itself: through its own process, and as it would leave it.
    assert asys.ask(parent, ("pass on", (parent, forms)), MOMENT) == ("heard", forms)
