"""Five systems on five hosts, which are network namespaces: killed, frozen and cut off, again and again. All that is sent is accounted for.

    unshare -Urnm python faults.py ROSCIUS [--rounds 50] [--seed 1] [--leaders 5]

ROSCIUS is the command, which makes the certificates. A round is a fault, what is noticed of it, and its end; then all have to find each
other again, and each question of the round has to be answered or told as lost. Ends with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "processes"))

import seen
from accounts import Accounts
from cast_of_hosts import HOSTS

PORT = 1900
# Seconds until a loss is to be noticed.
KILLED = 2.0
FROZEN = 10.0
# Seconds that all may take to find each other again, and to settle what was asked.
FOUND = 40.0
SETTLED = 20.0


def ip(*arguments):
    subprocess.run(["ip", *map(str, arguments)], check=True)


def quietly(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def read(path):
    """What a file of a process says, if that is still there."""
    with suppress(OSError):
        return path.read_bytes()
    return b""


def address(host):
    return f"10.77.0.{host + 1}"


class Stalls:
    """Notes how long this machine lets a thread wait that wants to run: by so much others may be late, too."""

    def __init__(self) -> None:
        self.worst = 0.0
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        while True:
            due = time.monotonic() + 0.02
            time.sleep(0.02)
            self.worst = max(self.worst, time.monotonic() - due)

    def since(self) -> float:
        """The longest since this was asked last."""
        worst, self.worst = self.worst, 0.0
        return worst


class Host:
    """A network namespace, and the system in it."""

    def __init__(self, number, crowd) -> None:
        self.number = number
        self.crowd = crowd
        self.starts = 0
        self.home = crowd.folder / str(number)
        self.program = None
        self.marker = f"host-{number}-{uuid.uuid4()}"
        # Holds the namespace, until this program ends.
        self.holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        own = os.readlink("/proc/self/ns/net")
        seen.until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own)
        ip("link", "add", f"v{number}", "type", "veth", "peer", "name", f"e{number}")
        ip("link", "set", f"e{number}", "netns", self.holder.pid)
        ip("link", "set", f"v{number}", "master", "bridge", "up")
        self.within("ip", "link", "set", "lo", "up")
        self.within("ip", "address", "add", f"{address(number)}/24", "dev", f"e{number}")
        self.within("ip", "link", "set", f"e{number}", "up")

    def entering(self, *command):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *map(str, command)]

    def within(self, *command):
        subprocess.run(self.entering(*command), check=True)

    @property
    def origin(self):
        return f"{self.number}.{self.starts}"

    def start(self):
        """A system, which goes on until it is ended or killed."""
        self.starts += 1
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(mode=0o700)
        self.marker = f"host-{self.number}-{uuid.uuid4()}"
        environment = os.environ | {
            "XDG_RUNTIME_DIR": str(self.home),
            "SCENE": self.marker,
            "THESPLOG_FILE": str(self.home / "own.log"),
            "THESPIAN_BASE_IPADDR": address(self.number),
            "PYTHONPATH": f"{HERE}:{HERE.parent / 'processes'}",
        }
        file = self.crowd.accounts.open(self.origin)
        certificate = self.crowd.folder / "certificates" / f"host-{self.number}.pem"
        leaders = ",".join(f"{address(leader)}:{PORT}" for leader in range(self.crowd.leaders))
        arguments = (self.number, self.origin, file, certificate, f"{address(self.number)}:{PORT}", leaders)
        self.program = subprocess.Popen(
            self.entering(sys.executable, HERE / "one_host.py", *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.crowd.folder / f"{self.origin}.err").open("w"),
            text=True,
            env=environment,
        )
        self.admin = int(self.answer())

    def answer(self):
        if not select.select([self.program.stdout], [], [], 30)[0]:
            raise seen.NotInTime(f"host {self.number} says nothing")
        return json.loads(self.program.stdout.readline() or '"its program has ended"')

    def kill(self):
        """Kill the Admin. All of its system ends with it."""
        os.kill(self.admin, signal.SIGKILL)

    def bury(self):
        """The system is gone; nothing of it may be left."""
        self.program.kill()
        self.program.wait()
        self.program.stdin.close()
        self.program.stdout.close()
        self.expect_nothing_left()
        self.crowd.accounts.close(self.origin)

    def end(self):
        self.program.stdin.write("end\n")
        self.program.stdin.flush()
        self.answer()
        self.program.stdin.close()
        self.program.stdout.close()
        self.program.wait()
        self.expect_nothing_left()

    def expect_nothing_left(self):
        try:
            seen.until(lambda: not seen.members(self.marker), 10)
        except seen.NotInTime:
            left = seen.members(self.marker)
            commands = {pid: read(Path(f"/proc/{pid}/cmdline")) for pid in left}
            self.crowd.accounts.wrong.append(f"{self.origin}: processes are left: {commands}")
            seen.kill(left)

    def expect_no_orphans(self, what):
        """There are no more processes than at the start: the actors of hosts that were lost have ended."""
        usual = self.crowd.usual
        try:
            seen.until(lambda: len(seen.members(self.marker)) <= usual, 10)
        except seen.NotInTime:
            now = len(seen.members(self.marker))
            self.crowd.accounts.wrong.append(f"{what}: host {self.number} has {now} processes, and had {usual}")

    def cut(self, others):
        for other in others:
            self.within("ip", "route", "add", "blackhole", f"{address(other)}/32")

    def join(self, others):
        for other in others:
            self.within("ip", "route", "delete", "blackhole", f"{address(other)}/32")


class Crowd:
    """All hosts."""

    def __init__(self, folder, roscius, leaders) -> None:
        self.folder = folder
        self.leaders = leaders
        # The most processes of a host when all have met.
        self.usual = 0
        self.accounts = Accounts(folder)
        self.stalls = Stalls()
        certificates = folder / "certificates"
        quietly(roscius, "cert", "init", "five", "--folder", certificates)
        for host in range(HOSTS):
            quietly(roscius, "cert", "node", f"host-{host}", "--folder", certificates, "--host", address(host))
        ip("link", "set", "lo", "up")
        ip("link", "add", "bridge", "type", "bridge")
        ip("link", "set", "bridge", "up")
        self.hosts = [Host(number, self) for number in range(HOSTS)]

    def meet(self, what):
        """All have to hear from all others, and nothing may be unknown of what was asked before."""
        begun = time.monotonic()

        def met():
            self.accounts.read()
            return not self.accounts.not_met(begun)

        def settled():
            self.accounts.read()
            return not self.accounts.open_questions(healed)

        try:
            seen.until(met, FOUND)
        except seen.NotInTime:
            self.accounts.wrong.append(f"{what}: after {FOUND} s these hear nothing: {self.accounts.not_met(begun)}")
            return
        healed = time.monotonic()
        try:
            seen.until(settled, SETTLED)
        except seen.NotInTime:
            left = self.accounts.open_questions(healed)
            self.accounts.wrong.append(f"{what}: nobody knows what became of {len(left)} questions, as {left[:3]}")
            for origin in self.accounts.origins.values():
                origin.asked.clear()
        print(f"  all met within {healed - begun:.1f} s", flush=True)
        for host in self.hosts if self.usual else []:
            host.expect_no_orphans(what)

    def expect_noticed(self, what, living, since, within):
        """The ends of these actors have to be told in time."""

        def told():
            self.accounts.read()
            return all(self.accounts.ended(*child) for child in living)

        try:
            seen.until(told, within + 10)
        except seen.NotInTime:
            left = [child for child in living if not self.accounts.ended(*child)]
            self.accounts.wrong.append(f"{what}: never noticed by {left}")
            return
        late = max((self.accounts.ended(*child) - since for child in living), default=0.0)
        stalled = self.stalls.since()
        print(f"  noticed within {late:.2f} s by all {len(living)}", flush=True)
        if late > within + stalled:
            self.accounts.wrong.append(
                f"{what}: noticed after {late:.2f} s (this machine stood still for {stalled:.2f} s)"
            )


def kill(crowd, chance):
    host = chance.choice(crowd.hosts)
    print(f"host {host.number} is killed", flush=True)
    living = [child for child in crowd.accounts.living(host.number) if not child[0].startswith(f"{host.number}.")]
    crowd.stalls.since()
    since = time.monotonic()
    host.kill()
    crowd.expect_noticed(f"the kill of {host.origin}", living, since, KILLED)
    host.bury()
    host.start()


def freeze(crowd, chance):
    host, seconds = chance.choice(crowd.hosts), chance.choice((1.0, 3.0, 12.0))
    freeze_one(crowd, host, seconds)


def freeze_long(crowd, chance):
    freeze_one(crowd, chance.choice(crowd.hosts), 12.0)


def freeze_one(crowd, host, seconds):
    print(f"host {host.number} is frozen for {seconds} s", flush=True)
    living = crowd.accounts.living(host.number)
    crowd.stalls.since()
    since = time.monotonic()
    os.kill(host.admin, signal.SIGSTOP)
    try:
        if seconds > FROZEN:
            crowd.expect_noticed(f"the freeze of {host.origin}", living, since, FROZEN)
        time.sleep(max(0.0, since + seconds - time.monotonic()))
    finally:
        os.kill(host.admin, signal.SIGCONT)
    if seconds < FROZEN / 2:
        crowd.meet(f"a short freeze of {host.origin}")
        if lost := [child for child in living if crowd.accounts.ended(*child)]:
            crowd.accounts.wrong.append(f"{host.origin} was frozen for {seconds} s, and taken for lost by {lost}")


def cut(crowd, chance):
    one_side = chance.sample(range(HOSTS), chance.randint(1, 2))
    other_side = [host for host in range(HOSTS) if host not in one_side]
    one_way, seconds = chance.random() < 0.3, chance.choice((1.0, 4.0, 12.0))
    print(f"{one_side} are cut off from {other_side} for {seconds} s{', one way' if one_way else ''}", flush=True)
    for host in crowd.hosts:
        if host.number in one_side:
            host.cut(other_side)
        elif not one_way:
            host.cut(one_side)
    time.sleep(seconds)
    for host in crowd.hosts:
        if host.number in one_side:
            host.join(other_side)
        elif not one_way:
            host.join(one_side)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("roscius", type=Path)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leaders", type=int, default=HOSTS, choices=range(1, HOSTS + 1))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="five"))
    crowd = Crowd(folder, options.roscius.resolve(), options.leaders)
    try:
        wrong = play(crowd, chance, options)
    finally:
        # What is left if this program fails.
        for host in crowd.hosts:
            seen.kill(seen.members(host.marker))
            host.holder.stdin.close()
            host.holder.wait()
    if wrong:
        print(f"what was said is in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def play(crowd, chance, options):
    """All rounds. What was wrong."""
    accounts = crowd.accounts
    begun = time.monotonic()
    for host in crowd.hosts:
        host.start()
    crowd.meet("the start")
    crowd.usual = max(len(seen.members(host.marker)) for host in crowd.hosts)
    first = [kill, freeze_long, cut]
    for number in range(options.rounds):
        fault = first[number] if number < len(first) else chance.choice((kill, freeze, cut))
        print(f"round {number + 1} of {options.rounds}: ", end="", flush=True)
        fault(crowd, chance)
        crowd.meet(f"round {number + 1}, seed {options.seed}")
    # The leader last: without it, members wait for the ends of children elsewhere that nobody can tell them of.
    for host in reversed(crowd.hosts):
        host.end()
    accounts.read()
    took = time.monotonic() - begun
    print(
        f"{options.rounds} rounds in {took:.0f} s, seed {options.seed}, {options.leaders} leaders: {accounts.asked} questions,"
        f" {accounts.answers} answers, {accounts.letters} told as lost, {len(accounts.wrong)} things wrong"
    )
    print(*accounts.wrong[:20], sep="\n")
    return accounts.wrong


if __name__ == "__main__":
    sys.exit(main())
