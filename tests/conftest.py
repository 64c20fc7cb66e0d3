"""How hard Hypothesis tries: ``HYPOTHESIS_PROFILE=thorough`` for nightly runs, ``ci`` otherwise. Fixtures for everybody."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from databases import database_url, empty_postgres, postgres_database, postgres_url, run_folder, stoppable_postgres
from peers import driver

__all__ = [
    "database_url",
    "driver",
    "empty_postgres",
    "postgres_database",
    "postgres_url",
    "run_folder",
    "stoppable_postgres",
]

# A busy machine is no fault: neither deadlines nor the pace of generation are judged.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("ci", _UNTIMED, max_examples=100)
settings.register_profile("thorough", _UNTIMED, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
