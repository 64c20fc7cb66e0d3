"""Mails that were taken from the sending server and became nothing, counted so that administrators can see why (M-09).

An answer would go to whoever the mail *claims* to be from, and so would the bounce of a server in front. So a mail that proves
nothing is answered with nothing, and only counted here. There is one row for each sender, reason and day, with the
number of mails: whoever sends a million fills no table.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from servicekit.commands import Query
from servicekit.ids import GroupId
from servicekit.moments import Instant

__all__ = ["KEPT_DAYS", "IgnoredMails", "ListIgnoredMails", "WhyIgnored"]

KEPT_DAYS = 90
"""How long a row is kept."""


class WhyIgnored(StrEnum):
    """Why a mail became nothing."""

    UNPROVEN = "unproven"
    """Nothing shows that it is from the domain in From."""
    AUTOMATIC = "automatic"
    """An answering machine's, a bounce, a receipt, a list's, or our own that came back."""
    UNLISTED_MACHINE = "unlisted_machine"
    """A machine's, from an address that the group does not list in ``alarm_senders``."""
    UNREADABLE = "unreadable"
    """No reader can make sense of it."""


@frozen(kw_only=True)
class IgnoredMails:
    """Mails of one day that became nothing for one reason.

    Attributes:
        group: the group of the user whom they claim to be from; empty where that is nobody's address.
        sender: the address in From; empty where that is nobody's: such addresses are without number.
        day: days since 1 January 1970, UTC.
        mails: how many.
        detail: what showed it, of the latest.
        peer: the IP address that the latest came from; empty where it is not known.
        last_at: when the latest came.
    """

    group: str
    sender: str
    why: WhyIgnored
    day: int
    mails: int
    detail: str
    peer: str
    last_at: Instant


@frozen(kw_only=True)
class ListIgnoredMails(Query[tuple[IgnoredMails, ...]]):
    """Mails that became nothing, the latest first, over 90 days. Needs ``log:read`` in the group.

    Attributes:
        group: those that claim to be from its users and those of all groups below; None: from nobody's, for operators.
        most: at most so many rows, 1 to 1,000.

    Raises:
        Invalid: ``page_size``.
    """

    group: GroupId | None
    most: int = 100
