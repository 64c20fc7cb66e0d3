"""The application's own tables, in the kit's database: who logs in, who is logged in, and whose bookings are whose.

Rules kept here:

* A password is stored as scrypt of it, with a salt of its own. One that is wrong and a user name that there is none of cost
  the same.
* A session is 32 random bytes in the browser's cookie; what is stored is their SHA-256. It ends after twelve hours.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from attrs import frozen

from servicekit import Instant
from servicekit.ids import BookingId, ClientId, CustomerId, CustomerUserId, UserId

_TABLES = """
CREATE TABLE IF NOT EXISTS own_logins (email TEXT PRIMARY KEY, who TEXT NOT NULL, customer TEXT NOT NULL, password BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS own_sessions (digest TEXT PRIMARY KEY, email TEXT NOT NULL, ends INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS own_clients (email TEXT PRIMARY KEY, client TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS own_bookings (booking TEXT PRIMARY KEY, client TEXT NOT NULL);
"""
_SALT = 16
_SESSION = timedelta(hours=12)
_NOBODY = bytes(_SALT + 64)


@frozen
class Account:
    """Who logs in: a user of the organisation, or a customer's user, with whose it is."""

    email: str
    who: UserId | CustomerUserId
    customer: CustomerId | None


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

    # Log-ins

    def add_login(
        self,
        connection: sqlite3.Connection,
        email: str,
        who: UserId | CustomerUserId,
        password: str,
        customer: CustomerId | None = None,
    ) -> None:
        """Let somebody log in with this password, in place of the one before."""
        salt = secrets.token_bytes(_SALT)
        row = (email, who, customer or "", salt + _scrypt(password, salt))
        connection.execute("INSERT OR REPLACE INTO own_logins VALUES (?, ?, ?, ?)", row)

    def log_in(self, email: str, password: str) -> Account | None:
        """Whose mail address and password these are."""
        with self.transaction() as connection:
            query = "SELECT password FROM own_logins WHERE email = ?"
            row = connection.execute(query, (email.strip().lower(),)).fetchone()
            kept: bytes = _NOBODY if row is None else row[0]
            right = hmac.compare_digest(kept[_SALT:], _scrypt(password, kept[:_SALT]))
            return self._account(connection, email.strip().lower()) if right and row is not None else None

    def _account(self, connection: sqlite3.Connection, email: str) -> Account | None:
        row = connection.execute("SELECT who, customer FROM own_logins WHERE email = ?", (email,)).fetchone()
        if row is None:
            return None
        who, customer = row
        if customer:
            return Account(email, CustomerUserId(who), CustomerId(customer))
        return Account(email, UserId(who), None)

    # Sessions

    def begin_session(self, cookie: str, email: str, at: Instant) -> None:
        """The browser with this cookie is logged in from now on."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM own_sessions WHERE ends <= ?", (at.us,))
            connection.execute(
                "INSERT INTO own_sessions VALUES (?, ?, ?)", (_digest(cookie), email, (at + _SESSION).us)
            )

    def session(self, cookie: str, at: Instant) -> Account | None:
        """Who is logged in with this cookie."""
        with self.transaction() as connection:
            query = "SELECT email FROM own_sessions WHERE digest = ? AND ends > ?"
            row = connection.execute(query, (_digest(cookie), at.us)).fetchone()
            return None if row is None else self._account(connection, row[0])

    def end_session(self, cookie: str) -> None:
        """Log the browser with this cookie out."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM own_sessions WHERE digest = ?", (_digest(cookie),))

    # Bookings

    def set_client(self, email: str, client: ClientId) -> None:
        """Who logs in with this address books as this client."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO own_clients VALUES (?, ?)", (email, client))

    def note_booking(self, connection: sqlite3.Connection, booking: BookingId, client: ClientId) -> None:
        """The booking is this client's."""
        connection.execute("INSERT OR REPLACE INTO own_bookings VALUES (?, ?)", (booking, client))

    def client(self, email: str) -> ClientId | None:
        """As whom somebody books."""
        with self.transaction() as connection:
            row = connection.execute("SELECT client FROM own_clients WHERE email = ?", (email,)).fetchone()
        return None if row is None else ClientId(row[0])

    def bookings(self, client: ClientId) -> tuple[BookingId, ...]:
        """The client's bookings, in order of making."""
        with self.transaction() as connection:
            rows = connection.execute("SELECT booking FROM own_bookings WHERE client = ? ORDER BY rowid", (client,))
            return tuple(BookingId(row[0]) for row in rows)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
