"""Keys and sources that OpenSSL and the original's Director made."""

from pathlib import Path

MADE_ELSEWHERE = Path(__file__).parents[4] / "crates" / "signatures" / "tests" / "made_elsewhere"


def text(name):
    return (MADE_ELSEWHERE / name).read_text()


def data(name):
    return (MADE_ELSEWHERE / name).read_bytes()
