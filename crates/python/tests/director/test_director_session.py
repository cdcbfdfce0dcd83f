"""Whole sessions: a group is defined, its sources are signed, loaded, upgraded, rolled back and unloaded."""

import hashlib
import os
import time
from datetime import datetime, timedelta

import pytest
from roscius.signed_sources import generate_key, sign
from thespian.actors import ActorExitRequest, InvalidActorSourceHash
from thespian.director import DirectorControl
from thespian.director.director_actor import MINIMUM_STARTED_TIME
from thespian.test import get_free_admin_port

MOMENT = 5
BASES = ("simpleSystemBase", "threadSystemBase", "multiprocTCPBase", "multiprocUDPBase", "multiprocQueueBase")
FILES = ("service.py", "parts/*.py")


@pytest.fixture(params=BASES)
def control(request, directory, monkeypatch):
    """A Director of its own, on each base. Where actors are processes, it writes its logs beside the directory."""
    for name in ("THESPLOG_FILE", "THESPLOG_FILE_MAXSIZE"):
        # They are set with the system. Set before, they are put back after the test.
        monkeypatch.setenv(name, os.environ.get(name, ""))
    if not request.param.startswith("multiproc"):
        # The logging is that of the tests.
        (directory / "thesplog.cfg").write_text("{'version': 1, 'incremental': True}")
    (directory / "adminport.cfg").write_text(str(get_free_admin_port()))
    control = DirectorControl(str(directory), request.param)
    yield control
    assert control("shutdown") == 0


class Session:
    """What a test sees of the group `service`."""

    def __init__(self, control, sources):
        self.control, self.sources = control, sources

    def make(self, version, key, *options):
        self.sources.set_version(version)
        made = self.control("gensrc", "service", key, str(self.sources), f"version:{version}", *options, *FILES)
        assert made == 0
        with open(f"{self.control.sources_dir}/service-{version}.tls", "rb") as file:
            return hashlib.md5(file.read()).hexdigest()

    def server(self):
        found = self.control.get_role_address("server", silent=True)
        return found and found["ActorAddress"]

    def ask(self, question, address=None):
        return self.control.asys.ask(address or self.server(), question, MOMENT)

    def groups(self):
        request = {"DirectorOp": "RetrieveAll"}
        return self.control.asys.ask(self.control.director, request, MOMENT)["Groups"]

    def state(self):
        group = self.groups()["service"]
        return group["ActiveHash"], group["Loaded"]


@pytest.fixture
def session(control, sources):
    return Session(control, sources)


def test_a_session(control, session, rsa_key, ed_key, capsys):
    first = session.make(1, ed_key, "expires:1d")
    assert control("start") == 0
    assert f'Loaded "service" {control.sources_dir}/service-1.tls: {first}' in capsys.readouterr().out
    old = session.server()
    assert (session.ask("version"), session.ask("heard")) == (1, ["loaded"])

    second = session.make(2, rsa_key)
    assert control("load", "service") == 0
    assert session.state() == (second, [first, second])
    assert (session.ask("version"), session.ask("heard")) == (2, ["loaded"])
    assert session.ask("heard", old) == ["loaded", "deactivated"]
    assert control("refresh") == 0, "it is there already"
    assert session.state() == (second, [first, second])

    # Back, by unloading the newest.
    assert control("unload", second) == 0
    assert session.state() == (first, [first])
    assert session.server() == old
    assert (session.ask("version"), session.ask("heard")) == (1, ["loaded", "deactivated", "reactivated"])

    # Forward again, and back by loading the older one.
    assert control("load", "service") == 0
    assert (session.state()[0], session.ask("version")) == (second, 2)
    assert control("load", "service-1.tls") == 0
    assert (session.state()[0], session.ask("version")) == (first, 1)
    capsys.readouterr()
    assert control("list", "service") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines if "-- " not in line] == [
        "Group service::",
        f"Source hash {second}",
        f"Source hash {first}  [ACTIVE]",
    ]
    assert f"      {old} -- service.Service (server)  (since {datetime.now().year}-" in lines[-1]

    for each in (first, second):
        assert control("unload", each) == 0
    assert session.state() == (None, [])
    assert session.server() is None
    with pytest.raises(InvalidActorSourceHash):
        control.asys.createActor("service.Service", sourceHash=first)


def test_an_actor_is_started_again(control, session, ed_key):
    source_hash = session.make(1, ed_key)
    assert control("load", "service") == 0
    before = control.get_role_address("server")
    later = before["StartTime"] + MINIMUM_STARTED_TIME + timedelta(milliseconds=50)
    # It is the time that it runs that counts.
    time.sleep(max(0.0, (later - datetime.now()).total_seconds()))
    control.asys.tell(before["ActorAddress"], "end")
    until = time.monotonic() + MOMENT
    while (after := control.get_role_address("server"))["ActorAddress"] in (None, before["ActorAddress"]):
        assert time.monotonic() < until
    assert after["StartTime"] > before["StartTime"]
    assert after["SourceHash"] == source_hash
    assert session.ask("heard") == ["loaded"]


def test_sources_that_nobody_trusts(control, session, directory, ed_key, capsys):
    session.make("1", ed_key, "expires:2020-01-01")
    assert control("start") == 7
    assert "its signature expired" in capsys.readouterr().err
    # The authority says the same to who does not ask first.
    with open(directory / "service-1.tls", "rb") as file:
        content = file.read()
    forged = directory / "forged.tls"
    for bad in (content, sign(b"no source", generate_key().private), content[:-1], b"rubbish"):
        forged.write_bytes(bad)
        request = {"DirectorOp": "LoadSource", "Source": str(forged), "Group": "service"}
        answer = control.asys.ask(control.director, request, MOMENT)
        assert answer["Success"]
        with pytest.raises(InvalidActorSourceHash):
            control.asys.createActor("service.Service", sourceHash=answer["SourceHash"])
    assert session.state() == (None, [])
    # What is signed well is loaded all the same after that.
    good = session.make("2", ed_key)
    assert control("load", "service") == 0
    assert session.state() == (good, [good])


def test_what_can_not_be_loaded(control, directory, sources, ed_key, capsys):
    def says(code, text, *arguments):
        assert control(*arguments) == code
        assert text in capsys.readouterr().err

    says(4, "There is no", "load", "nothing")
    (directory / "service.tli").write_text("{}")
    says(4, "has no tls file", "load", "service")
    says(4, 'The tls file "service-3.tls" does not exist', "load", "service-3.tls")
    assert control("refresh") == 0
    assert "has nothing to load" in capsys.readouterr().out
    (sources.place / "service.tli").unlink()
    assert control("gensrc", "service", ed_key, str(sources), "version:1", *FILES) == 0
    for text, problem in (("{'Actors': open('x')}", "`open` is not known here"), ("[]", "has no dictionary")):
        (directory / "service.tli").write_text(text)
        says(8, problem, "load", "service")
    (directory / "service.tli").write_text("{'Actors': 7}")
    says(1, "Actors has the names of classes", "load", "service")
    assert control("list") == 0
    assert control("unload", "no such hash") == 0


def test_the_older_sources_go(control, session, sources, ed_key):
    (sources.place / "service.tli").write_text("{'Actors': {'service.Service': {}}, 'AutoUnload': True}")
    session.make(1, ed_key)
    assert control("load", "service") == 0
    (only,) = session.groups()["service"]["Running"].values()
    address = only[0]["ActorAddress"]
    assert session.ask("version", address) == 1
    second = session.make(2, ed_key)
    assert control("load", "service") == 0
    wait_for(lambda: session.state() == (second, [second]))
    wait_for(lambda: control.asys.ask(address, "version", 0.1) is None)


def wait_for(is_so):
    until = time.monotonic() + MOMENT
    while not is_so():
        assert time.monotonic() < until


def test_a_name_passes_on(control, session, sources, ed_key):
    """The actor with a global name ends when it is deactivated; the new source has the next one of that name."""
    plan = "{'OnLoad': {'GlobalName': 'the service', 'Role': 'server'}, 'OnDeactivate': {'Message': 'end'}}"
    (sources.place / "service.tli").write_text(f"{{'Actors': {{'service.Service': {plan}}}}}")
    session.make(1, ed_key)
    assert control("load", "service") == 0
    assert session.ask("version") == 1
    session.make(2, ed_key)
    assert control("load", "service") == 0
    wait_for(lambda: (server := session.server()) and control.asys.ask(server, "version", 0.3) == 2)


def test_a_new_director_takes_over(control, session, ed_key):
    source_hash = session.make(1, ed_key)
    assert control("load", "service") == 0
    before = session.server()
    control.asys.tell(control.director, ActorExitRequest())
    wait_for(lambda: control.asys.ask(before, "version", 0.3) is None)
    assert control("start") == 0
    assert session.state() == (source_hash, [source_hash])
    assert (session.ask("version"), session.ask("heard")) == (1, ["loaded"])


def test_clients_are_told_of_changes(control, session, ed_key):
    session.make(1, ed_key)
    with control.asys.private() as client:
        client.tell(control.director, {"DirectorOp": "RequestNotification"})
        # The Director has it when it has answered what was said after it.
        assert client.ask(control.director, {"DirectorOp": "RetrieveAll"}, MOMENT)["Success"]
        assert control("load", "service") == 0
        assert client.listen(MOMENT) == {"DirectorResponse": "NotificationOfUpdate", "Success": True}


def test_a_directory_that_logs_can_not_be_written_to(directory, capsys):
    (directory / "thesplogd.cfg").write_text(str(directory / "none"))
    control = DirectorControl(str(directory), "multiprocTCPBase", get_free_admin_port())
    assert control("start") == 5
    assert "logs can not be written" in capsys.readouterr().err


def test_no_such_base(directory, capsys):
    control = DirectorControl(str(directory), "noSuchBase", get_free_admin_port())
    assert control("start") == 1
    assert "noSuchBase" in capsys.readouterr().err
