"""Where the systems of the network bases are found."""

from __future__ import annotations

import socket
from typing import Any

from thespian.system.processes.starting import SystemPlace


def place_of(kind: str, default_port: int, capabilities: dict[str, Any]) -> SystemPlace:
    """The place that the capability `Admin Port` says. RuntimeError if that is no port."""
    port = capabilities.setdefault("Admin Port", default_port)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise RuntimeError(
            f"Unable to determine valid external socket address: the Admin Port is {port!r}, and has to be a number from 1 to 65535."
        )
    return SystemPlace(kind, str(port))


def is_here(host: str | None) -> bool:
    """Whether this is a name or an address of this host."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host or "", 0))
    except OSError:
        return False
    return True
