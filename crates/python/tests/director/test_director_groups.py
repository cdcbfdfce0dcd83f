"""What the Director does, event by event. Here nothing is loaded: the actor system is one that writes down what it is asked for."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from thespian.actors import ActorExitRequest, ChildActorExited, LoadedSource, UnloadedSource
from thespian.director import Director

PLAN = {
    "m.Server": {
        "OnLoad": {"Role": "server", "Message": "go"},
        "OnDeactivate": {"Message": "rest"},
        "OnReactivate": {"Message": "again"},
    },
    "m.Helper": {},
}


class Recorder(Director):
    """A Director in no actor system."""

    def __init__(self):
        super().__init__()
        self.done = []
        self.numbers = count(1)
        self.names = {}

    def take(self):
        done, self.done = self.done, []
        return done

    def send(self, address, message):
        self.done.append(("send", address, message))

    def createActor(self, cls, requirements=None, globalName=None, sourceHash=None):
        if cls == "m.Broken":
            raise ImportError(cls)
        address = self.names.get(globalName) or f"{cls}#{next(self.numbers)}"
        if globalName is not None:
            self.names[globalName] = address
        self.done.append(("create", cls, sourceHash))
        return address

    def loadActorSource(self, path):
        if path == "missing":
            raise FileNotFoundError(2, "there is none", path)
        self.done.append(("load", path))
        return f"hash of {path}"

    def unloadActorSource(self, source_hash):
        self.done.append(("unload", source_hash))

    def notifyOnSourceAvailability(self, enable=True):
        self.done.append(("notify", enable))

    def watch(self, address):
        self.done.append(("watch", address))

    # What a test says to it

    def ask(self, operation, **fields):
        self.receiveMsg_dict({"DirectorOp": operation, **fields}, "client")
        return [message for kind, *rest in self.done if kind == "send" for message in rest[1:] if rest[0] == "client"][
            -1
        ]

    def define(self, plan=PLAN, group="g", **fields):
        assert self.ask("DefineGroup", Group=group, Actors=plan, **fields)["Success"]
        self.take()

    def load(self, name, group="g"):
        answer = self.ask("LoadSource", Source=name, Group=group)
        assert answer == {"DirectorResponse": "SourceLoading", "Success": True, "SourceHash": f"hash of {name}"}
        self.take()
        self.receiveMsg_LoadedSource(LoadedSource(f"hash of {name}", name), "admin")
        return self.take()

    def unload(self, name):
        self.receiveMsg_UnloadedSource(UnloadedSource(f"hash of {name}", name), "admin")
        return self.take()

    def exited(self, address):
        self.receiveMsg_ChildActorExited(ChildActorExited(address), "system")
        return self.take()

    def runs_for_long(self):
        for group in self.groups.values():
            for version in group.versions:
                for actor in version.actors:
                    actor.started -= timedelta(seconds=3)

    def state(self, group="g"):
        found = self.ask("RetrieveAll")["Groups"][group]
        self.take()
        return found["ActiveHash"], found["Loaded"]


@pytest.fixture
def director():
    return Recorder()


def test_a_source_is_loaded_and_upgraded(director):
    director.define()
    assert director.load("one") == [
        ("create", "m.Server", "hash of one"),
        ("send", "m.Server#1", "go"),
        ("create", "m.Helper", "hash of one"),
    ]
    assert director.state() == ("hash of one", ["hash of one"])
    assert director.load("two") == [
        ("send", "m.Server#1", "rest"),
        ("create", "m.Server", "hash of two"),
        ("send", "m.Server#3", "go"),
        ("create", "m.Helper", "hash of two"),
    ]
    assert director.state() == ("hash of two", ["hash of one", "hash of two"])


def test_unloading_the_active_source_goes_back_to_the_one_before(director):
    director.define()
    director.load("one")
    director.load("two")
    assert director.unload("two") == [
        ("send", "m.Server#3", "rest"),
        ("send", "m.Server#3", (exit_request := director_exit())),
        ("send", "m.Helper#4", exit_request),
        ("send", "m.Server#1", "again"),
    ]
    assert director.state() == ("hash of one", ["hash of one"])
    assert director.exited("m.Server#3") == []
    director.unload("one")
    assert director.state() == (None, [])
    assert director.unload("one") == []


def director_exit():
    class AnyExit(ActorExitRequest):
        def __eq__(self, other):
            return isinstance(other, ActorExitRequest)

        __hash__ = None

    return AnyExit()


def test_unloading_an_older_source_ends_its_actors_only(director):
    director.define()
    director.load("one")
    director.load("two")
    exit_request = director_exit()
    assert director.unload("one") == [("send", "m.Server#1", exit_request), ("send", "m.Helper#2", exit_request)]
    assert director.state() == ("hash of two", ["hash of two"])


def test_an_actor_that_is_gone_is_created_again_when_its_source_becomes_active(director):
    director.define()
    director.load("one")
    director.load("two")
    assert director.exited("m.Server#1") == [], "it is of an old source"
    assert director.unload("two")[-2:] == [("create", "m.Server", "hash of one"), ("send", "m.Server#5", "go")]


def test_loading_an_older_source_again_rolls_back(director):
    director.define()
    director.load("one")
    director.load("two")
    director.ask("LoadSource", Source="one", Group="g")
    assert director.take()[-2:] == [("send", "m.Server#3", "rest"), ("send", "m.Server#1", "again")]
    assert director.state() == ("hash of one", ["hash of two", "hash of one"])
    # The active one again: nothing.
    director.ask("LoadSource", Source="one", Group="g")
    assert [each[0] for each in director.take()] == ["load", "send"]


@pytest.mark.parametrize(
    ("auto_unload", "unloaded"),
    [(False, []), (True, ["1"]), (1, ["1"]), (2, []), (None, [])],
)
def test_older_sources_are_unloaded(director, auto_unload, unloaded):
    director.define(AutoUnload=auto_unload)
    director.load("1")
    done = director.load("2")
    assert [each[1] for each in done if each[0] == "unload"] == [f"hash of {each}" for each in unloaded]


def test_so_many_are_kept(director):
    director.define(AutoUnload=2)
    for each in "12":
        director.load(each)
    assert ("unload", "hash of 1") in director.load("3")


def test_a_new_definition_is_for_what_is_loaded_later(director):
    director.define()
    director.load("one")
    director.define({"m.Other": {}})
    assert director.load("two") == [("send", "m.Server#1", "rest"), ("create", "m.Other", "hash of two")]


def test_an_actor_that_ended_is_started_again(director):
    director.define()
    director.load("one")
    assert director.exited("m.Server#1") == [], "it ran for too short a time"
    director.runs_for_long()
    assert director.exited("m.Helper#2") == [("create", "m.Helper", "hash of one")]
    assert director.exited("m.Helper#3") == [], "the new one has only just begun"
    running = director.ask("RetrieveAll")["Groups"]["g"]["Running"]["hash of one"]
    assert [each["ActorAddress"] for each in running] == [None, None]


def test_a_name_passes_on_to_the_new_source(director):
    director.define(
        {"m.Server": {"OnLoad": {"GlobalName": "server", "Message": "go"}, "OnDeactivate": {"Message": "end"}}}
    )
    assert ("watch", "m.Server#1") in director.load("one")
    # The old one has not ended yet, so its address comes back.
    assert director.load("two") == [
        ("send", "m.Server#1", "end"),
        ("create", "m.Server", "hash of two"),
        ("watch", "m.Server#1"),
        ("send", "m.Server#1", "go"),
    ]
    director.names.clear()
    assert director.exited("m.Server#1") == [
        ("create", "m.Server", "hash of two"),
        ("watch", "m.Server#2"),
        ("send", "m.Server#2", "go"),
    ]
    assert director.exited("m.Server#2") == [], "that one was new, and ran for too short a time"


def test_one_bad_class_does_not_keep_the_others_away(director, caplog):
    director.define({"m.Broken": {"OnLoad": {"Role": "broken", "Message": "go"}}, "m.Helper": {}})
    assert director.load("one") == [("create", "m.Helper", "hash of one")]
    assert "m.Broken (broken) of source hash of one could not be started" in caplog.text
    role = director.ask("RetrieveRole", Role="broken")
    assert (role["Success"], role["ActorAddress"]) == (True, None)


def test_roles(director):
    director.define()
    director.define({"n.Server": {"OnLoad": {"Role": "server"}}}, group="h")
    assert not director.ask("RetrieveRole", Role="server")["Success"]
    director.load("one")
    director.load("other", group="h")
    answer = director.ask("RetrieveRole", Role="server", Group="")
    assert isinstance(answer.pop("StartTime"), datetime)
    assert answer == {
        "DirectorResponse": "RoleAddress",
        "Success": True,
        "Group": "g",
        "SourceHash": "hash of one",
        "ActorClass": "m.Server",
        "Role": "server",
        "ActorAddress": "m.Server#1",
    }
    assert director.ask("RetrieveRole", Role="server", Group="h")["ActorClass"] == "n.Server"
    for fields in ({"Role": "none"}, {"Role": "server", "Group": "none"}, {}):
        answer = director.ask("RetrieveRole", **fields)
        assert (answer["Success"], answer["ActorAddress"], answer["ActorClass"]) == (False, None, None)


def test_all_groups_or_one(director):
    director.define()
    director.define({}, group="h")
    director.load("one")
    found = director.ask("RetrieveAll")
    assert found["Groups"].keys() == {"g", "h"}
    assert found["Groups"]["h"] == {"ActiveHash": None, "Loaded": [], "Running": {}}
    server, helper = found["Groups"]["g"]["Running"]["hash of one"]
    assert (server["ActorClass"], server["Role"], server["ActorAddress"]) == ("m.Server", "server", "m.Server#1")
    assert (helper["Role"], isinstance(helper["StartTime"], datetime)) == (None, True)
    assert director.ask("RetrieveAll", Group=None)["Groups"].keys() == {"g", "h"}
    assert director.ask("RetrieveAll", Group="g")["Groups"].keys() == {"g"}
    assert director.ask("RetrieveAll", Group="none")["Groups"] == {}


def test_notifications_come_once(director):
    director.define()
    for client in ("a", "b", "a"):
        director.receiveMsg_dict({"DirectorOp": "RequestNotification"}, client)
    notice = {"DirectorResponse": "NotificationOfUpdate", "Success": True}
    assert director.load("one")[-2:] == [("send", "a", notice), ("send", "b", notice)]
    director.receiveMsg_dict({"DirectorOp": "RequestNotification"}, "a")
    assert ("send", "a", notice) in director.unload("one")
    assert ("send", "a", notice) not in director.load("two")


def test_sources_of_others_are_none_of_its_business(director):
    director.receiveMsg_LoadedSource(LoadedSource("foreign", None), "admin")
    director.receiveMsg_UnloadedSource(UnloadedSource("foreign", None), "admin")
    assert director.take() == []


def test_a_source_that_is_there_already_is_taken_at_once(director):
    """The Director before this one loaded it, or somebody else; who watches is told of it once, at the beginning."""
    director.define({"m.Helper": {}})
    director.receiveMsg_LoadedSource(LoadedSource("hash of one", "one"), "admin")
    director.ask("LoadSource", Source="one", Group="g")
    assert ("create", "m.Helper", "hash of one") in director.take()
    director.unload("one")
    director.ask("LoadSource", Source="one", Group="g")
    assert director.state() == (None, []), "now it is to be validated again"


def test_nothing_is_started_by_a_director_that_ends(director):
    director.define()
    director.load("one")
    director.runs_for_long()
    director.receiveMsg_ActorExitRequest(ActorExitRequest(), "client")
    assert director.exited("m.Server#1") == []


def test_a_group_that_nobody_defined(director):
    assert director.load("one", group="new") == []
    assert director.state("new") == ("hash of one", ["hash of one"])
    director.ask("LoadSource", Source="/some/where/app-1.2.tls")
    assert director.pending_loads == {"hash of /some/where/app-1.2.tls": "app"}


def test_sources_are_watched_once(director):
    director.ask("LoadSource", Source="one", Group="g")
    director.ask("LoadSource", Source="two", Group="g")
    assert [each for each in director.take() if each[0] == "notify"] == [("notify", True)]


@pytest.mark.parametrize("source", ["missing", "", None, 7])
def test_a_file_that_is_not_there(director, source):
    answer = director.ask("LoadSource", Source=source, Group="g")
    assert (answer["DirectorResponse"], answer["Success"]) == ("SourceLoading", False)
    assert answer["Message"]
    assert "SourceHash" not in answer


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Group": 7},
        {"Group": "g", "Actors": ["m.Server"]},
        {"Group": "g", "Actors": {7: {}}},
        {"Group": "g", "Actors": {"m.Server": "go"}},
        {"Group": "g", "Actors": {"m.Server": {"OnLoad": "go"}}},
        {"Group": "g", "AutoUnload": "yes"},
    ],
)
def test_bad_definitions(director, fields):
    director.define({"m.Good": {}})
    answer = director.ask("DeclareGroup", **fields)
    assert (answer["DirectorResponse"], answer["Success"]) == ("DeclaredGroup", False)
    assert answer["Message"]
    director.take()
    assert director.load("one") == [("create", "m.Good", "hash of one")], "the definition before still counts"


@pytest.mark.parametrize("operation", ["Nothing", "send", "__init__", None, ["x"]])
def test_no_other_operations(director, operation, caplog):
    director.receiveMsg_dict({"DirectorOp": operation}, "client")
    director.receiveMsg_dict({}, "client")
    assert director.take() == []
    assert "has no operation" in caplog.text
