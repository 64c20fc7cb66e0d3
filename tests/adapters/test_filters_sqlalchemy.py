"""What is visible as a SQLAlchemy expression: it selects what the check allows, on both databases."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from sqlalchemy import orm

from servicekit.adapters.filters.sqlalchemy import visible_where
from servicekit.errors import MissingExtra
from servicekit.permissions import Columns, Everything, Grant, Nothing, Visible, sees
from visible_things import COLUMNS, GRANTS, ROOT, ROWS, THINGS, VISIBLE, checked

NAMES = Columns(group="group")
TRIED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)


class Base(orm.DeclarativeBase):
    """The application's."""


class Job(Base):
    """A row of the application, mapped."""

    __tablename__ = "jobs"
    __table_args__ = ({"prefixes": ["TEMPORARY"]},)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    organisation: orm.Mapped[str]
    group: orm.Mapped[str | None]
    customer: orm.Mapped[str | None]
    facility: orm.Mapped[str | None]


Rows = Callable[[Any], set[int]]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def rows(request: pytest.FixtureRequest) -> Iterator[Rows]:
    """The numbers of the rows that pass an expression."""
    url = "sqlite://"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url").replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        Base.metadata.create_all(connection)
        connection.execute(sqlalchemy.insert(Job), [dict(zip(COLUMNS, row, strict=True)) for row in ROWS])

        def shown(expression: Any) -> set[int]:
            return set(connection.scalars(sqlalchemy.select(Job.number).where(Job.number >= 0, expression)))

        yield shown
    engine.dispose()


@pytest.mark.spec("P-11")
@pytest.mark.parametrize("of", [Job, Job.__table__], ids=["mapped class", "table"])
def test_a_statement_selects_what_is_seen(rows: Rows, of: Any) -> None:
    """Of whatever is visible."""

    @TRIED
    @given(VISIBLE)
    def holds(visible: Visible) -> None:
        assert rows(visible_where(visible, of, NAMES)) == {thing.number for thing in THINGS if sees(visible, thing)}

    holds()


@pytest.mark.spec("P-11")
def test_list_and_check_agree(rows: Rows) -> None:
    """Of whatever grants."""

    @TRIED
    @given(GRANTS)
    def holds(grants: list[Grant]) -> None:
        visible, allowed = checked(grants)
        assert rows(visible_where(visible, Job, NAMES)) == allowed

    holds()


def test_nothing_and_everything(rows: Rows) -> None:
    """No row; and where the table is one organisation's, every row."""
    assert rows(visible_where(Nothing(), Job)) == set()
    assert rows(visible_where(Everything(ROOT), Job, Columns(organisation=None))) == {thing.number for thing in THINGS}


def test_without_sqlalchemy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[sqlalchemy\]"):
        visible_where(Nothing(), Job)
