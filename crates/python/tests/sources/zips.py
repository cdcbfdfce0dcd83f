"""Zip files of sources."""

from __future__ import annotations

import io
import textwrap
import zipfile
from collections.abc import Mapping


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A zip file with these files; the indentation of texts is taken away."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            # Without a time of its own, so that the same texts have the same hash.
            entry = zipfile.ZipInfo(name)
            archive.writestr(entry, textwrap.dedent(text) if isinstance(text, str) else text, zipfile.ZIP_DEFLATED)
    return content.getvalue()
