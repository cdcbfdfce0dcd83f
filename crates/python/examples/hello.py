"""Two actors say hello together.

python hello.py [BASE [PORT]]
"""

import sys

from thespian.actors import Actor, ActorSystem


class Greeter(Actor):
    """Begins a greeting, and lets a child finish it."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            world = self.createActor(World)
            # Who asked travels in the message, so that the child can answer in our place.
            self.send(world, (sender, f"{msg},"))


class World(Actor):
    """Finishes a greeting."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            asker, beginning = msg
            self.send(asker, f"{beginning} world!")


def main(base="simpleSystemBase", port=1900):
    """Ask the greeter, and show the answer."""
    system = ActorSystem(base, {"Admin Port": int(port)})
    try:
        greeter = system.createActor(Greeter)
        print(system.ask(greeter, "Hello", 10))
    finally:
        system.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
