"""Wanted meetings and links against listed ones: how what the service lists differs from its row. Pure.

Rules kept here: a meeting is known by its marker, which names its booking or class and the attempt; one of an earlier attempt,
or a second one, is nobody's. Times are compared to the minute that services hold; of what has begun they do not matter.
A link has no marker: it is known by the address that we have registered, and of other addresses nothing is said.
"""

from __future__ import annotations

import re
from datetime import timedelta

from attrs import field, frozen

from servicekit.meetings.meeting import Meeting, MeetingState
from servicekit.meetings.registrant import Registrant
from servicekit.moments import Instant, Window
from servicekit.outbox.reconciled import Difference

__all__ = ["ListedLink", "ListedMeeting", "compare_link", "compare_meeting", "subject_of"]

_MARKER = re.compile(r"sk:((?:bkg|cls)_[^:]+):\d+", re.ASCII)
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@frozen(kw_only=True)
class ListedMeeting:
    """A meeting as the service lists it."""

    vendor_id: str
    marker: str
    window: Window | None


@frozen(kw_only=True)
class ListedLink:
    """Somebody's own link as the service lists it; ``join_url`` is empty where somebody has to approve them there first."""

    vendor_id: str
    join_url: str = field(repr=False)


def subject_of(marker: str) -> str | None:
    """The id of the booking or class whose meeting carries this marker; None for what is no marker of ours.

    >>> subject_of("sk:cls_7:1"), subject_of("sk: skiing")
    ('cls_7', None)
    """
    found = _MARKER.fullmatch(marker)
    return None if found is None else found[1]


def compare_meeting(listed: ListedMeeting, row: Meeting | None, at: Instant, *, wanted: bool) -> Difference | None:
    """How a listed meeting differs from what is wanted; None where it does not.

    Args:
        listed: one with a marker of ours.
        row: that of the booking or class which the marker names.
        at: the present instant.
        wanted: whether that booking or class still wants it.
    """
    if row is None:
        return Difference.STRAY
    if listed.vendor_id == row.former:  # it goes as soon as the one in its place is made
        return None if wanted and row.state is not MeetingState.MADE else Difference.UNWANTED
    if row.state is not MeetingState.MADE:
        if listed.marker != row.marker:
            return Difference.STRAY
        return Difference.LEFT if wanted else Difference.UNWANTED
    if row.vendor_id != listed.vendor_id:
        return Difference.STRAY
    if not wanted:
        return Difference.UNWANTED
    return Difference.CHANGED if at < row.opens and not _in_place(listed.window, row) else None


def compare_link(listed: ListedLink | None, row: Registrant, meeting: Meeting, *, wanted: bool) -> Difference | None:
    """How one seat's link differs from what is wanted; None where it does not.

    Args:
        listed: what the service has under the row's address; None for nothing.
        row: the seat's.
        meeting: the class's, which is MADE.
        wanted: whether the seat's booking still wants a link.
    """
    there = row.state is MeetingState.MADE and row.at_meeting == meeting.vendor_id
    if not wanted:
        return Difference.UNWANTED if there or listed is not None else None
    if listed is None:
        return Difference.MISSING if there else None
    if not there:
        return Difference.LEFT if listed.join_url else None
    return None if (listed.vendor_id, listed.join_url) == (row.vendor_id, row.join_url) else Difference.CHANGED


def _in_place(found: Window | None, row: Meeting) -> bool:
    if found is None:
        return True
    return abs(found.opens - row.opens) < _SECOND and abs(found.closes - row.closes) < _MINUTE
