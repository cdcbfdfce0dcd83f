"""`python -m thespian.diagnose`, as a program of its own, on ports of its own."""

import os
import socket
import subprocess
import sys

import pytest
from thespian.actors import ActorSystem
from thespian.test import get_free_admin_port

# The same as `-m` does, on other ports, and without the patience for those of others.
PROGRAM = """
import sys
from thespian import diagnose
from thespian.system.processes import starting
diagnose.TCP_PORT, diagnose.UDP_PORT = int(sys.argv.pop()), int(sys.argv.pop())
starting.REACH_SECONDS = 0.3
sys.exit(diagnose.main())
"""
BASES = ("simpleSystemBase", "threadSystemBase", "multiprocQueueBase", "multiprocUDPBase", "multiprocTCPBase")


@pytest.fixture
def diagnosis(tmp_path, monkeypatch):
    """Runs it, and gives the exit code, the lines, and the log."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    def diagnose(udp, tcp, directory=tmp_path):
        with (tmp_path / "output").open("w+") as output:
            command = [sys.executable, "-c", PROGRAM, str(udp), str(tcp)]
            done = subprocess.run(
                command, cwd=directory, stdout=output, stderr=subprocess.STDOUT, timeout=50, check=False
            )
            output.seek(0)
            return done.returncode, output.read()

    yield diagnose
    assert list(tmp_path.glob("roscius-*/*")) == []


def test_where_all_is_well_all_checks_pass(diagnosis, tmp_path):
    code, said = diagnosis(get_free_admin_port(), get_free_admin_port())
    assert code == 0, said
    assert said.startswith("Initiating diagnostics\n   [......Python] : ")
    assert said.endswith("Diagnostics completed.\n--> Wrote thespian_diagnostics.log\n")
    assert "FAILED" not in said and "skipped" not in said and "\033" not in said
    for base in BASES:
        assert f"# checking simple actors base={base} -> verified ok" in said
    log = (tmp_path / "thespian_diagnostics.log").read_text()
    assert log.count("-> verified ok") == said.count("-> verified ok")


def test_a_system_that_is_there_is_left_alone(diagnosis):
    port = get_free_admin_port()
    system = ActorSystem("multiprocTCPBase", {"Admin Port": port}, transientUnique=True)
    try:
        code, said = diagnosis(get_free_admin_port(), port)
        assert code == 0, said
        assert f"Existing multiprocTCPBase running at port {port}" in said
        assert "base=multiprocTCPBase was skipped - due to previously noted issues" in said
        assert "base=multiprocUDPBase -> verified ok" in said
    finally:
        system.shutdown()


def test_a_port_that_somebody_else_has_is_a_failure(diagnosis):
    with socket.socket() as other:
        other.bind(("", get_free_admin_port()))
        other.listen()
        code, said = diagnosis(get_free_admin_port(), other.getsockname()[1])
    assert code == 1, said
    assert "# checking AdminPort available base=multiprocTCPBase" in said
    assert "has FAILED - InvalidActorAddress: " in said
    assert "belongs to another system or program already" in said
    assert "Traceback" not in said
    assert "base=multiprocTCPBase was skipped" in said
    assert "base=multiprocQueueBase -> verified ok" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_the_log_goes_elsewhere_where_it_cannot_be_written(diagnosis, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    _, said = diagnosis(get_free_admin_port(), get_free_admin_port(), closed)
    assert f"--> Wrote {tmp_path}" in said
