"""Capabilities that actors require."""

from thespian.actors import requireCapability
from thespian.system.capability import fits


@requireCapability("b")
@requireCapability("a", "value")
class Both:
    pass


class Own:
    @staticmethod
    def actorSystemCapabilityCheck(capabilities, requirements):
        capabilities["spoilt"] = True
        return requirements.get("wanted") == "yes"


@requireCapability("a")
class Added(Own):
    pass


def test_capabilities_add_up():
    assert fits(Both, {"a": "value", "b": 1}, None)
    assert not fits(Both, {"a": "value", "b": 0}, None)
    assert not fits(Both, {"a": True, "b": 1}, None)
    assert not fits(Both, {}, None)


def test_a_check_that_is_there_stays():
    assert fits(Added, {"a": True}, {"wanted": "yes"})
    assert not fits(Added, {"a": True}, None)
    assert not fits(Added, {}, {"wanted": "yes"})
    assert not hasattr(object, "actorSystemCapabilityCheck")


def test_a_check_cannot_change_the_system():
    capabilities = {"a": True}
    fits(Own, capabilities, {})
    assert capabilities == {"a": True}


def test_no_check_fits_everywhere():
    assert fits(object, {}, None)
