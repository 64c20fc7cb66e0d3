"""Sinch's adapter keeps what the port of carriers promises."""

from __future__ import annotations

import pytest

from servicekit.testing.conformance import TextsConformance, TextsTrial
from trials_sinch import SinchTrial


class TestSinch(TextsConformance):
    """Sinch."""

    @pytest.fixture
    def trial(self) -> TextsTrial:
        """A fresh service plan."""
        return SinchTrial.open()
