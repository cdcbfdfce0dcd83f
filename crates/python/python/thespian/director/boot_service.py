"""Letting the Director start when the machine does: `bootstart`."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys

from thespian.director.command_failure import Code, CommandFailed

DESCRIPTION = "Thespian Actor Director to manage loaded sources"

SYSTEMD_UNITS = "/lib/systemd/system"
UPSTART_JOBS = "/etc/init"
SYSV_SCRIPTS = "/etc/init.d"
LAUNCH_DAEMONS = "/Library/LaunchDaemons"

_SYSTEMD_UNIT = """# The Thespian Director is started at boot.

[Unit]
Description={description}
Wants=network-online.target
After=network-online.target

[Service]
Type=forking
Restart=on-failure
RestartSec=60
Environment="THESPIAN_DIRECTOR_DIR={directory}"
EnvironmentFile=-/etc/sysconfig/thespian
ExecStart={python} -m thespian.director start
ExecStop={python} -m thespian.director shutdown

[Install]
WantedBy=multi-user.target
"""

_UPSTART_JOB = """# The Thespian Director is started at boot.
description "{description}"
start on stopped rc RUNLEVEL=[23]
stop on [06]

expect daemon

env THESPIAN_DIRECTOR_DIR="{directory}"
export THESPIAN_DIRECTOR_DIR

script
    if [ -f /etc/sysconfig/thespian ]; then . /etc/sysconfig/thespian; fi
    exec ${{PYTHON:-{python}}} -m thespian.director start
end script
pre-stop script
    exec ${{PYTHON:-{python}}} -m thespian.director shutdown
end script
"""


def install(name: str, directory: str, starts: bool) -> int:
    """Write the configuration of the system's own service manager, and start the service. Raises `CommandFailed`."""
    if os.name == "nt":
        return _windows(name, directory, starts)
    if _has_systemd():
        return _systemd(name.replace(".", "-"), directory, starts)
    if os.path.isdir(UPSTART_JOBS):
        return _upstart(name.replace(".", "-"), directory, starts)
    if os.path.isdir(SYSV_SCRIPTS):
        raise CommandFailed(Code.REFUSED, "there are no boot scripts for SystemV init")
    if os.path.isdir(LAUNCH_DAEMONS):
        return _launchd(name, directory, starts)
    raise CommandFailed(Code.UNKNOWN, f'Unknown os type "{os.name}", cannot create boot configuration.')


def _has_systemd() -> bool:
    try:
        version = subprocess.run(["systemctl", "--version"], capture_output=True, check=False)
    except OSError:
        return False
    return b"systemd" in version.stdout


def _write(path: str, content: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        raise CommandFailed(Code.NOT_WRITTEN, f"{path} can not be written: {error.strerror}") from None


def _run(*arguments: str) -> int:
    print(*arguments)
    try:
        code = subprocess.call(arguments)
    except OSError as error:
        raise CommandFailed(Code.REFUSED, f"{arguments[0]} can not be run: {error.strerror}") from None
    if code:
        print(f"ERROR: {' '.join(arguments)} returned {code}", file=sys.stderr)
    return code


def _filled(text: str, directory: str) -> bytes:
    return text.format(description=DESCRIPTION, directory=directory, python=sys.executable).encode()


def _systemd(name: str, directory: str, starts: bool) -> int:
    _write(os.path.join(SYSTEMD_UNITS, f"{name}.service"), _filled(_SYSTEMD_UNIT, directory))
    code = _run("systemctl", "enable", name) or _run("systemctl", "daemon-reload")
    return code if code or not starts else _run("systemctl", "start", "--no-block", name)


def _upstart(name: str, directory: str, starts: bool) -> int:
    _write(os.path.join(UPSTART_JOBS, f"{name}.conf"), _filled(_UPSTART_JOB, directory))
    return _run("initctl", "start", name) if starts else 0


def _launchd(name: str, directory: str, starts: bool) -> int:
    path = os.path.join(LAUNCH_DAEMONS, f"{name}.plist")
    properties = {
        "Label": name,
        "ProgramArguments": [sys.executable, "-m", "thespian.director", "start", "blocking"],
        "EnvironmentVariables": {"THESPIAN_DIRECTOR_DIR": directory},
        "KeepAlive": True,
    }
    _write(path, plistlib.dumps(properties))
    return _run("launchctl", "load", path) if starts else 0


def _windows(name: str, directory: str, starts: bool) -> int:
    if shutil.which("nssm") is None:
        raise CommandFailed(Code.REFUSED, "a Windows service needs the program nssm: install it, then try again")
    if subprocess.call(["nssm", "stop", name]) == 0:
        _run("nssm", "remove", name, "confirm")
    code = (
        _run("nssm", "install", name, os.path.normpath(sys.executable), "-m", "thespian.director", "start", "wait")
        or _run("nssm", "set", name, "AppDirectory", os.path.normpath(directory))
        or _run("nssm", "set", name, "AppExit", "2", "Exit")
        or _run("nssm", "set", name, "Description", DESCRIPTION)
    )
    return code if code or not starts else _run("nssm", "start", name)
