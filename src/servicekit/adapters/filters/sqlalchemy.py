"""What somebody may see as a SQLAlchemy expression. Needs the extra ``sqlalchemy``.

Rules kept here: an expression lets through exactly what the check allows; it makes no query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from servicekit.errors import MissingExtra
from servicekit.permissions import Columns, Visible, condition_of
from servicekit.permissions.conditions import All, Condition, Either, OneOf, Present

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

__all__ = ["visible_where"]


def visible_where(visible: Visible, of: Any, columns: Columns | None = None) -> ColumnElement[bool]:
    """An expression, for ``select(...).where()``.

    Args:
        visible: what the asker may see, from :class:`servicekit.permissions.GetVisible`.
        of: a mapped class, an alias of one, or a table.
        columns: what it calls its attributes or columns.

    Raises:
        MissingExtra: ``sqlalchemy``.
    """
    try:
        import sqlalchemy
    except ImportError as error:
        raise MissingExtra("sqlalchemy", "A filter for SQLAlchemy") from error
    columns_of = of.c if isinstance(of, sqlalchemy.FromClause) else None

    def expression(condition: Condition) -> ColumnElement[bool]:
        match condition:
            case Present(column):
                return found(column).is_not(None)
            case All(parts):
                return sqlalchemy.and_(sqlalchemy.true(), *map(expression, parts))
            case Either(parts):
                return sqlalchemy.or_(sqlalchemy.false(), *map(expression, parts))
            case OneOf(column, values):
                given = [value for value in values if value is not None]
                tests = [found(column).in_(given)] * bool(given) + [found(column).is_(None)] * (None in values)
                return sqlalchemy.or_(*tests)

    def found(name: str) -> ColumnElement[Any]:
        column: ColumnElement[Any] = getattr(of, name) if columns_of is None else columns_of[name]
        return column

    return expression(condition_of(visible, columns or Columns()))
