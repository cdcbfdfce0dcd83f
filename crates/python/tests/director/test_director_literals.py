"""What files may say, and that nothing in them is evaluated."""

import logging
import os

import pytest
from thespian.actors import ActorExitRequest, WakeupMessage
from thespian.director import ActorAddressLogFilter
from thespian.director.literals import NoLiteral, read_literal


@pytest.mark.parametrize(
    "text", ["{}", "None", "-1.5", "['a', ('b',), {1, 2}, b'c', True, 1j]", " {'a': [1,\n2]}\n# end"]
)
def test_literals(text):
    assert read_literal(text) == eval(text.strip())


def test_names_and_texts(monkeypatch):
    monkeypatch.setenv("DIRECTOR_TEST", "here")
    names = {"logdir": "/logs"}
    assert read_literal("'%s/a.log' % logdir", names) == "/logs/a.log"
    assert read_literal("logdir + '/a.log'", names) == "/logs/a.log"
    assert read_literal("'%s-%s 100%%' % (logdir, 1)", names) == "/logs-1 100%"
    assert read_literal("os.path.join(logdir, 'a')", names) == os.path.join("/logs", "a")
    assert read_literal("os.getenv('DIRECTOR_TEST', 'no')") == "here"
    assert read_literal("[logging.INFO, ActorAddressLogFilter]") == [logging.INFO, ActorAddressLogFilter]
    assert isinstance(read_literal("thespian.actors.ActorExitRequest()"), ActorExitRequest)
    wakeup = read_literal("thespian.actors.WakeupMessage(timedelta(seconds=1), payload='x')")
    assert isinstance(wakeup, WakeupMessage)
    assert wakeup.payload == "x"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{'a': open('/etc/passwd')}", "`open` is not known here"),
        ("__import__('os').system('true')", "is not known here"),
        ("os.system('true')", "`os.system` is not known here"),
        ("().__class__", "is not known here"),
        ("lambda: 1", "is no literal"),
        ("[x for x in (1,)]", "is no literal"),
        ("f'{1}'", "is no literal"),
        ("'a' * 1000000000", "is no literal"),
        ("'%1000000000d' % 1", "only %s can be filled in"),
        ("'%(a)s' % {'a': 1}", "only %s can be filled in"),
        ("1 + 1", "`1` is no text"),
        ("-'a'", "is no literal"),
        ("{**{}}", "`**` is not possible here"),
        ("os.getenv(**{})", "`**` is not possible here"),
        ("os.getenv()", "missing"),
        ("{[]: 1}", "unhashable"),
        ("{'a': 1", "line 1: "),
        ("\n\n{'a':\nx}", "line 4: `x` is not known here"),
        ("import os", "line 1: "),
        ("", "line "),
        ("'\0'", "null"),
        ("'%s' % ()", "not enough"),
    ],
)
def test_what_is_refused(text, problem):
    with pytest.raises(NoLiteral) as refusal:
        read_literal(text)
    assert problem in str(refusal.value)


@pytest.mark.parametrize("text", ["(" * 100_000, "-" * 100_000 + "1", "'a"])
def test_what_no_parser_takes_is_refused_too(text):
    with pytest.raises(NoLiteral):
        read_literal(text)
