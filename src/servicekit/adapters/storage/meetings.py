"""Meetings by host, and ways to connect that run out, as SQL that SQLite and PostgreSQL both run."""

from __future__ import annotations

from servicekit.adapters.storage.tables import SqlTable
from servicekit.ids import GroupId
from servicekit.meetings import ConnectAttempt, Meeting
from servicekit.moments import Instant

__all__ = ["ConnectAttemptTable", "MeetingTable"]

_OWNED = " FROM meetings LEFT JOIN bookings ON bookings.id = meetings.booking LEFT JOIN classes ON classes.id = meetings.in_class"
_WHOSE = "coalesce(bookings.organisation, classes.organisation)"


class MeetingTable(SqlTable[Meeting]):
    """Meetings."""

    def made(
        self, organisation: GroupId | None, host: str, since: Instant, after: Meeting | None, most: int
    ) -> tuple[Meeting, ...]:
        """One range of the index over host and end, in its order."""
        closes, last = (since.us, "") if after is None else (after.closes.us, after.id)
        found = self.execute(
            f"SELECT {self.shape.columns_of('meetings')}{_OWNED}"
            " WHERE meetings.host = ? AND meetings.state = 'made' AND meetings.closes > ?"
            " AND (meetings.closes, meetings.id) > (?, ?)"
            + (f" AND {_WHOSE} = ?" if organisation else "")
            + f" ORDER BY meetings.closes, meetings.id LIMIT {most:d}",
            [host, since.us, closes, last, *([organisation] if organisation else [])],
        ).fetchall()
        return tuple(map(self.rows.thing, found))

    def hosts(self, since: Instant) -> tuple[tuple[GroupId, str], ...]:
        """One pass over the coming meetings, and the providers."""
        found = self.execute(
            f"SELECT {_WHOSE}, meetings.host{_OWNED} WHERE meetings.closes > ?"  # noqa: S608 - our own words
            " UNION SELECT organisation, meeting_user FROM providers WHERE meeting_user <> '' ORDER BY 1, 2",
            [since.us],
        ).fetchall()
        return tuple((GroupId(organisation), host) for organisation, host in found)


class ConnectAttemptTable(SqlTable[ConnectAttempt]):
    """Ways to the vendor and back."""

    def forget(self, until: Instant) -> None:
        """Delete what has run out."""
        self.execute("DELETE FROM connect_attempts WHERE expires_at <= ?", [until.us])
