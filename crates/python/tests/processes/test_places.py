"""Where systems are found: directories and ports that can not be used, garbage, and what was left behind."""

import logging
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import seen
from cast import MOMENT, Echo, Player, create, do, pid
from thespian.actors import ActorSystemException, InvalidActorAddress
from thespian.system.processes import starting
from thespian.test import get_free_admin_port

NOBODY = 65534
GARBAGE = [
    b"",
    b"\0",
    b"GET / HTTP/1.1\r\n\r\n",
    b"12>nonsense",
    b"\xff" * 100_000,
    os.urandom(100_000),
    struct.pack("<Q", 2**63) + b"x",
]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(starting, "REACH_SECONDS", 0.3)


def works(asys):
    return asys.ask(asys.createActor(Echo), "it works", MOMENT) == "it works"


def test_a_runtime_directory_that_can_not_be_written_is_not_used(scene, base, monkeypatch):
    # Not even the superuser can make anything there.
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc")
    monkeypatch.setenv("TMPDIR", str(scene.home))
    assert works(scene.start(base))
    assert scene.left()


@pytest.mark.parametrize("other", ["/proc", "/nowhere/at/all", "/dev/null"])
def test_no_directory_that_can_be_written_is_a_clear_error(scene, base, monkeypatch, other):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc")
    monkeypatch.setenv("TMPDIR", other)
    with pytest.raises(ActorSystemException, match=other):
        scene.start(base)


def test_a_directory_whose_path_is_too_long_is_a_clear_error(scene, base, monkeypatch):
    deep = scene.home / ("long" * 30)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setenv("TMPDIR", str(deep))
    with pytest.raises(ActorSystemException, match="too long"):
        scene.start(base)


def ours(scene):
    return scene.home / f"roscius-{os.geteuid()}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can make a directory of another user")
def test_a_directory_of_another_user_is_refused(scene, base):
    ours(scene).mkdir(mode=0o700)
    os.chown(ours(scene), NOBODY, NOBODY)
    with pytest.raises(ActorSystemException, match="belongs to user"):
        scene.start(base)
    ours(scene).rmdir()


def test_a_link_in_the_place_of_the_directory_is_refused(scene, base):
    elsewhere = scene.home / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    ours(scene).symlink_to(elsewhere)
    with pytest.raises(ActorSystemException, match="not a directory"):
        scene.start(base)
    assert list(elsewhere.iterdir()) == []


def test_a_file_in_the_place_of_the_directory_is_refused(scene, base):
    ours(scene).write_text("")
    with pytest.raises(ActorSystemException, match="not a directory"):
        scene.start(base)


def test_nobody_else_can_enter_the_directory(scene, asys):
    for path in (ours(scene), *(path for path in ours(scene).iterdir() if not path.is_symlink())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert works(asys)


@pytest.fixture(params=["tcp", "udp"])
def occupied(request, scene):
    """A port of the scene that something else has, with the base that wants it."""
    kind = socket.SOCK_STREAM if request.param == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if request.param == "tcp":
            other.listen()
        scene.port = other.getsockname()[1]
        yield f"multiproc{request.param.upper()}Base"


def test_a_port_that_something_else_has_is_a_clear_error(scene, occupied, impatient):
    with pytest.raises(InvalidActorAddress, match=str(scene.port)):
        scene.start(occupied)


def test_a_program_waits_for_a_port_that_becomes_free(scene):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        scene.port = other.getsockname()[1]
        closing = threading.Timer(0.3, other.close)
        closing.start()
        assert works(scene.start("multiprocTCPBase"))
        closing.join()


def test_garbage_at_the_port_of_the_admin_changes_nothing(scene):
    asys = scene.start("multiprocTCPBase")
    for garbage in GARBAGE:
        with socket.create_connection(("127.0.0.1", scene.port), MOMENT) as visitor:
            try:
                visitor.sendall(garbage)
                visitor.shutdown(socket.SHUT_WR)
                while visitor.recv(4096):  # What the Admin says of itself comes first.
                    pass
            except OSError:
                pass  # It was turned away at once.
    assert works(asys)


def test_garbage_at_the_udp_port_of_the_admin_changes_nothing(scene):
    asys = scene.start("multiprocUDPBase")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as visitor:
        for garbage in GARBAGE:
            visitor.sendto(garbage[:60_000], ("127.0.0.1", scene.port))
    assert works(asys)


def test_many_visitors_that_say_nothing_change_nothing(scene):
    asys = scene.start("multiprocTCPBase")
    visitors = [socket.create_connection(("127.0.0.1", scene.port), MOMENT) for _ in range(200)]
    assert works(asys)
    for visitor in visitors:
        visitor.close()


def test_garbage_at_every_socket_is_noted_and_changes_nothing(scene, asys):
    player = asys.createActor(Player)
    child = do(asys, player, create, Player)
    processes = [do(asys, actor, pid) for actor in (player, child)]
    sockets = [path for path in scene.sockets() if path.is_socket()]
    # The Admin, the starter, the logger, two actors, and this program.
    assert len(sockets) == 6
    for path in sockets:
        for garbage in GARBAGE:
            with socket.socket(socket.AF_UNIX) as visitor:
                visitor.settimeout(0.02)
                visitor.connect(str(path))
                try:
                    visitor.sendall(garbage)
                    visitor.recv(100)
                except OSError:
                    pass  # It was turned away, or nobody looks just now.
    assert [do(asys, actor, pid) for actor in (player, child)] == processes
    assert works(asys)
    scene.noted("a connection was turned away")
    noters = {line.split()[2] for line in scene.noted_lines() if "turned away" in line}
    assert {f"p{process}" for process in processes} <= noters
    assert f"p{scene.admin()}" in noters


def test_visitors_that_say_nothing_at_a_socket_change_nothing(scene, asys):
    player = asys.createActor(Player)
    visitors = []
    for path in scene.sockets():
        if path.is_socket() and os.getpid() not in seen.listeners(path):
            for _ in range(20):
                visitor = socket.socket(socket.AF_UNIX)
                visitor.connect(str(path))
                visitors.append(visitor)
    assert do(asys, player, pid)
    assert works(asys)
    for visitor in visitors:
        visitor.close()


@pytest.mark.parametrize("base", ["multiprocTCPBase", "multiprocUDPBase", "multiprocQueueBase"])
def test_a_system_starts_where_another_was_killed(scene, base):
    first = scene.start(base)
    first.createActor(Echo)
    members = scene.members()
    seen.kill(members)
    seen.gone(members)
    left = set(scene.left())
    assert left
    second = scene.start(base)
    assert works(second)
    # This program still has its part of the first.
    start = time.monotonic()
    first.shutdown()
    assert time.monotonic() - start < 2


def test_sockets_that_were_removed_do_not_stop_a_system(scene, asys):
    player = asys.createActor(Player)
    echo = asys.createActor(Echo)
    process = do(asys, player, pid)
    assert asys.ask(echo, "linked", MOMENT) == "linked"
    shutil.rmtree(ours(scene))
    assert do(asys, player, pid) == process
    assert asys.ask(echo, "still linked", MOMENT) == "still linked"
    start = time.monotonic()
    with pytest.raises(ActorSystemException):
        asys.createActor(Echo)
    assert time.monotonic() - start < 3


SMALL_DISK = "mount -t tmpfs -o nr_inodes={inodes} disk {home} && XDG_RUNTIME_DIR={home} TMPDIR={home} exec {program}"


def on_a_small_disk(home, inodes, program):
    """Run a program whose temporary directory takes only so many files, in a name space of its own."""
    script = SMALL_DISK.format(home=home, inodes=inodes, program=program)
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=15, check=False, input=""
    )


def small_disks_work():
    return shutil.which("unshare") is not None and on_a_small_disk("/mnt", 5, "true").returncode == 0


@pytest.mark.skipif(not small_disks_work(), reason="no disks can be mounted here")
@pytest.mark.parametrize("inodes", [1, 2, 3, 4, 5, 6])
def test_a_full_disk_is_a_clear_error(scene, base, inodes):
    """There is room for less than a system needs."""
    program = f"{sys.executable} {Path(__file__).with_name('program.py')} {base} {get_free_admin_port()}"
    ran = on_a_small_disk(scene.home, inodes, program)
    assert ran.returncode == 1
    assert any(line.startswith("thespian.") for line in ran.stderr.splitlines())
    assert "no space is left" in ran.stderr.lower()


def test_a_log_file_on_a_full_disk_harms_nobody(scene, base, monkeypatch):
    monkeypatch.setenv("THESPLOG_FILE", "/dev/full")
    logs = scene.log_defs()
    logs["handlers"]["full"] = {"class": "logging.FileHandler", "filename": "/dev/full"}
    logs["root"]["handlers"] = ["full", "file"]
    asys = scene.start(base, logs)
    player = asys.createActor(Player)
    do(asys, player, log_line, "written elsewhere")
    scene.logged("written elsewhere")
    os.kill(do(asys, player, pid), signal.SIGUSR2)
    assert works(asys)


def log_line(_actor, text):
    logging.getLogger("full").warning(text)
