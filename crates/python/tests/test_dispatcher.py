"""Dispatch by the type of the message."""

from thespian.actors import ActorTypeDispatcher


class Base:
    pass


class Derived(Base):
    pass


class Bottom(ActorTypeDispatcher):
    def __init__(self):
        self.calls = []

    def receiveMsg_Base(self, msg, sender):
        self.calls.append("bottom base")
        return "done"

    def receiveMsg_int(self, msg, sender):
        self.calls.append("bottom int")
        return self.SUPER


class Middle(Bottom):
    def receiveMsg_Derived(self, msg, sender):
        self.calls.append("middle derived")
        return self.SUPER


class Top(Middle):
    def receiveMsg_int(self, msg, sender):
        self.calls.append("top int")
        return self.SUPER


class CatchesAll(Top):
    def receiveMsg_object(self, msg, sender):
        self.calls.append("object")


class Unrecognizing(Top):
    def receiveUnrecognizedMessage(self, msg, sender):
        self.calls.append(("unrecognized", msg, sender))
        return "unrecognized"


def test_the_most_specific_method_is_called():
    actor = Bottom()
    assert actor.receiveMessage(Derived(), None) == "done"
    assert actor.calls == ["bottom base"]


def test_super_goes_on_with_the_base_classes_of_the_message():
    actor = Top()
    assert actor.receiveMessage(Derived(), None) == "done"
    assert actor.calls == ["middle derived", "bottom base"]


def test_super_goes_on_with_the_base_classes_of_the_actor():
    actor = Top()
    actor.receiveMessage(1, None)
    assert actor.calls == ["top int", "bottom int"]


def test_an_inherited_method_is_called_once():
    actor = Middle()
    actor.receiveMessage(1, None)
    assert actor.calls == ["bottom int"]


def test_what_is_not_handled():
    actor = CatchesAll()
    actor.receiveMessage("text", None)
    actor.receiveMessage(1, None)
    assert actor.calls == ["object", "top int", "bottom int", "object"]
    actor = Unrecognizing()
    assert actor.receiveMessage("text", "me") == "unrecognized"
    assert actor.calls == [("unrecognized", "text", "me")]
    assert Top().receiveMessage("text", None) is None
