"""A shell for actor systems: start them, look into them, and talk to actors. `python -m thespian.shell`."""

from __future__ import annotations

import ast
import cmd
import importlib
import logging
import os
import pprint
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import thespian.actors
from thespian.actors import (
    ActorAddress,
    ActorExitRequest,
    ActorSystem,
    ActorSystemException,
    ChildActorExited,
    InvalidActorSourceHash,
    Thespian_StatusReq,
    Thespian_SystemStatus,
)
from thespian.system.actor_system import KNOWN_BASES
from thespian.system.messages.logcontrol import SetLogging
from thespian.system.messages.status import formatStatus
from thespian.system.shell.addresses import KnownAddresses
from thespian.system.shell.counting import count_actors
from thespian.system.shell.history import kept_history
from thespian.system.shell.sources import TEST_ACTOR, SimpleSourceAuthority, test_actor_zip

__all__ = ["SimpleSourceAuthority", "ThespianShell"]

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = "14334"
# How long an answer is waited for; and for a completion, which nobody asked for.
ANSWER_SECONDS = 10.0
COMPLETION_SECONDS = 1.0
_TIMED_OUT = "<None... timed out>"
_LEVELS = ("debug", "info", "warning", "error", "critical")
_NO = ("0", "no", "false")


class ShellError(Exception):
    """What was typed can not be done; the text says why."""


class ThespianShell(cmd.Cmd):
    """The commands. What goes wrong in one is shown, and the shell goes on."""

    intro = "Thespian Actor shell.  Type help or '?' to list commands.'\n"
    prompt = "thespian> "

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.system: ActorSystem | None = None
        self.knownActorAddresses = KnownAddresses()

    # The loop

    def cmdloop(self, intro: Any = None) -> None:
        """Take commands until one ends the shell. An interrupt ends what is being typed, or done, alone."""
        with kept_history():
            while True:
                try:
                    super().cmdloop(intro)
                except KeyboardInterrupt:
                    self._say("^C")
                    intro = ""
                else:
                    return

    def onecmd(self, line: str) -> bool:
        """Carry out one line. The result is whether the shell ends."""
        try:
            return bool(super().onecmd(line))
        except ShellError as error:
            self._say(f"***ERROR: {error}")
        except ActorSystemException as error:
            self._say(f"***ERROR from Actor System: {error}")
        except Exception as error:  # noqa: BLE001 - whatever happens in a command, the shell goes on
            self._say(f"***ERROR: {_named(error)}")
        return False

    def emptyline(self) -> bool:
        """Do nothing."""
        return False

    def do_exit(self, arg: str) -> bool:
        """exit: leave the shell. Actor systems and actors stay as they are."""
        self.system = None
        self._say("Exiting.")
        return True

    def do_quit(self, arg: str) -> bool:
        """quit: leave the shell. Actor systems and actors stay as they are."""
        return self.do_exit(arg)

    def do_EOF(self, arg: str) -> bool:
        """The end of the input leaves the shell. Actor systems and actors stay as they are."""
        return self.do_exit(arg)

    # Systems

    def do_start(self, arg: str) -> None:
        """start [BASE [CAPABILITIES]]: start an actor system, or attach to the one that is there.

        CAPABILITIES is the rest of the line: a dictionary of plain values, such as {'Admin Port': 1900}.
        A system that this shell has started before is shut down.
        """
        base, _, text = arg.partition(" ")
        capabilities = _capabilities(text.strip())
        if self.system:
            self._say("Shutting down previous ActorSystem")
            self.system.shutdown()
            self.system = None
        if not base:
            self.system = ActorSystem()
            self._say("Started default ActorSystem")
            return
        self._say(f"Starting {base} ActorSystem\nCapabilities: {capabilities}")
        try:
            self.system = ActorSystem(base, capabilities)
        except ImportError as error:
            raise ShellError(f"starting ActorSystem with specified Base: {base}: {error}") from None
        self._say(f"Started {base} ActorSystem")

    def do_stop(self, arg: str) -> None:
        """stop: shut down the actor system in use."""
        if self.system:
            self._say("Erasing previous ActorSystem")
            self.system.shutdown()
            self.system = None
        elif ActorSystem.systemBase is not None:
            ActorSystem().shutdown()

    def do_info(self, arg: str) -> None:
        """info: what this shell knows."""
        self._say("Thespian local information:")
        if self.system:
            self._say(f"Local system: {self.system}")
        if ActorSystem.systemBase is not None:
            self._say(f"Singleton ActorSystem base: {ActorSystem.systemBase.capabilities['Thespian ActorSystem Name']}")
        else:
            self._say("No ActorSystem seems to be running")
        for number, address in enumerate(self.knownActorAddresses):
            self._say(f"Actor Address:  {address} [#{number}]")

    def do_address(self, arg: str) -> None:
        """address [HOST [PORT]], address HOST:PORT: take the actor system there as a known address.

        Without HOST it is 127.0.0.1, without PORT 14334.
        """
        number = self.knownActorAddresses.number_of(self._admin_at(arg))
        self._say(f"Actor Address {number}:  {self.knownActorAddresses[number]}")

    def do_status(self, arg: str) -> None:
        """status [ACTOR]: how an actor or an actor system is.

        Without ACTOR it is #0. When there is none yet, that is the actor system at 127.0.0.1:14334, or else the one in use.
        """
        number = self._actor_or_default(arg)
        address = self.knownActorAddresses[number]
        self._say(f"Requesting status from Actor (or Admin) @ {address} (#{number})")
        with self._current.private() as context:
            response = context.ask(address, Thespian_StatusReq(), ANSWER_SECONDS)
        if response is None:
            raise ShellError(f"no response from {address} [#{number}]")
        formatStatus(response, self.showAddress, self.stdout)

    def do_actorCount(self, arg: str) -> None:
        """actorCount [ACTOR]: count the actors of a system, or an actor and all below it. Without ACTOR it is #0."""
        number = self._actor_or_default(arg)
        start = datetime.now()

        def answered() -> None:
            self.stdout.write(".")
            self.stdout.flush()

        with self._current.private() as context:
            count = count_actors(context, self.knownActorAddresses[number], ANSWER_SECONDS, answered)
        self._say("\n" + "\n".join(count.lines()))
        self._say(f" Time to count: {datetime.now() - start}\n")

    # Sources

    def do_use_simple_source_authority(self, arg: str) -> None:
        """use_simple_source_authority: start a source authority that accepts every source.

        Whoever can reach the actor system can then run code in it: this is for trying things out.
        """
        system = self._any_system
        authority = system.createActor(SimpleSourceAuthority)
        with system.private() as context:
            context.tell(authority, "register")
            # It has registered when it answers.
            context.ask(authority, Thespian_StatusReq(), ANSWER_SECONDS)

    def do_create_testActor(self, arg: str) -> None:
        """create_testActor: load a source with a test actor, and create it. It says what it gets.

        The source authority of the system has to accept a plain zip file; see use_simple_source_authority.
        """
        system = self._any_system
        source_hash = system.loadActorSource(test_actor_zip())
        try:
            address = system.createActor(TEST_ACTOR, sourceHash=source_hash)
        except InvalidActorSourceHash as error:
            raise ShellError(f"creating Actor {TEST_ACTOR} from sourceHash {source_hash}: {error}") from None
        number = self.knownActorAddresses.number_of(address)
        self._say(f"Created new TestActor {number} @ {address}")

    # Messages

    def do_tell(self, arg: str) -> None:
        """tell ACTOR TEXT: send a text to an actor, and do not wait for an answer.

        ACTOR is the number of a known address, an address, or a global name.
        """
        number, text = self._actor(arg)
        self._any_system.tell(self.knownActorAddresses[number], text)

    def do_ask(self, arg: str) -> None:
        """ask ACTOR TEXT: send a text to an actor, and wait up to ten seconds for a message from any actor."""
        number, text = self._actor(arg)
        response = self._any_system.ask(self.knownActorAddresses[number], text, ANSWER_SECONDS)
        self._say(f"Response {type(response)}: {self._shown(response)}")

    def do_listen(self, arg: str) -> None:
        """listen: wait up to ten seconds for a message from any actor."""
        self._say(f"Received message: {self._shown(self._any_system.listen(ANSWER_SECONDS), str)}")

    def do_kill(self, arg: str) -> None:
        """kill ACTOR: ask an actor to exit."""
        number, _ = self._actor(arg)
        self._any_system.tell(self.knownActorAddresses[number], ActorExitRequest())
        self._say(f"Actor #{number} ({self.knownActorAddresses[number]}) exit request sent.")

    def do_report_exit(self, arg: str) -> None:
        """report_exit PARENT CHILD: tell an actor that its child has exited."""
        if len(arg.split()) < 2:
            raise ShellError("requires specification of parent and child actor instances")
        parent, rest = self._actor(arg)
        child, _ = self._actor(rest)
        addresses = self.knownActorAddresses
        self._any_system.tell(addresses[parent], ChildActorExited(addresses[child]))
        self._say(
            f"Actor #{parent} ({addresses[parent]}) sent notification of child #{child} ({addresses[child]}) exit."
        )

    def do_set_thesplog(self, arg: str) -> None:
        """set_thesplog ACTOR LEVEL LOGGING FILE: what the process of an actor writes to the system's own log.

        LEVEL is debug, info, warning, error or critical. LOGGING (true or false): whether lines also go to the logging
        of Python. FILE (true or false): whether they go to the file.
        """
        number, settings = self._actor(arg)
        words = settings.split()
        if len(words) != 3 or words[0].lower() not in _LEVELS:
            raise ShellError("requires an actor, a level, and twice true or false: see help set_thesplog")
        level, use_logging, use_file = words
        message = SetLogging(
            logging.getLevelNamesMapping()[level.upper()], use_logging.lower() not in _NO, use_file.lower() not in _NO
        )
        self._any_system.tell(self.knownActorAddresses[number], message)
        self._say(f"Actor #{number} ({self.knownActorAddresses[number]}) logging settings updated.")

    def do_python(self, arg: str) -> None:
        """python EXPRESSION: evaluate it and print the result. `system` is the actor system in use, `self` this shell."""
        names = {**vars(thespian.actors), "system": self.system, "self": self}
        self._say(str(eval(arg, names)))

    # Completion

    def complete_start(self, text: str, line: str, begin: int, end: int) -> list[str]:
        """The names of bases."""
        names = KNOWN_BASES.replace(" and ", ", ").split(", ")
        return [name for name in names if name.startswith(text)] if _place(line, begin) == 1 else []

    def complete_actor(self, text: str, line: str, begin: int, end: int) -> list[str]:
        """What stands for an actor: numbers, addresses, and global names."""
        if _place(line, begin) != 1:
            return []
        words = self.knownActorAddresses.words()
        if self.system:
            # Nobody wants to read of this amid a line.
            with suppress(Exception):
                words += self._global_names(COMPLETION_SECONDS)
        return [word for word in words if word.startswith(text)]

    complete_tell = complete_ask = complete_kill = complete_status = complete_actorCount = complete_actor

    def complete_report_exit(self, text: str, line: str, begin: int, end: int) -> list[str]:
        """The parent, then the child."""
        return self.complete_actor(text, "report_exit ", len("report_exit "), end) if _place(line, begin) <= 2 else []

    def complete_set_thesplog(self, text: str, line: str, begin: int, end: int) -> list[str]:
        """The actor, the level, and true or false."""
        place = _place(line, begin)
        if place == 1:
            return self.complete_actor(text, line, begin, end)
        return [word for word in (_LEVELS if place == 2 else ("true", "false")) if word.startswith(text)]

    # Addresses

    def getOrAddAddress(self, address: ActorAddress) -> tuple[int, ActorAddress]:
        """The number of an address, a new one if it has none, and the address."""
        return self.knownActorAddresses.number_of(address), address

    def showAddress(self, address: ActorAddress | None) -> str:
        """An address with its number."""
        return f"{address} [#{self.knownActorAddresses.number_of(address)}]" if address is not None else str(address)

    @property
    def _current(self) -> ActorSystem:
        if self.system is None:
            raise ShellError("no current ActorSystem to send ask to.")
        return self.system

    @property
    def _any_system(self) -> ActorSystem:
        return self.system or ActorSystem()

    def _actor(self, arg: str) -> tuple[int, str]:
        """The number of the actor that a line begins with, and the rest of the line."""
        word, _, rest = arg.partition(" ")
        if not word:
            raise ShellError("requires the number of an actor: info shows those that are known")
        try:
            return self.knownActorAddresses.find(word, lambda: self._global_names(ANSWER_SECONDS)), rest.strip()
        except ValueError as error:
            raise ShellError(str(error)) from None

    def _actor_or_default(self, arg: str) -> int:
        current = self._current
        if arg:
            return self._actor(arg)[0]
        if not self.knownActorAddresses:
            try:
                admin = self._admin_at("")
            except ShellError:
                admin = getattr(_transport_of(current), "admin", current.systemAddress)
            self.knownActorAddresses.number_of(admin)
        return 0

    def _admin_at(self, arg: str) -> ActorAddress:
        words = arg.split() if " " in arg else arg.split(":")
        host = words[0] or DEFAULT_HOST
        port = words[1] if len(words) > 1 else DEFAULT_PORT
        transport = _transport_of(self._current)
        if transport is None:
            raise ShellError("unable to parse IP address or port specification: the system in use is in this process")
        try:
            admin: ActorAddress = transport.getAddressFromString((host, port))
        except ValueError as error:
            raise ShellError(f"unable to parse IP address or port specification: {error}") from None
        return admin

    def _global_names(self, seconds: float) -> Mapping[str, ActorAddress]:
        """The actors that have a global name."""
        admin = getattr(_transport_of(self._current), "admin", None)
        if admin is None:
            return {}
        with self._current.private() as context:
            status = context.ask(admin, Thespian_StatusReq(), seconds)
        return status.globalActors if isinstance(status, Thespian_SystemStatus) else {}

    # What is shown

    def _shown(self, message: Any, show: Any = pprint.pformat) -> str:
        if message is None:
            return _TIMED_OUT
        if isinstance(message, ActorAddress):
            return self.showAddress(message)
        try:
            return str(show(message))
        except Exception as error:  # noqa: BLE001 - messages of users may fail in any way to make a text
            return f"<a {type(message).__name__} that cannot be shown: {_named(error)}>"

    def _say(self, text: str) -> None:
        print(text, file=self.stdout, flush=True)


def _capabilities(text: str) -> dict[str, Any]:
    """The dictionary that was typed. It is read, and not evaluated."""
    try:
        capabilities = ast.literal_eval(text) if text else {}
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ShellError(f"the capabilities are no dictionary of plain values: {_named(error)}") from None
    if not isinstance(capabilities, dict):
        raise ShellError(f"the capabilities are no dictionary: {text}")
    return capabilities


def _transport_of(system: ActorSystem) -> Any:
    return getattr(system._systemBase, "transport", None)


def _place(line: str, begin: int) -> int:
    """The how-manieth word of the line begins there, counted from 0."""
    return len(line[:begin].split())


def _named(error: BaseException) -> str:
    return traceback.format_exception_only(error)[-1].strip()


def main() -> None:
    """Be the shell. Classes of the current directory can be used."""
    sys.path.insert(0, os.getcwd())
    ThespianShell().cmdloop()


if __name__ == "__main__":
    # As a module of its own, so that its classes have the names by which others know them.
    importlib.import_module("thespian.shell").main()
