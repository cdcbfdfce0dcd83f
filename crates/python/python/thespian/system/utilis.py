"""The helpers that programs import under this name."""

from thespian.system.instantiation import withPossibleInitArgs
from thespian.system.mapping import fmap, partition
from thespian.system.thesplog import thesplog, thesplog_control

__all__ = ["fmap", "partition", "thesplog", "thesplog_control", "withPossibleInitArgs"]
