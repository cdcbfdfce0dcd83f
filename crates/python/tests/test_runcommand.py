"""Running programs."""

import errno
import sys
import time
from datetime import timedelta

import pytest
from thespian.actors import ActorTypeDispatcher
from thespian.runcommand import (
    Command,
    CommandLog,
    CommandResult,
    CommandStarted,
    RunCommand,
    str_form,
)
from thespian.system.command_output import Captured

MOMENT = 5


def python(program, **keywords):
    return Command(sys.executable, ["-c", program], **keywords)


class Collector(ActorTypeDispatcher):
    """Keeps what it gets and gives it away when asked."""

    def __init__(self):
        self.got = []

    def receiveMsg_CommandOutput(self, msg, sender):
        self.got.append(("out", msg.output))

    def receiveMsg_CommandError(self, msg, sender):
        self.got.append(("err", msg.error_output))

    def receiveMsg_CommandLog(self, msg, sender):
        self.got.append((msg.level, msg.message))

    def receiveMsg_str(self, msg, sender):
        self.send(sender, self.got)


@pytest.fixture
def runner(asys):
    return asys.createActor(RunCommand)


def test_success(asys, runner):
    result = asys.ask(runner, python("print('hello')"), MOMENT)
    assert result
    assert (result.exitcode, result.stdout, result.stderr) == (0, "hello\n", "")
    assert str(result) == "CommandResult success"
    assert timedelta(0) < result.duration < timedelta(seconds=MOMENT)


def test_failure(asys, runner):
    result = asys.ask(runner, python("import sys; sys.exit('no good')"), MOMENT)
    assert not result
    assert str(result) == "CommandResult FAILED Error #1 no good\n"


def test_what_cannot_be_started(asys, runner):
    result = asys.ask(runner, Command("/no/such/program", []), MOMENT)
    assert result.exitcode == errno.ENOENT
    assert "/no/such/program" in result.stderr


def test_input(asys, runner):
    program = "import sys; print(len(sys.stdin.read()))"
    assert asys.ask(runner, python(program), MOMENT).stdout == "0\n"
    assert asys.ask(runner, python(program, input_src="x" * 1_000_000), MOMENT).stdout == "1000000\n"
    assert asys.ask(runner, python(program, input_src=b"four"), MOMENT).stdout == "4\n"


def test_shell_and_environment(asys, runner):
    command = Command(
        "echo", ["$WORD", "|", "tr", "a-z", "A-Z"], use_shell=True, env={"WORD": "loud", "PATH": "/bin:/usr/bin"}
    )
    assert asys.ask(runner, command, MOMENT).stdout == "LOUD\n"


def test_start_report(asys, runner):
    started = asys.ask(runner, python("print(1)", report_on_start=True, logtag="tag"), MOMENT)
    assert isinstance(started, CommandStarted)
    assert started.pid > 1
    assert started.command.logtag == "tag"
    assert asys.listen(MOMENT).stdout == "1\n"


def test_in_order(asys, runner):
    for number in range(4):
        asys.tell(runner, python(f"print({number})"))
    assert [asys.listen(MOMENT).stdout for _ in range(4)] == ["0\n", "1\n", "2\n", "3\n"]


def test_timeout(asys, runner):
    result = asys.ask(runner, python("import time; time.sleep(30)", timeout=0.3), MOMENT)
    assert result.exitcode == -15
    assert result.duration < timedelta(seconds=2)


def test_a_program_that_ignores_termination_is_killed(asys, runner):
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(30)"
    result = asys.ask(runner, python(program, timeout=0.5), MOMENT)
    assert result.exitcode == -9
    assert result.stdout == "deaf\n"


def test_what_a_program_leaves_behind_does_not_hold_up_its_timeout(asys, runner):
    start = time.monotonic()
    result = asys.ask(runner, Command("sleep 20 & sleep 20", [], use_shell=True, timeout=0.3), MOMENT)
    assert result.exitcode == -15
    assert time.monotonic() - start < 3


def test_updates_and_logs(asys, runner):
    updates, logs = asys.createActor(Collector), asys.createActor(Collector)
    program = "import sys; print('secret out'); sys.stdout.flush(); print('oops', file=sys.stderr); sys.exit(3)"
    command = python(program, output_updates=updates, logger=logs, logtag="tag", omit_string="secret")
    result = asys.ask(runner, command, MOMENT)
    assert (result.exitcode, result.stdout) == (3, "secret out\n")
    pieces = asys.ask(updates, "?", MOMENT)
    assert b"".join(data for kind, data in pieces if kind == "out") == b"secret out\n"
    assert b"".join(data for kind, data in pieces if kind == "err") == b"oops\n"
    lines = asys.ask(logs, "?", MOMENT)
    assert lines[0][0] == "info"
    assert lines[0][1].startswith("tag CMD: ")
    assert "secret" not in str(lines)
    assert lines[1:] == [
        ("info", "tag OUT| ... out"),
        ("error", "tag ERR> oops"),
        ("error", "tag ERROR exit code: 3"),
    ]


def test_many_lines_are_logged_in_part(asys, runner):
    logs = asys.createActor(Collector)
    assert asys.ask(runner, python("for i in range(100): print(i)", logger=logs, logtag="t"), MOMENT)
    texts = [text for _, text in asys.ask(logs, "?", MOMENT)][1:]
    assert texts[:5] == [f"t OUT| {i}" for i in range(5)]
    assert texts[5] == "t OUT| ... 90 lines are not shown ..."
    assert texts[6:11] == [f"t OUT| {i}" for i in range(95, 100)]
    assert texts[11:] == ["t completed successfully"]


def test_errors_may_be_ok(asys, runner):
    logs = asys.createActor(Collector)
    asys.ask(runner, python("import sys; sys.exit('bad')", logger=logs, error_ok=True), MOMENT)
    assert {level for level, _ in asys.ask(logs, "?", MOMENT)} == {"info"}


def test_much_output_is_cut(asys, runner):
    result = asys.ask(runner, python("print('a' * 100000 + 'z' * 100000)", max_bufsize=1000, logger=False), MOMENT)
    assert result.stdout == ("a" * 500, "z" * 499 + "\n")


def test_captured():
    captured = Captured(10)
    for piece in (b"1234567", b"890"):
        captured.add(piece)
    assert captured.value() == "1234567890"
    captured.add(b"x")
    assert captured.value() == ("12345", "7890x")


def test_texts():
    assert str_form("text") == "text"
    assert str_form("für".encode()) == "für"
    assert isinstance(str_form(b"\xff\xfe\xfa"), str)
    assert CommandLog("info", "%d of %s", 1, "two").message == "1 of two"
    assert CommandLog("info", "100 %").message == "100 %"
    command = Command("exe", None, timeout=2)
    assert (command.logtag, command.omit_string, command.timeout) == ("exe", "", timedelta(seconds=2))
    assert not CommandResult(command, -3)
