"""A program whose actors are classes of its main module."""

import sys

from thespian.actors import Actor, ActorSystem


class Child(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            self.send(msg[0], "hello from the child")


class Parent(Actor):
    def receiveMessage(self, msg, sender):
        if msg == "go":
            self.send(self.createActor(Child), (sender,))


def main():
    base, port, method = sys.argv[1:]
    asys = ActorSystem(base, {"Admin Port": int(port), "Process Startup Method": method}, transientUnique=True)
    try:
        print(asys.ask(asys.createActor(Parent), "go", 10))
    finally:
        asys.shutdown()


if __name__ == "__main__":
    main()
