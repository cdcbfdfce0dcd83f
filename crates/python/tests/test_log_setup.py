"""The default logging configuration, in a process of its own."""

import subprocess
import sys

PROGRAM = """
import logging
from thespian.actors import *

class Logs(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.logger().%(level)s('from the actor')
            self.send(sender, str(self.myAddress))

%(before)s
system = ActorSystem(logDefs=%(log_defs)s)
logging.%(level)s('from outside')
logging.debug('too detailed')
print(system.ask(system.createActor(Logs), 'go', 1))
system.shutdown()
"""


def run(log_defs, level="warning", before=""):
    program = PROGRAM % {"log_defs": log_defs, "level": level, "before": before}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


def test_the_default_shows_addresses_of_actors():
    address, log = run("None")
    outside, actor = log.splitlines()
    assert " WARNING =>  from outside  [" in outside
    assert f" WARNING {address} =>  from the actor  [" in actor


def test_the_default_leaves_the_level_of_the_root():
    assert run("None", "info")[1] == ""
    _, log = run("None", "info", "logging.getLogger().setLevel(logging.INFO)")
    assert ["from outside" in line for line in log.splitlines()] == [True, False]


def test_a_format_may_show_the_address_where_there_is_none():
    log_defs = {
        "version": 1,
        "filters": {"any": {"()": "thespian.director.ActorAddressLogFilter"}},
        "formatters": {"f": {"format": "%(actorAddress)s: %(message)s"}},
        "handlers": {"h": {"class": "logging.StreamHandler", "filters": ["any"], "formatter": "f"}},
        "root": {"handlers": ["h"], "level": "INFO"},
    }
    address, log = run(log_defs)
    assert log.splitlines() == ["-not-actor-: from outside", f"{address}: from the actor"]


def test_false_leaves_logging_alone():
    _, log = run("False")
    assert log.splitlines() == ["WARNING:root:from outside", "WARNING:root:from the actor"]


def test_a_dictionary_is_a_configuration():
    log_defs = {
        "version": 1,
        "handlers": {"h": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["h"], "level": "DEBUG"},
    }
    _, log = run(log_defs)
    assert log.splitlines() == ["from outside", "too detailed", "from the actor"]
