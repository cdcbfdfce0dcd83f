"""Checks whether actor systems can work here. `python -m thespian.diagnose [PLAIN]`: without colours if there is any argument."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TextIO

from thespian.system.diagnosis_report import Report, Skipped, check

__all__ = ["Diagnoser", "main"]

UDP_PORT = 1029
TCP_PORT = 1900
# How long a message to this very host, and two actors, may take.
SOCKET_SECONDS = 5.0
ACTORS_SECONDS = 60.0

_SOCKETS = {
    "TCP": (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP),
    "UDP": (socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP),
}
_OTHER_HOSTS = (
    "This will not affect Actor Systems running on this host",
    "but it will potentially prevent joining an Actor System",
    "Convention with other hosts and communicating with Actors",
    "on those hosts",
)

# What the systems are tried with. It runs as a program of its own.
HELLO = """\
import sys
from thespian.actors import Actor, ActorExitRequest, ActorSystem


class Hello(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, "Hello, world!")


if __name__ == "__main__":
    base, port = sys.argv[1], int(sys.argv[2])
    system = ActorSystem(base, {"Admin Port": port} if port else {}, logDefs=False)
    try:
        hello = system.createActor(Hello)
        print(system.ask(hello, "hi", 10))
        system.tell(hello, ActorExitRequest())
        print("Goodbye")
    finally:
        system.shutdown()
"""


class Diagnoser(Report):
    """The checks, one a method. Each says what it finds; `failures` counts those that failed."""

    @check()
    def check_imports(self) -> bool:
        """Is the package there, and its core?"""
        for module in ("thespian", "thespian.actors", "roscius", "roscius._core"):
            try:
                importlib.import_module(module)
            except ImportError:
                self.warn(f"{module} cannot be imported", f"Python is {sys.executable}", "It looks in", *sys.path)
                raise
        return True

    @check()
    def check_thespian_internal_system_imports(self) -> None:
        """Are all bases there?"""
        for base in ("simple", "thread", "multiprocQueue", "multiprocUDP", "multiprocTCP"):
            importlib.import_module(f"thespian.system.{base}{'SystemBase' if base in ('simple', 'thread') else 'Base'}")

    @check()
    def check_existing_running_actors(self) -> None:
        """Which processes of actors are there? They can be told by their titles where setproctitle is installed."""
        ps = shutil.which("ps")
        if ps is None:
            raise Skipped("there is no program ps")
        listed = subprocess.run([ps, "-eo", "pid,args"], capture_output=True, text=True, errors="replace", check=True)
        actors = [line for line in listed.stdout.splitlines() if "ActorAddr" in line]
        self.say(f"{len(actors)} running actors detected" if actors else "no running actors identified")
        for actor in actors:
            self.say(f"    {actor}")

    @check()
    def check_hostname(self) -> str | None:
        """Has this host a name?"""
        return self._name("No hostname detected", "socket.gethostname()", socket.gethostname())

    @check()
    def check_fqdn(self) -> str | None:
        """Has this host a name with a domain?"""
        return self._name("No fully-qualified domain name detected", "socket.getfqdn()", socket.getfqdn())

    def _name(self, problem: str, call: str, name: str) -> str | None:
        if not name:
            self.warn(problem, f"[Result of: {call}]", *_OTHER_HOSTS)
        return name or None

    @check("addr", "proto", "desc", "usage")
    def check_addr_info(self, addr: str | None, usage: str | int, proto: str, desc: str) -> None:
        """Can addresses be found for this name?"""
        flags = socket.AI_PASSIVE if usage else 0
        try:
            socket.getaddrinfo(addr, 0, *_SOCKETS[proto], flags)
        except OSError as error:
            self.warn(
                f"Unable to get address info: {error}",
                f"[Result of: socket.getaddrinfo() for {desc}]",
                *_OTHER_HOSTS,
            )

    @check()
    def check_IP_addresses(self) -> None:
        """Which addresses has this host?"""
        found = {"127.0.0.1"}
        for name in (socket.gethostname(), socket.getfqdn()):
            try:
                found.update(str(info[4][0]) for info in socket.getaddrinfo(name, 0, *_SOCKETS["TCP"]))
            except OSError as error:
                self.note(f"no address for {name}: {error}")
        self.say(f"Got {len(found)} IP addresses")
        for address in sorted(found):
            self.say(f"    {address}")

    @check()
    def check_socket_directory(self) -> None:
        """Can this user's systems have their sockets here? It is where processes of one host find each other."""
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
        is_ours = runtime.is_absolute() and runtime.is_dir() and runtime.stat().st_uid == os.geteuid()
        directory = runtime if is_ours else Path(tempfile.gettempdir())
        self.say(f"{directory}")
        with (
            tempfile.TemporaryDirectory(prefix="roscius-", dir=directory) as probe,
            socket.socket(socket.AF_UNIX) as own,
        ):
            own.bind(str(Path(probe) / "socket"))

    @check("base", "port")
    def check_AdminPort_available(self, proto: str, port: int, base: str) -> bool:
        """Can a system have this port? False if there is one already, which works."""
        family, kind, _ = _SOCKETS[proto]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                from thespian.actors import ActorSystem

                # Attaches to it, or raises: somebody else has the port.
                ActorSystem(base, {"Admin Port": port}, transientUnique=True)
                self.say(f"Existing {base} running at port {port}")
                return False
        return True

    def check_multiprocUDPBase_port_available(self) -> bool | None:
        """See `check_AdminPort_available`."""
        return self.check_AdminPort_available("UDP", UDP_PORT, "multiprocUDPBase")

    def check_multiprocTCPBase_port_available(self) -> bool | None:
        """See `check_AdminPort_available`."""
        return self.check_AdminPort_available("TCP", TCP_PORT, "multiprocTCPBase")

    @check("proto", "port")
    def check_socket_communications(self, can_run: bool, proto: str, port: int) -> None:
        """Does a message get from one socket of this host to another, and back?"""
        if not can_run:
            raise Skipped(f"due to previously noted issues with {proto} actor systems")
        family, kind, _ = _SOCKETS[proto]
        with socket.socket(family, kind) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.settimeout(SOCKET_SECONDS)
            server.bind(("", port))
            if kind == socket.SOCK_STREAM:
                server.listen()
            answering = threading.Thread(target=_answer, args=(server, kind, self._log), name=f"{proto}server")
            answering.start()
            try:
                with socket.socket(family, kind) as client:
                    client.settimeout(SOCKET_SECONDS)
                    client.connect(("127.0.0.1", port))
                    client.send(b"Hello")
                    answer = client.recv(1024)
            finally:
                answering.join()
        if answer != b"Goodbye":
            raise OSError(f"the answer was {answer!r}")

    def check_UDP_sockets(self, can_run: bool) -> None:
        """See `check_socket_communications`."""
        self.check_socket_communications(can_run, "UDP", UDP_PORT)

    def check_TCP_sockets(self, can_run: bool) -> None:
        """See `check_socket_communications`."""
        self.check_socket_communications(can_run, "TCP", TCP_PORT)

    @check("base")
    def check_simple_actors(self, can_run: bool, base: str) -> None:
        """Do a few actors work, in a program of their own?"""
        if not can_run:
            raise Skipped(f"due to previously noted issues with {base} actor systems")
        port = {"multiprocUDPBase": UDP_PORT, "multiprocTCPBase": TCP_PORT}.get(base, 0)
        with tempfile.TemporaryDirectory() as directory:
            program, log = Path(directory) / "hello.py", Path(directory) / "thesplog"
            program.write_text(HELLO)
            environment = {**os.environ, "THESPLOG_FILE": str(log), "THESPLOG_THRESHOLD": "DEBUG"}
            # To files: a process that is left behind would keep a pipe open.
            with (Path(directory) / "output").open("w+") as output, (Path(directory) / "errors").open("w+") as errors:
                done = subprocess.run(
                    [sys.executable, str(program), base, str(port)],
                    stdout=output,
                    stderr=errors,
                    env=environment,
                    timeout=ACTORS_SECONDS,
                    check=False,
                )
                output.seek(0)
                errors.seek(0)
                shown, said = output.read(), errors.read()
            if log.exists():
                self.note(f"## The system's own log:\n{log.read_text(errors='replace')}")
        if shown != "Hello, world!\nGoodbye\n" or said or done.returncode:
            self.info("Unexpected output", repr(shown))
            self.info("Unexpected errors", repr(said))
            raise RuntimeError(f"two actors could not talk; the program ended with {done.returncode}")


def _answer(server: socket.socket, kind: socket.SocketKind, log: TextIO) -> None:
    """Take one message, and answer it."""
    try:
        if kind == socket.SOCK_STREAM:
            client, address = server.accept()
            with client:
                message = client.recv(1024)
                client.send(b"Goodbye")
        else:
            message, address = server.recvfrom(1024)
            server.sendto(b"Goodbye", address)
    except OSError as error:
        print(f"Server: {error}", file=log)
    else:
        print(f'Server got "{message!r}" from {address}', file=log)


def main() -> int:
    """Run all checks. The result is 0 if none failed, else 1."""
    diagnoser = Diagnoser(len(sys.argv) < 2 and sys.stdout.isatty())
    diagnoser.report("Initiating diagnostics")
    diagnoser.info("Python", sys.implementation)
    diagnoser.info("(t)", sys.thread_info)
    diagnoser.info("(p)", f"{sys.platform} {platform.release()} {platform.machine()}")
    diagnoser.info("(mp)", sys.meta_path)
    package_ok = bool(diagnoser.check_imports())
    diagnoser.check_thespian_internal_system_imports()
    diagnoser.check_existing_running_actors()
    names = {"default": None, "hostname": diagnoser.check_hostname(), "fqdn": diagnoser.check_fqdn()}
    for proto in ("UDP", "TCP"):
        for description, name in names.items():
            if name or description == "default":
                diagnoser.check_addr_info(name, 0, proto, description)
                diagnoser.check_addr_info(name, "passive", proto, description)
    diagnoser.check_IP_addresses()
    diagnoser.check_socket_directory()
    udp_ok = bool(diagnoser.check_multiprocUDPBase_port_available())
    tcp_ok = bool(diagnoser.check_multiprocTCPBase_port_available())
    diagnoser.check_UDP_sockets(udp_ok)
    diagnoser.check_TCP_sockets(tcp_ok)
    diagnoser.check_simple_actors(True, "simpleSystemBase")
    diagnoser.check_simple_actors(package_ok, "threadSystemBase")
    diagnoser.check_simple_actors(package_ok, "multiprocQueueBase")
    diagnoser.check_simple_actors(package_ok and udp_ok, "multiprocUDPBase")
    diagnoser.check_simple_actors(package_ok and tcp_ok, "multiprocTCPBase")
    diagnoser.report("Diagnostics completed.")
    diagnoser.close()
    return 1 if diagnoser.failures else 0


if __name__ == "__main__":
    sys.exit(main())
