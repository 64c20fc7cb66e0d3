"""Twilio's adapter keeps what the port of carriers promises."""

from __future__ import annotations

import pytest

from servicekit.testing.conformance import TextsConformance, TextsTrial
from trials_twilio import TwilioTrial


class TestTwilio(TextsConformance):
    """Twilio."""

    @pytest.fixture
    def trial(self) -> TextsTrial:
        """A fresh account."""
        return TwilioTrial.open()
