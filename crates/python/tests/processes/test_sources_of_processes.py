"""Sources where actors are processes: where their content is, how it comes to new processes, and what goes wrong with it."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import stat
import textwrap
import zipfile
from datetime import timedelta

import pytest
import roscius
import seen
from cast import MOMENT, Player, do, expect, pid
from thespian.actors import (
    Actor,
    ActorExitRequest,
    ActorSystemFailure,
    ChildActorExited,
    InvalidActorSourceHash,
    LoadedSource,
    Thespian_StatusReq,
    ValidatedSource,
    ValidateSource,
)
from thespian.system.messages.status import status_text

FAMILY = """
    import os
    import roscius
    from thespian.actors import Actor

    class Child(Actor):
        def receiveMessage(self, msg, sender):
            if msg == "die":
                os.kill(os.getpid(), 9)
            if isinstance(msg, str):
                self.send(sender, (__name__.partition("}}")[2], msg, os.getpid()))

    @roscius.restart("permanent")
    class Phoenix(Child):
        pass

    @roscius.supervise()
    class Parent(Actor):
        def receiveMessage(self, msg, sender):
            if isinstance(msg, tuple):
                name, options = msg
                cls = globals()[name] if "." not in name else name
                self.send(sender, self.createActor(cls, **options))
    """


class Authority(Actor):
    """Finds all valid, what is undecided when it is told to."""

    def __init__(self):
        self.undecided = []
        self.is_decided = False

    def receiveMessage(self, msg, sender):
        if msg == "register":
            self.registerSourceAuthority()
            self.send(sender, "registered")
        elif isinstance(msg, ValidateSource):
            if b"undecided" in msg.sourceData and not self.is_decided:
                self.undecided.append((msg, sender))
            else:
                self.send(sender, ValidatedSource(msg.sourceHash, msg.sourceData, "by the authority"))
        elif msg == "decide":
            self.is_decided = True
            for validate, admin in self.undecided:
                self.receiveMessage(validate, admin)


def zipped(text, **others):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, source in {"family": text, **others}.items():
            # Without a time of its own, so that the same texts have the same hash.
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), textwrap.dedent(source))
    content.seek(0)
    return content


def authorise(asys, kind=Authority):
    authority = asys.createActor(kind)
    assert asys.ask(authority, "register", MOMENT) == "registered"
    return authority


def create_from(actor, name, source_hash):
    return actor.createActor(name, sourceHash=source_hash)


def create_for_nothing(actor, name, source_hash):
    # The address of one that does not come to be stays here.
    return actor.createActor(name, sourceHash=source_hash) is not None


def kept(scene):
    """The files that hold sources."""
    return sorted(scene.home.glob("roscius-*/s*/source*"))


def parent_of(asys, source_hash):
    return asys.createActor("family.Parent", sourceHash=source_hash)


def child_of(asys, parent, name, **options):
    child = asys.ask(parent, (name, options), MOMENT)
    module, text, process = asys.ask(child, "hello", MOMENT)
    assert (module, text) == (name.rpartition(".")[0] or "family", "hello")
    return child, process


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_every_start_method_brings_the_source_along_also_when_it_is_unloaded(scene, method):
    asys = scene.start("multiprocTCPBase", **{"Process Startup Method": method})
    authorise(asys)
    source_hash = asys.loadActorSource(zipped(FAMILY))
    parent = parent_of(asys, source_hash)
    child_of(asys, parent, "Child")
    asys.unloadActorSource(source_hash)
    with pytest.raises(InvalidActorSourceHash):
        parent_of(asys, source_hash)
    for name in ("Child", "family.Child"):
        child_of(asys, parent, name)


def test_a_child_that_is_killed_is_made_again_from_its_source(scene, asys):
    authorise(asys)
    source_hash = asys.loadActorSource(zipped(FAMILY))
    parent = parent_of(asys, source_hash)
    child, process = child_of(asys, parent, "Phoenix")
    asys.unloadActorSource(source_hash)
    asys.tell(child, "die")
    seen.gone([process])
    # What is sent before the link is known to be broken is lost.
    module, _, another = seen.until(lambda: asys.ask(child, "again", 0.5), 10)
    assert module == "family"
    assert another != process


def test_children_with_a_name_or_of_another_source_are_made_by_the_admin(scene, asys):
    authority = authorise(asys)
    source_hash = asys.loadActorSource(zipped(FAMILY))
    parent = parent_of(asys, source_hash)
    named, _ = child_of(asys, parent, "Child", globalName="heir")
    assert asys.createActor("family.Child", sourceHash=source_hash, globalName="heir") == named
    other = asys.loadActorSource(zipped("undecided = True", other=FAMILY))
    asys.tell(parent, ("other.Child", {"sourceHash": other}))
    asys.tell(authority, "decide")
    child = asys.listen(MOMENT)
    assert asys.ask(child, "hello", MOMENT)[:2] == ("other", "hello")


def test_a_child_of_an_unknown_source_is_reported_to_its_parent(scene, asys):
    player = asys.createActor(Player)
    do(asys, player, create_for_nothing, "family.Child", "abc")
    assert len(expect(asys, player, ChildActorExited)) == 1


def test_the_content_is_in_a_private_file_as_long_as_the_source_is_loaded(scene, asys):
    authorise(asys)
    hashes = [asys.loadActorSource(zipped(FAMILY, more=f"number = {number}")) for number in range(2)]
    for source_hash in hashes:
        parent_of(asys, source_hash)
    first, _second = kept(scene)
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    for left, source_hash in zip((1, 0), hashes, strict=True):
        asys.unloadActorSource(source_hash)
        assert len(kept(scene)) == left
    # What is loaded at the end of the system goes with it, which the scene looks for.
    parent_of(asys, asys.loadActorSource(zipped(FAMILY)))
    assert len(kept(scene)) == 1


def test_nothing_is_left_when_the_admin_is_killed(scene, base, asys):
    authorise(asys)
    parent_of(asys, asys.loadActorSource(zipped(FAMILY)))
    assert kept(scene)
    os.kill(scene.admin(), signal.SIGKILL)
    seen.until(lambda: not scene.members(), 10)
    asys.shutdown()
    # What it has left is removed by the next system.
    scene.start(base)
    assert kept(scene) == []


def test_a_content_that_was_changed_is_not_run(scene, asys):
    authorise(asys)
    source_hash = asys.loadActorSource(zipped(FAMILY))
    parent_of(asys, source_hash)
    (file,) = kept(scene)
    file.write_bytes(zipped("raise SystemExit('not what was validated')").getvalue())
    with pytest.raises(InvalidActorSourceHash):
        parent_of(asys, source_hash)


def test_a_source_that_can_not_be_kept_is_refused_and_that_is_logged(scene, asys):
    authorise(asys)
    (directory,) = scene.home.glob("roscius-*/s*")
    # Stands where the file would be written, as a full disk would.
    obstacle = directory / "source"
    obstacle.mkdir()
    source_hash = asys.loadActorSource(zipped(FAMILY))
    with pytest.raises(InvalidActorSourceHash):
        parent_of(asys, source_hash)
    (line,) = scene.logged("it can not be kept")
    assert line.startswith("ERROR|")
    obstacle.rmdir()
    assert asys.loadActorSource(zipped(FAMILY)) == source_hash
    parent_of(asys, source_hash)


def test_what_the_admin_decides_is_logged_at_its_level(scene, asys):
    source_hash = asys.loadActorSource(zipped(FAMILY))
    (line,) = scene.logged("there is no source authority")
    assert line.startswith("WARNING|")
    assert source_hash in line
    authorise(asys)
    assert asys.loadActorSource(zipped(FAMILY)) == source_hash
    (line,) = scene.logged("is valid and loaded")
    assert line.startswith("INFO|")


def test_what_nobody_wants_logged_is_not(scene, base):
    asys = scene.start(base, scene.log_defs("WARNING"))
    source_hash = asys.loadActorSource(zipped(FAMILY))
    scene.logged("there is no source authority")
    authorise(asys)
    assert asys.loadActorSource(zipped(FAMILY)) == source_hash
    parent_of(asys, source_hash)
    asys.unloadActorSource(source_hash)
    asys.loadActorSource(io.BytesIO(b"no zip file"))
    scene.logged("it is no zip file")
    assert [line.partition("|")[0] for line in scene.lines()] == ["WARNING", "ERROR"]


def test_an_authority_that_is_killed_is_followed_by_another(scene, asys):
    authority = authorise(asys)
    source_hash = asys.loadActorSource(zipped(FAMILY + "\n    undecided = True"))
    assert asys.ask(authority, Thespian_StatusReq(), MOMENT).actorClass.endswith(".Authority")
    children = asys.createActor(Player)
    asys.tell(authority, ActorExitRequest())
    seen.until(lambda: status_of(asys).sourceAuthority is None)
    asys.tell(authorise(asys), "decide")
    assert do(asys, children, pid)
    parent_of(asys, source_hash)


def status_of(asys):
    return asys.ask(asys._systemBase._core.admin, Thespian_StatusReq(), MOMENT)


def test_the_status_lists_sources_and_their_authority(scene, asys):
    authority = authorise(asys)
    loaded = asys.loadActorSource(zipped(FAMILY))
    parent = parent_of(asys, loaded)
    pending = asys.loadActorSource(zipped("undecided = True"))
    status = status_of(asys)
    assert status.sourceAuthority == authority
    assert dict(status.loadedSources) == {loaded: "by the authority", pending: "...pending validation..."}
    assert f"{loaded} : by the authority" in status_text(status)
    assert asys.ask(parent, Thespian_StatusReq(), MOMENT).sourceHash == loaded
    assert asys.ask(authority, Thespian_StatusReq(), MOMENT).sourceHash is None


class Watcher(Actor):
    def receiveMessage(self, msg, sender):
        if msg == "watch":
            self.client = sender
            self.notifyOnSourceAvailability()
            self.send(sender, "watching")
        elif isinstance(msg, LoadedSource):
            self.send(self.client, msg.sourceHash)


def test_tens_of_megabytes(scene, asys):
    authorise(asys)
    ballast = os.urandom(10 << 20).hex()
    content = zipped(FAMILY, ballast=f'ballast = "{ballast}"')
    watcher = asys.createActor(Watcher)
    assert asys.ask(watcher, "watch", MOMENT) == "watching"
    source_hash = asys.loadActorSource(content)
    assert asys.listen(timedelta(seconds=40)) == source_hash
    child_of(asys, parent_of(asys, source_hash), "Child")


def test_what_is_far_too_large_is_refused_at_once(scene, asys):
    with pytest.raises(ActorSystemFailure, match="may have 268435456"):
        asys.loadActorSource(io.BytesIO(bytes((256 << 20) + 1)))


def test_sources_on_an_event_loop(scene):
    async def run():
        capabilities = {"Admin Port": scene.port}
        async with roscius.AsyncActorSystem("multiprocTCPBase", capabilities, transientUnique=True) as system:
            child = await system.create_actor("family.Child", source_hash=source_hash)
            return await system.ask(child, "hello", timeout=5)

    asys = scene.start("multiprocTCPBase")
    scene.port = asys.capabilities["Admin Port"]
    authorise(asys)
    source_hash = asys.loadActorSource(zipped(FAMILY))
    assert asyncio.run(run())[:2] == ("family", "hello")
