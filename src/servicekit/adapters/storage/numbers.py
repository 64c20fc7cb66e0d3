"""The pool of numbers in SQL; the rules that it follows stand in :mod:`servicekit.groups.numbers`.

A number is claimed in one statement, or together with the row of its last owner, passing over what others hold: so nobody
gets a number twice, and nobody waits for another who takes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from servicekit.adapters.storage.tables import SqlTable
from servicekit.groups import KEPT, NOTED, RESTS, Number, PoolCount
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant

__all__ = ["NumberTable"]

_POOLED = '"user" IS NULL AND organisation IS NULL AND withdrawn = 0'
_RESTED = "(rests_until IS NULL OR rests_until <= ?)"


class NumberTable(SqlTable[Number]):
    """Numbers; see :class:`servicekit.ports.store.Numbers` for what each promises."""

    def find(self, key: str) -> Number | None:
        """By the number itself."""
        return next(iter(self.select("number = ?", [key])), None)

    def hold(self, key: str) -> Number:
        """By the number itself, locked."""
        found = self.select("number = ?", [key], lock=self.dialect.hold)
        return found[0] if found else self.get(key)

    def provide(self, numbers: Iterable[Number]) -> int:
        """Insert those that are new; in one order for everybody, since each waits for whoever inserts the same."""
        sql = (
            f"{self.shape.insert} ON CONFLICT (number) DO UPDATE SET withdrawn = 0, organisation = excluded.organisation"
            " WHERE numbers.withdrawn = 1 RETURNING 1"
        )
        new = {one.number: one for one in numbers}
        return sum(self.execute(sql, self.rows.row(new[key])).fetchone() is not None for key in sorted(new))

    def take(self, user: UserId, country: int, at: Instant) -> str | None:
        """Its own once more; else a free one, else one whose lease has lapsed and rested: of the country, else of any."""
        holds = self.select('"user" = ?', [user])
        if holds:
            return holds[0].number
        found = self._claim("last_user = ?", [user], order="used_at DESC, number")
        for test, values in (("country = ?", [country]), ("1 = 1", [])):
            found = found or self._claim(
                f"{test} AND {_RESTED}", [*values, at.us], order="country, coalesce(rests_until, 0), number"
            )
            found = found or self._reclaim(test, values, at)
        if found is not None:
            self.execute(
                'UPDATE numbers SET "user" = ?, last_user = NULL, used_at = ?, rests_until = NULL WHERE number = ?',
                [user, at.us, found],
            )
        return found

    def _claim(self, test: str, values: Sequence[object], *, order: str) -> str | None:
        found = self.select(f"{_POOLED} AND {test}", values, order=order, most=1, lock=self.dialect.claim)
        return found[0].number if found else None

    def _reclaim(self, test: str, values: Sequence[object], at: Instant) -> str | None:
        """A lapsed one; its owner's row is held as well, as by an owner that uses it at this moment."""
        found = self.execute(
            'SELECT numbers.number, users.id FROM numbers JOIN users ON users.id = numbers."user"'  # noqa: S608
            f" WHERE used_at <= ? AND {test} ORDER BY country, used_at, numbers.number LIMIT 1{self.dialect.claim}",
            [(at - KEPT - RESTS).us, *values],
        ).fetchone()
        if found is None:
            return None
        number, owner = found
        self.execute("UPDATE users SET number = NULL WHERE id = ?", [owner])
        return str(number)

    def use(self, number: str, user: UserId, at: Instant) -> bool:
        """One reading; a write once a day."""
        found = self.select('number = ? AND "user" = ?', [number, user])
        if not found:
            return False
        used = found[0].used_at
        if used is None or used <= at - NOTED:
            self.execute('UPDATE numbers SET used_at = ? WHERE number = ? AND "user" = ?', [at.us, number, user])
        return True

    def give_back(self, users: Sequence[UserId], at: Instant) -> None:
        """In one statement."""
        marks = ", ".join("?" * len(users))
        self.execute(
            'UPDATE numbers SET last_user = "user", "user" = NULL, rests_until = ?'  # noqa: S608
            f' WHERE "user" IN ({marks or "NULL"})',
            [(at + RESTS).us, *users],
        )

    def of_organisation(self, organisation: GroupId, country: int, at: Instant) -> str | None:
        """The lowest, of the country if there is one."""
        found = self.select(
            f"organisation = ? AND withdrawn = 0 AND {_RESTED}",
            [organisation, at.us, country],
            order="CASE WHEN country = ? THEN 0 ELSE 1 END, number",
            most=1,
        )
        return found[0].number if found else None

    def listed(self, after: str, most: int) -> tuple[Number, ...]:
        """In order, also those withdrawn."""
        return self.select("number > ?", [after], order="number", most=most)

    def counted(self, at: Instant) -> tuple[PoolCount, ...]:
        """One pass; the cases are those of :meth:`servicekit.groups.Number.state`."""
        lapsed, free_again = (at - KEPT).us, (at - KEPT - RESTS).us
        found = self.execute(
            "SELECT country, CASE WHEN \"user\" IS NOT NULL AND used_at > ? THEN 'leased'"
            " WHEN \"user\" IS NOT NULL AND used_at > ? THEN 'resting' WHEN \"user\" IS NOT NULL THEN 'free'"
            " WHEN rests_until > ? THEN 'resting' WHEN organisation IS NOT NULL THEN 'owned' ELSE 'free' END AS state,"
            " count(*) FROM numbers WHERE withdrawn = 0 GROUP BY 1, 2 ORDER BY 1",
            [lapsed, free_again, at.us],
        ).fetchall()
        counts: dict[int, dict[str, int]] = {}
        for country, state, count in found:
            counts.setdefault(country, {})[state] = count
        return tuple(PoolCount(country=country, **states) for country, states in counts.items())
