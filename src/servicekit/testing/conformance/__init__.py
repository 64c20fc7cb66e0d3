"""What an adapter of your own has to keep, as tests to subclass.

::

    class TestMyStorage(StorageConformance):
        @pytest.fixture
        def opened(self, tmp_path):
            return lambda: MyStorage(tmp_path / "salon.db")


    class TestMyCarrier(TextsConformance):
        @pytest.fixture
        def trial(self):
            return MyTrial(...)


    class TestMyMeetings(MeetingsConformance):
        @pytest.fixture
        def trial(self):
            return MyMeetingsTrial(...)

Unlike the rest of :mod:`servicekit.testing` this package is made of tests, so it imports pytest and Hypothesis (extra
``testing``).
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{part}"
        for part in (
            "blanking",
            "conversing",
            "doors",
            "joining",
            "meetings",
            "keying",
            "log",
            "numbering",
            "outbox",
            "quota_model",
            "quotas",
            "racing",
            "tables",
            "tallying",
            "texts_hearing",
            "texts_hostile",
            "texts_sending",
            "writing",
        )
    )
)

from servicekit.testing.conformance.doors import DoorsConformance  # noqa: E402 - its assertions are rewritten first
from servicekit.testing.conformance.doors_trial import (  # noqa: E402 - likewise
    DoorsTrial,
    HeldDoorKey,
    SimulatedDoors,
)
from servicekit.testing.conformance.meetings import MeetingsConformance  # noqa: E402 - its assertions are rewritten first
from servicekit.testing.conformance.meetings_trial import HeldMeeting, MeetingsTrial  # noqa: E402 - likewise
from servicekit.testing.conformance.storage import StorageConformance  # noqa: E402 - its assertions are rewritten first
from servicekit.testing.conformance.texts import TextsConformance  # noqa: E402 - likewise
from servicekit.testing.conformance.texts_trial import (  # noqa: E402 - likewise
    CaughtCalls,
    Fate,
    HeldText,
    HookCall,
    SimulatedTexts,
    TextsTrial,
    Trouble,
)

__all__ = [
    "CaughtCalls",
    "DoorsConformance",
    "DoorsTrial",
    "Fate",
    "HeldDoorKey",
    "HeldMeeting",
    "HeldText",
    "HookCall",
    "MeetingsConformance",
    "MeetingsTrial",
    "SimulatedDoors",
    "SimulatedTexts",
    "StorageConformance",
    "TextsConformance",
    "TextsTrial",
    "Trouble",
]
