"""Scopes: ``resource:action``, with wildcards and implication, and sets of them.

Rules kept here: names are lower-case letters, digits and ``_``; ``manage`` implies ``write`` implies ``read``; any other
action (``host``, ``send``) stands alone, and ``manage`` or ``*`` implies it. A set of scopes is all that its scopes imply;
it is kept as the fewest scopes that say so, so that equal sets are equal values and have one text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Self

from attrs import field, frozen

from servicekit.errors import Invalid

__all__ = ["Scope", "Scopes", "parse_scopes"]

_FORM = re.compile(r"(\*|[a-z][a-z0-9_]*):(\*|[a-z][a-z0-9_]*)")
_WIDER: Mapping[str, frozenset[str]] = {
    "read": frozenset({"read", "write", "manage", "*"}),
    "write": frozenset({"write", "manage", "*"}),
    "manage": frozenset({"manage", "*"}),
    "*": frozenset({"*"}),
}


@frozen(order=True)
class Scope:
    """One scope.

    >>> Scope.parse("bookings:manage").implies(Scope.parse("bookings:read"))
    True
    >>> Scope.parse("bookings:read").implies(Scope.parse("bookings:write"))
    False
    """

    resource: str
    action: str

    @classmethod
    def parse(cls, text: str) -> Scope:
        """A scope from its text.

        Raises:
            Invalid: ``bad_scope``.
        """
        return _parsed(text)

    def implies(self, other: Scope) -> bool:
        """Whether whoever holds this scope holds ``other`` as well."""
        if self.resource not in {"*", other.resource}:
            return False
        return self.action in _wider(other.action)

    def meet(self, other: Scope) -> Scope | None:
        """The widest scope that both imply; None if they have nothing in common.

        >>> print(Scope.parse("*:write").meet(Scope.parse("bookings:*")))
        bookings:write
        """
        if "*" in {self.resource, other.resource}:
            resource = other.resource if self.resource == "*" else self.resource
        elif self.resource == other.resource:
            resource = self.resource
        else:
            return None
        if self.action in _wider(other.action):
            return Scope(resource, other.action)
        return Scope(resource, self.action) if other.action in _wider(self.action) else None

    def __str__(self) -> str:
        return f"{self.resource}:{self.action}"


def _wider(action: str) -> frozenset[str]:
    return _WIDER.get(action) or frozenset({action, "manage", "*"})


@lru_cache(maxsize=4096)  # the same few, with every check
def _parsed(text: str) -> Scope:
    found = _FORM.fullmatch(text)
    if found is None:
        raise Invalid(
            f"{text!r} is no scope: write it like 'bookings:write' or '*:read'.", code="bad_scope", scope=text
        )
    return Scope(found[1], found[2])


def _fewest(scopes: Iterable[Scope]) -> frozenset[Scope]:
    given = frozenset(scopes)
    return frozenset(scope for scope in given if not any(other != scope and other.implies(scope) for other in given))


@frozen
class Scopes:
    """All that some scopes imply.

    ``a & b`` is what both have, ``a | b`` what either has. ``a - b`` is what has to be added to ``b`` so that it has all of
    ``a``: what is missing. It takes nothing away from anybody: ``write`` less ``read`` is ``write``, which implies ``read``.

    >>> held = Scopes.parse("bookings:write, *:read")
    >>> held.implies(Scope.parse("log:read"))
    True
    >>> print(Scopes.parse("bookings:manage, log:read") & held)
    bookings:write, log:read
    >>> print(Scopes.parse("bookings:manage, log:read") - held)
    bookings:manage

    Attributes:
        scopes: the fewest that imply them all; none of them implies another.
    """

    scopes: frozenset[Scope] = field(default=frozenset(), converter=_fewest)

    @classmethod
    def parse(cls, text: str | Iterable[str]) -> Self:
        """From the text that ``str`` gives (scopes with commas or spaces between), or from a text for each.

        Raises:
            Invalid: ``bad_scope``.
        """
        return cls(parse_scopes(text.replace(",", " ").split() if isinstance(text, str) else text))

    def implies(self, scope: Scope) -> bool:
        """Whether whoever holds these holds ``scope`` as well."""
        return any(held.implies(scope) for held in self.scopes)

    def __and__(self, other: Scopes) -> Scopes:
        met = (one.meet(two) for one in self.scopes for two in other.scopes)
        return Scopes(frozenset(scope for scope in met if scope is not None))

    def __or__(self, other: Scopes) -> Scopes:
        return Scopes(self.scopes | other.scopes)

    def __sub__(self, other: Scopes) -> Scopes:
        return Scopes(frozenset(scope for scope in self.scopes if not other.implies(scope)))

    def __le__(self, other: Scopes) -> bool:
        return all(map(other.implies, self.scopes))

    def __iter__(self) -> Iterator[Scope]:
        return iter(sorted(self.scopes))

    def __len__(self) -> int:
        return len(self.scopes)

    def __str__(self) -> str:
        return ", ".join(map(str, self))


def parse_scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """A set of scopes from their texts."""
    return frozenset(map(_parsed, texts))
