"""What the command `roscius` shows of actors in Python."""

import json
import logging
import subprocess
from urllib.request import urlopen

import pytest
import seen
from foreign import MOMENT, Add
from thespian.actors import Actor


class Clerk(Actor):
    """Logs what it is told, and answers."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            logging.getLogger("shop").warning("told %s", msg)
        if isinstance(msg, (str, Add)):
            self.send(sender, msg)


@pytest.fixture
def shown(asys, examples):
    """Run the command on the system, and read the JSON that it shows."""

    def run(*arguments):
        command = [examples["roscius"], "--system", str(asys.capabilities["Admin Port"]), *arguments, "--json"]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout)

    return run


def test_the_latest_records_of_actors_are_shown(asys, shown):
    clerk = asys.createActor(Clerk)
    assert asys.ask(clerk, "one", MOMENT) == "one"
    assert asys.ask(clerk, "two\x1b[31m", MOMENT) == "two\x1b[31m"
    records = seen.until(lambda: found if len(found := shown("log", "show")) == 2 else None)
    assert [record["text"] for record in records] == ["told one", "told two\x1b[31m"]
    assert {(record["level"], record["logger"]) for record in records} == {("WARNING", "shop")}
    assert {f"ActorAddr-{record['actor']}" for record in records} == {str(clerk)}
    assert records[0]["at"] <= records[1]["at"]
    assert [record["text"] for record in shown("log", "show", "--count", "1")] == ["told two\x1b[31m"]


def test_messages_are_counted_by_type(asys, shown):
    clerk = asys.createActor(Clerk)
    for number in range(5):
        assert asys.ask(clerk, Add(number), MOMENT) == Add(number)
    assert asys.ask(clerk, "text", MOMENT) == "text"
    counted = {message["name"]: message["handled"] for message in shown("status")["messages"]}
    # A declared type is called by its name.
    assert counted == {"test.Add": 5, "str": 1}


def test_looking_leaves_no_dead_letters(asys, shown, examples):
    clerk = asys.createActor(Clerk)
    assert asys.ask(clerk, "one", MOMENT) == "one"
    arguments = ["dashboard", str(asys.capabilities["Admin Port"]), "--metrics-open", "--every", "0.02"]
    with subprocess.Popen([examples["roscius"], *arguments], stdout=subprocess.PIPE, text=True) as serving:
        url = serving.stdout.readline().partition("?")[0]

        def looked():
            with urlopen(f"{url}metrics") as answer:
                return b"roscius_actors" in answer.read()

        seen.until(looked)
        serving.terminate()
        assert serving.wait(10) == 0
    assert shown("status")["dead_letters"]["total"] == 0
