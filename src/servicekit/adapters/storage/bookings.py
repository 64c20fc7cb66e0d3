"""Bookings, classes and absences, and beside them the holds: one row for each provider that one of them takes.

Rules kept here: whatever is added or saved has its holds rewritten in the same breath, so that the two never differ. Who is
taken when is asked of the holds alone: an index range that starts where the window does and ends as far behind it as the
provider's longest hold is long, however many rows there are.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Mapping
from struct import pack
from typing import TypeVar

from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.rows import Rows
from servicekit.adapters.storage.tables import Execute, SqlTable
from servicekit.bookings import HOLDING, Absence, Booking, BookingState, Hold, ScheduledClass, holds_of
from servicekit.ids import BookingId, BranchId, ClassId, ClientId, ProviderId
from servicekit.meetings import MeetingState
from servicekit.moments import Instant, Window

__all__ = ["AbsenceTable", "BookingTable", "ClassTable", "SqlHolds"]

Spans = tuple[list[int], list[int]]
H = TypeVar("H", bound=Booking | ScheduledClass | Absence)

_HOLDS = Rows(Hold)
# Ends lie between the window's start and, since no hold is longer than the longest, that much after the window's end.
_OVERLAPPING = (
    "holds.provider = wanted.column1 AND holds.ends > ? AND holds.starts < ? AND holds.ends < ? +"
    " (SELECT max(long.ends - long.starts) FROM holds AS long WHERE long.provider = wanted.column1)"
)
# One text for each provider: rows of numbers take several times as long to come out of the database.
_SPANS = (
    "SELECT wanted.column1, (SELECT {join}(span, '') FROM holds WHERE holds.provider = wanted.column1"
    " AND holds.ends > ? AND holds.starts < ? AND holds.ends < ? +"
    " (SELECT max(long.ends - long.starts) FROM holds AS long WHERE long.provider = wanted.column1))"
    " FROM (VALUES {wanted}) AS wanted"
)
_WHOLE = (
    'SELECT starts, ends FROM holds WHERE provider = ? AND "whole" = 1 AND ends > ? AND starts < ?'
    " AND ends < ? + (SELECT max(ends - starts) FROM holds WHERE provider = ?)"
)
# The texts have the highest byte first, so that they sort as they are.
_to_native: Callable[[array[int]], object] = array.byteswap if sys.byteorder == "little" else len
_STANDING = "state IN ('" + "', '".join(sorted(state.value for state in HOLDING)) + "')"


_WITH_LINKS = (
    " FROM bookings LEFT JOIN meetings AS own ON own.booking = bookings.id"
    " LEFT JOIN registrants ON registrants.booking = bookings.id"
    " LEFT JOIN meetings AS shared ON shared.id = registrants.meeting"
)
# A seat's link is gone with the meeting that it led to: it is to be made anew.
_LINK = (
    "CASE WHEN own.id IS NOT NULL THEN own.state"
    " WHEN registrants.state = 'made' AND (shared.state <> 'made' OR shared.vendor_id <> registrants.at_meeting)"
    " THEN 'planned' ELSE registrants.state END"
)


class _HoldingTable(SqlTable[H]):
    """A table of things that hold."""

    def add(self, thing: H) -> None:
        """Insert it and its holds."""
        super().add(thing)
        self._hold(thing)

    def save(self, thing: H) -> None:
        """Update it, and put its holds in place of those before."""
        super().save(thing)
        self.execute("DELETE FROM holds WHERE owner = ?", [thing.id])
        self._hold(thing)

    def _hold(self, thing: H) -> None:
        for hold in holds_of(thing):
            self.execute(
                'INSERT INTO holds (owner, provider, starts, ends, "whole", span) VALUES (?, ?, ?, ?, ?, ?)',
                [hold.owner, hold.provider, hold.starts.us, hold.ends.us, int(hold.whole), _text(hold)],
            )


class BookingTable(_HoldingTable[Booking]):
    """Bookings."""

    def overlapping(self, provider: ProviderId, window: Window) -> tuple[Booking, ...]:
        """Those that hold the provider in the window."""
        found = self.execute(
            f"SELECT {self.shape.columns_of('bookings')} FROM (VALUES (?)) AS wanted"  # noqa: S608
            f" JOIN holds ON {_OVERLAPPING} JOIN bookings ON bookings.id = holds.owner"
            " ORDER BY bookings.starts, bookings.id",
            [provider, window.opens.us, window.closes.us, window.closes.us],
        ).fetchall()
        return tuple(map(self.rows.thing, found))

    def asked(self, client: ClientId, request_key: str) -> Booking | None:
        """The one that the client asked for under this key."""
        found = self.select("request_key <> '' AND client = ? AND request_key = ?", [client, request_key])
        return found[0] if found else None

    def seats_taken(self, scheduled: ClassId) -> int:
        """How many hold a seat in the class."""
        (count,) = self.execute(
            f"SELECT count(*) FROM bookings WHERE in_class = ? AND {_STANDING}",  # noqa: S608 - our own words
            [scheduled],
        ).fetchone()
        return int(count)

    def online(
        self,
        organisation: str,
        window: Window,
        provider: ProviderId | None,
        after: tuple[Instant, BookingId] | None,
        most: int,
    ) -> tuple[Booking, ...]:
        """Those with a meeting, or a link to one, that start in the window; in pages."""
        tests, values = _online(organisation, window, provider)
        if after is not None:
            tests += " AND (bookings.starts > ? OR (bookings.starts = ? AND bookings.id > ?))"
            values += [after[0].us, after[0].us, after[1]]
        found = self.execute(
            f"SELECT {self.shape.columns_of('bookings')}{tests} ORDER BY bookings.starts, bookings.id LIMIT {most:d}",
            values,
        ).fetchall()
        return tuple(map(self.rows.thing, found))

    def count_online(
        self, organisation: str, window: Window, provider: ProviderId | None
    ) -> tuple[tuple[BookingState, MeetingState, int], ...]:
        """How many of them there are, by their state and their meeting's or link's."""
        tests, values = _online(organisation, window, provider)
        found = self.execute(
            f"SELECT bookings.state, {_LINK}, count(*){tests} GROUP BY 1, 2 ORDER BY 1, 2",
            values,
        ).fetchall()
        return tuple((BookingState(state), MeetingState(link), int(count)) for state, link, count in found)


def _online(organisation: str, window: Window, provider: ProviderId | None) -> tuple[str, list[object]]:
    """Where bookings with a meeting stand, by provider and start, for which there is an index."""
    whose = "SELECT id FROM providers WHERE organisation = ?" + (" AND id = ?" if provider else "")  # noqa: S608 - our words
    tests = (
        f"{_WITH_LINKS} WHERE bookings.provider IN ({whose}) AND bookings.starts >= ? AND bookings.starts < ?"
        " AND (own.id IS NOT NULL OR registrants.id IS NOT NULL)"
    )
    return tests, [organisation, *([provider] if provider else []), window.opens.us, window.closes.us]


class ClassTable(_HoldingTable[ScheduledClass]):
    """Scheduled classes."""

    def coming(self, branch: BranchId, window: Window) -> tuple[ScheduledClass, ...]:
        """Those of a branch that start in the window and are not cancelled."""
        return self.select(
            "branch = ? AND starts >= ? AND starts < ? AND cancelled = 0",
            [branch, window.opens.us, window.closes.us],
            order="starts, id",
        )


class AbsenceTable(_HoldingTable[Absence]):
    """Absences."""


class SqlHolds:
    """Who is taken when."""

    def __init__(self, execute: Execute, dialect: Dialect) -> None:
        self.execute = execute
        self.dialect = dialect

    def of(self, provider: ProviderId, window: Window) -> tuple[Hold, ...]:
        """One provider's holds that overlap the window."""
        found = self.execute(
            f'SELECT owner, holds.provider, starts, ends, "whole" FROM (VALUES (?)) AS wanted JOIN holds'  # noqa: S608
            f" ON {_OVERLAPPING} ORDER BY starts, owner",
            [provider, window.opens.us, window.closes.us, window.closes.us],
        ).fetchall()
        return tuple(map(_HOLDS.thing, found))

    def spans(self, places: Mapping[ProviderId, int], window: Window) -> dict[ProviderId, Spans]:
        """The same for many, as bare numbers; what takes the whole is counted as often as there are places."""
        if not places:
            return {}
        opens, closes = window.opens.us, window.closes.us
        sql = _SPANS.format(join=self.dialect.join_texts, wanted=", ".join(["(?)"] * len(places)))
        found: dict[ProviderId, Spans] = {}
        for provider, text in self.execute(sql, [opens, closes, closes, *places]).fetchall():
            numbers = array("q", bytes.fromhex(text or ""))
            _to_native(numbers)
            starts, ends = numbers[::2], numbers[1::2]
            if (more := places[provider] - 1) > 0:
                for since, until in self.execute(_WHOLE, [provider, opens, closes, closes, provider]).fetchall():
                    starts.extend([since] * more)
                    ends.extend([until] * more)
            found[provider] = sorted(starts), sorted(ends)
        return found


def _text(hold: Hold) -> str:
    """Start and end, 16 hexadecimal digits each."""
    return pack(">qq", hold.starts.us, hold.ends.us).hex()
