"""Making signed sources: `gensrc`."""

from __future__ import annotations

import glob
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from roscius.signed_sources import KeyRefused, sign

from thespian.director.command_failure import Code, CommandFailed
from thespian.director.group_files import GroupLoadableFiles
from thespian.director.literals import NoLiteral, read_literal
from thespian.director.source_encoding import Verbose, write_whole

_OPTIONS = ("deps", "expires", "fmt", "tli", "version")


@dataclass
class Order:
    """What is to be made of which files."""

    group: str
    key_file: str
    source_dir: str
    patterns: list[str]
    options: dict[str, str]

    @classmethod
    def of(cls, group: str, key_file: str, source_dir: str, arguments: tuple[str, ...]) -> Order:
        """What the arguments of the command say. Raises `CommandFailed`."""
        rest, options = list(arguments), {}
        while rest and rest[0].partition(":")[0] in _OPTIONS and ":" in rest[0]:
            name, _, value = rest.pop(0).partition(":")
            options[name] = value
        if not rest:
            raise CommandFailed(Code.ARGUMENTS, "Missing required gensrc command arguments: no source file is named")
        if not os.path.isdir(source_dir):
            raise CommandFailed(Code.MISSING, f"there is no directory {source_dir}")
        if not group or os.path.basename(group) != group:
            raise CommandFailed(Code.ARGUMENTS, f"{group!r} can not be the name of a group: it names files")
        return cls(group, key_file, os.path.abspath(source_dir), rest, options)

    @property
    def version(self) -> str:
        """The version, if any; `date` stands for the time."""
        version = self.options.get("version", "")
        return datetime.now().strftime("%Y%m%d%H%M") if version == "date" else version

    @property
    def expires(self) -> datetime | timedelta | None:
        """When the signature is to expire: a number of days, or a date."""
        text = self.options.get("expires", "")
        if not text:
            return None
        try:
            if text.endswith("d"):
                return timedelta(days=int(text[:-1]))
            time = datetime.fromisoformat(text)
            return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise CommandFailed(
                Code.ARGUMENTS, f"expires:{text} is no date, and no number of days such as 90d"
            ) from None

    def path(self, name: str) -> str:
        """Where a file is that the arguments name: in the directory of the sources, or else here."""
        name = os.path.expandvars(os.path.expanduser(name))
        inside = os.path.join(self.source_dir, name)
        return inside if os.path.exists(inside) else os.path.abspath(name)

    def read(self, what: str, name: str) -> str:
        """The content of such a file. Raises `CommandFailed`."""
        try:
            return Path(self.path(name)).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise CommandFailed(Code.MISSING, f"there is no {what} {name}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise CommandFailed(Code.BAD_FILE, f"the {what} {name} can not be read: {error}") from None

    def files(self) -> list[str]:
        """The files to pack, relative to the directory of the sources."""
        found: dict[str, None] = {}
        for pattern in self.patterns:
            pattern = os.path.expandvars(os.path.expanduser(pattern))
            if os.path.isabs(pattern):
                pattern = os.path.relpath(pattern, self.source_dir)
            matches = sorted(glob.glob(pattern, root_dir=self.source_dir, recursive=True))
            if not matches:
                raise CommandFailed(Code.MISSING, f"no file in {self.source_dir} is called {pattern}")
            for match in matches:
                if os.path.isfile(os.path.join(self.source_dir, match)):
                    found[os.path.normpath(match)] = None
        outside = [file for file in found if file.startswith("..")]
        if outside:
            raise CommandFailed(Code.ARGUMENTS, f"{outside[0]} is not inside of {self.source_dir}")
        return list(found)

    def dependencies(self) -> list[str]:
        """The packages to pack, too."""
        if "deps" not in self.options:
            return []
        lines = [line.strip() for line in self.read("list of dependencies", self.options["deps"]).splitlines()]
        return [line for line in lines if line and not line.startswith("#")]

    def information(self) -> str | None:
        """The information file of the group, if there is one to be copied."""
        named = self.options.get("tli") or os.path.join(self.source_dir, self.group + GroupLoadableFiles.info_suffix)
        if "tli" not in self.options and not os.path.exists(named):
            return None
        return self.read("information file", named)


def generate(order: Order, directory: str, verbose: Verbose) -> str:
    """Make a signed source and put it into the Director's directory; returns where. Raises `CommandFailed`."""
    if not os.path.isdir(directory):
        raise CommandFailed(Code.NOT_WRITTEN, f"there is no directory {directory}: set THESPIAN_DIRECTOR_DIR")
    key, information, expires = order.read("private key", order.key_file), order.information(), order.expires
    files = GroupLoadableFiles(directory, order.group)
    limit = _limit(files, information)
    content = _packed(order, verbose)
    suffix = f"-{order.version}" if order.version else ""
    path = os.path.join(directory, f"{order.group}{suffix}{files.src_suffix}")
    verbose("Signing %s", path)
    try:
        signed = sign(content, key, order.options.get("fmt") or None, expires)
    except KeyRefused as error:
        raise CommandFailed(Code.BAD_FILE, f"{order.key_file}: {error}") from None
    except (ValueError, OverflowError) as error:
        raise CommandFailed(Code.ARGUMENTS, str(error)) from None
    try:
        write_whole(path, signed)
        if information is not None:
            write_whole(files.tli_filename(), information.encode())
        for old in files.tls_filenames()[limit:] if limit > 0 else ():
            verbose("Removing %s", old)
            os.remove(old)
    except OSError as error:
        raise CommandFailed(
            Code.NOT_WRITTEN, f"{error.filename or path} can not be written: {error.strerror}"
        ) from None
    return path


def _limit(files: GroupLoadableFiles, information: str | None) -> int:
    """How many sources of the group are kept; zero for all. Raises `CommandFailed` if the information is of no use."""
    try:
        found = files.tli_contents() if information is None else read_literal(information)
    except FileNotFoundError:
        return 0
    except (OSError, NoLiteral) as error:
        raise CommandFailed(Code.BAD_FILE, f"{os.path.basename(files.tli_filename())}: {error}") from None
    if not isinstance(found, dict):
        raise CommandFailed(Code.BAD_FILE, f"{os.path.basename(files.tli_filename())} has no dictionary")
    limit = found.get("TLS_Keep_Limit")
    return limit if isinstance(limit, int) else 0


def _packed(order: Order, verbose: Verbose) -> bytes:
    """The zip file of what the order names, all of which can be imported."""
    files, dependencies = order.files(), order.dependencies()
    modules = [os.path.splitext(file)[0].replace(os.sep, ".") for file in files if file.endswith(".py")]
    for file in files:
        verbose("    verify import of %s", file)
    answer = _imported(order.source_dir, modules, dependencies)
    if answer["failed"]:
        lines = "".join(f"\n  {name}: {error}" for name, error in answer["failed"])
        raise CommandFailed(Code.NOT_WRITTEN, f"these can not be imported:{lines}")
    for name, error in answer["missing"]:
        print(f"Warning on import of dep {name}: {error}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for file in files:
            archive.write(os.path.join(order.source_dir, file), file)
        for path, name in answer["files"]:
            verbose(" Adding dep: %s", name)
            archive.write(path, name)
    return packed.getvalue()


def _imported(directory: str, modules: list[str], dependencies: list[str]) -> dict[str, Any]:
    """What `import_check` says. A process of its own has no older version of the modules, and keeps none."""
    check = os.path.join(os.path.dirname(__file__), "import_check.py")
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "answer")
        task = {"modules": modules, "dependencies": dependencies, "path": sys.path, "answer": path}
        command = [sys.executable, check]
        done = subprocess.run(
            command,
            cwd=directory,
            input=json.dumps(task),
            text=True,
            errors="replace",
            capture_output=True,
            check=False,
        )
        # What the modules print while they are imported.
        sys.stderr.write(done.stdout + done.stderr)
        try:
            with open(path, encoding="utf-8") as file:
                return dict(json.load(file))
        except (OSError, ValueError):
            text = f"checking the imports ended with {done.returncode}; does a module end the process?"
            raise CommandFailed(Code.NOT_WRITTEN, text) from None
