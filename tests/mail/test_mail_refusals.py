"""Mails that became nothing: what administrators read of them."""

from __future__ import annotations

import pytest
from attrs.exceptions import FrozenInstanceError

from servicekit.codec import dumps, loads
from servicekit.mail import KEPT_DAYS, IgnoredMails, ListIgnoredMails, WhyIgnored
from servicekit.moments import Instant

ROW = IgnoredMails(
    group="grp_1",
    sender="anna@salon.example",
    why=WhyIgnored.UNPROVEN,
    day=20_000,
    mails=2,
    detail="spf=fail",
    peer="192.0.2.7",
    last_at=Instant.parse("2026-11-25T12:00:00Z"),
)


def test_reasons_are_codes_that_stay() -> None:
    """Rows of last month are read by this month's program."""
    assert {why.value for why in WhyIgnored} == {"unproven", "automatic", "unlisted_machine", "unreadable"}
    assert KEPT_DAYS == 90


def test_a_row_goes_to_text_and_back() -> None:
    """As an application shows it to a browser."""
    assert loads(dumps(ROW), IgnoredMails) == ROW


def test_a_page_has_a_hundred_rows_unless_asked() -> None:
    """And whose they are has always to be said."""
    assert ListIgnoredMails(group=None).most == 100
    with pytest.raises(TypeError):
        ListIgnoredMails()  # type: ignore[call-arg]
    with pytest.raises(FrozenInstanceError):
        ROW.mails = 3  # type: ignore[misc]
