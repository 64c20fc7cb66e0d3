"""What SQLite and PostgreSQL spell differently, as data. All other SQL is the same for both."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from attrs import field, frozen

__all__ = ["POSTGRES", "SQLITE", "Dialect"]


GIVEN = ("known", "span", "most", "bucket", "live")
"""The columns of what quotas are reserved for: subject, days, segments at most, bucket to charge, oldest bucket that counts."""


@frozen(kw_only=True)
class Dialect:
    """One database's spelling.

    Attributes:
        spelling: what stands for the placeholders of the migrations.
        hold: ends a SELECT whose rows nobody else may change until the transaction ends.
        claim: the same, passing over rows that others hold.
        share: takes a lock that is known by a text, the parameter, until the transaction ends; others may share it.
        alone: the same, with nobody else.
        share_tree, hold_tree: the same for the tree that a group, the parameter, is in.
        share_tree_of: the same as ``share_tree``, for the tree that a user, the parameter, belongs to; also gives its root.
        join_texts: the aggregate that puts texts together, given what stands between them.
        arrays: rows made from arrays, the parameters after the first, once a lock that is known by the first is one's own.
        each: the rows that a statement gives for each row of another, which it calls ``within.given``; empty where ``IN``
            does it in order by itself.
        unnest: the rows of an array, the parameter.
        row: what a row is found by the fastest within one statement.
        cursor: begins a statement whose rows stay on the server, as the cursor ``servicekit_log``; empty where they do anyway.
        bytewise: compares texts by their code points.
    """

    spelling: Mapping[str, str] = field(factory=dict)
    hold: str = ""
    claim: str = ""
    share: str = ""
    alone: str = ""
    share_tree: str = ""
    hold_tree: str = ""
    share_tree_of: str = ""
    join_texts: str = "group_concat"
    arrays: str = ""
    each: str = ""
    unnest: str = ""
    row: str = "id"
    cursor: str = ""
    bytewise: str = ""

    def given(self, columns: tuple[list[str] | list[int], ...], lock: str) -> tuple[str, list[object]]:
        """Rows to join with, taken from these columns, and the parameters; ``lock`` is taken before a row of them is read.

        The names are those of :data:`GIVEN`.
        """
        if self.arrays:
            return self.arrays, [lock, *(_array(tuple(column)) for column in columns)]
        rows = ", ".join([f"({', '.join('?' * len(columns))})"] * len(columns[0]))
        names = ", ".join(f"column{number} AS {name}" for number, name in enumerate(GIVEN, start=1))
        return f"(SELECT {names} FROM (VALUES {rows}))", [part for row in zip(*columns, strict=True) for part in row]  # noqa: S608


@lru_cache(maxsize=1024)  # most of a path's columns are those of the text before
def _array(column: tuple[str | int, ...]) -> str:
    """PostgreSQL's own spelling of an array (manual 8.15.2), in a tenth of the time that psycopg takes for a list."""
    words = [str(part).replace("\\", "\\\\").replace('"', '\\"') for part in column]
    return '{"' + '","'.join(words) + '"}'


SQLITE = Dialect(spelling={"bytes": "BLOB"}, row="rowid")
"""There is one writer at a time, from the beginning of its transaction: nothing has to be held."""

POSTGRES = Dialect(
    spelling={"bytes": "BYTEA"},
    hold=" FOR NO KEY UPDATE",  # ids never change, so rows that refer to a held one may come meanwhile
    claim=" FOR NO KEY UPDATE SKIP LOCKED",
    share="SELECT pg_advisory_xact_lock_shared(hashtextextended(?, 0))",
    alone="SELECT pg_advisory_xact_lock(hashtextextended(?, 0))",
    share_tree="SELECT pg_advisory_xact_lock_shared(hashtextextended(organisation, 0)) FROM groups WHERE id = ?",
    hold_tree="SELECT pg_advisory_xact_lock(hashtextextended(organisation, 0)) FROM groups WHERE id = ?",
    share_tree_of=(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended(organisation, 0)), organisation FROM users WHERE id = ?"
    ),
    each="(SELECT one.* FROM ({}) AS within (given) CROSS JOIN LATERAL ({}) AS one)",
    unnest="SELECT unnest(?::text[])",
    cursor="DECLARE servicekit_log NO SCROLL CURSOR FOR",
    bytewise=' COLLATE "C"',
    join_texts="string_agg",
    # OFFSET 0: whatever the plan is, the lock is there before the first row, and so before the first update.
    arrays=(
        "(SELECT spread.* FROM (SELECT pg_advisory_xact_lock(hashtextextended(?, 0))) AS lock,"  # noqa: S608
        " unnest(?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])"
        f" AS spread ({', '.join(GIVEN)}) OFFSET 0)"
    ),
)
"""Writers run side by side, each statement on what is committed by then; what must not change is held."""
