"""The capabilities that every system has by itself."""

from __future__ import annotations

import sys
import time
from typing import Any

from roscius._core import THIS_HOST

ThespianGeneration = (3, 10)


def add_system_capabilities(capabilities: dict[str, Any], name: str, version: int) -> None:
    """Enter what is true of any system of this process; what the program gave under these keys is overwritten."""
    capabilities["Python Version"] = tuple(sys.version_info)
    capabilities["Thespian Generation"] = ThespianGeneration
    # The time of the start: a system that was started later has the larger one.
    capabilities["Thespian Version"] = str(int(time.time() * 1000))
    capabilities["Thespian ActorSystem Name"] = name
    capabilities["Thespian ActorSystem Version"] = version
    # The original has no such capabilities: a program may have its own under these names.
    for key, value in zip(("os", "arch"), THIS_HOST, strict=True):
        capabilities.setdefault(key, value)
