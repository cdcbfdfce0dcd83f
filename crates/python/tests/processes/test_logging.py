"""What actors log."""

import logging
import threading
import time

import pytest
import seen
from cast import MOMENT, Call, Echo, Player, create, do, order, pid
from thespian.actors import Actor, ActorExitRequest, ActorSystem
from thespian.test import get_free_admin_port


@pytest.fixture
def base():
    """One of the bases: to what is tried here they are all the same."""
    return "multiprocTCPBase"


_program = logging.getLogger("made.by.the.program")


def log(_actor, level, text, *args, name="player"):
    logging.getLogger(name).log(level, text, *args)


def log_failure(_actor):
    try:
        raise ValueError("the reason")
    except ValueError:
        logging.getLogger("player").exception("it failed")


class NoText:
    def __str__(self):
        raise RuntimeError("there is no text")

    __repr__ = __str__


def log_no_text(_actor):
    logging.getLogger("player").warning("see %s", NoText())
    logging.getLogger("player").warning("too few %s %s", *[1])
    logging.getLogger("player").warning(NoText())
    logging.getLogger("player").warning("with more", extra={"lock": threading.Lock(), "no_text": NoText()})
    logging.getLogger("player").warning("deep", extra={"list": [lambda: None, threading.Lock()]})


def log_in_thread(_actor):
    thread = threading.Thread(target=lambda: logging.getLogger("player").error("from a thread"))
    thread.start()
    thread.join()


def test_a_file_handler_gets_records_with_the_address(scene, asys):
    player = asys.createActor(Player)
    child = do(asys, player, create, Player)
    do(asys, player, log, logging.WARNING, "this is %s of %d", "one", 2)
    assert scene.logged("this is one of 2") == [f"WARNING|{player}|this is one of 2"]
    do(asys, child, log, logging.INFO, "from a child")
    assert scene.logged("from a child") == [f"INFO|{child}|from a child"]


def test_records_of_one_actor_come_in_order(scene, asys):
    player = asys.createActor(Player)
    for number in range(100):
        do(asys, player, log, logging.INFO, "number %d", number)
    scene.logged("number 99")
    assert scene.lines() == [f"INFO|{player}|number {number}" for number in range(100)]


def test_records_below_the_level_are_not_written(scene, base):
    asys = scene.start(base, scene.log_defs("ERROR"))
    player = asys.createActor(Player)
    do(asys, player, log, logging.WARNING, "less")
    do(asys, player, log, logging.ERROR, "enough")
    scene.logged("enough")
    assert scene.lines() == [f"ERROR|{player}|enough"]


def test_exceptions_are_formatted(scene, asys):
    player = asys.createActor(Player)
    do(asys, player, log_failure)
    scene.logged("ValueError: the reason")
    text = scene.log.read_text()
    assert f"ERROR|{player}|it failed\nTraceback" in text
    assert "log_failure" in text


def test_records_that_have_no_text_are_logged_all_the_same(scene, asys):
    player = asys.createActor(Player)
    do(asys, player, log_no_text)
    do(asys, player, log, logging.INFO, "the last")
    scene.logged("the last")
    assert scene.logged("see ")
    assert scene.logged("too few")
    assert scene.logged("with more")
    assert scene.logged("deep")


def test_records_of_threads_are_logged(scene, asys):
    player = asys.createActor(Player)
    do(asys, player, log_in_thread)
    assert scene.logged("from a thread") == [f"ERROR|{player}|from a thread"]


def test_loggers_that_the_program_has_made_are_those_of_actors_too(scene, base):
    logs = scene.log_defs()
    logs["disable_existing_loggers"] = True
    asys = scene.start(base, logs)
    player = asys.createActor(Player)
    do(asys, player, log_by_program_logger, "by the same name")
    assert scene.logged("by the same name") == [f"WARNING|{player}|by the same name"]


def log_by_program_logger(_actor, text):
    _program.warning(text)


_module = logging.getLogger("of.this.module")
_module.setLevel(logging.DEBUG)


def log_by_module(_actor, text):
    _module.debug(text)


def test_the_level_that_a_module_sets_holds_for_every_actor(scene, base):
    logs = scene.log_defs()
    logs["root"]["level"] = "WARNING"
    del logs["handlers"]["file"]["level"]
    asys = scene.start(base, logs)
    player = asys.createActor(Player)
    child = do(asys, player, create, Player)
    for actor in (player, child):
        do(asys, actor, log_by_module, "in detail")
    seen.until(lambda: len(scene.lines()) == 2)
    assert sorted(scene.lines()) == sorted(f"DEBUG|{actor}|in detail" for actor in (player, child))


def fail(_actor):
    raise ValueError("on purpose")


def test_a_failing_message_is_logged(scene, asys):
    player = asys.createActor(Player)
    poison = asys.ask(player, Call(fail, ()), MOMENT)
    assert poison.details.count("in fail") == 2
    assert scene.logged("retryable exception")[0].startswith(f"WARNING|{player}|")
    assert scene.logged("unretryable exception")[0].startswith(f"ERROR|{player}|")


@pytest.mark.parametrize("logs", [None, False])
def test_a_system_without_a_configuration_for_logging_works(scene, base, logs):
    asys = ActorSystem(base, {"Admin Port": get_free_admin_port()}, logDefs=logs, transientUnique=True)
    scene.systems.append(asys)
    player = asys.createActor(Player)
    do(asys, player, log, logging.ERROR, "to wherever")
    assert do(asys, player, pid)
    assert bool(scene.logger()) is (logs is None)
    assert asys.ask(asys.createActor(Echo), "it works", MOMENT) == "it works"


def test_a_configuration_that_is_wrong_is_noted(scene, base):
    asys = scene.start(base, {"version": 1, "handlers": {"bad": {"class": "no.such.Handler"}}, "root": {}})
    assert asys.ask(asys.createActor(Echo), "it works", MOMENT) == "it works"
    scene.noted("no.such.Handler")


def test_a_lot_of_records_all_come(scene, asys):
    player = asys.createActor(Player)
    do(asys, player, log_a_lot, 5000)
    scene.logged("record 4999", 15)
    assert len(scene.lines()) == 5000


def log_a_lot(_actor, count):
    for number in range(count):
        logging.getLogger("player").info("record %d", number)


def test_a_question_that_comes_back_when_nobody_waits_any_more_is_not_logged(asys, caplog):
    player, other = asys.createActor(Player), asys.createActor(Echo)
    process = do(asys, player, pid)
    order(asys, player, nap)
    asys.tell(player, ActorExitRequest())
    assert asys.ask(player, "nobody has time for this", 0) is None
    seen.gone([process])
    for number in range(20):  # what has come for us is read meanwhile
        assert asys.ask(other, number, MOMENT) == number
    assert caplog.text == ""


def nap(_actor):
    time.sleep(0.3)


class Polite(Actor):
    """Answers whatever it gets, also a request to exit, which the Admin sends."""

    def receiveMessage(self, msg, sender):
        self.send(sender, "goodbye")


def test_an_answer_to_the_admin_is_noted_and_bothers_nobody(scene, asys):
    polite = asys.createActor(Polite)
    assert asys.ask(polite, "hello", MOMENT) == "goodbye"
    asys.shutdown()
    scene.noted(f"the Admin can do nothing with a message from {polite}")
    assert scene.lines() == []


def test_the_logger_says_that_it_ends(scene, base):
    logs = scene.log_defs("INFO")
    logs["formatters"]["plain"] = {"format": "%(levelname)s|%(message)s"}
    asys = scene.start(base, logs)
    player = asys.createActor(Player)
    do(asys, player, log, logging.INFO, "from an actor")
    asys.shutdown()
    scene.logged("Shutdown")
    assert scene.lines() == ["INFO|from an actor", "INFO|ActorSystem Logging Shutdown"]


def test_the_program_logs_as_before(scene, asys, caplog):
    _program.warning("its own business")
    assert "its own business" in caplog.text
    asys.ask(asys.createActor(Echo), "wait", MOMENT)
    assert not any("business" in line for line in scene.lines())
    assert seen.zombies() == set()
