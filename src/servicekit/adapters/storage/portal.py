"""The portal's tables: whatever is listed in them is filtered by what somebody may see, in the database itself.

Rules kept here: a list, its count and a search are one statement's condition, made from the very value that decides about one
thing; nothing is loaded to be left out afterwards. A table is searched in its ``folded`` column, in which capitals and small
letters, and the ways to write one letter, are the same on both databases.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from servicekit.adapters.storage.tables import OrderTable, SqlTable
from servicekit.ids import CustomerId, CustomerUserId, GroupId, ModelId
from servicekit.permissions import Visible, sql_where
from servicekit.portal import (
    Activity,
    Comment,
    Document,
    FaultReport,
    Inspection,
    Order,
    Reading,
    ServiceObject,
)

__all__ = [
    "ActivityTable",
    "CommentTable",
    "DocumentTable",
    "FaultTable",
    "InspectionTable",
    "ObjectTable",
    "ReadingTable",
    "SearchedOrders",
    "SeenTable",
    "folded",
]

E = TypeVar("E", bound=Any)


def folded(text: str) -> str:
    """Text as it is compared in a search."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _like(text: str) -> str:
    escaped = folded(text).replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


class SeenTable(SqlTable[E]):
    """Things that have a place; ``searched``: the fields that a search looks into."""

    searched: ClassVar[tuple[str, ...]] = ()

    def add(self, thing: E) -> None:
        """Insert it, and what it is found by."""
        super().add(thing)
        words = "\n".join(getattr(thing, name) for name in self.searched)
        self.execute(f"UPDATE {self.name} SET folded = ? WHERE id = ?", [folded(words), thing.id])  # noqa: S608 - ours

    def seen(
        self, visible: Visible, *, containing: str = "", internal: bool = True, most: int, **equal: object
    ) -> tuple[tuple[E, ...], int]:
        """The newest visible ones, and how many there are."""
        test, values = self._filter(visible, containing)
        if not internal and "internal" in self.rows.columns:
            test += " AND internal = 0"
        for column, value in equal.items():
            test += f' AND "{column}" = ?'
            values.append(self.rows.value(column, value))
        return self._page(test, values, most)

    def _page(self, test: str, values: list[object], most: int) -> tuple[tuple[E, ...], int]:
        found = self.select(test, values, order="made_at DESC, id DESC", most=most)
        (count,) = self.execute(f"SELECT count(*) FROM {self.name} WHERE {test}", values).fetchone()  # noqa: S608 - ours
        return found, int(count)

    def _filter(self, visible: Visible, containing: str) -> tuple[str, list[object]]:
        test, values = self._placed(visible)
        if containing:
            test += " AND folded LIKE ? ESCAPE '!'"
            values.append(_like(containing))
        return test, values

    def _placed(self, visible: Visible) -> tuple[str, list[object]]:
        test, values = sql_where(visible)
        return test, list(values)


class SearchedOrders(OrderTable, SeenTable[Order]):
    """Orders."""

    searched = ("title", "reference")


class ObjectTable(SeenTable[ServiceObject]):
    """Service objects."""

    searched = ("name", "reference")

    def models(self, visible: Visible) -> tuple[ModelId, ...]:
        """The models of those that are visible."""
        test, values = self._placed(visible)
        found = self.execute(
            f"SELECT DISTINCT model FROM objects WHERE model IS NOT NULL AND {test} ORDER BY model",  # noqa: S608 - ours
            values,
        ).fetchall()
        return tuple(ModelId(model) for (model,) in found)


class FaultTable(SeenTable[FaultReport]):
    """Fault reports."""

    searched = ("text",)

    def unread(
        self, visible: Visible, reader: str, *, containing: str = "", most: int
    ) -> tuple[tuple[FaultReport, ...], int]:
        """The newest visible ones that a reader has not opened, and how many there are."""
        test, values = self._filter(visible, containing)
        test += " AND NOT EXISTS (SELECT 1 FROM fault_views WHERE report = faults.id AND reader = ?)"
        return self._page(test, [*values, reader], most)


class CommentTable(SeenTable[Comment]):
    """Comments."""

    searched = ("text",)


class DocumentTable(SeenTable[Document]):
    """Documents; those of a model are seen by whoever sees an object of it."""

    searched = ("name", "reference")

    def _placed(self, visible: Visible) -> tuple[str, list[object]]:
        test, values = super()._placed(visible)
        return (
            f"({test} OR (customer IS NULL AND about IN (SELECT model FROM objects WHERE {test})))",  # noqa: S608 - ours
            [*values, *values],
        )


class ReadingTable(SeenTable[Reading]):
    """Readings."""

    searched = ("reason",)


class InspectionTable(SeenTable[Inspection]):
    """Self-inspections."""

    searched = ("title",)


class ActivityTable(SqlTable[Activity]):
    """Activity logs."""

    def listed(
        self,
        customer: CustomerId,
        organisation: GroupId,
        *,
        who: CustomerUserId | None,
        only: Visible | None,
        skip: int,
        most: int,
    ) -> tuple[tuple[Activity, ...], int]:
        """The newest entries."""
        test, values = "customer = ? AND organisation = ?", list[object]([customer, organisation])
        if who is not None:
            test += " AND who = ?"
            values.append(who)
        if only is not None:
            placed, more = sql_where(only)
            test += f" AND internal = 0 AND (about = who OR {placed})"
            values += more
        order = f"number DESC LIMIT {most:d} OFFSET {skip:d}"
        found = self.select(test, values, order=order)
        (count,) = self.execute(f"SELECT count(*) FROM activity WHERE {test}", values).fetchone()  # noqa: S608 - ours
        return found, int(count)

    def after(self, customer: CustomerId, number: int | None, most: int) -> Sequence[Activity]:
        """Entries from the one after ``number`` on."""
        if number is None:
            return self.select("customer = ?", [customer], order="number", most=most)
        return self.select("customer = ? AND number > ?", [customer, number], order="number", most=most)
