"""Joining the application's transaction: there together or not at all. Part of ``StorageConformance``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from servicekit.errors import ConfigurationError, StorageError
from servicekit.ids import GroupId
from servicekit.ports.store import Storage
from servicekit.testing.conformance.things import ROOT, group, nth
from servicekit.testing.conformance.writing import groups

__all__ = ["Joining"]

Connected = Callable[[], Any]


def words(connected: Connected) -> list[str]:
    """What the application's own table has, as somebody else sees it."""
    with closing(connected()) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM own ORDER BY word").fetchall()]


class Joining:
    """What ``join`` promises. Its own words are the application's rows."""

    @pytest.fixture
    def application(self, storage: Storage, connected: Connected) -> Any:  # noqa: ARG002 - which has made the database
        """The application's connection, its table made, a transaction begun and a row of its own in it."""
        connection = connected()
        connection.execute("CREATE TABLE own (word TEXT)")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO own VALUES ('before')")
        yield connection
        connection.close()

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_the_application_ends_both(
        self, storage: Storage, connected: Connected, application: Any, end: str
    ) -> None:
        """Its rows and ours are there together once it commits, and vanish together where it does not."""
        with storage.join(application) as store:
            store.groups.add(group())
        assert (groups(storage), words(connected)) == ([], [])
        getattr(application, end)()

        there = end == "commit"
        assert groups(storage) == ([ROOT] if there else [])
        assert words(connected) == (["before"] if there else [])

    def test_an_error_undoes_what_is_ours_and_nothing_else(
        self, storage: Storage, connected: Connected, application: Any
    ) -> None:
        """The application's transaction goes on: what it wrote before and writes after is there, and what joins again."""

        def half_way(number: int) -> None:
            with storage.join(application) as store:
                store.groups.add(group(number))
                raise ValueError(number)

        with pytest.raises(ValueError, match="1"):
            half_way(1)
        application.execute("INSERT INTO own VALUES ('between')")
        with storage.join(application) as store:
            store.groups.add(group(2))
        with pytest.raises(ValueError, match="3"):
            half_way(3)
        application.commit()

        assert groups(storage) == [nth(GroupId, 2)]
        assert words(connected) == ["before", "between"]

    def test_a_statement_that_the_database_refuses_leaves_the_application_its_transaction(
        self, storage: Storage, connected: Connected, application: Any
    ) -> None:
        """Also where the database itself said no."""

        def half_way() -> None:
            with storage.join(application) as store:
                store.groups.add(group())
                store.groups.add(group())

        with pytest.raises(StorageError):
            half_way()
        application.execute("INSERT INTO own VALUES ('after')")
        application.commit()
        assert (groups(storage), words(connected)) == ([], ["after", "before"])

    def test_it_sees_what_the_application_wrote(self, storage: Storage, application: Any) -> None:
        """Both are one transaction."""
        with storage.join(application) as store:
            store.groups.add(group())
        with storage.join(application) as store:
            assert store.groups.where() == (group(),)
            assert store.path(ROOT) == (group(),)

    def test_what_is_no_connection_is_refused(self, storage: Storage) -> None:
        """And what to pass instead is said."""
        with pytest.raises(ConfigurationError, match="within= wants"), storage.join(object()):
            raise AssertionError("joined nothing")

    def test_a_connection_without_a_transaction_is_refused(self, storage: Storage, connected: Connected) -> None:
        """Else what is ours would be committed by itself."""
        with (
            closing(connected()) as connection,
            pytest.raises(ConfigurationError, match="begin one first"),
            storage.join(connection),
        ):
            raise AssertionError("joined no transaction")
