"""Bytes that are no message of the class that they claim to be are refused, and say where they are wrong."""

import dataclasses
import random

import pytest
from foreign import Author, Review, Total
from roscius._core import decode_value, encode_value


def body(value):
    return encode_value(value, "value")


@pytest.mark.parametrize(
    ("cls", "bytes_", "complaint"),
    [
        (Total, b"", "1 more are announced, 0 are left"),
        (Total, body({"value": 1}), "Total.steps: the field is missing"),
        (Total, body({"value": "1", "steps": []}), "Total.value: an int was expected, not the text"),
        (Total, body({"value": 1, "steps": [1, None]}), r"Total.steps\[1\]: an int was expected, not None"),
        (Total, body({"value": 1, "steps": 2}), "Total.steps: a list was expected, not 2"),
        (Total, body({1: 2}), "the name of a field is no text"),
        (Total, body({"value": 1, "steps": []}) + b"\0", "1 bytes follow"),
        (Total, b"\xdd\xff\xff\xff\xff", "are announced"),
        (Total, b"\xa5hello", "a map of fields was expected"),
        (Author, body({"name": "a", "born": 1.5}), "Author.born: an int was expected, not 1.5"),
        (Review, body({"mood": "Ugly"}), "Review.mood: a Mood was expected"),
        (Review, body({"place": [1]}), "Review.place: a list of 2 was expected, not a list of 1"),
        (Review, body({"by": {"node": -1}}), "Review.by: the address of an actor was expected"),
        (None, b"\x91" * 200 + b"\xc0", "more than 128 deep"),
        (None, b"\xc7\x01\x05x", "unknown kind 5"),
        (None, b"\x81\x90\x01", "unhashable"),
    ],
)
def test_a_wrong_body_is_refused(cls, bytes_, complaint):
    with pytest.raises(ValueError, match=complaint):
        decode_value(cls, bytes_, "" if cls is None else cls.__name__)


def test_fields_may_come_by_their_order_and_new_ones_are_passed_over():
    assert decode_value(Total, body([1, [2]]), "Total") == Total(1, [2])
    assert decode_value(Total, body({"value": 1, "new": {"a": [1]}, "steps": []}), "Total") == Total(1, [])
    assert decode_value(Author, body({"name": "a"}), "Author") == Author("a", None)


def test_a_constructor_that_refuses_its_arguments_says_why():
    @dataclasses.dataclass
    class Positive:
        number: int

        def __post_init__(self):
            if self.number < 0:
                raise ValueError("not positive")

    assert decode_value(Positive, body(3), "Positive") == Positive(3)
    with pytest.raises(ValueError, match="not positive"):
        decode_value(Positive, body(-3), "Positive")


def test_garbage_is_read_or_refused_and_nothing_else_happens():
    whole = body({"value": 1, "steps": [1, 2, 3], "author": {"name": "a", "born": None}})
    numbers = random.Random(3)
    for _ in range(5000):
        damaged = bytearray(whole[: numbers.randint(0, len(whole))])
        for _ in range(numbers.randint(0, 3)):
            if damaged:
                damaged[numbers.randrange(len(damaged))] = numbers.randrange(256)
        for cls in (None, Total, Author, Review):
            try:
                decode_value(cls, bytes(damaged), "garbage")
            except ValueError as error:
                assert str(error).startswith("garbage")
