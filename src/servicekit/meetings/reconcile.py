"""Wanted meetings against listed ones: how a meeting that the service lists differs from its row. Pure.

Rules kept here: a meeting is known by its marker, which names its booking or class and the attempt; one of an earlier attempt,
or a second one, is nobody's. Times are compared to the minute that services hold; of what has begun they do not matter.
"""

from __future__ import annotations

import re
from datetime import timedelta

from attrs import frozen

from servicekit.meetings.meeting import Meeting, MeetingState
from servicekit.moments import Instant, Window
from servicekit.outbox.reconciled import Difference

__all__ = ["ListedMeeting", "compare_meeting", "subject_of"]

_MARKER = re.compile(r"sk:((?:bkg|cls)_[^:]+):\d+", re.ASCII)
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@frozen(kw_only=True)
class ListedMeeting:
    """A meeting as the service lists it."""

    vendor_id: str
    marker: str
    window: Window | None


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
    if row.state is not MeetingState.MADE:
        if listed.marker != row.marker:
            return Difference.STRAY
        return Difference.LEFT if wanted else Difference.UNWANTED
    if row.vendor_id != listed.vendor_id:
        return Difference.STRAY
    if not wanted:
        return Difference.UNWANTED
    return Difference.CHANGED if at < row.opens and not _in_place(listed.window, row) else None


def _in_place(found: Window | None, row: Meeting) -> bool:
    if found is None:
        return True
    return abs(found.opens - row.opens) < _SECOND and abs(found.closes - row.closes) < _MINUTE
