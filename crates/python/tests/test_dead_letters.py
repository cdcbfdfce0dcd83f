"""Dead letters, beyond what the original's suite looks at."""

from thespian.actors import Actor, ActorAddress, ActorExitRequest, ChildActorExited, DeadEnvelope

MOMENT = 5


class Undertaker(Actor):
    """Handles dead letters, and sends one itself: to a child of its own that has exited."""

    def __init__(self):
        self.client = None
        self.letters = []

    def receiveMessage(self, msg, sender):
        if msg == "bury a child":
            self.client = sender
            self.handleDeadLetters()
            self.send(self.createActor(Undertaker), ActorExitRequest())
        elif isinstance(msg, ChildActorExited):
            self.send(msg.childAddress, "flowers")
        elif isinstance(msg, DeadEnvelope):
            self.letters.append(msg.deadMessage)
            self.send(self.client, (isinstance(msg.deadAddress, ActorAddress), msg.deadMessage))
            # Not told again: a letter about a letter would never end.
            self.send(msg.deadAddress, msg)
        elif msg == "letters":
            self.send(sender, self.letters)


def test_a_handler_of_dead_letters_is_told_of_its_own(asys):
    undertaker = asys.createActor(Undertaker)
    assert asys.ask(undertaker, "bury a child", MOMENT) == (True, "flowers")
    assert asys.ask(undertaker, "letters", MOMENT) == ["flowers"]
