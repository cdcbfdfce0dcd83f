"""Where the project is."""

from pathlib import Path

WORKSPACE = Path(__file__).parents[4]
