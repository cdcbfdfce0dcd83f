"""What the tests of sources have in common."""

import pytest
from authorities import MOMENT, Authority
from zips import zipped


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
