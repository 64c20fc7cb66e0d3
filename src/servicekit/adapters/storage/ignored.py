"""Mails that became nothing, counted in SQL: one statement a mail, and old days swept when a new row is made."""

from __future__ import annotations

from collections.abc import Sequence

from servicekit.adapters.storage.tables import SqlTable
from servicekit.mail import KEPT_DAYS, IgnoredMails

__all__ = ["IgnoredMailTable"]


class IgnoredMailTable(SqlTable[IgnoredMails]):
    """See :class:`servicekit.ports.store.IgnoredMailRows`."""

    def count(self, mails: IgnoredMails) -> None:
        """Insert the row, or add to the one that is there; a new row is the occasion to forget what is too old."""
        marks = ", ".join("?" * len(self.rows.columns))
        made = self.execute(
            f"INSERT INTO {self.name} ({self.columns}) VALUES ({marks})"  # noqa: S608 - names are ours
            ' ON CONFLICT ("group", sender, why, day) DO UPDATE SET mails = ignored_mails.mails + excluded.mails,'
            " detail = excluded.detail, peer = excluded.peer, last_at = excluded.last_at RETURNING mails",
            self.rows.row(mails),
        )
        if made.fetchone()[0] == mails.mails:
            self.execute("DELETE FROM ignored_mails WHERE day < ?", [mails.day - KEPT_DAYS])

    def of(self, groups: Sequence[str], most: int) -> tuple[IgnoredMails, ...]:
        """Those of these groups, the latest first."""
        test = f'"group" IN ({", ".join("?" * len(groups))})'
        return self.select(test, list(groups), order='last_at DESC, "group", sender, why', most=most)
