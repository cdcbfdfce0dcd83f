"""Several systems on this host, of which nothing may be left."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "processes"))

import seen
from nats_server import NatsServer
from scenes import scene  # noqa: F401
from thespian.test import get_free_admin_port


class Convention:
    """Systems that know each other: the first leads."""

    def __init__(self, scene, base, server=None):  # noqa: F811
        self.scene = scene
        self.base = base
        self.leaders = []
        self.server = server
        # A broken connection tells at once; a server waits until somebody has not been heard of for a while.
        self.noticed_within = 6 if server else 3

    def join(self, logDefs=None, **capabilities):
        """One more system, with these capabilities."""
        port = capabilities.pop("Admin Port", None) or get_free_admin_port()
        self.leaders = self.leaders or [f"localhost:{port}"]
        way = {"Convention Address": self.server.address} if self.server else {"Convention Address.IPv4": self.leaders}
        return self.scene.start(self.base, logDefs, **{"Admin Port": port, **way, **capabilities})

    def admins(self):
        """The processes of the Admins."""
        sockets = self.scene.home.glob("roscius-*/s*/*00000000")
        return {pid for socket in sockets for pid in seen.listeners(socket)}


@pytest.fixture(params=("multiprocTCPBase", "multiprocUDPBase", "nats"))
def convention(scene, request):  # noqa: F811
    """Systems are added by `join`."""
    if request.param == "nats":
        return request.getfixturevalue("convention_over_nats")
    return Convention(scene, request.param)


@pytest.fixture
def convention_over_tcp(scene):  # noqa: F811
    """A convention over connections alone."""
    return Convention(scene, "multiprocTCPBase")


@pytest.fixture
def convention_over_nats(scene, tmp_path):  # noqa: F811
    """A convention on a server of its own."""
    server = NatsServer(tmp_path / "nats")
    yield Convention(scene, "multiprocTCPBase", server)
    server.kill()
