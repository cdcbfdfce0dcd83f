"""The files in the Director's directory."""

import logging
import logging.config
import os

import pytest
from thespian.director import DirectorControl, GroupLoadableFiles
from thespian.director.command_failure import CommandFailed
from thespian.director.settings import Settings


def names(files):
    return [os.path.basename(each) for each in files]


def test_versions_are_ordered(tmp_path):
    ordered = ["g-2026.tls", "g-15a5.tls", "g-15a.tls", "g-15.2.tls", "g-15.tls", "g-05.tls", "g.tls"]
    for name in [*sorted(ordered), "g.tli", "gg-1.tls", "h.tls"]:
        (tmp_path / name).touch()
    assert names(GroupLoadableFiles(str(tmp_path), "g").tls_filenames()) == ordered
    assert names(GroupLoadableFiles(str(tmp_path), "h").tls_filenames()) == ["h.tls"]
    assert GroupLoadableFiles(str(tmp_path), "i").tls_filenames() == []


def test_a_group_is_named_by_its_files_too(tmp_path):
    (tmp_path / "my-app.tli").write_text("{'AutoUnload': 2}")
    for name, group in {
        "my-app": "my-app",
        "my-app.tli": "my-app",
        "/some/where/my-app-1.2.tls": "my-app",
        "my-app.tls": "my-app",
        "other-1-2.tls": "other",
        "other.tls": "other",
    }.items():
        assert GroupLoadableFiles(str(tmp_path), name).group_name == group
    assert GroupLoadableFiles(str(tmp_path), "my-app-1.tls").tli_contents() == {"AutoUnload": 2}


def test_groups_with_a_dash_are_not_mixed_up(tmp_path):
    for name in ("my.tli", "my-app.tli", "my-1.tls", "my-app-1.tls"):
        (tmp_path / name).touch()
    assert names(GroupLoadableFiles(str(tmp_path), "my").tls_filenames()) == ["my-1.tls"]
    assert names(GroupLoadableFiles(str(tmp_path), "my-app").tls_filenames()) == ["my-app-1.tls"]


def test_characters_that_mean_something_in_patterns(tmp_path):
    place = tmp_path / "a[b]"
    place.mkdir()
    (place / "g*-1.tls").touch()
    (place / "gx-1.tls").touch()
    assert names(GroupLoadableFiles(str(place), "g*").tls_filenames()) == ["g*-1.tls"]


def test_defaults(tmp_path, monkeypatch):
    monkeypatch.setenv("THESPIAN_DIRECTOR_DIR", str(tmp_path))
    control = DirectorControl()
    assert control.sources_dir == str(tmp_path)
    assert (control.system_base, control.admin_port) == ("multiprocTCPBase", 1900)
    assert control.settings.capabilities() == {"DirectorFmt": [1]}
    assert control.filecfg("thespbase.cfg", "none") == "none"
    control = DirectorControl("/nowhere", "simpleSystemBase", 1901)
    assert (control.sources_dir, control.system_base, control.admin_port) == ("/nowhere", "simpleSystemBase", 1901)


def test_settings(tmp_path, capsys):
    for name, content in {
        "thespbase.cfg": "multiprocQueueBase\n",
        "oldthespbase.cfg": "multiprocUDPBase",
        "adminport.cfg": "4711\n",
        "convleader.cfg": "leader:1900",
        "othercaps.cfg": "{'GPU': True,\n 'Home': os.getenv('NOT_THERE', 'none')}",
        "thesplogd.cfg": str(tmp_path),
        "thesplog.cfg": "{'version': 1, 'where': '%s/x.log' % logdir}",
    }.items():
        (tmp_path / name).write_text(content)
    settings = Settings(str(tmp_path))
    assert settings.capabilities() == {
        "GPU": True,
        "Home": "none",
        "DirectorFmt": [1],
        "Convention Address.IPv4": "leader:1900",
    }
    assert settings.logging() == {"version": 1, "where": f"{tmp_path}/x.log"}
    assert DirectorControl(str(tmp_path))("config") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"   Sources location: {tmp_path}",
        "        System Base: multiprocQueueBase",
        "    OLD System Base: multiprocUDPBase",
        "         Admin Port: 4711",
        f"  Logging directory: {tmp_path}",
        "  Convention Leader: leader:1900",
        " Other Capabilities: {'GPU': True,",
        "                      'Home': os.getenv('NOT_THERE', 'none')}",
    ]


def test_the_default_logging_writes_records_of_actors_and_of_others(tmp_path):
    (tmp_path / "thesplogd.cfg").write_text(str(tmp_path))
    config = Settings(str(tmp_path)).logging()
    handler = config["handlers"]["mainFile"]
    made = logging.config.DictConfigurator(config)
    filtered = made.configure_filter(config["filters"]["address"])
    formatter = made.configure_formatter(config["formatters"]["def"])
    record = logging.LogRecord("n", logging.INFO, "file.py", 7, "hello", None, None)
    assert filtered.filter(record)
    assert "INFO    -not-actor-  hello [file.py:7]" in formatter.format(record)
    assert handler["filters"] == ["address"]
    assert handler["filename"] == str(tmp_path / "thespian.log")


@pytest.mark.parametrize(
    ("name", "content", "what", "text"),
    [
        ("adminport.cfg", "many", "admin_port", "no port: many"),
        ("adminport.cfg", "70000", "admin_port", "no port"),
        ("othercaps.cfg", "[1]", "capabilities", "no dictionary"),
        ("othercaps.cfg", "{'a': exit()}", "capabilities", "othercaps.cfg: line 1: `exit` is not known here"),
        ("thesplog.cfg", "'text'", "logging", "no dictionary"),
        ("thesplog.cfg", "{", "logging", "thesplog.cfg: line 1"),
        ("thesplogd.cfg", "/not/there", "logging", "logs can not be written to /not/there"),
    ],
)
def test_bad_settings(tmp_path, name, content, what, text):
    (tmp_path / name).write_text(content)
    with pytest.raises(CommandFailed, match=text):
        found = getattr(Settings(str(tmp_path)), what)
        found()
