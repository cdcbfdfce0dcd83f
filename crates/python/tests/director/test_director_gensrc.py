"""Making signed sources, and looking into them."""

import hashlib
import os
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from director_runs import DIRECTOR, ran
from roscius.signed_sources import TrustedKeys, sign, verify
from thespian.director import DirectorControl

FILES = ("service.py", "parts/**/*.py")


def members(directory, name):
    verified = TrustedKeys(str(directory / "*_tls.key")).verify((directory / name).read_bytes())
    return sorted(zipfile.ZipFile(BytesIO(verified.content)).namelist())


def listed(directory, suffix):
    return sorted(each.name for each in directory.iterdir() if each.name.endswith(suffix))


def test_a_source_is_signed_by_either_key(control, directory, sources, rsa_key, ed_key, capsys):
    assert control("gensrc", "service", rsa_key, str(sources), "version:1.0", *FILES) == 0
    assert f"Wrote {directory / 'service-1.0.tls'}" in capsys.readouterr().out
    assert control("gensrc", "service", ed_key, str(sources), "version:1.1", *FILES) == 0
    assert control("gensrc", "service", rsa_key, str(sources), *FILES) == 0
    assert listed(directory, ".tls") == ["service-1.0.tls", "service-1.1.tls", "service.tls"]
    for name in listed(directory, ".tls"):
        assert members(directory, name) == ["parts/__init__.py", "parts/version.py", "service.py"]
    assert (directory / "service.tli").read_text() == (sources.place / "service.tli").read_text()
    assert (directory / "service-1.0.tls").read_bytes().startswith(b"ThespianDirectorFMT1-sha256\n")
    assert (directory / "service-1.1.tls").read_bytes().startswith(b"RosciusSource1-ed25519\n")
    # Without a version, and with the same files, it is the same source.
    assert (directory / "service-1.0.tls").read_bytes() == (directory / "service.tls").read_bytes()
    assert not zipfile.is_zipfile(directory / "service.tls"), "nobody takes it for a zip before it is verified"
    assert not [each for each in directory.iterdir() if each.name.startswith(".")]
    assert control("gensrc", "service", rsa_key, str(sources), "fmt:ViceroyFMT2", "version:date", *FILES) == 0
    newest = listed(directory, ".tls")[2]
    assert newest.startswith(f"service-{datetime.now().year}")
    assert (directory / newest).read_bytes().startswith(b"ViceroyFMT2-sha256\n")


def test_what_tlsinfo_says(control, directory, sources, ed_key, capsys, monkeypatch):
    assert control("gensrc", "service", ed_key, str(sources), "version:1", "expires:90d", *FILES) == 0
    capsys.readouterr()
    assert control("tlsinfo", "service-1.tls") == 0
    said = capsys.readouterr().out
    assert said.startswith(f'Validated "{directory / "service-1.tls"}" loadable with key ')
    assert f"It expires at {datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}" in said
    assert control("tlsinfo", str(directory / "service-1.tls"), "contents") == 0
    assert "     12  parts/version.py\n" in capsys.readouterr().out
    assert control("tlsinfo", "service-1.tls", "parts/version.py") == 0
    assert capsys.readouterr().out == "VERSION = 1\n"
    assert control("tlsinfo", "service-1.tls", "nothing.py") == 4
    assert control("tlsinfo", "service-2.tls") == 4
    assert 'The tls file "service-2.tls" does not exist' in capsys.readouterr().err


def test_sources_that_are_not_validated(control, directory, sources, rsa_key, ed_key, capsys):
    def refused(name, *texts):
        assert control("tlsinfo", name) == 7
        said = capsys.readouterr().err
        for text in ("Could not validate signature", *texts):
            assert text in said

    assert control("gensrc", "service", ed_key, str(sources), "version:old", "expires:2020-01-31", *FILES) == 0
    refused("service-old.tls", "its signature expired")
    assert control("gensrc", "service", rsa_key, str(sources), *FILES) == 0
    good = (directory / "service.tls").read_bytes()
    (directory / "cut.tls").write_bytes(good[:-1])
    refused("cut.tls", "its signature is wrong: 1 trusted RSA key was tried")
    (directory / "empty.tls").touch()
    refused("empty.tls", "no format known here")
    (directory / "zip.tls").write_bytes(verify(good, [(directory / "rsa_tls.key").read_text()]).content)
    refused("zip.tls", "it begins with `PK")
    (directory / "rsa_tls.key").unlink()
    refused("service.tls", "it is signed with RSA, and there is no trusted key for that")
    (directory / "ed_tls.key").write_text("rubbish")
    refused("service.tls", "not all keys could be read", "ed_tls.key: there is no key in it")


def test_what_is_signed_and_no_zip(control, directory, ed_key, capsys):
    with open(ed_key) as file:
        (directory / "none.tls").write_bytes(sign(b"no zip", file.read()))
    assert control("tlsinfo", "none.tls") == 6
    assert "is signed, but is no zip file" in capsys.readouterr().err


def test_a_damaged_zip_that_is_signed(control, directory, ed_key, capsys):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "A = 'something'")
    with open(ed_key) as file:
        (directory / "bad.tls").write_bytes(sign(packed.getvalue().replace(b"something", b"other    "), file.read()))
    assert control("tlsinfo", "bad.tls") == 6
    assert "Bad file in verified zipfile: a.py" in capsys.readouterr().err
    assert control("tlsinfo", "bad.tls", "a.py") == 6


def test_what_is_available(control, directory, sources, rsa_key, capsys):
    for version in (1, 10, 9):
        sources.set_version(version)
        assert control("gensrc", "service", rsa_key, str(sources), f"version:{version}", *FILES) == 0
    (directory / "empty.tli").write_text("{}")
    capsys.readouterr()
    assert control("avail") == 0
    md5 = {name: hashlib.md5((directory / name).read_bytes()).hexdigest() for name in listed(directory, ".tls")}
    assert len(set(md5.values())) == 3
    assert capsys.readouterr().out.splitlines() == [
        f"THESPIAN_DIRECTOR_DIR={directory}",
        "empty: ",
        f"service: service-10.tls    {md5['service-10.tls']}",
        f"       + service-9.tls    {md5['service-9.tls']}",
        f"       + service-1.tls    {md5['service-1.tls']}",
    ]


def test_older_sources_are_removed(control, directory, sources, rsa_key):
    tli = sources.place / "service.tli"
    tli.write_text("{'TLS_Keep_Limit': 2}")
    for version in (1, 3, 2):
        assert control("gensrc", "service", rsa_key, str(sources), f"version:{version}", *FILES) == 0
    assert listed(directory, ".tls") == ["service-2.tls", "service-3.tls"]
    # The information of the directory counts where there is none beside the sources.
    tli.unlink()
    assert control("gensrc", "service", rsa_key, str(sources), "version:4", *FILES) == 0
    assert listed(directory, ".tls") == ["service-3.tls", "service-4.tls"]


def test_dependencies_are_packed(control, directory, sources, rsa_key, tmp_path, monkeypatch, capsys):
    library = tmp_path / "library"
    (library / "needed" / "inner").mkdir(parents=True)
    for name in ("needed/__init__.py", "needed/inner/__init__.py", "single.py"):
        (library / name).write_text("NEEDED = True\n")
    (library / "needed" / "data.txt").write_text("no source")
    (sources.place / "service.py").write_text("import needed.inner, single\n")
    (sources.place / "deps").write_text("# what it needs\n\nneeded\nsingle\nmissing_one\n")
    monkeypatch.syspath_prepend(str(library))
    assert control("gensrc", "service", rsa_key, str(sources), "deps:deps", "service.py") == 0
    assert "Warning on import of dep missing_one: ModuleNotFoundError" in capsys.readouterr().out
    assert members(directory, "service.tls") == [
        "needed/__init__.py",
        "needed/inner/__init__.py",
        "service.py",
        "single.py",
    ]
    assert "needed" not in sys.modules


def test_a_source_that_can_not_be_imported(control, directory, sources, rsa_key, capsys):
    before = os.getcwd(), list(sys.path)
    (sources.place / "bad.py").write_text("import nothing_of_that_name\n")
    (sources.place / "worse.py").write_text("def\n")
    assert control("gensrc", "service", rsa_key, str(sources), "*.py") == 5
    said = capsys.readouterr().err
    assert "bad: ModuleNotFoundError: No module named 'nothing_of_that_name'" in said
    assert "worse: SyntaxError" in said
    (sources.place / "worse.py").write_text("import os; os._exit(3)\n")
    assert control("gensrc", "service", rsa_key, str(sources), "worse.py") == 5
    assert "ended with 3" in capsys.readouterr().err
    assert listed(directory, ".tls") == []
    assert (os.getcwd(), sys.path) == before


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((), 3, "Missing required gensrc command arguments"),
        (("version:1",), 3, "Missing required gensrc command arguments"),
        (("nothing*.py",), 4, "is called nothing*.py"),
        (("tli:none.tli", "service.py"), 4, "no information file none.tli"),
        (("deps:none", "service.py"), 4, "no list of dependencies none"),
        (("fmt:secret", "service.py"), 3, "no format `secret`"),
        (("fmt:RosciusSource1", "service.py"), 3, "is for Ed25519 keys"),
        (("expires:9d", "service.py"), 3, "no place for an expiry"),
        (("expires:soon", "service.py"), 3, "expires:soon is no date"),
        (("../outside.py",), 3, "is not inside of"),
        (("tli:service.py", "service.py"), 8, "service.tli: line 2"),
    ],
)
def test_bad_arguments(control, directory, sources, rsa_key, capsys, arguments, code, text):
    (sources.place.parent / "outside.py").touch()
    assert control("gensrc", "service", rsa_key, str(sources), *arguments) == code
    assert text in capsys.readouterr().err
    assert listed(directory, ".tls") == []
    assert listed(directory, ".tli") == []


def test_bad_keys_and_places(control, directory, sources, rsa_key, capsys):
    def says(code, text, *arguments):
        assert control("gensrc", *arguments) == code
        assert text in capsys.readouterr().err

    says(4, "no private key nothing.pem", "service", "nothing.pem", str(sources), *FILES)
    says(8, "a private key is wanted", "service", str(directory / "rsa_tls.key"), str(sources), *FILES)
    says(4, "there is no directory", "service", rsa_key, str(sources.place / "none"), *FILES)
    says(3, "can not be the name of a group", "../service", rsa_key, str(sources), *FILES)
    nowhere = DirectorControl(str(directory / "none"))
    assert nowhere("gensrc", "service", rsa_key, str(sources), *FILES) == 5
    assert "set THESPIAN_DIRECTOR_DIR" in capsys.readouterr().err
    # A directory stands where the file should be: also who may write everywhere can not write it.
    (directory / "service-1.tls").mkdir()
    says(5, "service-1.tls can not be written", "service", rsa_key, str(sources), "version:1", *FILES)
    assert not [each for each in directory.iterdir() if each.name.startswith(".")]


def test_a_new_key_is_trusted(control, directory, sources, tmp_path, capsys):
    private = tmp_path / "new.pem"
    assert control("genkey", "new", str(private)) == 0
    assert private.stat().st_mode & 0o777 == 0o600
    assert control("gensrc", "service", str(private), str(sources), *FILES) == 0
    assert control("tlsinfo", "service.tls") == 0
    assert control("genkey", "other", str(private)) == 5
    assert control("genkey", "new", str(tmp_path / "newer.pem")) == 5
    assert "new_tls.key can not be written: it exists already" in capsys.readouterr().err
    assert not (tmp_path / "newer.pem").exists()
    assert listed(directory, "other_tls.key") == []


def test_help_and_mistakes(control, directory, capsys):
    assert control("help") == 0
    assert f'The current value is: "{directory}"' in capsys.readouterr().out
    assert control("help", "gensrc") == 0
    assert "gensrc group private_keyfile" in capsys.readouterr().out
    assert control("help", "nonsense") == 0
    assert "Unrecognized command" in capsys.readouterr().out
    assert control("nonsense", "x") == 2
    assert 'Unrecognized command; use the "help" command' in capsys.readouterr().out
    assert control("load") == 3
    assert "see `help load`" in capsys.readouterr().err
    assert control("verbose") == 0
    assert control("verbose", "avail") == 0


def test_the_program(directory):
    def run(*arguments):
        return ran([*DIRECTOR, *arguments], {**os.environ, "THESPIAN_DIRECTOR_DIR": str(directory)})

    code, said = run()
    assert code == 0
    assert "Supported commands" in said
    code, said = run("config")
    assert code == 0
    assert f"Sources location: {directory}" in said
    assert run("nonsense")[0] == 2
    assert run("tlsinfo", "none.tls")[0] == 4
