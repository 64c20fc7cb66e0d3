"""Scopes: ``resource:action``, with wildcards and implication.

Rules kept here: names are lower-case letters, digits and ``_``; ``manage`` implies ``write`` implies ``read``; any other
action (``host``, ``send``) stands alone, and ``manage`` or ``*`` implies it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attrs import frozen

from servicekit.errors import Invalid

__all__ = ["Scope", "parse_scopes"]

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
        found = _FORM.fullmatch(text)
        if found is None:
            raise Invalid(
                f"{text!r} is no scope: write it like 'bookings:write' or '*:read'.", code="bad_scope", scope=text
            )
        return cls(found[1], found[2])

    def implies(self, other: Scope) -> bool:
        """Whether whoever holds this scope holds ``other`` as well."""
        if self.resource not in {"*", other.resource}:
            return False
        wider = _WIDER.get(other.action, frozenset({other.action, "manage", "*"}))
        return self.action in wider

    def __str__(self) -> str:
        return f"{self.resource}:{self.action}"


def parse_scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """A set of scopes from their texts."""
    return frozenset(map(Scope.parse, texts))
