"""Filters as SQL, on both databases: they let through what the check allows, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.ids import CustomerId, FacilityId, GroupId
from servicekit.permissions import (
    AnyOf,
    Columns,
    Everything,
    Grant,
    InGroups,
    Nothing,
    OfCustomer,
    Visible,
    condition_of,
    sees,
    sql_where,
)
from servicekit.permissions.conditions import ANYTHING, NOTHING
from visible_things import CUSTOMERS, FACILITIES, GRANTS, ROOT, ROWS, TEAM, THINGS, TRAINEES, VISIBLE, checked

WITH_GROUPS = Columns(group="group")
TABLE = 'CREATE TABLE things (number INTEGER, organisation TEXT NOT NULL, "group" TEXT, customer TEXT, facility TEXT)'
INSERT = "INSERT INTO things VALUES (?, ?, ?, ?, ?)"
Shown = Callable[[Visible], set[int]]


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Shown]:
    """What SQLite shows of a visibility, by numbers."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(TABLE)
        connection.executemany(INSERT, ROWS)

        def shown(visible: Visible) -> set[int]:
            where, values = sql_where(visible, WITH_GROUPS)
            found = connection.execute(f"SELECT number FROM things WHERE number >= ? AND {where}", (0, *values))  # noqa: S608 - what is tried
            return {number for (number,) in found}

        yield shown


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[Shown]:
    """What PostgreSQL shows of it."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(TABLE.replace("CREATE", "CREATE TEMPORARY"))
        connection.cursor().executemany(INSERT.replace("?", "%s"), ROWS)

        def shown(visible: Visible) -> set[int]:
            where, values = sql_where(visible, WITH_GROUPS, placeholder="%s")
            found = connection.execute(
                f"SELECT number FROM things WHERE {where} AND number >= %s".encode(),  # noqa: S608 - what is tried
                (*values, 0),
            )
            return {number for (number,) in found}

        yield shown


TRIED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)


@pytest.mark.spec("P-11")
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_database_shows_what_is_seen(request: pytest.FixtureRequest, database: str) -> None:
    """Of whatever is visible: the rows that the filter lets through are the things that the predicate says yes to."""
    shown: Shown = request.getfixturevalue(database)

    @TRIED
    @given(VISIBLE)
    def holds(visible: Visible) -> None:
        assert shown(visible) == {thing.number for thing in THINGS if sees(visible, thing)}

    holds()


@pytest.mark.spec("P-11")
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_list_and_check_agree(request: pytest.FixtureRequest, database: str) -> None:
    """Of whatever grants: the rows that their filter lets through are the things that the check allows, one by one."""
    shown: Shown = request.getfixturevalue(database)

    @TRIED
    @given(GRANTS)
    def holds(grants: list[Grant]) -> None:
        visible, allowed = checked(grants)
        assert shown(visible) == allowed

    holds()


OF_ALL = OfCustomer(organisation=ROOT, customer=CUSTOMERS[0], facilities=None, unassigned=True)
OF_SOME = OfCustomer(organisation=ROOT, customer=CUSTOMERS[0], facilities=tuple(FACILITIES[:2]), unassigned=True)
OF_ONE = OfCustomer(
    organisation=ROOT, customer=CUSTOMERS[0], facilities=(FACILITIES[0],), unassigned=False, groups=(TEAM, TRAINEES)
)


@pytest.mark.parametrize(
    ("visible", "where"),
    [
        (Nothing(), "1 = 0"),
        (Everything(ROOT), '"organisation" = ?'),
        (OF_ALL, '"organisation" = ? AND "customer" = ?'),
        (OF_SOME, '"organisation" = ? AND "customer" = ? AND ("facility" IN (?, ?) OR "facility" IS NULL)'),
        (OF_ONE, '"organisation" = ? AND "customer" = ? AND "group" IN (?, ?) AND "facility" = ?'),
        (
            OfCustomer(organisation=ROOT, customer=CUSTOMERS[0], facilities=None, unassigned=False),
            '"organisation" = ? AND "customer" = ? AND "facility" IS NOT NULL',
        ),
        (
            OfCustomer(organisation=ROOT, customer=CUSTOMERS[0], facilities=(), unassigned=True),
            '"organisation" = ? AND "customer" = ? AND "facility" IS NULL',
        ),
        (OfCustomer(organisation=ROOT, customer=CUSTOMERS[0], facilities=(), unassigned=False), "1 = 0"),
        (InGroups(ROOT, ()), "1 = 0"),
        (InGroups(ROOT, (ROOT,)), '"organisation" = ? AND ("group" = ? OR "group" IS NULL)'),
        (AnyOf(()), "1 = 0"),
        (AnyOf((OF_ALL, OF_ALL)), '"organisation" = ? AND "customer" = ?'),
        (
            AnyOf((Everything(ROOT), InGroups(ROOT, (TEAM,)))),
            '(("organisation" = ?) OR ("organisation" = ? AND "group" = ?))',
        ),
    ],
)
def test_the_filter_is_what_one_would_write_by_hand(visible: Visible, where: str) -> None:
    """Nothing stands in it that a database would have to think away."""
    sql, values = sql_where(visible, WITH_GROUPS)
    assert sql == where
    assert len(values) == where.count("?")


def test_columns_have_the_applications_names() -> None:
    """Of a joined table, too."""
    columns = Columns(organisation="o.firm", customer="o.customer_id", facility="o.site")
    where, values = sql_where(OF_SOME, columns, placeholder="%s")
    assert where == '"o"."firm" = %s AND "o"."customer_id" = %s AND ("o"."site" IN (%s, %s) OR "o"."site" IS NULL)'
    assert values == (ROOT, CUSTOMERS[0], *FACILITIES[:2])


@pytest.mark.parametrize(
    ("visible", "columns", "expected"),
    [
        (Everything(ROOT), Columns(organisation=None), ANYTHING),
        (OF_SOME, Columns(facility=None), condition_of(OF_ALL, Columns())),
        (OF_ONE, Columns(facility=None, group="group"), NOTHING),
        (OF_ONE, Columns(), NOTHING),
        (InGroups(ROOT, (TEAM,)), Columns(), NOTHING),
        (InGroups(ROOT, (ROOT, TEAM)), Columns(), condition_of(Everything(ROOT), Columns())),
        (AnyOf((Everything(ROOT), OF_ALL)), Columns(organisation=None), ANYTHING),
    ],
)
def test_what_a_table_has_no_column_for(visible: Visible, columns: Columns, expected: object) -> None:
    """One organisation only; everything at no facility; everything in the root: a visibility of less shows nothing."""
    assert condition_of(visible, columns) == expected


ANY_COLUMNS = st.builds(
    Columns,
    organisation=st.sampled_from(["organisation", None]),
    facility=st.sampled_from(["facility", "site", None]),
    group=st.sampled_from(["group", None]),
)


@given(VISIBLE, ANY_COLUMNS, st.sampled_from(["?", "%s"]))
def test_the_quick_way_is_the_plain_one(visible: Visible, columns: Columns, placeholder: str) -> None:
    """What is kept for customers says what is put together part by part, for whatever columns."""
    plain = sql_where(AnyOf((visible,)), columns, placeholder=placeholder)  # type: ignore[arg-type]
    assert sql_where(visible, columns, placeholder=placeholder) == plain


def test_no_condition_is_always_true_in_sql() -> None:
    """Where the table is one organisation's and all of it is visible."""
    assert sql_where(Everything(ROOT), Columns(organisation=None)) == ("1 = 1", ())


@pytest.mark.parametrize("name", ["", 'a"; DROP TABLE things --', "a\0", "a%s", "a?"])
def test_a_name_that_is_no_columns_is_refused(name: str) -> None:
    """Names are the application's, but a quote in one is a fault in any case, and a placeholder would shift all others."""
    with pytest.raises(Invalid) as caught:
        sql_where(OF_ALL, Columns(customer=name))
    assert caught.value.code == "not_a_column"


def test_values_stay_out_of_the_sql() -> None:
    """Whatever stands in an id comes in as a parameter."""
    nasty = OfCustomer(
        organisation=GroupId("grp_'"),
        customer=CustomerId('cus_"?%s'),
        facilities=(FacilityId("fac_;"),),
        unassigned=False,
    )
    sql, values = sql_where(nasty)
    assert values == ("grp_'", 'cus_"?%s', "fac_;")
    assert not set(sql) & set("';%")
