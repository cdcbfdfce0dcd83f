"""The modules of a source in one process: how they are named, what they import, and what errors look like."""

import builtins
import importlib
import importlib.resources
import inspect
import linecache
import logging
import multiprocessing
import pickle
import pkgutil
import subprocess
import sys
import threading
import traceback

import pytest
from roscius._core import examine_source
from thespian.actors import Actor, InvalidActorSourceHash, InvalidActorSpecification
from thespian.system import sources
from thespian.system.class_resolution import NoSuchClass
from thespian.system.sources.archive import BadSource
from zips import zipped


@pytest.fixture
def installed():
    """Installs texts as a source, and gives what imports its modules."""
    hashes = []

    def install(files, source_hash="5eed"):
        sources.install(source_hash, zipped(files))
        hashes.append(source_hash)
        return lambda name: importlib.import_module(f"{{{{{source_hash}}}}}{name}")

    yield install
    for source_hash in hashes:
        sources.remove(source_hash)


def test_a_module_is_known_by_its_hash(installed):
    module = installed({"mod.py": "class Thing: pass"})("mod")
    assert module.__name__ == "{{5eed}}mod"
    assert module.__package__ == ""
    assert module.Thing.__module__ == "{{5eed}}mod"
    assert sources.source_hash_of(module.Thing) == "5eed"
    assert sources.source_hash_of(Actor) is None
    assert "mod" not in sys.modules


def test_packages(installed):
    load = installed({"__init__.py": "", "pkg/__init__.py": "here = __name__", "pkg/sub/deep.py": "here = __package__"})
    assert load("pkg").here == "{{5eed}}pkg"
    assert load("pkg").__package__ == "{{5eed}}pkg"
    # A directory without `__init__.py` is a package too.
    assert load("pkg.sub.deep").here == "{{5eed}}pkg.sub"


IMPORTS = {
    "import other": "other.value",
    "import other as it": "it.value",
    "from other import value": "value",
    "from other import *": "value",
    "import pkg.sub.deep": "pkg.sub.deep.value",
    "import pkg.sub.deep as it": "it.value",
    "from pkg.sub import deep": "deep.value",
    "from pkg import sub": "sub.deep.value",
    "from pkg.sub.deep import value": "value",
    "other = __import__('other')": "other.value",
    "pkg = __import__('pkg.sub.deep')": "pkg.sub.deep.value",
    "deep = __import__('pkg.sub.deep', {}, {}, ['value'])": "deep.value",
    "deep = __import__('pkg.sub.deep', globals(), locals(), ['value'], 0)": "deep.value",
    "import builtins; other = builtins.__import__('other')": "other.value",
    "other = __builtins__['__import__']('other', globals())": "other.value",
    "import importlib; deep = importlib.import_module('pkg.sub.deep')": "deep.value",
    "from importlib import import_module; other = import_module('other')": "other.value",
    "exec('import other', globals())": "other.value",
}


@pytest.mark.parametrize("statement", IMPORTS)
@pytest.mark.parametrize("where", ["user.py", "pkg/user.py"])
def test_absolute_imports_of_what_the_source_has(installed, where, statement):
    files = {
        "other.py": "value = 'own'",
        "pkg/__init__.py": "",
        "pkg/sub/__init__.py": "from pkg.sub import deep",
        "pkg/sub/deep.py": "value = 'own'",
        where: f"{statement}\nfound = {IMPORTS[statement]}",
    }
    before = set(sys.modules)
    user = installed(files)(where.removesuffix(".py").replace("/", "."))
    assert user.found == "own"
    new = [name for name in set(sys.modules) - before if not name.startswith("{{5eed}}")]
    assert new == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("from . import near", "near.value"),
        ("from .near import value", "value"),
        ("from ..up import value", "value"),
        ("from .. import up", "up.value"),
        ("import importlib; near = importlib.import_module('.near', __package__)", "near.value"),
    ],
)
def test_relative_imports(installed, statement, found):
    files = {
        "pkg/__init__.py": "",
        "pkg/up.py": "value = 'own'",
        "pkg/in/__init__.py": "",
        "pkg/in/near.py": "value = 'own'",
        "pkg/in/user.py": f"{statement}\nfound = {found}",
    }
    assert installed(files)("pkg.in.user").found == "own"


def test_imports_when_a_function_runs(installed):
    user = installed({"other.py": "value = 'own'", "user.py": "def ask():\n    import other\n    return other.value"})
    assert user("user").ask() == "own"


def test_a_source_hides_what_is_installed_from_itself_only(installed):
    user = installed({"calendar.py": "day = 'own'", "user.py": "import calendar, json"})("user")
    assert user.calendar.day == "own"
    assert user.json is importlib.import_module("json")
    import calendar

    assert calendar.day_name
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("user")


def test_what_the_top_package_lacks_is_missing(installed):
    load = installed({"json/__init__.py": "", "user.py": "import json.decoder"})
    with pytest.raises(ModuleNotFoundError, match=r"No module named '\{\{5eed\}\}json.decoder'"):
        load("user")


def test_circular_imports(installed):
    load = installed(
        {
            "snake.py": "import worm.tail, os\nhead = 'head'\ndef whole(): return head + worm.tail.tail()",
            "worm/__init__.py": "",
            "worm/tail.py": "import snake, string\ndef tail(): return snake.head[::-1]",
        }
    )
    assert load("snake").whole() == "headdaeh"


@pytest.mark.parametrize(
    "text",
    [
        "value = 1",
        "if True:\r\n    value = 1\r\n                ",
        "if True:\n\tvalue = 1\n\t\t",
        "\ufeffvalue = 1\r\n# the end",
        "'''A docstring.'''\n\nfrom __future__ import annotations\nfrom __future__ import division\nvalue: Nothing = 1",
        "# -*- coding: latin-1 -*-\nname = '\u00e9'\nvalue = len(name)",
    ],
)
def test_odd_texts(installed, text):
    content = text.encode("latin-1" if "latin-1" in text else "utf-8")
    assert installed({"mod.py": content})("mod").value == 1


def test_only_texts_are_modules(installed):
    load = installed(
        {"mod.pyc": b"\0", "mod.so": b"\0", "pkg/mod.pyo": b"\0", "../up.py": "", "/top.py": "", "a.b.py": ""}
    )
    for name in ("mod", "pkg.mod", "pkg", "up", "..up", "top", "a", "a.b"):
        with pytest.raises(ImportError):
            load(name)


def test_builtins_are_the_real_ones(installed, monkeypatch):
    module = installed({"mod.py": "import builtins\nown = __builtins__\ndef ask(): return borrowed"})("mod")
    assert module.builtins is builtins
    assert module.own is builtins.__dict__
    monkeypatch.setattr(builtins, "borrowed", "seen", raising=False)
    assert module.ask() == "seen"


def test_what_a_source_does_to_the_import_function_itself(installed):
    """As libraries do that import under their own control."""
    text = """\
        import builtins
        builtins.__dict__['__import__'] = __builtins__['__import__']
        import_ = getattr(builtins, '__import__')
        found = import_('pkg.part', globals(), locals(), ['value']).value
        """
    hooked = builtins.__import__
    assert installed({"mod.py": text, "pkg/part.py": "value = 'own'"})("mod").found == "own"
    assert builtins.__import__ is hooked


def test_nothing_is_looked_for_in_vain(installed, monkeypatch):
    names = ["json", "os", "string", "xml.dom", "email.message", "thespian.actors"]
    load = installed({"mod.py": "".join(f"import {name}\n" for name in names)})
    looked_for = []
    source = sys.meta_path[0]
    usual = type(source).find_spec
    monkeypatch.setattr(
        type(source), "find_spec", lambda self, name, *more: looked_for.append(name) or usual(self, name, *more)
    )
    load("mod")
    assert [name for name in looked_for if name.startswith("{{5eed}}")] == ["{{5eed}}mod"]


def test_the_imports_of_others_are_as_before(installed):
    installed({"json.py": "value = 1"}, "a")
    hooked = builtins.__import__
    installed({"json.py": "value = 2"}, "b")
    assert builtins.__import__ is hooked
    assert len([finder for finder in sys.meta_path if "{{a}}" in repr(finder)]) == 1
    namespace = {"__name__": "elsewhere"}
    exec("import json\nfrom os import path\nfrom importlib import import_module", namespace)  # noqa: S102
    assert namespace["json"].loads("1") == 1
    assert namespace["import_module"]("json") is namespace["json"]


def test_actors_are_of_the_classes_of_the_system(installed):
    load = installed({"thespian/actors.py": "class Actor: pass", "mod.py": "from thespian.actors import Actor"})
    assert load("mod").Actor is Actor


def test_six_is_taken_from_elsewhere_if_it_is_there(installed, monkeypatch):
    elsewhere = type(sys)("six")
    monkeypatch.setitem(sys.modules, "six", elsewhere)
    assert installed({"six.py": "", "mod.py": "import six"})("mod").six is elsewhere


def test_versions_side_by_side(installed):
    text = "import part\nclass Worker:\n    def version(self):\n        import part\n        return part.version"
    one = installed({"worker.py": text, "part.py": "version = 1"}, "one")
    two = installed({"worker.py": text, "part.py": "version = 2"}, "two")
    first, second = one("worker").Worker(), two("worker").Worker()
    assert (first.version(), second.version()) == (1, 2)


def test_installing_again_changes_nothing(installed):
    load = installed({"mod.py": "value = []"})
    module = load("mod")
    sources.install("5eed", b"not even a zip file")
    assert load("mod") is module


def test_removal(installed):
    text = (
        "import other\nclass Worker:\n    def work(self): return other.value\n    def more(self):\n        import other"
    )
    load = installed({"mod.py": text, "other.py": "value = 1"})
    worker = load("mod").Worker()
    sys.modules["{{5eed}}nothing"] = None
    sources.remove("5eed")
    sources.remove("5eed")
    assert [name for name in sys.modules if "5eed" in name] == []
    assert [finder for finder in sys.meta_path if "5eed" in repr(finder)] == []
    assert not sources.is_installed("5eed")
    # What runs goes on, but imports nothing of the source any more, nor what happens to have its name elsewhere.
    assert worker.work() == 1
    with pytest.raises(ModuleNotFoundError, match="5eed"):
        worker.more()
    with pytest.raises(ModuleNotFoundError):
        load("mod")


def test_a_removed_source_does_not_fall_back_on_others_names(installed):
    load = installed({"mod.py": "def more():\n    import json\n    return json", "json.py": ""})
    module = load("mod")
    assert module.more().__name__ == "{{5eed}}json"
    sources.remove("5eed")
    with pytest.raises(ModuleNotFoundError, match="5eed"):
        module.more()


# Errors


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 but no more", None])
def test_what_is_no_zip_file(content):
    if content is None:
        content = zipped({"mod.py": "value = 1" * 99})[:-30]
    with pytest.raises(BadSource, match=r"Source hash \{\{bad\}\}"):
        sources.install("bad", content)
    assert not sources.is_installed("bad")


def test_a_damaged_module(installed):
    content = bytearray(zipped({"mod.py": "value = 1\n" * 20}))
    at = content.index(b"mod.py") + len("mod.py")
    content[at : at + 4] = b"\xff\xff\xff\xff"
    sources.install("damaged", bytes(content))
    try:
        with pytest.raises(BadSource, match=r"Source hash \{\{damaged\}\}: mod.py cannot be read"):
            importlib.import_module("{{damaged}}mod")
    finally:
        sources.remove("damaged")


def test_damage_anywhere_is_an_import_error_or_does_not_matter():
    """Whatever is wrong with a file, nothing else than an ImportError comes of it, and what is read is what was meant."""
    whole = zipped({"pkg/__init__.py": "", "pkg/mod.py": "value = 1\n" * 9})
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :] for at in range(len(whole))]
    for number, content in enumerate(damaged):
        source_hash = f"damaged{number}"
        try:
            examine_source(content)
        except ValueError:
            continue
        sources.install(source_hash, content)
        try:
            assert importlib.import_module(f"{{{{{source_hash}}}}}pkg.mod").value == 1
        except ImportError as error:
            assert source_hash in str(error)
        finally:
            sources.remove(source_hash)


@pytest.mark.parametrize("text", ["\n\nthis is no Python", "\n\nif True:\nvalue = 1"])
def test_a_syntax_error(installed, text):
    load = installed({"mod.py": text, "user.py": "import mod"})
    with pytest.raises(ImportError, match=r"Source hash \{\{5eed\}\}: .*mod.py, line [34]") as raised:
        load("user")
    assert isinstance(raised.value.__cause__, SyntaxError)


def test_bytes_that_are_no_text(installed):
    for content in (b"value = '\xff'", b"value = 1\0"):
        load = installed({"mod.py": content}, str(hash(content)))
        with pytest.raises(ImportError, match="Source hash"):
            load("mod")


def test_a_module_that_fails(installed):
    load = installed({"mod.py": "import other", "other.py": "raise LookupError('on purpose')"})
    with pytest.raises(LookupError, match="on purpose") as raised:
        load("mod")
    assert "{{5eed}}other" not in sys.modules
    # Nothing of the machinery comes between the modules.
    files = [frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert files[-2:] == ["{{5eed}}/mod.py", "{{5eed}}/other.py"]


def test_imports_from_outside_of_python(installed):
    """Where there is no caller whose module could be of a source, names mean what they always do."""
    installed({"mod.py": ""})
    thread = threading.Thread(target=__import__, args=("json",))
    thread.start()
    thread.join()
    with pytest.raises(ModuleNotFoundError, match="nothing"):
        __import__("nothing")
    with pytest.raises(TypeError):
        __import__(3)
    assert __import__("json.decoder", None, None, ("JSONDecoder",), 0).__name__ == "json.decoder"
    assert __import__(name="json").__name__ == "json"


def test_tracebacks_tell_line_and_text(installed):
    text = "from __future__ import annotations\r\nimport os\r\n\r\n\r\ndef fail():\r\n    raise ValueError('here')"
    module = installed({"pkg/__init__.py": "", "pkg/mod.py": text.encode()})("pkg.mod")
    with pytest.raises(ValueError, match="here") as raised:
        module.fail()
    lines = "".join(traceback.format_exception(raised.value))
    assert "File \"{{5eed}}/pkg/mod.py\", line 6, in fail\n    raise ValueError('here')\n" in lines


def test_tracebacks_of_running_code_after_a_removal(installed, caplog):
    module = installed({"mod.py": "\n\ndef fail():\n    raise ValueError('here')"})("mod")
    sources.remove("5eed")
    assert not [name for name in linecache.cache if "5eed" in name]
    try:
        module.fail()
    except ValueError:
        logging.getLogger("test").exception("failed")
    assert "line 4, in fail\n    raise ValueError('here')" in caplog.text


def test_the_text_of_a_class(installed):
    module = installed({"mod.py": "x = 1\nclass Thing:\n    y = 2\n"}, "text")("mod")
    assert inspect.getsource(module.Thing) == "class Thing:\n    y = 2\n"


def test_data_files(installed):
    module = installed({"pkg/__init__.py": "", "pkg/data.txt": "data"})("pkg")
    assert pkgutil.get_data("{{5eed}}pkg", "data.txt") == b"data"
    assert (importlib.resources.files(module) / "data.txt").read_text() == "data"
    with pytest.raises(FileNotFoundError):
        pkgutil.get_data("{{5eed}}pkg", "other.txt")


# Classes


def test_classes_are_resolved_in_the_source_alone(installed):
    load = installed({"pkg/mod.py": "class Thing: pass", "thespian.py": ""})
    thing = load("pkg.mod").Thing
    assert sources.resolve("pkg.mod.Thing", "5eed") is thing
    assert sources.resolve("{{5eed}}pkg.mod.Thing", "5eed") is thing
    assert sources.resolve(thing, "5eed") is thing
    for elsewhere in ("json.JSONDecoder", Actor, "pkg.nothing.Thing"):
        with pytest.raises(ImportError, match="5eed"):
            sources.resolve(elsewhere, "5eed")
    with pytest.raises(NoSuchClass, match="Nothing"):
        sources.resolve("pkg.mod.Nothing", "5eed")
    for nonsense in ("Thing", "", 3, None):
        with pytest.raises(InvalidActorSpecification):
            sources.resolve(nonsense, "5eed")
    with pytest.raises(InvalidActorSourceHash):
        sources.resolve("pkg.mod.Thing", "unknown")


def test_a_class_of_the_same_name_is_found_by_a_class(installed):
    installed({"test_source_importer.py": "class Twin: own = True"})
    assert sources.resolve(Twin, "5eed").own


class Twin:
    """Stands for the class of the same name in a source."""


# Between processes

MESSAGE = {"msg.py": "class Note:\n    def __init__(self, text): self.text = text"}


def test_pickles_stay_within_the_source(installed):
    note = installed(MESSAGE, "one")("msg").Note("hello")
    pickled = pickle.dumps(note)
    assert pickle.loads(pickled).text == "hello"
    assert type(pickle.loads(pickled)) is type(note)
    sources.remove("one")
    with pytest.raises(ModuleNotFoundError, match=r"\{\{one\}\}msg"):
        pickle.loads(pickled)


def _answer(connection):
    note = connection.recv()
    note.text += " from a child"
    connection.send((type(note).__module__, note))


def test_pickles_in_a_forked_process(installed):
    load = installed(MESSAGE)
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_answer, args=(theirs,))
    child.start()
    ours.send(load("msg").Note("hello"))
    assert ours.poll(10)
    module, note = ours.recv()
    child.join(10)
    assert (module, note.text) == ("{{5eed}}msg", "hello from a child")


ANOTHER = """
import sys, pickle
from thespian.system import sources
sources.install("5eed", open(sys.argv[1], "rb").read())
note = pickle.load(open(sys.argv[2], "rb"))
sys.stdout.buffer.write(pickle.dumps(type(note)(note.text.upper())))
"""


def test_pickles_in_another_process(installed, tmp_path):
    (tmp_path / "source").write_bytes(zipped(MESSAGE))
    (tmp_path / "note").write_bytes(pickle.dumps(installed(MESSAGE)("msg").Note("hello")))
    command = [sys.executable, "-c", ANOTHER, tmp_path / "source", tmp_path / "note"]
    answer = subprocess.run(command, capture_output=True, check=True, timeout=30)
    assert answer.stderr == b""
    assert pickle.loads(answer.stdout).text == "HELLO"
