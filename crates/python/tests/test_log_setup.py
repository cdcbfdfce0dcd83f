"""The default logging configuration, in a process of its own."""

import subprocess
import sys

PROGRAM = """
import logging
from thespian.actors import *

class Logs(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.logger().info('from the actor')
            self.send(sender, str(self.myAddress))

system = ActorSystem(logDefs=%s)
logging.info('from outside')
logging.debug('too detailed')
print(system.ask(system.createActor(Logs), 'go', 1))
system.shutdown()
"""


def run(log_defs):
    done = subprocess.run([sys.executable, "-c", PROGRAM % log_defs], capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


def test_the_default_shows_addresses_of_actors():
    address, log = run("None")
    outside, actor = log.splitlines()
    assert outside.endswith("from outside")
    assert actor.endswith(f"{address} => from the actor")


def test_false_leaves_logging_alone():
    _, log = run("False")
    assert log == ""


def test_a_dictionary_is_a_configuration():
    log_defs = {
        "version": 1,
        "handlers": {"h": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["h"], "level": "DEBUG"},
    }
    _, log = run(log_defs)
    assert log.splitlines() == ["from outside", "too detailed", "from the actor"]
