"""Random creations, messages, exits and kills for a while, and then a look at what is left: nothing may be.

    soak.py [--minutes 10] [--base multiprocTCPBase] [--seed N]

A run can be repeated by its seed, as far as processes can.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from thespian.actors import Actor, ActorAddress, ActorExitRequest, ActorSystem, ActorSystemMessage, ChildActorExited
from thespian.test import get_free_admin_port

PATIENCE = 5
MOST_ACTORS = 40


class Worker(Actor):
    """Answers, makes children, and says which process it is."""

    def __init__(self) -> None:
        self.children: list[ActorAddress] = []

    def receiveMessage(self, msg: object, sender: ActorAddress) -> None:
        """Do what the message says."""
        if isinstance(msg, ChildActorExited):
            self.children = [child for child in self.children if child != msg.childAddress]
        elif isinstance(msg, ActorSystemMessage):
            pass
        elif msg == "process":
            self.send(sender, os.getpid())
        elif msg == "child":
            self.children.append(self.createActor(Worker))
            self.send(sender, self.children[-1])
        elif msg == "pass on":
            for child in self.children:
                self.send(child, "quietly")
        elif msg != "quietly":
            self.send(sender, msg)


def processes_with(mark: str) -> list[int]:
    """The living processes that have this in their environment, without this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if mark.encode() in (entry / "environ").read_bytes() and state != "Z":
                    found.append(int(entry.name))
    return found


def soak(system: ActorSystem, chance: random.Random, until: float) -> dict[str, int]:
    """Do something at random until the time is over. How often what was done."""
    actors = [system.createActor(Worker)]
    done: dict[str, int] = {}
    while time.monotonic() < until:
        deed = chance.choice(["create", "child", "ask", "ask", "ask", "tell", "large", "exit", "kill", "dead"])
        done[deed] = done.get(deed, 0) + 1
        one = chance.choice(actors)
        match deed:
            case "create" if len(actors) < MOST_ACTORS:
                actors.append(system.createActor(Worker))
            case "child" if len(actors) < MOST_ACTORS:
                child = system.ask(one, "child", PATIENCE)
                if isinstance(child, ActorAddress):
                    actors.append(child)
            case "ask":
                number = chance.random()
                answer = system.ask(one, number, PATIENCE)
                if answer not in (number, None):
                    raise AssertionError(f"asked {number}, was answered {answer}")
            case "tell":
                system.tell(one, "pass on")
            case "large":
                data = bytes(chance.randrange(1 << 20))
                answer = system.ask(one, data, PATIENCE)
                if answer not in (data, None):
                    raise AssertionError(f"{len(data)} bytes came back changed")
            case "exit" | "kill" if len(actors) > 1:
                actors.remove(one)
                if deed == "exit":
                    system.tell(one, ActorExitRequest())
                else:
                    process = system.ask(one, "process", PATIENCE)
                    if isinstance(process, int) and not isinstance(process, bool) and process > 1:
                        with suppress(ProcessLookupError):
                            os.kill(process, signal.SIGKILL)
            case "dead":
                system.tell(one, "pass on")
        # The children of what ended are gone with it.
        if not done[deed] % 50:
            actors = [actor for actor in actors if system.ask(actor, "there?", 1) == "there?"]
            actors = actors or [system.createActor(Worker)]
    return done


def main() -> int:
    """Run, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--base", default="multiprocTCPBase")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    mark = f"ROSCIUS_SOAK={os.getpid()}"
    if mark.partition("=")[0] not in os.environ:
        # The environment that others can read is that of the start of a process.
        name, _, value = mark.partition("=")
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, name: value})
    mark = f"ROSCIUS_SOAK={os.environ['ROSCIUS_SOAK']}"
    with tempfile.TemporaryDirectory(prefix="soak-") as place:
        os.environ["XDG_RUNTIME_DIR"] = place
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        system = ActorSystem(options.base, {"Admin Port": get_free_admin_port()}, logDefs=False)
        print(f"{options.base}, seed {options.seed}, {options.minutes} minutes", flush=True)
        done = soak(system, random.Random(options.seed), time.monotonic() + 60 * options.minutes)
        system.shutdown()
        until = time.monotonic() + 3
        while processes_with(mark) and time.monotonic() < until:
            time.sleep(0.05)
        left = processes_with(mark)
        sockets = [str(path) for path in Path(place).rglob("*") if not path.is_dir()]
        more = len(list(Path("/proc/self/fd").iterdir())) - descriptors
    print(f"{sum(done.values())} deeds: {done}")
    print(f"left: {len(left)} processes, {len(sockets)} sockets, {more} descriptors")
    return 1 if left or sockets or more > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
