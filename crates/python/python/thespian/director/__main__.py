"""`python -m thespian.director`."""

from __future__ import annotations

import sys

from thespian.director.control import DirectorControl

if __name__ == "__main__":
    try:
        sys.exit(DirectorControl()(*(sys.argv[1:] or ["help"])))
    except KeyboardInterrupt:
        sys.exit(130)
