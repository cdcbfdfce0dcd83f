"""What is written for the service managers, and which programs are called; no real service is made."""

import plistlib
import sys

import pytest
from thespian.director import boot_service


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without any service manager, and where each would have its files."""
    monkeypatch.setattr(boot_service, "_has_systemd", lambda: False)
    places = {}
    for name in ("SYSTEMD_UNITS", "UPSTART_JOBS", "SYSV_SCRIPTS", "LAUNCH_DAEMONS"):
        places[name] = tmp_path / name
        monkeypatch.setattr(boot_service, name, str(places[name]))
    return places


@pytest.fixture
def called(monkeypatch):
    calls = []
    monkeypatch.setattr(boot_service.subprocess, "call", lambda arguments: calls.append(" ".join(arguments)) or 0)
    return calls


def test_systemd(control, directory, machine, called, monkeypatch):
    monkeypatch.setattr(boot_service, "_has_systemd", lambda: True)
    machine["SYSTEMD_UNITS"].mkdir()
    assert control("bootstart", "nostart") == 0
    unit = (machine["SYSTEMD_UNITS"] / "thespian-director.service").read_text()
    assert f'Environment="THESPIAN_DIRECTOR_DIR={directory}"\n' in unit
    assert f"ExecStart={sys.executable} -m thespian.director start\n" in unit
    assert f"ExecStop={sys.executable} -m thespian.director shutdown\n" in unit
    assert called == ["systemctl enable thespian-director", "systemctl daemon-reload"]
    assert control("bootstart", "my.service") == 0
    assert (machine["SYSTEMD_UNITS"] / "my-service.service").exists()
    assert called[2:] == [
        "systemctl enable my-service",
        "systemctl daemon-reload",
        "systemctl start --no-block my-service",
    ]


def test_a_failure_is_returned(control, machine, monkeypatch, capsys):
    monkeypatch.setattr(boot_service, "_has_systemd", lambda: True)
    monkeypatch.setattr(boot_service.subprocess, "call", lambda _arguments: 17)
    assert control("bootstart") == 5
    assert "thespian-director.service can not be written" in capsys.readouterr().err
    machine["SYSTEMD_UNITS"].mkdir()
    assert control("bootstart") == 17
    assert "systemctl enable thespian-director returned 17" in capsys.readouterr().err


def test_upstart(control, directory, machine, called):
    machine["UPSTART_JOBS"].mkdir()
    assert control("bootstart", "director", "nostart") == 0
    job = (machine["UPSTART_JOBS"] / "director.conf").read_text()
    assert f'env THESPIAN_DIRECTOR_DIR="{directory}"\n' in job
    assert f"exec ${{PYTHON:-{sys.executable}}} -m thespian.director start\n" in job
    assert called == []
    assert control("bootstart", "director") == 0
    assert called == ["initctl start director"]


def test_launchd(control, directory, machine, called):
    machine["LAUNCH_DAEMONS"].mkdir()
    assert control("bootstart") == 0
    path = machine["LAUNCH_DAEMONS"] / "thespian.director.plist"
    properties = plistlib.loads(path.read_bytes())
    assert properties["ProgramArguments"] == [sys.executable, "-m", "thespian.director", "start", "blocking"]
    assert properties["EnvironmentVariables"] == {"THESPIAN_DIRECTOR_DIR": str(directory)}
    assert called == [f"launchctl load {path}"]


def test_windows(control, directory, machine, called, monkeypatch, capsys):
    monkeypatch.setattr(boot_service.os, "name", "nt")
    monkeypatch.setattr(boot_service.shutil, "which", lambda _name: None)
    with pytest.raises(boot_service.CommandFailed, match="needs the program nssm: install it") as failure:
        boot_service.install("name", str(directory), starts=True)
    assert failure.value.code == 1
    monkeypatch.setattr(boot_service.shutil, "which", lambda name: name)
    assert boot_service.install("name", str(directory), starts=True) == 0
    assert called[0] == "nssm stop name"
    assert called[2] == f"nssm install name {sys.executable} -m thespian.director start wait"
    assert called[-1] == "nssm start name"


def test_machines_without_any(control, directory, machine, capsys):
    assert control("bootstart") == 2
    assert "cannot create boot configuration" in capsys.readouterr().err
    machine["SYSV_SCRIPTS"].mkdir()
    assert control("bootstart") == 1
    control.sources_dir = str(directory / "none")
    assert control("bootstart") == 5
    assert "does not exist; cannot create boot start configuration" in capsys.readouterr().err
