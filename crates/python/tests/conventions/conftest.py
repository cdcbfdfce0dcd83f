"""Several systems on this host, of which nothing may be left."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "processes"))

import seen
from scenes import scene  # noqa: F401
from thespian.test import get_free_admin_port


class Convention:
    """Systems that know each other: the first leads."""

    def __init__(self, scene, base):  # noqa: F811
        self.scene = scene
        self.base = base
        self.leaders = []

    def join(self, **capabilities):
        """One more system, with these capabilities."""
        port = get_free_admin_port()
        self.leaders = self.leaders or [f"localhost:{port}"]
        entries = {"Admin Port": port, "Convention Address.IPv4": self.leaders, **capabilities}
        return self.scene.start(self.base, **entries)

    def admins(self):
        """The processes of the Admins."""
        sockets = self.scene.home.glob("roscius-*/s*/*00000000")
        return {pid for socket in sockets for pid in seen.listeners(socket)}


@pytest.fixture(params=("multiprocTCPBase", "multiprocUDPBase"))
def convention(scene, request):  # noqa: F811
    """Systems are added by `join`."""
    return Convention(scene, request.param)
