"""What every carrier's adapter promises (see :mod:`servicekit.ports.texts`), as one class of tests.

Rules kept here: nothing is asked but through the port and the trial's hooks; every test has a trial of its own; a rule is
tested for every carrier whose capabilities say that it can keep it, and passed over with a reason otherwise.
"""

from __future__ import annotations

import pytest

from servicekit.testing.conformance.texts_hearing import Hearing
from servicekit.testing.conformance.texts_hostile import Hostility, Secrecy
from servicekit.testing.conformance.texts_sending import Finding, Sending
from servicekit.testing.conformance.texts_trial import TextsTrial

__all__ = ["TextsConformance"]


class TextsConformance(Sending, Finding, Hearing, Hostility, Secrecy):
    """Subclass it, and give in the fixture ``trial`` your adapter with what it is tried on.

    ::

        class TestMyCarrier(TextsConformance):
            @pytest.fixture
            def trial(self):
                return MyTrial(...)  # a TextsTrial, or a SimulatedTexts over a Simulator
    """

    @pytest.fixture
    def trial(self) -> TextsTrial:
        """A fresh trial: nothing was sent, nothing is wrong yet."""
        raise NotImplementedError("a carrier's test says here how its adapter is tried")
