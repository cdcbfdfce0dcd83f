"""A program of its own: has a system on a base and port, with an actor, and waits until its input ends."""

import sys

from thespian.actors import ActorSystem


def main():
    base, port = sys.argv[1], int(sys.argv[2])
    asys = ActorSystem(base, {"Admin Port": port, "of": "the program"}, transientUnique=True)
    echo = asys.createActor("cast.Echo", globalName="echo")
    print(asys.ask(echo, "hello", 5), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
