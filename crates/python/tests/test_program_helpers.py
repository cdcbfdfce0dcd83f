"""What programs import from `thespian.system.utilis`."""

import functools
from collections import deque

import pytest
from thespian.system.utilis import fmap, partition, withPossibleInitArgs


class Box:
    def __init__(self, content):
        self.content = content

    def fmap(self, func):
        return Box(fmap(func, self.content))


def test_fmap_keeps_the_shape():
    assert fmap(lambda x: x * 2, 4) == 8
    assert fmap(lambda x: x * 2, [1, (2, [3])]) == [2, (4, [6])]
    assert fmap(lambda x: x * 2, {1: 2}) == {2: 4}
    assert fmap(lambda x: x * 2, zip([1], [2], strict=True)) == [(2, 4)]
    assert fmap(len, ["ab", "c"]) == [2, 1]
    assert fmap(lambda x: x * 2, Box([1])).content == [2]


def test_partition():
    assert partition(lambda x: x < 2, [3, 1, 2, 0]) == ([1, 0], [3, 2])
    assert partition(bool, deque([1, 0]), deque) == (deque([1]), deque([0]))


class NoArguments:
    pass


class Both:
    def __init__(self, requirements, *, capabilities="none", other=1):
        self.got = (requirements, capabilities, other)


class Positional:
    def __init__(self, requirements="none", /, capabilities="none"):
        local = "requirements"
        self.got = (requirements, capabilities, local)


class Wrapped:
    @functools.wraps(Both.__init__)
    def __init__(self, *args, **kw):
        Both.__init__(self, *args, **kw)


class Any:
    def __init__(self, *args, **kw):
        self.got = (args, kw)


def test_only_declared_arguments_are_passed():
    offered = withPossibleInitArgs(capabilities="c", requirements="r")
    assert isinstance(offered.create(NoArguments), NoArguments)
    assert offered.create(Both).got == ("r", "c", 1)
    assert offered.create(Positional).got == ("none", "c", "requirements")
    assert offered.create(Wrapped).got == ("r", "c", 1)
    assert offered.create(Any).got == ((), {})


def test_a_changed_constructor_is_noticed(monkeypatch):
    offered = withPossibleInitArgs(capabilities="c", requirements="r")
    offered.create(Both)
    monkeypatch.setattr(Both, "__init__", lambda self, capabilities: setattr(self, "got", capabilities))
    assert offered.create(Both).got == "c"


def test_missing_arguments_are_an_error():
    with pytest.raises(TypeError):
        withPossibleInitArgs(capabilities="c").create(Both)
