"""Source authorities, and others who have to do with sources."""

from datetime import timedelta

from thespian.actors import (
    Actor,
    ActorExitRequest,
    LoadedSource,
    UnloadedSource,
    ValidatedSource,
    ValidateSource,
    WakeupMessage,
)

MOMENT = timedelta(seconds=5)


class Authority(Actor):
    """Finds everything valid. Tells what it was asked to who asks for it."""

    def __init__(self):
        self.asked = []

    def receiveMessage(self, msg, sender):
        if msg == "register":
            self.registerSourceAuthority()
            self.send(sender, "registered")
        elif msg == "asked":
            self.send(sender, [(it.sourceHash, len(it.sourceData), it.sourceInfo) for it in self.asked])
        elif isinstance(msg, ValidateSource):
            self.asked.append(msg)
            self.validate(msg, sender)
        else:
            self.other(msg, sender)

    def validate(self, msg, system):
        self.send(system, ValidatedSource(msg.sourceHash, msg.sourceData, msg.sourceInfo))

    def other(self, msg, sender):
        pass


class Rejecting(Authority):
    def validate(self, msg, system):
        self.send(system, ValidatedSource(msg.sourceHash, None))


class Silent(Authority):
    """Says nothing until it is told to. What it is told before it has been asked something waits."""

    system = None

    def __init__(self):
        super().__init__()
        self.waiting = []

    def other(self, msg, sender):
        if self.system is None:
            self.waiting.append((msg, sender))
        elif msg == "where":
            self.send(sender, self.system)
        elif msg == "go on":
            self.send(sender, "going on")
            Authority.validate(self, self.asked[-1], self.system)

    def validate(self, msg, system):
        self.system = system
        for waiting in self.waiting:
            self.other(*waiting)


class Slow(Authority):
    def validate(self, msg, system):
        self.system = system
        self.wakeupAfter(0.2, msg)

    def other(self, msg, sender):
        if isinstance(msg, WakeupMessage):
            Authority.validate(self, msg.payload, self.system)


class Dying(Authority):
    def validate(self, msg, system):
        self.send(self.myAddress, ActorExitRequest())


class Failing(Authority):
    def validate(self, msg, system):
        raise LookupError("on purpose")


class Twice(Authority):
    """The second answer is no zip file."""

    def validate(self, msg, system):
        Authority.validate(self, msg, system)
        self.send(system, ValidatedSource(msg.sourceHash, b"nonsense"))
        self.send(system, ValidatedSource(msg.sourceHash, None))


class Confused(Authority):
    """Answers for what it was not asked about, first."""

    def validate(self, msg, system):
        self.send(system, ValidatedSource("0" * 32, msg.sourceData))
        self.send(system, ValidatedSource(None, None))
        Authority.validate(self, msg, system)


class OldFashioned(Authority):
    """Of a program from before sources had names."""

    def validate(self, msg, system):
        verdict = ValidatedSource(msg.sourceHash, msg.sourceData)
        del verdict.sourceInfo
        self.send(system, verdict)


class Assassin(Authority):
    """Wants the one who asks to exit."""

    def validate(self, msg, system):
        Authority.validate(self, msg, system)
        self.send(system, ActorExitRequest())


class Corrupting(Authority):
    """Gives something else than what it has."""

    contents = (b"nonsense", "text", 17)

    def validate(self, msg, system):
        content = self.contents[len(self.asked) - 1]
        self.send(system, ValidatedSource(msg.sourceHash, content))


class Impostor(Actor):
    """Is no authority, and has an opinion."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            system, verdict = msg
            self.send(system, verdict)
            self.send(sender, "said")


class Watcher(Actor):
    """Tells what it has heard about sources, once it has heard so much."""

    def __init__(self):
        self.heard = []
        self.waiting = None

    def receiveMessage(self, msg, sender):
        if isinstance(msg, bool):
            self.notifyOnSourceAvailability(msg)
            self.send(sender, "noted")
        elif isinstance(msg, int):
            self.waiting = sender, msg
        elif isinstance(msg, LoadedSource | UnloadedSource):
            self.heard.append((type(msg).__name__, msg.sourceHash, msg.sourceInfo))
        if self.waiting is not None and len(self.heard) >= self.waiting[1]:
            self.send(self.waiting[0], self.heard)
            self.waiting = None


class Loader(Actor):
    """Loads a source, creates an actor of it, and asks it."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, tuple):
            path, name, question = msg
            self.client = sender
            source_hash = self.loadActorSource(path)
            self.waiting = source_hash, name, question
            self.notifyOnSourceAvailability()
        elif isinstance(msg, LoadedSource) and msg.sourceHash == self.waiting[0]:
            source_hash, name, question = self.waiting
            self.send(self.createActor(name, sourceHash=source_hash), question)
            self.unloadActorSource(source_hash)
        elif isinstance(msg, str):
            self.send(self.client, msg)
