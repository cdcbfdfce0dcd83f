"""Fixtures for all tests: the actor systems of `thespian.test`."""

import pytest
from thespian.test import asys, run_unstable_tests  # noqa: F401


def pytest_configure(config):
    config.addinivalue_line("markers", "in_process: what only the bases of one process do")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("in_process") and "multiproc" in item.name:
            item.add_marker(
                pytest.mark.skip(
                    reason="bases of several processes do it their own way: tests/test_creation_of_processes.py"
                )
            )
