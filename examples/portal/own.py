"""The application's own tables, in the kit's database: the people that it has invited, and whose bookings are whose.

Passwords, sessions and links are the kit's (``servicekit.accounts``); what stands here is what only the application knows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from servicekit.ids import BookingId, ClientId, CustomerId, CustomerUserId, UserId

__all__ = ["Own", "Person"]

_TABLES = """
CREATE TABLE own_people (who TEXT PRIMARY KEY, email TEXT NOT NULL, customer TEXT NOT NULL, client TEXT NOT NULL);
CREATE TABLE own_bookings (booking TEXT PRIMARY KEY, client TEXT NOT NULL);
"""


@frozen
class Person:
    """Somebody who logs in.

    Attributes:
        who: a user of the organisation, or a customer's user.
        customer: whose user it is; None for the organisation's.
        client: as whom it books; None: it books nothing.
    """

    who: UserId | CustomerUserId
    email: str
    customer: CustomerId | None = None
    client: ClientId | None = None


class Own:
    """The tables, in the database file at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self.transaction() as connection:
            for statement in _TABLES.strip().splitlines():
                connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection with a transaction open, to share with the kit (``within=``): all of it is there together, or none."""
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()  # which undoes what is not committed

    def add_person(self, person: Person) -> None:
        """Somebody who was invited."""
        with self.transaction() as connection:
            self.note_person(connection, person)

    def note_person(self, connection: sqlite3.Connection, person: Person) -> None:
        """The same, in the transaction that invites it."""
        row = (person.who, person.email, person.customer or "", person.client or "")
        connection.execute("INSERT INTO own_people VALUES (?, ?, ?, ?)", row)

    def person(self, who: str) -> Person | None:
        """Whose id it is."""
        with self.transaction() as connection:
            row = connection.execute("SELECT * FROM own_people WHERE who = ?", (who,)).fetchone()
        if row is None:
            return None
        who, email, customer, client = row
        if not customer:
            return Person(UserId(who), email)
        return Person(CustomerUserId(who), email, CustomerId(customer), ClientId(client) if client else None)

    def note_booking(self, connection: sqlite3.Connection, booking: BookingId, client: ClientId) -> None:
        """The booking is this client's; in the transaction that makes it."""
        connection.execute("INSERT INTO own_bookings VALUES (?, ?)", (booking, client))

    def bookings(self, client: ClientId) -> tuple[BookingId, ...]:
        """The client's bookings, in order of making."""
        with self.transaction() as connection:
            rows = connection.execute("SELECT booking FROM own_bookings WHERE client = ? ORDER BY rowid", (client,))
            return tuple(BookingId(row[0]) for row in rows)
