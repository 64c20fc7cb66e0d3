"""Every door system's adapter keeps what the port promises."""

from __future__ import annotations

import pytest

from servicekit.adapters.doors.by_site import DoorsBySite
from servicekit.testing.conformance import DoorsConformance, DoorsTrial
from trials_doors import ExivoTrial, ResivoTrial


class TestExivo(DoorsConformance):
    """exivo."""

    @pytest.fixture
    def trial(self) -> DoorsTrial:
        """A fresh site."""
        return ExivoTrial.open()


class TestResivo(DoorsConformance):
    """resivo, as far as it is known."""

    @pytest.fixture
    def trial(self) -> DoorsTrial:
        """A fresh site."""
        return ResivoTrial.open()


class TestBySite(DoorsConformance):
    """exivo behind the choice by site."""

    @pytest.fixture
    def trial(self) -> DoorsTrial:
        """A fresh site."""
        trial = ExivoTrial.open()
        trial.adapter = DoorsBySite({trial.site: trial.adapter})
        return trial
