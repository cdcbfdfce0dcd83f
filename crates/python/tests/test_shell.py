"""The shell as a program of its own, on every base: a session that is written down, and one at a terminal."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from itertools import zip_longest
from pathlib import Path

import pytest
from thespian.test import get_free_admin_port

BASES = ("simpleSystemBase", "threadSystemBase", "multiprocQueueBase", "multiprocUDPBase", "multiprocTCPBase")
PROMPT = "thespian> "
# Where the shell runs there is an actor to create.
ACTORS = """
from thespian.actors import Actor, ChildActorExited

class Echo(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, ChildActorExited):
            self.news = msg.childAddress
        elif msg == "child":
            self.news = self.createActor(Echo)
            self.send(sender, self.news)
        elif msg == "news":
            self.send(sender, self.news)
        elif msg == "table":
            self.send(sender, {name: name * 20 for name in "abcdef"})
        elif isinstance(msg, str):
            self.send(sender, "echo: " + msg)
"""
CREATE = "python self.getOrAddAddress(system.createActor('actors.Echo'))[0]"


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "actors.py").write_text(ACTORS)
    # The state directory is that of the test: nothing is written to the user's own.
    yield {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    assert list(tmp_path.glob("roscius-*/*")) == []


@pytest.fixture
def typed(environment, tmp_path):
    """Types lines into a shell, and gives what it said to each."""

    def session(*lines):
        (tmp_path / "input").write_text("\n".join(lines) + "\n")
        with (tmp_path / "input").open() as given, (tmp_path / "output").open("w+") as output:
            shell = [sys.executable, "-m", "thespian.shell"]
            done = subprocess.run(
                shell,
                cwd=tmp_path,
                env=environment,
                stdin=given,
                stdout=output,
                stderr=subprocess.DEVNULL,
                timeout=50,
                check=False,
            )
            output.seek(0)
            intro, *answers = output.read().split(PROMPT)
        assert done.returncode == 0
        assert intro.startswith("Thespian Actor shell.")
        return answers

    return session


def check(answers, expected):
    """Each answer has to match; None stands for silence."""
    for number, (answer, pattern) in enumerate(zip_longest(answers, expected)):
        assert answer is not None and pattern is not None, f"line {number}: {answer!r}, not {pattern!r}"
        assert re.search(pattern, answer) if pattern else answer == "", f"line {number}: {answer!r}, not {pattern!r}"


@pytest.mark.parametrize("base", BASES)
def test_sources_are_loaded(base, typed):
    port = get_free_admin_port()
    session = [
        (f"start {base} {{'Admin Port': {port}}}", "Started"),
        ("create_testActor", r"\*\*\*ERROR: creating Actor t.TestActor from sourceHash [0-9a-f]{32}: Source hash"),
        ("use_simple_source_authority", ""),
        ("create_testActor", r"^Created new TestActor 0 @ ActorAddr-\S+\n"),
        ("ask 0 hello", r"^Response <class 'str'>: 'TestActor @ ActorAddr-\S+ got: hello'\n"),
        ("ask 0 create", r"^Response <class '.*ActorAddress'>: ActorAddr-\S+ \[#1\]\n"),
        ("ask 1 hello", "got: hello'"),
        ("status 1", r"Status of {{[0-9a-f]{32}}}t.TestActor Actor @"),
        ("actorCount 0", r"=    2  {{[0-9a-f]{32}}}t.TestActor\n"),
        ("stop", "Erasing"),
    ]
    check(typed(*(line for line, _ in session)), [*(pattern for _, pattern in session), "^Exiting.\n$"])


@pytest.mark.parametrize("base", BASES)
def test_a_session(base, typed):
    port = get_free_admin_port()
    session = [
        (
            f"start {base} {{'Admin Port': {port}}}",
            rf"Capabilities: {{'Admin Port': {port}}}\nStarted {base} ActorSystem\n",
        ),
        ("info", rf"Singleton ActorSystem base: (simpleSystem|{base})\n$"),
        (CREATE, "^0\n"),
        ("tell 0 hello  you", ""),
        ("listen", "^Received message: echo: hello  you\n"),
        ("ask 0 hello", "^Response <class 'str'>: 'echo: hello'\n"),
        ("ask 0 table", r"^Response <class 'dict'>: {'a': 'a{20}',\n 'b'"),
        ("ask 0 child", r"^Response <class '.*ActorAddress'>: ActorAddr-\S+ \[#1\]\n"),
        ("ask #1 hi", "'echo: hi'"),
        ("info", r"Actor Address:  ActorAddr-\S+ \[#0\]\nActor Address:  ActorAddr-\S+ \[#1\]\n$"),
        ("status 0", r"^Requesting status .* \(#0\)\nStatus of actors.Echo Actor @ \S+ \[#0\]:\n(.*\n)*.*@ \S+ \[#1\]"),
        ("actorCount 0", r"^\.\.\n# Actor Systems - Total: 1\n(.*\n)+.*=    2  actors.Echo\n Time to count: "),
        ("set_thesplog 0 error true false", "logging settings updated"),
        ("report_exit 0 1", "^Actor #0 .* sent notification of child #1 .* exit.\n"),
        ("ask 0 news", r"\[#1\]\n"),
        ("kill 0", "^Actor #0 .* exit request sent.\n"),
        ("python system.capabilities['Admin Port'] + 1", f"^{port + 1}\n"),
        ("stop", "^Erasing previous ActorSystem\n"),
        ("info", r"No ActorSystem seems to be running\n"),
        ("exit", "^Exiting.\n$"),
    ]
    check(typed(*(line for line, _ in session)), [pattern for _, pattern in session])


def test_the_session_of_the_documentation_goes_as_it_is_shown(typed):
    page = (Path(__file__).parents[3] / "docs" / "shell.md").read_text()
    (shown,) = re.findall(r"^```console\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    session = shown.replace("1900", str(get_free_admin_port())).split(PROMPT)[1:]
    lines, expected = zip(*(part.split("\n", 1) for part in session), strict=True)
    # What is new each time.
    volatile = re.compile(r"ActorAddr-\(T\|:[0-9a-f]+|{{[0-9a-f]{32}}}|[0-9]:[0-9:.]+")
    assert [volatile.sub("…", each) for each in typed(*lines)] == [volatile.sub("…", each) for each in expected]


def test_mistakes_are_told_and_the_shell_goes_on(typed):
    session = [
        ("status", r"^\*\*\*ERROR: no current ActorSystem to send ask to.\n"),
        ("actorCount", r"^\*\*\*ERROR: no current ActorSystem"),
        ("nonsense", r"^\*\*\* Unknown syntax: nonsense\n"),
        ("start nowhere", r"\n\*\*\*ERROR: starting ActorSystem with specified Base: nowhere: there is no system base"),
        (
            "start simpleSystemBase {'a': open('actors.py')}",
            r"^\*\*\*ERROR: the capabilities are no dictionary of plain",
        ),
        (
            "start simpleSystemBase {",
            r"^\*\*\*ERROR: the capabilities are no dictionary of plain values: SyntaxError: ",
        ),
        ("start simpleSystemBase [1]", r"^\*\*\*ERROR: the capabilities are no dictionary: \[1\]\n"),
        ("start multiprocTCPBase {'Admin Port': 'x'}", r"\*\*\*ERROR: RuntimeError: .*Admin Port"),
        ("start", "^Started default ActorSystem\n"),
        ("address", r"^\*\*\*ERROR: unable to parse IP address or port specification: the system in use"),
        ("python 1/0", r"^\*\*\*ERROR: ZeroDivisionError: division by zero\n"),
        ("python (", r"^\*\*\*ERROR: SyntaxError: "),
        (CREATE, "^0\n"),
        ("tell", r"^\*\*\*ERROR: requires the number of an actor"),
        ("tell 1 x", r"^\*\*\*ERROR: Specified Actor Address #1 is not known\n"),
        ("ask -1 x", r"^\*\*\*ERROR: parsing Actor number from command line: '-1'"),
        ("ask nobody x", r"^\*\*\*ERROR: parsing Actor number from command line: 'nobody'"),
        ("report_exit 0", r"^\*\*\*ERROR: requires specification of parent and child"),
        ("report_exit 0 9", r"^\*\*\*ERROR: Specified Actor Address #9"),
        ("set_thesplog 0 loud yes yes", r"^\*\*\*ERROR: requires an actor, a level"),
        ("use_simple_source_authority now", ""),
        ("ask 0 still there", "'echo: still there'"),
        ("", ""),
        ("stop", "Erasing"),
    ]
    # The end of the input ends the shell too.
    answers = typed(*(line for line, _ in session))
    check(answers, [*(pattern for _, pattern in session), "^Exiting.\n$"])


def test_systems_are_found_by_their_ports(typed):
    port, free = get_free_admin_port(), get_free_admin_port()
    session = [
        (f"start multiprocTCPBase {{'Admin Port': {port}}}", "Started"),
        ("status", r"Status of ActorSystem @ \S+ \[#0\]:\n(.*\n)*.*Admin Port: "),
        ("actorCount", r"- Total: 1\n +- Empty: 1\n# Actors -        Total: 0\n"),
        (f"address 127.0.0.1 {port}", "^Actor Address 0:  ActorAddr-"),
        (f"address 127.0.0.1:{port}", "^Actor Address 0:  ActorAddr-"),
        (f"address localhost {free}", rf"^\*\*\*ERROR: .*there is no actor system at localhost:{free}\n"),
        (f"address 192.0.2.1:{port}", r"^\*\*\*ERROR: .*192.0.2.1 is not this host"),
        ("python system.createActor('actors.Echo', globalName='fred') and 1", "^1\n"),
        ("ask fred hello", "'echo: hello'"),
        ("stop", "Erasing"),
    ]
    check(typed(*(line for line, _ in session)), [*(pattern for _, pattern in session), "^Exiting.\n$"])


class Terminal:
    """A shell at a terminal, and somebody who types."""

    def __init__(self, environment, directory):
        # The terminal is as wide as what is typed, so that no line is broken.
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.chdir(directory)
            command = [sys.executable, "-m", "thespian.shell"]
            os.execve(sys.executable, command, {**environment, "TERM": "dumb", "COLUMNS": "500", "INPUTRC": os.devnull})
        self.seen = ""

    def wait_for(self, text):
        """Read until the text has come; what comes after it is still to be waited for."""
        until = time.monotonic() + 20
        while text not in self.seen:
            assert select.select([self.descriptor], [], [], until - time.monotonic())[0], self.seen
            self.seen += os.read(self.descriptor, 65536).decode()
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def leave(self):
        self.type("exit\n")
        self.wait_for("Exiting.")
        assert os.waitpid(self.process, 0)[1] == 0
        os.close(self.descriptor)


def test_at_a_terminal_lines_are_completed_and_kept(environment, tmp_path):
    terminal = Terminal(environment, tmp_path)
    terminal.wait_for(PROMPT)
    terminal.type(f"star\t multiprocT\t {{'Admin Port': {get_free_admin_port()}}}\n")
    terminal.wait_for("Started multiprocTCPBase ActorSystem")
    terminal.wait_for(PROMPT)
    terminal.type(CREATE + "\n")
    terminal.wait_for("\n0")
    terminal.wait_for(PROMPT)
    # The text of an address, from its first letters on.
    terminal.type("as\t Act\t hello\n")
    terminal.wait_for("'echo: hello'")
    terminal.wait_for(PROMPT)
    # A global name, which the Admin knows.
    terminal.type("python system.createActor('actors.Echo', globalName='fred') and 1\n")
    terminal.wait_for("\n1")
    terminal.wait_for(PROMPT)
    terminal.type("as\t fr\t good morning\n")
    terminal.wait_for("'echo: good morning'")
    terminal.wait_for(PROMPT)
    # An interrupt ends what is under way, and no more.
    terminal.type("listen\n")
    terminal.wait_for("listen\r\n")
    terminal.type("\x03")
    terminal.wait_for("^C")
    terminal.wait_for(PROMPT)
    terminal.type("stop\n")
    terminal.wait_for("Erasing")
    terminal.wait_for(PROMPT)
    terminal.leave()
    history = (tmp_path / "state" / "roscius" / "shell_history").read_text().splitlines()
    assert history[0].startswith("start multiprocTCPBase")
    assert history[-1] == "exit"
    again = Terminal(environment, tmp_path)
    again.wait_for(PROMPT)
    # One line back is `exit`.
    again.type("\x10\n")
    again.wait_for("Exiting.")
    assert os.waitpid(again.process, 0)[1] == 0
    os.close(again.descriptor)
