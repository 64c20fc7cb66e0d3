"""Keys of a site, and doors that were asked to open, as SQL that SQLite and PostgreSQL both run."""

from __future__ import annotations

from servicekit.adapters.storage.tables import SqlTable
from servicekit.keys import Key, Unlock
from servicekit.moments import Window

__all__ = ["KeyTable", "UnlockTable"]


class KeyTable(SqlTable[Key]):
    """Keys."""

    def working(self, site: str, window: Window) -> tuple[Key, ...]:
        """One range of the index over site and end."""
        return self.select(
            "site = ? AND closes > ? AND opens < ?", [site, window.opens.us, window.closes.us], order="opens, id"
        )


class UnlockTable(SqlTable[Unlock]):
    """Doors that were asked to open."""

    def newest(self, branch: str, most: int) -> tuple[Unlock, ...]:
        """One range of the index over branch and time."""
        return self.select("branch = ?", [branch], order="made_at DESC, id DESC", most=most)
