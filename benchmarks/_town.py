"""A large town in a database: 1,000 groups of depth 8, 10,000 users, and a log that is written without the rules' help.

Every group and every user has a limit of 30 days that nothing here reaches, so that all ten on a path are always looked at.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

from attrs import evolve, field, frozen

from servicekit import Kit
from servicekit.adapters.storage import storage_of
from servicekit.adapters.storage.tables import Shape
from servicekit.groups import Group, Limit, Quota, Settings, User, limits_of
from servicekit.ids import EffectId, GroupId, MessageId, UserId
from servicekit.messages import HandOver, Message, Status
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectState
from servicekit.testing.conformance.things import NOON, effect, group, message, nth, user

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 745)  # groups at each depth
GROUPS, USERS = sum(SIZES), 10_000
DEEPEST = GROUPS - SIZES[-1]  # the first group without groups below
MONTH = timedelta(days=30)
UNREACHED = Quota(10**12, days=30)
_SHAPES = (Shape("messages", Message), Shape("effects", Effect))


@frozen
class Town:
    """An open kit on a database with such a log."""

    url: str
    kit: Kit
    users: tuple[UserId, ...]
    _sent: Iterator[int] = field(factory=count)

    def later(self) -> Instant:
        """The instant of the next message: at the pace of the large log, 2.6 seconds after the one before."""
        return NOON + next(self._sent) * MONTH / 1_000_000


def built(url: str, size: int) -> Town:
    """The town on an empty database, with a log of so many messages in the last 30 days, all delivered."""
    kit = Kit.open(url)
    with storage_of(url).write() as store:
        for one in tree():
            store.groups.add(one)
        for number in range(USERS):
            store.users.add(person(number))
    _insert(url, size)
    rested(url)
    return Town(url, kit, tuple(nth(UserId, number) for number in range(USERS)))


def rested(url: str) -> None:
    """Have written what is left to be written, so that it does not come while somebody is measured."""
    if url.startswith("sqlite:"):
        _run(url, "PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        _run(url, "VACUUM ANALYZE")
        _run(url, "CHECKPOINT")
    os.sync()


@cache
def tree() -> tuple[Group, ...]:
    """The groups, those above first."""
    found, first = [], 0
    for depth, size in enumerate(SIZES):
        for place in range(size):
            above = None if not depth else first - SIZES[depth - 1] + place * SIZES[depth - 1] // size
            settings = Settings(sender_name="Ettstad", group_quota=UNREACHED, user_quota=UNREACHED)
            found.append(group(first + place + 1, parent=None if above is None else above + 1, settings=settings))
        first += size
    return tuple(found)


def person(number: int) -> User:
    """A user in one of the deepest groups."""
    return user(number, group=nth(GroupId, DEEPEST + number % SIZES[-1] + 1))


@cache
def limits_on(number: int) -> tuple[Limit, ...]:
    """The ten limits on a user."""
    groups = {one.id: one for one in tree()}
    path, above = [], GroupId(person(number).group)
    while above:
        path.append(groups[above])
        above = groups[above].parent
    return limits_of(person(number), path)


def _insert(url: str, size: int) -> None:
    for shape, rows in zip(_SHAPES, (_messages(size), _effects(size)), strict=True):
        if url.startswith("sqlite:"):
            with sqlite3.connect(_path(url)) as connection:
                connection.executemany(shape.insert, rows)
            connection.close()
            continue
        import psycopg

        into = f"COPY {shape.name} ({shape.columns}) FROM STDIN".encode()
        with psycopg.connect(url) as server, server.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)


def _messages(size: int) -> Iterator[list[object]]:
    dice = random.Random(size)  # noqa: S311 - nothing here is secret
    shape = _SHAPES[0]
    done = evolve(message(1), status=Status.DELIVERED, hand_over=HandOver.DONE, segments=1)
    row = shape.rows.row(done)
    places = [shape.rows.columns.index(name) for name in ("id", "group", "user", "made_at", "changed_at", "vendor_id")]
    for number in range(size):
        who = dice.randrange(USERS)
        made_at = (NOON - MONTH * (size - number) / size).us
        values = (nth(MessageId, number), person_group(who), nth(UserId, who), made_at, made_at, f"v{number}")
        for place, value in zip(places, values, strict=True):
            row[place] = value
        yield row.copy()


@cache
def person_group(number: int) -> GroupId:
    """The group of a user."""
    return person(number).group


def _effects(size: int) -> Iterator[list[object]]:
    shape = _SHAPES[1]
    row = shape.rows.row(evolve(effect(1), state=EffectState.DONE))
    places = [shape.rows.columns.index(name) for name in ("id", "subject")]
    for number in range(size):
        for place, value in zip(places, (nth(EffectId, number), nth(MessageId, number)), strict=True):
            row[place] = value
        yield row.copy()


def plain_inserts(town: Town) -> dict[str, Callable[[], object]]:
    """The measure of a database: one row of three columns into a table of its own.

    ``plain`` says INSERT and then commits, as a DB-API program does; ``auto`` leaves the transaction to the server.
    """
    numbers = count()
    table = "CREATE TABLE plain (id TEXT PRIMARY KEY, text TEXT, number BIGINT)"
    connections: list[Any] = []
    if town.url.startswith("sqlite:"):
        insert = "INSERT INTO plain VALUES (?, 'some text', ?)"
        connections = [sqlite3.connect(_path(town.url)), sqlite3.connect(_path(town.url), isolation_level=None)]
        for connection in connections:
            connection.execute("PRAGMA synchronous=normal")
    else:
        import psycopg

        insert = "INSERT INTO plain VALUES (%s, 'some text', %s)"
        connections = [psycopg.connect(town.url), psycopg.connect(town.url, autocommit=True)]
    plain, auto = connections
    auto.execute(table)

    def committed() -> None:
        plain.execute(insert, (f"id {next(numbers)}", 1))
        plain.commit()

    return {"plain": committed, "auto": lambda: auto.execute(insert, (f"id {next(numbers)}", 1))}


def sums(town: Town) -> dict[str, Callable[[], object]]:
    """What to ask a log instead of counters: an index answers each sum alone, without the rows themselves.

    ``root`` is one sum over the root's messages; ``all`` is one for each of the ten limits, as a decision has to ask.
    """
    _run(town.url, "CREATE INDEX log_of_organisation ON messages (organisation, made_at, segments)")
    _run(town.url, 'CREATE INDEX log_of_group ON messages ("group", made_at, segments)')
    _run(town.url, 'CREATE INDEX log_of_user ON messages ("user", made_at, segments)')
    _run(town.url, "ANALYZE" if town.url.startswith("sqlite:") else "VACUUM ANALYZE")
    since = (NOON - MONTH).us
    down = (
        "WITH RECURSIVE down (id) AS (SELECT id FROM groups WHERE id = ? UNION ALL"
        " SELECT groups.id FROM groups JOIN down ON groups.parent = down.id)"
    )
    root = (
        "SELECT sum(segments) FROM messages WHERE organisation = ? AND made_at >= ?",
        limits_on(0)[-1].subject,
        since,
    )
    own = ('SELECT sum(segments) FROM messages WHERE "user" = ? AND made_at >= ?', limits_on(0)[0].subject, since)
    of_group = f'{down} SELECT sum(segments) FROM messages JOIN down ON "group" = down.id WHERE made_at >= ?'  # noqa: S608
    groups = [(of_group, one.subject, since) for one in limits_on(0)[1:-1]]
    storage = storage_of(town.url)

    def asked(*queries: tuple[str, str, int]) -> None:
        with storage.read() as store:
            for sql, *values in queries:
                store._execute(sql, values).fetchone()  # type: ignore[attr-defined]  # noqa: SLF001

    return {"root": lambda: asked(root), "all": lambda: asked(own, *groups, root)}


def _run(url: str, sql: str) -> None:
    if url.startswith("sqlite:"):
        with sqlite3.connect(_path(url)) as connection:
            connection.execute(sql)
        connection.close()
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.encode())


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///").partition("?")[0]
