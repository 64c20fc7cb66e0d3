"""Databases: SQLite and PostgreSQL, by URL."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from servicekit.errors import ConfigurationError

if TYPE_CHECKING:
    from servicekit.ports.store import Storage

__all__ = ["storage_of"]


def storage_of(url: str) -> Storage:
    """The storage that a URL names; nothing is opened yet.

    Raises:
        ConfigurationError: no storage has such URLs, or this one is none.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        from servicekit.adapters.storage.sqlite import SqliteStorage

        return SqliteStorage.from_url(url)
    if scheme in {"postgresql", "postgres"}:
        from servicekit.adapters.storage.postgres import PostgresStorage

        return PostgresStorage(url)
    raise ConfigurationError(
        f"{url.partition(':')[0]!r} is no storage: write sqlite:///salon.db or postgresql://user@host/database"
    )
