"""What is visible as a condition on columns, and the condition as SQL.

Rules kept here: a condition has no negation, so that a column that is NULL makes nothing visible but where NULL is asked for;
everything that comes from outside is a parameter. Nothing here runs SQL. The same condition becomes a Django ``Q`` and a
SQLAlchemy expression in :mod:`servicekit.adapters.filters`.

Refused: a visibility by group over a table without a column for it, unless everything there belongs to the root.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from servicekit.errors import Invalid
from servicekit.ids import GroupId
from servicekit.permissions.visibility import AnyOf, Everything, InGroups, Nothing, Visible

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
    if NOTHING in parts:
        return NOTHING
    left = tuple(part for part in parts if part != ANYTHING)
    return left[0] if len(left) == 1 else All(left)


def _either(parts: Iterable[Condition]) -> Condition:
    given = tuple(dict.fromkeys(parts))
    if ANYTHING in given:
        return ANYTHING
    left = tuple(part for part in given if part != NOTHING)
    return left[0] if len(left) == 1 else Either(left)


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
    condition = condition_of(visible, columns or Columns())
    return _sql(condition, placeholder), tuple(_values(condition))


def _sql(condition: Condition, mark: str) -> str:
    match condition:
        case Present(column):
            return f"{_quoted(column)} IS NOT NULL"
        case All(parts):
            return " AND ".join(_sql(part, mark) for part in parts) or "1 = 1"
        case Either(parts):
            tests = " OR ".join(f"({_sql(part, mark)})" for part in parts)
            return f"({tests})" if tests else "1 = 0"
        case OneOf(column, values):
            return _sql_of_values(_quoted(column), values, mark)


def _sql_of_values(column: str, values: tuple[str | None, ...], mark: str) -> str:
    count = sum(value is not None for value in values)
    tests = [f"{column} = {mark}" if count == 1 else f"{column} IN ({', '.join([mark] * count)})"] * bool(count)
    tests += [f"{column} IS NULL"] * (None in values)
    return tests[0] if len(tests) == 1 else f"({' OR '.join(tests)})"


def _values(condition: Condition) -> Iterable[str]:
    if isinstance(condition, OneOf):
        yield from (value for value in condition.values if value is not None)
    elif not isinstance(condition, Present):
        for part in condition.parts:
            yield from _values(part)


def _quoted(column: str) -> str:
    if not column or set(column) & {'"', "\0", "%", "?"}:
        raise Invalid(f"{column!r} is no column's name.", code="not_a_column", column=column)
    return ".".join(f'"{part}"' for part in column.split("."))
