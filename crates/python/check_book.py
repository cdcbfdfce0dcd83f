"""Checks that each link of a built book leads to a file, and each anchor to a place in it: `check_book.py FOLDER`."""

from __future__ import annotations

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and the places of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what leads somewhere, and what can be led to."""
        found = dict(attributes)
        self.places.add(found.get("id") or "")
        for name in ("href", "src"):
            if (target := found.get(name)) is not None:
                self.links.append(target)


read = cache(Page)


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    problems = []
    for link in read(page).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not there.exists():
            problems.append(f"{page}: {link} leads nowhere")
        elif parts.fragment and there.suffix == ".html" and unquote(parts.fragment) not in read(there).places:
            problems.append(f"{page}: there is no place {link}")
    return problems


def main(folder: str) -> int:
    """Check all pages but those that are made of others."""
    pages = [
        page for page in sorted(Path(folder).resolve().rglob("*.html")) if page.name not in ("404.html", "print.html")
    ]
    problems = [problem for page in pages for problem in broken(page)]
    print("\n".join([*problems, f"{len(pages)} pages, {len(problems)} broken links"]))
    return 1 if problems or not pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
