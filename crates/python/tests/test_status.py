"""Status messages and their texts."""

import io

from thespian.system.messages.status import (
    Thespian_ActorStatus,
    Thespian_SystemStatus,
    formatStatus,
    status_message,
    status_text,
)

SYSTEM = {
    "adminAddress": "admin",
    "capabilities": {"b": 2, "a": 1},
    "conventionLeader": "leader",
    "conventionAttendees": [("member", "timer")],
    "notifyAddresses": ["watcher"],
    "childActors": ["one", "two"],
    "deadLetterHandler": "dead",
    "deadLetterAddresses": ["gone"],
    "sourceAuthority": "authority",
    "loadedSources": [("hash", "info")],
    "globalActors": {"name": "one"},
    "miscKeyVals": {"Actor.Child.Created": 3, "Actor.Message Received.Total": 12},
    "inShutdown": True,
}


def test_a_system():
    status = status_message(SYSTEM)
    assert isinstance(status, Thespian_SystemStatus)
    text = status_text(status)
    assert text.startswith("Status of ActorSystem @ admin:  [IN SHUTDOWN]\n")
    for part in (
        "  |Capabilities [2]:\n  |   a: 1\n  |   b: 2\n",
        "  |Convention Leader: leader\n",
        "  |Convention Notifications [1]:\n  |   watcher\n",
        "  |Convention Attendees [1]:\n  |   @ member: timer\n",
        "  |Primary Actors [2]:\n  |   @ one\n  |   @ two\n",
        "  |DeadLetter Handler: dead\n",
        "  |DeadLetter Addresses [1]:\n  |   gone\n",
        "  |Source Authority: authority\n",
        "  |Loaded Sources [1]:\n  |   hash : info\n",
        "  |Global Actors [1]:\n  |   name @ one\n",
        "  |>  3 - Actor.Child.Created\n  |> 12 - Actor.Message Received.Total\n",
    ):
        assert part in text


def test_an_actor():
    details = {
        "actorAddress": "me",
        "actorClass": "Cow",
        "parentAddress": "parent",
        "exiting": "soon",
        "pendingMessages": [("a", "b", "m" * 1000)],
        "pendingWakeups": [("me", "timer")],
        "sourceHash": "hash",
    }
    status = status_message(details)
    assert isinstance(status, Thespian_ActorStatus)
    assert status.childActors == []
    shown = io.StringIO()
    formatStatus(status, showAddress=lambda address: f"<{address}>", tofd=shown)
    text = shown.getvalue()
    assert text.startswith("Status of Cow Actor @ <me> EXITING:soon:\n")
    assert "  |Pending Messages [1]:\n  |   <a> --> <b>:  " + "m" * 150 + "\n" in text
    assert "  |Pending Wakeups [1]:\n  |   <me>: timer\n" in text


def test_an_empty_status_has_a_text():
    assert status_text(status_message({}))
    assert "Not a status" in status_text("something else")


def test_without_a_file_it_is_the_standard_output(capsys):
    formatStatus(status_message(SYSTEM))
    assert capsys.readouterr().out == status_text(status_message(SYSTEM))
