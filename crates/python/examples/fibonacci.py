"""Fibonacci numbers, computed the slow way by a troupe: on the bases of processes, several at a time.

python fibonacci.py [BASE [PORT]]
"""

import sys

from thespian.actors import ActorSystem, ActorTypeDispatcher
from thespian.troupe import troupe

INPUTS = (3, 18, 10, 21, 15, 20)


def fibonacci(n):
    """Takes longer and longer: that is the point."""
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@troupe(max_count=4, idle_count=2)
class Calculator(ActorTypeDispatcher):
    """Looks like one actor to others. The troupe has as many of it as there is work for, up to four."""

    def receiveMsg_int(self, number, sender):
        self.send(sender, (number, fibonacci(number)))


def main(base="simpleSystemBase", port=1900):
    """Hand out all the work at once, and collect the results in whatever order they come."""
    system = ActorSystem(base, {"Admin Port": int(port)})
    try:
        calculator = system.createActor(Calculator)
        for number in INPUTS:
            system.tell(calculator, number)
        results = dict(system.listen(30) for _ in INPUTS)
        for number in INPUTS:
            print(f"fibonacci({number}) = {results[number]}")
    finally:
        system.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
