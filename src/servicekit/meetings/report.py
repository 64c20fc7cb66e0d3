"""The report of online meetings: which bookings have one, and whether everybody's link is there.

Rules kept here: a row is a booking, so a class has a row for each seat; what is shown of the link is what is known, never
what is hoped for; the vendor's host link stands in no row, only ours that fetches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import asdict, field, fields, frozen

from servicekit.commands import Query
from servicekit.ids import BookingId, ClassId, GroupId, ProviderId
from servicekit.meetings.meeting import MeetingState
from servicekit.moments import Instant, Zone, as_instant

__all__ = ["LinkState", "MeetingMark", "MeetingReport", "MeetingRow", "ReportMeetings", "link_state"]


class LinkState(StrEnum):
    """Whether the link is there, and whether it should be."""

    READY = "ready"
    """It is wanted, and leads into a meeting that the vendor has."""
    WAITING = "waiting"
    """It is wanted, and not there yet."""
    FAILED = "failed"
    """It is wanted, and the vendor refused: a person has to look."""
    LEFT = "left behind"
    """Nobody wants it any more, and the vendor has it, or may have it: it is about to be removed."""
    GONE = "gone"
    """Nobody wants it any more, and it is not there."""


_WANTED: Mapping[MeetingState, LinkState] = {
    MeetingState.MADE: LinkState.READY,
    MeetingState.PLANNED: LinkState.WAITING,
    MeetingState.ASKED: LinkState.WAITING,
    MeetingState.FAILED: LinkState.FAILED,
    MeetingState.DROPPED: LinkState.WAITING,
    MeetingState.REMOVED: LinkState.WAITING,
}
_THERE = frozenset({MeetingState.MADE, MeetingState.ASKED})


def link_state(state: MeetingState, *, wanted: bool) -> LinkState:
    """What the state of a meeting, or of a seat's link to it, means to whoever reads the report."""
    if wanted:
        return _WANTED[state]
    return LinkState.LEFT if state in _THERE else LinkState.GONE


@frozen
class MeetingMark:
    """Where a page of the report ends."""

    starts: Instant
    booking: BookingId


@frozen(kw_only=True)
class MeetingRow:
    """One booking with a meeting, in plain values.

    Attributes:
        booking_state: as in the booking's own table.
        join_url: the client's own link; empty while it is not ready.
        host_link: the provider's, ours; empty likewise, and where the kit has no ``base_url``.
        detail: the vendor's words, where it refused.
    """

    booking: BookingId
    in_class: ClassId | None
    starts: Instant
    ends: Instant
    zone: Zone
    branch: str
    service: str
    provider: str
    client: str
    booking_state: str
    link: LinkState
    join_url: str = field(default="", repr=False)
    host_link: str = ""
    detail: str = ""

    def cells(self) -> dict[str, str]:
        """The row as text by column, for a table or a file; times as clocks in ``zone`` show them, ISO 8601 with offset.

        Whoever writes them to a spreadsheet writes text: a name may begin like a formula.
        """
        plain = {name: "" if value is None else str(value) for name, value in asdict(self).items()}
        return plain | {
            "starts": self.starts.local(self.zone).isoformat(),
            "ends": self.ends.local(self.zone).isoformat(),
        }

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The names of the cells, in order."""
        return tuple(one.name for one in fields(cls))


@frozen(kw_only=True)
class MeetingReport:
    """A page of rows by start; ``after`` asks for the next one, None at the end. ``counts`` are those of the whole report."""

    rows: tuple[MeetingRow, ...]
    counts: Mapping[LinkState, int]
    after: MeetingMark | None


@frozen(kw_only=True)
class ReportMeetings(Query[MeetingReport]):
    """The bookings that have, or had, an online meeting, by start. Needs ``bookings:read``; a provider may for itself.

    Attributes:
        since, until: when bookings start; ``until`` is not inside.
        provider: only this one's.
        after: from the end of the page before.
        most: rows of a page, up to 1000.

    Raises:
        Invalid: ``empty_window``; ``page_size``.
    """

    organisation: GroupId
    since: Instant = field(converter=as_instant)
    until: Instant = field(converter=as_instant)
    provider: ProviderId | None = None
    after: MeetingMark | None = None
    most: int = 100
