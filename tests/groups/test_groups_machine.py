"""The whole of it on SQLite: any order of building, rebuilding, sending, refunding and waiting, against a slow model."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from servicekit import Kit
from servicekit.testing.clock import ManualClock
from town_machine import machine


def opened(clock: ManualClock) -> Kit:
    """A kit on a database in memory."""
    return Kit.open("sqlite:///:memory:", clock=clock)


OnSqlite = machine(opened)
OnSqlite.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestOnSqlite = pytest.mark.spec("M-20", "M-22", "M-23", "M-27", "M-28", "M-29")(OnSqlite.TestCase)
