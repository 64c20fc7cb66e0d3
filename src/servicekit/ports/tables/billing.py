"""The tables of billing: statements, and what they are made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from servicekit.billing import Month, Statement
from servicekit.ids import GroupId
from servicekit.moments import Window
from servicekit.ports.tables.base import Table

__all__ = ["Statements"]


class Statements(Table[Statement], Protocol):
    """Statements, and the sums that they are made from. To add a second one of the same number is an error."""

    def hold_books(self) -> None:
        """Keep everybody else from numbers, closings and prices until the end. Before any of them is read in order to write."""
        ...

    def last_number(self) -> int:
        """The highest number of a statement; 0 where there is none."""
        ...

    def closed(self, organisation: GroupId | None) -> tuple[Month, ...]:
        """The months that are closed, in order: of one organisation, or of any."""
        ...

    def from_month(self, organisation: GroupId, month: Month) -> tuple[Statement, ...]:
        """The organisation's statements of that month and later ones, by number."""
        ...

    def of_payer(self, payer: GroupId, before: int | None, most: int) -> tuple[Statement, ...]:
        """The newest ``most`` of a payer, newest first; only those with a number below ``before``."""
        ...

    def sent(self, organisation: GroupId, window: Window) -> Mapping[GroupId, int]:
        """The segments of what each group sent in the window, those removed included; groups without any may be left out.

        Costs one index range for each group.
        """
        ...

    def members(self, organisation: GroupId) -> Mapping[GroupId, int]:
        """How many users each group has, without those removed; groups without any may be left out."""
        ...
