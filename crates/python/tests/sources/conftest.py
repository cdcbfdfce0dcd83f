"""What the tests of sources have in common."""

import pytest
from authorities import MOMENT, Authority
from zips import zipped


def pytest_collection_modifyitems(config, items):
    """Leaves out the bases that differ from others by what is between systems, or by their name alone."""
    left_out = [
        item for item in items if "/sources/" in str(item.path) and ("Routing" in item.name or "UDP" in item.name)
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def authorise(asys):
    """Makes an actor of a class the source authority; gives its address."""

    def register(kind=Authority):
        authority = asys.createActor(kind)
        assert asys.ask(authority, "register", MOMENT) == "registered"
        return authority

    return register


@pytest.fixture
def load(asys, tmp_path):
    """Loads texts as a source; gives its hash."""

    def of(files, name="source.zip"):
        path = tmp_path / name
        path.write_bytes(files if isinstance(files, bytes) else zipped(files))
        return asys.loadActorSource(str(path))

    return of
