"""Fixtures for all tests: the actor systems of `thespian.test`."""

from thespian.test import asys, run_unstable_tests  # noqa: F401
