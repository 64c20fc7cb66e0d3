"""Keys of a site, and doors that were asked to open, as SQL that SQLite and PostgreSQL both run."""

from __future__ import annotations

from servicekit.adapters.storage.tables import SqlTable
from servicekit.keys import Key, Unlock
from servicekit.moments import Instant, Window

__all__ = ["KeyTable", "UnlockTable"]


class KeyTable(SqlTable[Key]):
    """Keys."""

    def working(self, site: str, window: Window) -> tuple[Key, ...]:
        """One range of the index over site and end."""
        return self.select(
            "site = ? AND closes > ? AND opens < ?", [site, window.opens.us, window.closes.us], order="opens, id"
        )

    def made(self, site: str, since: Instant, after: Key | None, most: int) -> tuple[Key, ...]:
        """One range of the same index, in its order."""
        closes, last = (since.us, "") if after is None else (after.closes.us, after.id)
        return self.select(
            "site = ? AND state = 'made' AND closes > ? AND (closes, id) > (?, ?)",
            [site, since.us, closes, last],
            order="closes, id",
            most=most,
        )

    def sites(self) -> tuple[str, ...]:
        """A step of the same index for each."""
        found = self.execute(
            "WITH RECURSIVE step (site) AS (SELECT min(site) FROM keys UNION ALL"
            " SELECT (SELECT min(site) FROM keys WHERE keys.site > step.site) FROM step WHERE step.site IS NOT NULL)"
            " SELECT site FROM step WHERE site IS NOT NULL UNION SELECT site FROM branches WHERE site <> '' ORDER BY 1",
            [],
        ).fetchall()
        return tuple(site for (site,) in found)


class UnlockTable(SqlTable[Unlock]):
    """Doors that were asked to open."""

    def newest(self, branch: str, most: int) -> tuple[Unlock, ...]:
        """One range of the index over branch and time."""
        return self.select("branch = ?", [branch], order="made_at DESC, id DESC", most=most)
