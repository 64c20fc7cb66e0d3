"""The tables of the portal, some of which give only what an asker may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from servicekit.ids import (
    CustomerId,
    CustomerUserId,
    GroupId,
    ModelId,
)
from servicekit.permissions import Visible
from servicekit.portal import Activity, FaultReport, Order, ServiceObject
from servicekit.ports.tables.base import Table

__all__ = ["Activities", "Faults", "Objects", "Orders", "SeenOrders", "SeenRows"]

E = TypeVar("E")


class Orders(Table[Order], Protocol):
    """Orders, as somebody may see them."""

    def visible(self, visible: Visible, organisation: GroupId, most: int) -> tuple[tuple[Order, ...], int]:
        """The newest ``most`` visible orders of the organisation, and how many are visible in all."""
        ...


class SeenRows(Table[E], Protocol):
    """Things of the portal that have a place, as somebody may see them."""

    def seen(
        self, visible: Visible, *, containing: str = "", internal: bool = True, most: int, **equal: object
    ) -> tuple[tuple[E, ...], int]:
        """The newest ``most`` visible ones whose fields equal these, and how many there are in all.

        Args:
            visible: what the asker may see.
            containing: only those that have this in their words, whatever the case; empty: all.
            internal: whether internal ones are among them.
            most: of those found.
            equal: fields and their values.
        """
        ...


class SeenOrders(Orders, SeenRows[Order], Protocol):
    """Orders, and a search in them."""


class Objects(SeenRows[ServiceObject], Protocol):
    """Service objects."""

    def models(self, visible: Visible) -> tuple[ModelId, ...]:
        """The models of those that are visible, in order."""
        ...


class Faults(SeenRows[FaultReport], Protocol):
    """Fault reports."""

    def unread(
        self, visible: Visible, reader: str, *, containing: str = "", most: int
    ) -> tuple[tuple[FaultReport, ...], int]:
        """As :meth:`seen`, those that a reader, a principal's id, has not opened."""
        ...


class Activities(Protocol):
    """Activity logs, one for each customer. Whoever appends holds the customer before."""

    def add(self, thing: Activity) -> None:
        """Store a new entry."""
        ...

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
        """Entries of a customer's log, newest first, and how many there are in all.

        Args:
            customer, organisation: whose log.
            who: only what this one did; None: everybody.
            only: only what is about something visible, or about who did it, and is not internal; None: all.
            skip, most: how many to leave out, and how many to give.
        """
        ...

    def after(self, customer: CustomerId, number: int | None, most: int) -> Sequence[Activity]:
        """Entries from the one after ``number`` on, in order; None: from the first."""
        ...
