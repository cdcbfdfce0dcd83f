"""Imports files and packages as a loaded source would, in a process of its own, and says what came of it.

What it is to do comes as JSON at the standard input, and its answer goes as JSON to the file that this names. It is run by
its path, so the first entry of `sys.path` is not the directory of the sources yet.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any


def _import(name: str) -> str | None:
    """What is wrong with a module; None if nothing is."""
    try:
        importlib.import_module(name)
    # It is the code of users that runs here: anything may come out of it.
    except BaseException as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    return None


def _files_of(name: str) -> list[tuple[str, str]]:
    """The files of a module or package that has been imported: where they are, and their names in a source."""
    module = sys.modules[name]
    parent = name.rpartition(".")[0].replace(".", "/")
    places = list(getattr(module, "__path__", []))
    if not places:
        file = module.__file__ or ""
        return [(file, os.path.join(parent, os.path.basename(file)))] if file.endswith(".py") else []
    root = places[0]
    found = []
    for directory, directories, files in os.walk(root):
        directories.sort()
        inside = os.path.join(parent, os.path.basename(root), os.path.relpath(directory, root))
        found += [
            (os.path.join(directory, file), os.path.normpath(os.path.join(inside, file)))
            for file in sorted(files)
            if file.endswith(".py")
        ]
    return found


def main() -> None:
    """Do what is asked for."""
    task: dict[str, Any] = json.load(sys.stdin)
    sys.path[:] = [os.getcwd(), *task["path"]]
    answer: dict[str, Any] = {"failed": [], "files": [], "missing": []}
    for name in task["modules"]:
        error = _import(name)
        if error is not None:
            answer["failed"].append([name, error])
    for name in task["dependencies"]:
        error = _import(name)
        if error is not None:
            answer["missing"].append([name, error])
        if name in sys.modules:
            answer["files"] += _files_of(name)
    with open(task["answer"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
