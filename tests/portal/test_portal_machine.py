"""Lists, counts, search, export, notifications and each thing by itself agree with a plain model, on both databases.

With ``SERVICEKIT_RACES=long`` in the environment many more runs, each longer: some minutes.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from portal_machine import machine
from portals import Caught
from servicekit import Kit
from servicekit.testing.clock import ManualClock

SHORT, LONG = (8, 12), (100, 40)
"""How many runs, and how many steps each has."""


def profile(short: tuple[int, int], long: tuple[int, int]) -> settings:
    """The short ones, unless long ones are asked for."""
    runs, steps = long if os.environ.get("SERVICEKIT_RACES") == "long" else short
    return settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )


def opened(url: str, clock: ManualClock, caught: Caught) -> Kit:
    """A kit that mails, on a database."""
    return Kit.open(
        url,
        clock=clock,
        mail=caught,
        mail_from="portal@service.example",
        invitation_url="https://portal.example/invitation/{token}",
    )


OnSqlite = machine(lambda clock, caught: opened("sqlite:///:memory:", clock, caught))
TestOnSqlite = OnSqlite.TestCase
TestOnSqlite.settings = profile(SHORT, LONG)
TestOnSqlite = pytest.mark.spec("P-02", "P-03", "P-08", "P-11")(TestOnSqlite)


@pytest.mark.spec("P-02", "P-03", "P-08", "P-11")
def test_on_postgres(postgres_database: str) -> None:
    """The same machine, shorter; every run founds companies of its own in the one database."""
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        machine(lambda clock, caught: opened(postgres_database, clock, caught)),
        settings=profile((2, 8), (20, 30)),
    )
