"""Thespian: actors for Python, here on the Roscius core."""

from os.path import dirname, exists, join
from warnings import warn

# Says to the package `roscius` that this is the `thespian` it came with.
CORE = "roscius"

# The original has this file, and here there is none of that name.
if exists(join(dirname(__file__), "system", "systemAdmin.py")):
    warn(
        "the original Thespian is installed in this environment too. Both have a package `thespian`; that of Roscius, which was "
        "installed last, is used. To have it alone: pip uninstall thespian roscius, then pip install roscius",
        stacklevel=2,
    )
