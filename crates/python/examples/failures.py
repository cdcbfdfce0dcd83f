"""What becomes of failures: a message that fails comes back, and a child that ends is replaced by its parent.

The failure is logged, too: to standard error here, as nothing else is said about logging.

python failures.py [BASE [PORT]]
"""

import sys

from thespian.actors import ActorExitRequest, ActorSystem, ActorTypeDispatcher


class Divider(ActorTypeDispatcher):
    """Divides 100 by what it gets. It knows nothing of failures."""

    def receiveMsg_Division(self, msg, sender):
        self.send(msg.asker, 100 // msg.number)

    def receiveMsg_str(self, msg, sender):
        self.send(self.myAddress, ActorExitRequest())


class Division:
    """A number to divide by, and who wants to know."""

    def __init__(self, number, asker):
        self.number = number
        self.asker = asker


class Office(ActorTypeDispatcher):
    """Has the work done by a child, and sees to it that there is one."""

    def __init__(self):
        self.divider = None
        self.asker = None

    def receiveMsg_int(self, number, sender):
        self.divider = self.divider or self.createActor(Divider)
        self.send(self.divider, Division(number, sender))

    def receiveMsg_PoisonMessage(self, msg, sender):
        """A message of ours failed twice. The child goes on, and we know what it could not do."""
        reason = msg.details.strip().splitlines()[-1]
        self.send(msg.poisonMessage.asker, f"no answer: {reason}")

    def receiveMsg_str(self, msg, sender):
        """Have the child end, as if it had crashed."""
        self.asker = sender
        self.send(self.divider, "end")

    def receiveMsg_ChildActorExited(self, msg, sender):
        self.divider = self.createActor(Divider)
        if self.asker:
            self.send(self.asker, "there is a new divider")


def main(base="simpleSystemBase", port=1900):
    """One division that works, one that does not, and one after the child has ended."""
    system = ActorSystem(base, {"Admin Port": int(port)})
    try:
        office = system.createActor(Office)
        for question in (5, 0, "restart", 20):
            print(f"{question}: {system.ask(office, question, 10)}")
    finally:
        system.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
