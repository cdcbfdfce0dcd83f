"""The Director: loads signed sources in groups, and keeps their actors running.

It is an actor (`Director`, global name "Director"), a source authority (`SourceAuthority`), and a program that controls both:
`python -m thespian.director`. Its messages are dictionaries of built-in types. What they are, and what its files say, is
in docs/director.md.
"""

from typing import TYPE_CHECKING

from roscius.lazy_exports import exports_of

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


__getattr__ = exports_of(__name__, _HOMES)
