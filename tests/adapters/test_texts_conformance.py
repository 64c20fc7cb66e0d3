"""Every carrier's adapter keeps what the port promises; and an adapter that breaks a rule fails the test of it."""

from __future__ import annotations

import pytest

from servicekit.testing.conformance import TextsConformance, TextsTrial
from trials import ElksTrial


class TestFortySixElks(TextsConformance):
    """46elks."""

    @pytest.fixture
    def trial(self) -> TextsTrial:
        """A fresh account."""
        return ElksTrial.open()
