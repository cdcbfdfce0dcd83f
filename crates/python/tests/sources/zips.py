"""Zip files of sources."""

from __future__ import annotations

import io
import textwrap
import zipfile
from collections.abc import Mapping


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A zip file with these files; the indentation of texts is taken away."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, textwrap.dedent(text) if isinstance(text, str) else text)
    return content.getvalue()
