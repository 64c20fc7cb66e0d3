"""What somebody may see as a Django ``Q``. Needs the extra ``django``.

Rules kept here: a ``Q`` lets through exactly what the check allows; it makes no query. Fields may be paths to another model
(``order__customer_id``), as long as each row leads to one only.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import Any

from servicekit.errors import MissingExtra
from servicekit.permissions import Columns, Visible, condition_of
from servicekit.permissions.conditions import NOTHING, All, Condition, Either, OneOf, Present

__all__ = ["visible_q"]


def visible_q(visible: Visible, columns: Columns | None = None) -> Any:
    """A ``django.db.models.Q``, for ``filter()``.

    Args:
        visible: what the asker may see, from :class:`servicekit.permissions.GetVisible`.
        columns: what the model calls its fields.

    Raises:
        MissingExtra: ``django``.
    """
    try:
        from django.db.models import Q  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise MissingExtra("django", "A filter for Django") from error
    return _q(condition_of(visible, columns or Columns()), Q)


def _q(condition: Condition, q: Any) -> Any:
    if condition == NOTHING:
        return q(pk__in=[])
    match condition:
        case Present(column):
            return q(**{f"{column}__isnull": False})
        case All(parts):
            return reduce(and_, (_q(part, q) for part in parts), q())
        case Either(parts):
            return reduce(or_, (_q(part, q) for part in parts))
        case OneOf(column, values):
            given = [value for value in values if value is not None]
            tests = [q(**{f"{column}__in": given})] * bool(given) + [q(**{f"{column}__isnull": True})] * (
                None in values
            )
            return reduce(or_, tests)
