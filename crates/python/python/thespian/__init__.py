"""Thespian: actors for Python, here on the Roscius core."""
