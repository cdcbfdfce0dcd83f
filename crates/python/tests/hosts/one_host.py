"""The program of one host: a system with certificates, until its input ends or says so.

one_host.py HOST ORIGIN FILE CERTIFICATE ADDRESS LEADERS
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import seen
from cast_of_hosts import Asker
from thespian.actors import ActorSystem


def admin():
    """The process of the Admin."""
    home = Path(os.environ["XDG_RUNTIME_DIR"])
    return next(pid for socket in home.glob("roscius-*/s*/*00000000") for pid in seen.listeners(socket))


def main():
    host, origin, file, certificate, address, leaders = sys.argv[1:]
    port = int(address.rpartition(":")[2])
    entries = {
        "Admin Port": port,
        "Convention Address.IPv4": leaders.split(","),
        "Convention Certificate": certificate,
        f"host {host}": True,
    }
    system = ActorSystem("multiprocTCPBase", entries, transientUnique=True)
    asker = system.createActor(Asker)
    assert system.ask(asker, (int(host), origin, file), 10) == "begun"
    print(json.dumps(admin()), flush=True)
    if sys.stdin.readline():
        system.shutdown()
        print(json.dumps("over"), flush=True)


if __name__ == "__main__":
    main()
