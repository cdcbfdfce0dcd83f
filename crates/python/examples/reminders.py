"""An actor that reminds of things in time: any number of wake-ups may be under way.

python reminders.py [BASE [PORT]]
"""

import sys

from thespian.actors import ActorSystem, ActorTypeDispatcher


class Reminder(ActorTypeDispatcher):
    """Takes pairs of seconds and a text, and comes back with the text when the time is over."""

    def receiveMsg_tuple(self, msg, sender):
        seconds, text = msg
        # The payload comes back with the wake-up. It may be anything.
        self.wakeupAfter(seconds, payload=(sender, text))

    def receiveMsg_WakeupMessage(self, msg, sender):
        asker, text = msg.payload
        self.send(asker, text)


def main(base="simpleSystemBase", port=1900):
    """Ask for three reminders, in the wrong order."""
    system = ActorSystem(base, {"Admin Port": int(port)})
    try:
        reminder = system.createActor(Reminder)
        for seconds, text in ((0.6, "take it out"), (0.0, "heat the oven"), (0.3, "put the cake in")):
            system.tell(reminder, (seconds, text))
        for _ in range(3):
            print(system.listen(10))
    finally:
        system.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
