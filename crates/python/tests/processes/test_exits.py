"""Exits that external code asks for."""

import os
import time

from cast import MOMENT, Call, Player, create, do, pid
from thespian.actors import ActorExitRequest, ChildActorExited


class Stubborn(Player):
    """Raises something on its exit request."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, ActorExitRequest):
            raise RuntimeError("no")  # noqa: TRY004 - it is not about the type
        super().receiveMessage(msg, sender)


def gone(actor):
    return [message.childAddress for message, _ in actor.heard if isinstance(message, ChildActorExited)]


def wait_at(_actor, path):
    with open(path, "rb") as pipe:
        return pipe.read()


def test_an_exit_is_told_before_what_is_sent_after_the_request(asys):
    parent = asys.createActor(Player)
    for cls in (Player, Stubborn) * 5:
        child = do(asys, parent, create, cls)
        assert do(asys, child, pid)
        asys.tell(child, ActorExitRequest())
        assert do(asys, parent, gone)[-1:] == [child]


def test_what_an_actor_raises_on_its_exit_request_is_noted(scene, asys):
    stubborn = asys.createActor(Stubborn)
    asys.tell(stubborn, ActorExitRequest())
    (line,) = scene.noted("failed on its exit request")
    assert line.endswith("RuntimeError: no")


def test_a_busy_actor_is_not_waited_for(asys, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    busy = asys.createActor(Player)
    assert do(asys, busy, pid)
    with asys.private() as other:
        other.tell(busy, Call(wait_at, (str(pipe),)))
        start = time.monotonic()
        asys.tell(busy, ActorExitRequest())
        took = time.monotonic() - start
        pipe.write_bytes(b"go on")
        answer = other.listen(MOMENT)
    assert answer.result == b"go on"
    assert took < MOMENT / 2
