"""The helpers for `unittest`."""

from thespian.actors import Actor, ActorSystem
from thespian.test import ActorSystemTestCase, get_free_admin_port, simpleActorTestLogging


class Doubles(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, int):
            self.send(sender, self.double(msg))

    def double(self, number):
        return 2 * number


class TestSimple(ActorSystemTestCase):
    def test_system(self):
        self.assertEqual(ActorSystem().ask(ActorSystem().createActor(Doubles), 2, 1), 4)

    def test_instance(self):
        self.assertEqual(self.actualActorObject(Doubles).double(3), 6)


class TestThreads(ActorSystemTestCase):
    def setUp(self):
        self.setSystemBase("threadSystemBase")

    def test_base(self):
        self.assertEqual(ActorSystem().capabilities["Thespian ActorSystem Name"], "threadSystemBase")


def test_ports_and_logging():
    assert 5000 <= get_free_admin_port() <= 30000
    assert simpleActorTestLogging()["version"] == 1
