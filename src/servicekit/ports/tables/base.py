"""What every table can do."""

from __future__ import annotations

from typing import Protocol, TypeVar

__all__ = ["Table"]

E = TypeVar("E")


class Table(Protocol[E]):
    """Things of one kind, by id."""

    def add(self, thing: E) -> None:
        """Store a new one."""
        ...

    def save(self, thing: E) -> None:
        """Store a changed one under its id."""
        ...

    def find(self, key: str) -> E | None:
        """The one with this id, or None."""
        ...

    def get(self, key: str) -> E:
        """The one with this id.

        Raises:
            NotFound: ``not_found``, with kind and id.
        """
        ...

    def hold(self, key: str) -> E:
        """The one with this id, which no other transaction changes before this one ends. For reading before saving.

        Raises:
            NotFound: as for ``get``.
        """
        ...

    def where(self, **equal: object) -> tuple[E, ...]:
        """All whose fields equal these, in order of making."""
        ...
