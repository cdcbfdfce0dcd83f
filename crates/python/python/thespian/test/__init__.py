"""Help for testing actors: `from thespian.test import *`.

pytest fixtures give an actor system of each base there is; for `unittest` there is `ActorSystemTestCase`.
"""

import logging
import time
import unittest

import pytest

from thespian.actors import ActorSystem
from thespian.test.cases import ActorSystemTestCase, LocallyManagedActorSystem
from thespian.test.log_setup import simpleActorTestLogging
from thespian.test.systems import (
    actor_system_unsupported,
    asys,
    asys2,
    asys_pair,
    delay_for_next_of_kin_notification,
    get_free_admin_port,
    inTestDelay,
    run_unstable_tests,
    similar_asys,
    unstable_test,
)

__all__ = [
    "ActorSystem",
    "ActorSystemTestCase",
    "LocallyManagedActorSystem",
    "actor_system_unsupported",
    "asys",
    "asys2",
    "asys_pair",
    "delay_for_next_of_kin_notification",
    "get_free_admin_port",
    "inTestDelay",
    "logging",
    "pytest",
    "run_unstable_tests",
    "similar_asys",
    "simpleActorTestLogging",
    "time",
    "unittest",
    "unstable_test",
]
