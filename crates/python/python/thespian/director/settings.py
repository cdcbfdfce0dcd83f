"""The configuration files in the Director's directory: one value each."""

from __future__ import annotations

import os
from typing import Any

from thespian.director.command_failure import Code, CommandFailed
from thespian.director.literals import NoLiteral, read_literal
from thespian.director.source_encoding import Verbose

_DEFAULT_DIRECTORY = "C:/thespian/director" if os.name == "nt" else "/opt/thespian/director"
_LOG_SIZE = 5 * 1024 * 1024
_LOGS_KEPT = 3


def sources_directory() -> str:
    """Where the Director's files are, unless it is told another place."""
    return os.getenv("THESPIAN_DIRECTOR_DIR") or _DEFAULT_DIRECTORY


class Settings:
    """What the files say. Files are read when they are asked for; those that are not there have a default."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def text(self, name: str, default: str) -> str:
        """The content of a file, without space around it. An empty one counts as not there."""
        return self._read(name) or default

    def _read(self, name: str) -> str | None:
        path = os.path.join(self.directory, name)
        try:
            with open(path, encoding="utf-8") as file:
                return file.read().strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise CommandFailed(Code.BAD_FILE, f"{path} can not be read: {error}") from None

    def _literal(self, name: str, names: dict[str, Any] | None = None) -> Any:
        text = self._read(name)
        if not text:
            return None
        try:
            return read_literal(text, names)
        except NoLiteral as error:
            raise CommandFailed(Code.BAD_FILE, f"{os.path.join(self.directory, name)}: {error}") from None

    @property
    def system_base(self) -> str:
        """The base of the actor system."""
        return self.text("thespbase.cfg", "multiprocTCPBase")

    @property
    def old_system_base(self) -> str:
        """The base of a system that is to be shut down, too; or nothing."""
        return self.text("oldthespbase.cfg", "")

    @property
    def admin_port(self) -> int:
        """The port of the actor system."""
        text = self.text("adminport.cfg", "1900")
        if not text.isdecimal() or not 0 < int(text) < 1 << 16:
            raise CommandFailed(Code.BAD_FILE, f"adminport.cfg has no port: {text}")
        return int(text)

    @property
    def convention_leader(self) -> str:
        """The leader of the convention to join, or nothing."""
        return self.text("convleader.cfg", "")

    @property
    def log_directory(self) -> str:
        """Where logs are written: what the file says, or the first usual place that can be written to."""
        named = self.text("thesplogd.cfg", "")
        if named:
            return named
        usual = ["C:\\Windows\\temp", "/var/log/", os.getcwd(), "/var/tmp", "/tmp"]
        return next((each for each in usual if _is_writable(each)), os.getcwd())

    def capabilities(self) -> dict[str, Any]:
        """What a system of the Director is started with, without its port."""
        found = self._literal("othercaps.cfg")
        if not isinstance(found, dict | None):
            raise CommandFailed(Code.BAD_FILE, f"othercaps.cfg has no dictionary of capabilities: {found!r}")
        capabilities = {**(found or {}), "DirectorFmt": [1]}
        if self.convention_leader:
            capabilities["Convention Address.IPv4"] = self.convention_leader
        return capabilities

    def logging(self) -> Any:
        """The configuration of logging, of whose files the directory is there."""
        directory = self.log_directory
        found = self._literal("thesplog.cfg", {"logdir": directory})
        if found is None:
            if not _is_writable(directory):
                raise CommandFailed(
                    Code.NOT_WRITTEN, f"logs can not be written to {directory}: name a directory in thesplogd.cfg"
                )
            return _default_logging(directory)
        if not isinstance(found, dict):
            raise CommandFailed(Code.BAD_FILE, f"thesplog.cfg has no dictionary for logging: {found!r}")
        return found

    def apply_internal_log(self, verbose: Verbose) -> None:
        """Let the log of the actor system itself be where the files say."""
        file = self.text("thesplogf.cfg", os.path.join(self.directory, "thespian_system.log"))
        os.environ["THESPLOG_FILE"] = file
        os.environ["THESPLOG_FILE_MAXSIZE"] = self.text("thesplogs.cfg", "51200")
        verbose("The log of the actor system is %s", file)


def _is_writable(directory: str) -> bool:
    return os.path.isdir(directory) and os.access(directory, os.W_OK)


def _default_logging(directory: str) -> dict[str, Any]:
    def file(name: str, level: str) -> dict[str, Any]:
        return {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": os.path.join(directory, name),
            "maxBytes": _LOG_SIZE,
            "backupCount": _LOGS_KEPT,
            "formatter": "def",
            "filters": ["address"],
            "level": level,
        }

    layout = "%(asctime)s %(levelname)-7s %(actorAddress)s  %(message)s [%(filename)s:%(lineno)s]"
    return {
        "version": 1,
        "disable_existing_loggers": True,
        "formatters": {"def": {"format": layout}},
        "filters": {"address": {"()": "thespian.director.ActorAddressLogFilter"}},
        "handlers": {
            "debugFile": file("thespian_debug.log", "DEBUG"),
            "mainFile": file("thespian.log", "INFO"),
        },
        "root": {"level": "DEBUG", "handlers": ["mainFile", "debugFile"]},
    }
