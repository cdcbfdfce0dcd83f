"""A source of an actor that echoes, and what tests do with it."""

import pytest
from authorities import MOMENT
from thespian.actors import InvalidActorSourceHash

ECHO = {
    "echo.py": """
        from thespian.actors import Actor
        import words

        class Echo(Actor):
            def receiveMessage(self, msg, sender):
                if isinstance(msg, str):
                    self.send(sender, words.say(msg))
        """,
    "words.py": "def say(text): return f'echo: {text}'",
}


def ask_echo(asys, source_hash, name="echo.Echo"):
    return asys.ask(asys.createActor(name, sourceHash=source_hash), "hello", MOMENT)


def refused(asys, source_hash):
    with pytest.raises(InvalidActorSourceHash):
        asys.createActor("echo.Echo", sourceHash=source_hash)
    return True


def await_verdict(asys, source_hash):
    """Creations wait until a source is found valid, even if there is nothing to create."""
    with pytest.raises(ImportError):
        asys.createActor("no.such.Actor", sourceHash=source_hash)
