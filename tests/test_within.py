"""``perform(..., within=connection)``: the application's rows and ours commit together or vanish together.

On both databases, over a bare connection, over SQLAlchemy's and over Django's.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from servicekit import Kit, Principal
from servicekit.errors import ConfigurationError, Invalid
from servicekit.groups import AddGroup, FoundOrganisation, Group
from servicekit.moments import Instant
from servicekit.testing.clock import ManualClock

OPERATOR = Principal.operator("tests")
NOON = Instant.parse("2026-11-25T12:00:00Z")


def connect(url: str) -> Any:
    """An application's bare connection, which commits by itself unless a transaction is begun."""
    if url.startswith("sqlite"):
        return sqlite3.connect(_path(url), isolation_level=None)
    return psycopg.connect(url, autocommit=True)


def _path(url: str) -> str:
    return url.removeprefix("sqlite:////").partition("?")[0]


def _sqlalchemy_url(url: str) -> str:
    if url.startswith("sqlite"):
        return f"sqlite:////{_path(url)}"
    return url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def kit(database_url: str) -> Iterator[Kit]:
    """A kit on a database that also has the application's table."""
    with closing(connect(database_url)) as connection:
        connection.execute("CREATE TABLE own (word TEXT)")
    with Kit.open(database_url, clock=ManualClock(NOON)) as made:
        yield made


@pytest.fixture
def root(kit: Kit) -> Group:
    """An organisation."""
    return kit.perform(FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example"), by=OPERATOR).root


@pytest.fixture
def anna(kit: Kit, root: Group) -> Principal:
    """Its administrator."""
    (admin,) = _rows(kit, "users")
    return Principal.of(admin.id)


def _rows(kit: Kit, table: str) -> list[Any]:
    with kit._storage.read() as store:
        return list(getattr(store, table).where())


def _state(kit: Kit, url: str) -> tuple[set[str], set[str]]:
    """The application's words, and the names of our groups, as everybody sees them."""
    with closing(connect(url)) as connection:
        words = {word for (word,) in connection.execute("SELECT word FROM own").fetchall()}
    return words, {group.name for group in _rows(kit, "groups")} - {"Salon"}


# A bare connection


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_bare_connection(kit: Kit, database_url: str, root: Group, anna: Principal, end: str) -> None:
    """The application's row and a command's group: both, or neither."""
    with closing(connect(database_url)) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO own VALUES ('word')")
        made = kit.perform(AddGroup(parent=root.id, name="Team"), by=anna, within=connection)
        assert made.name == "Team"
        getattr(connection, end)()
    assert _state(kit, database_url) == (({"word"}, {"Team"}) if end == "commit" else (set(), set()))


def test_a_refused_command_leaves_the_application_its_transaction(
    kit: Kit, database_url: str, root: Group, anna: Principal
) -> None:
    """What it wrote before stays, what comes after is added; of the refused command there is nothing."""
    with closing(connect(database_url)) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO own VALUES ('before')")
        with pytest.raises(Invalid):
            kit.perform(AddGroup(parent=root.id, name=" "), by=anna, within=connection)
        kit.perform(AddGroup(parent=root.id, name="Team"), by=anna, within=connection)
        connection.execute("INSERT INTO own VALUES ('after')")
        connection.commit()
    assert _state(kit, database_url) == ({"before", "after"}, {"Team"})


def test_an_application_may_make_rows_of_its_own(kit: Kit, database_url: str, root: Group, anna: Principal) -> None:
    """A connection that gives rows as dicts serves as well, and goes on giving them."""
    with closing(connect(database_url)) as connection:
        if isinstance(connection, sqlite3.Connection):
            connection.row_factory = lambda cursor, row: {
                column[0]: value for column, value in zip(cursor.description, row, strict=True)
            }
        else:
            connection.row_factory = psycopg.rows.dict_row
        connection.execute("BEGIN")
        connection.execute("INSERT INTO own VALUES ('word')")
        kit.perform(AddGroup(parent=root.id, name="Team"), by=anna, within=connection)
        assert connection.execute("SELECT word FROM own").fetchone() == {"word": "word"}
        connection.commit()
    assert _state(kit, database_url) == ({"word"}, {"Team"})


def test_psycopg_begins_by_itself(kit: Kit, postgres_database: str) -> None:
    """A connection that does not commit by itself needs nothing to have been executed on it before."""
    with Kit.open(postgres_database) as other, psycopg.connect(postgres_database) as connection:
        found = FoundOrganisation(name="Another", zone="UTC", admin="eva@another.example")
        other.perform(found, by=OPERATOR, within=connection)
        assert _rows(other, "users") == []
        connection.commit()
        assert [user.email for user in _rows(other, "users")] == ["eva@another.example"]


@pytest.mark.parametrize("level", [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE])
def test_a_snapshot_older_than_a_lock_is_refused(postgres_database: str, level: psycopg.IsolationLevel) -> None:
    """Quotas are held by locks and read after them; at other levels one reads what was before."""
    with Kit.open(postgres_database) as kit, psycopg.connect(postgres_database) as connection:
        connection.isolation_level = level
        connection.execute("SELECT 1")
        with pytest.raises(ConfigurationError, match="READ COMMITTED"):
            kit.perform(FoundOrganisation(name="S", zone="UTC", admin="a@s.example"), by=OPERATOR, within=connection)


def test_a_transaction_that_has_failed_is_refused(postgres_database: str) -> None:
    """PostgreSQL takes nothing more in it."""
    with Kit.open(postgres_database) as kit, psycopg.connect(postgres_database) as connection:
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT nothing")
        with pytest.raises(ConfigurationError, match="sound transaction"):
            kit.perform(FoundOrganisation(name="S", zone="UTC", admin="a@s.example"), by=OPERATOR, within=connection)
        connection.rollback()


# SQLAlchemy


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_sqlalchemy(kit: Kit, database_url: str, root: Group, anna: Principal, end: str) -> None:
    """Through the driver's connection under its own; a refused command in between does no harm."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(_sqlalchemy_url(database_url))
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO own VALUES ('before')"))
        within = connection.connection.driver_connection
        with pytest.raises(Invalid):
            kit.perform(AddGroup(parent=root.id, name=" "), by=anna, within=within)
        kit.perform(AddGroup(parent=root.id, name="Team"), by=anna, within=within)
        connection.execute(sqlalchemy.text("INSERT INTO own VALUES ('after')"))
        getattr(connection, end)()
    engine.dispose()
    assert _state(kit, database_url) == (({"before", "after"}, {"Team"}) if end == "commit" else (set(), set()))


# Django

DJANGO = """
import sys
import django
from django.conf import settings

settings.configure(DATABASES={"default": %(database)r}, USE_TZ=True)
django.setup()
from django.db import connection, transaction
from servicekit import Kit, Principal
from servicekit.errors import Invalid
from servicekit.groups import AddGroup
from servicekit.ids import GroupId, UserId

root, anna = GroupId(%(root)r), Principal.of(UserId(%(anna)r))
with Kit.open(%(url)r) as kit:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO own VALUES ('before')")
            try:
                kit.perform(AddGroup(parent=root, name=" "), by=anna, within=connection.connection)
            except Invalid:
                pass
            kit.perform(AddGroup(parent=root, name="Team"), by=anna, within=connection.connection)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("INSERT INTO own VALUES ('after')")
            if %(end)r == "rollback":
                raise KeyError
    except KeyError:
        pass
"""


def _django_database(url: str) -> dict[str, str]:
    if url.startswith("sqlite"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": _path(url)}
    given = psycopg.conninfo.conninfo_to_dict(url)
    found = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    settings = {name: str(given.get(ours, "")) for name, ours in found.items()}
    return {"ENGINE": "django.db.backends.postgresql", **settings}


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_django(kit: Kit, database_url: str, root: Group, anna: Principal, end: str) -> None:
    """In ``transaction.atomic()``, with Django's own savepoints around; in a process of its own, as Django wants it."""
    facts = {"database": _django_database(database_url), "url": database_url}
    script = DJANGO % {**facts, "root": str(root.id), "anna": str(anna.id), "end": end}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert _state(kit, database_url) == (({"before", "after"}, {"Team"}) if end == "commit" else (set(), set()))
