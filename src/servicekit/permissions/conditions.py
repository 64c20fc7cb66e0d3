"""What is visible as a condition on columns, and the condition as SQL.

Rules kept here: a condition has no negation, so that a column that is NULL makes nothing visible but where NULL is asked for;
everything that comes from outside is a parameter. Nothing here runs SQL. The same condition becomes a Django ``Q`` and a
SQLAlchemy expression in :mod:`servicekit.adapters.filters`.

Refused: a visibility by group over a table without a column for it, unless everything there belongs to the root.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from attrs import frozen

from servicekit.errors import Invalid
from servicekit.ids import CustomerId, FacilityId, GroupId
from servicekit.permissions.visibility import AnyOf, Everything, InGroups, Nothing, OfCustomer, Visible

__all__ = [
    "ANYTHING",
    "NOTHING",
    "All",
    "Columns",
    "Condition",
    "Either",
    "OneOf",
    "Present",
    "condition_of",
    "sql_where",
]


@frozen
class Columns:
    """What an application's table calls them: a column, a path to one of another model (Django), or an expression.

    Attributes:
        organisation: the :class:`~servicekit.ids.GroupId` of the organisation's root. None: the table has one organisation
            only, and it is the application that asks for no other.
        customer: the :class:`~servicekit.ids.CustomerId`; NULL: no customer's.
        facility: the :class:`~servicekit.ids.FacilityId`; NULL: at none. None: nothing there is at a facility.
        group: the :class:`~servicekit.ids.GroupId` of the group that it belongs to; NULL, or None here: to the root.
    """

    organisation: str | None = "organisation"
    customer: str = "customer"
    facility: str | None = "facility"
    group: str | None = None


_USUAL = Columns()


@frozen
class OneOf:
    """The column has one of these values, of which there is at least one; None: it is NULL."""

    column: str
    values: tuple[str | None, ...]


@frozen
class Present:
    """The column is not NULL."""

    column: str


@frozen
class All:
    """Every one of these holds; of none, this is always so."""

    parts: tuple[Condition, ...]


@frozen
class Either:
    """One of these holds; of none, this is never so."""

    parts: tuple[Condition, ...]


Condition = OneOf | Present | All | Either
ANYTHING, NOTHING = All(()), Either(())


def condition_of(visible: Visible, columns: Columns) -> Condition:
    """The condition that a row fulfils exactly when :func:`~servicekit.permissions.sees` says yes to its thing.

    Raises:
        Invalid: ``no_group_column``, see :class:`Columns`; it is never guessed.
    """
    match visible:
        case Nothing():
            return NOTHING
        case Everything(organisation):
            return _organisation(organisation, columns)
        case InGroups(organisation, groups):
            return _all(_organisation(organisation, columns), _groups(organisation, groups, columns))
        case AnyOf(parts):
            return _either(condition_of(part, columns) for part in parts)
    return _all(
        _organisation(visible.organisation, columns),
        OneOf(columns.customer, (visible.customer,)),
        ANYTHING if visible.groups is None else _groups(visible.organisation, visible.groups, columns),
        _facilities(visible.facilities, visible.unassigned, columns),
    )


def _organisation(organisation: GroupId, columns: Columns) -> Condition:
    return ANYTHING if columns.organisation is None else OneOf(columns.organisation, (organisation,))


def _groups(organisation: GroupId, groups: tuple[GroupId, ...], columns: Columns) -> Condition:
    if columns.group is None:
        return ANYTHING if organisation in groups else NOTHING
    found: tuple[str | None, ...] = groups
    if organisation in groups:  # where what says nothing of a group belongs
        found = (*groups, None)
    return OneOf(columns.group, found) if found else NOTHING


def _facilities(facilities: tuple[str, ...] | None, unassigned: bool, columns: Columns) -> Condition:
    if columns.facility is None:
        return ANYTHING if unassigned else NOTHING
    if facilities is None:
        return ANYTHING if unassigned else Present(columns.facility)
    found: tuple[str | None, ...] = (*facilities, None) if unassigned else facilities
    return OneOf(columns.facility, found) if found else NOTHING


def _all(*parts: Condition) -> Condition:
    left = []
    for part in parts:  # by identity: a list that takes 70 microseconds should not wait for comparisons of values
        if part is NOTHING:
            return NOTHING
        if part is not ANYTHING:
            left.append(part)
    return ANYTHING if not left else left[0] if len(left) == 1 else All(tuple(left))


def _either(parts: Iterable[Condition]) -> Condition:
    left = dict[Condition, None]()
    for part in parts:
        if part is ANYTHING:
            return ANYTHING
        if part is not NOTHING:
            left[part] = None
    return NOTHING if not left else next(iter(left)) if len(left) == 1 else Either(tuple(left))


def sql_where(
    visible: Visible, columns: Columns | None = None, *, placeholder: str = "?"
) -> tuple[str, tuple[str, ...]]:
    """The condition as SQL for SQLite and PostgreSQL, to stand after WHERE, and its parameters in order.

    It is in brackets where that matters, so that ``AND`` may follow. SQLite takes 32,766 parameters in one statement,
    PostgreSQL 65,535: there is one for each group and facility.

    >>> print(*sql_where(Everything(GroupId("grp_1")), placeholder="%s"))
    "organisation" = %s ('grp_1',)

    Args:
        visible: what the asker may see.
        columns: what the table calls them; ``"order.customer"`` names a column of a table.
        placeholder: ``?`` for the standard library's sqlite3, ``%s`` for psycopg.

    Raises:
        Invalid: ``not_a_column`` for a name with a quote or NUL in it.
    """
    columns = columns or _USUAL
    if isinstance(visible, OfCustomer) and visible.groups is None:
        # What nearly every list of a portal asks for: the text is the same for all customers, only the parameters differ.
        facilities = visible.facilities
        many = None if facilities is None else len(facilities)
        sql, places = _of_customer(many, visible.unassigned, columns, placeholder)
        found = (visible.organisation, visible.customer, *(facilities or ()))
        return sql, tuple([str(found[place]) for place in places])  # drivers take far longer over a kind of str
    return _plain(visible, columns, placeholder)


def _plain(visible: Visible, columns: Columns, mark: str) -> tuple[str, tuple[str, ...]]:
    values = list[str]()
    return _sql(condition_of(visible, columns), mark, values), tuple(map(str, values))


@lru_cache(maxsize=1024)
def _of_customer(many: int | None, unassigned: bool, columns: Columns, mark: str) -> tuple[str, tuple[int, ...]]:
    """The SQL for a customer with so many facilities; which of organisation, customer and facilities are its parameters."""
    facilities = None if many is None else tuple(FacilityId(f"fac_{number}") for number in range(many))
    visible = OfCustomer(
        organisation=GroupId("grp_"), customer=CustomerId("cus_"), facilities=facilities, unassigned=unassigned
    )
    sql, values = _plain(visible, columns, mark)
    found: tuple[str, ...] = (visible.organisation, visible.customer, *(facilities or ()))
    return sql, tuple(map(found.index, values))


def _sql(condition: Condition, mark: str, values: list[str]) -> str:
    """The SQL; its parameters are appended to ``values``."""
    if isinstance(condition, OneOf):
        return _sql_of_values(condition, mark, values)
    if isinstance(condition, Present):
        return f"{_quoted(condition.column)} IS NOT NULL"
    parts = [_sql(part, mark, values) for part in condition.parts]
    if isinstance(condition, All):
        return " AND ".join(parts) or "1 = 1"
    return f"(({') OR ('.join(parts)}))" if parts else "1 = 0"


def _sql_of_values(condition: OneOf, mark: str, values: list[str]) -> str:
    column, given = _quoted(condition.column), [value for value in condition.values if value is not None]
    values += given
    if not given:
        return f"{column} IS NULL"
    test = f"{column} = {mark}" if len(given) == 1 else f"{column} IN ({', '.join([mark] * len(given))})"
    return test if len(given) == len(condition.values) else f"({test} OR {column} IS NULL)"


@lru_cache(maxsize=256)
def _quoted(column: str) -> str:
    if not column or set(column) & {'"', "\0", "%", "?"}:
        raise Invalid(f"{column!r} is no column's name.", code="not_a_column", column=column)
    return ".".join(f'"{part}"' for part in column.split("."))
