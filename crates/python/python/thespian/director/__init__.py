"""The Director: loads signed sources in groups, and keeps their actors running.

It is an actor (`Director`, global name "Director"), a source authority (`SourceAuthority`), and a program that controls both:
`python -m thespian.director`. Its messages are dictionaries of built-in types. What they are, and what its files say, is
in docs/director.md.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from thespian.director.log_filter import ActorAddressLogFilter

if TYPE_CHECKING:
    from thespian.director.control import DirectorControl as DirectorControl
    from thespian.director.director_actor import Director as Director
    from thespian.director.group_files import GroupLoadableFiles as GroupLoadableFiles
    from thespian.director.source_authority import SourceAuthority as SourceAuthority
    from thespian.director.source_encoding import SourceEncoding as SourceEncoding

__all__ = [
    "ActorAddressLogFilter",
    "Director",
    "DirectorControl",
    "GroupLoadableFiles",
    "SourceAuthority",
    "SourceEncoding",
]

# The process that writes logs wants the filter alone, and the Director's processes not the commands.
_HOMES = {
    "Director": "director_actor",
    "DirectorControl": "control",
    "GroupLoadableFiles": "group_files",
    "SourceAuthority": "source_authority",
    "SourceEncoding": "source_encoding",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
