"""Grants: scopes for a principal, within a boundary, for a time.

Rules kept here: a grant counts only within its boundary and its time; of several that fit, the first in order decides and
is named. A denial says which scope was missing and where, never who else has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from servicekit.decisions import Allowed, Decision, Denied
from servicekit.ids import GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions.scopes import Scope, parse_scopes

__all__ = ["Grant", "GroupBoundary", "decide"]


@frozen
class GroupBoundary:
    """A group with everything below it; the root is the whole organisation."""

    group: GroupId


@frozen(kw_only=True)
class Grant:
    """``principal`` (an id's text) holds ``scopes`` within ``group`` and below, from ``since`` until ``until``."""

    id: GrantId
    organisation: GroupId
    principal: str
    scopes: tuple[str, ...]
    group: GroupId
    since: Instant | None = None
    until: Instant | None = None

    @property
    def boundary(self) -> GroupBoundary:
        """Where it counts."""
        return GroupBoundary(self.group)

    def holds_at(self, at: Instant) -> bool:
        """Whether it counts at ``at``."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


def decide(grants: Iterable[Grant], needed: str, path: Sequence[GroupId], at: Instant) -> Decision:
    """Whether one of ``grants`` gives the scope ``needed`` for something that lies at ``path``.

    Args:
        grants: the principal's.
        needed: a scope's text, such as ``"bookings:write"``.
        path: the group that the thing belongs to and those above it.
        at: now.
    """
    scope = Scope.parse(needed)
    for grant in grants:
        if not grant.holds_at(at) or grant.group not in path:
            continue
        for held in sorted(parse_scopes(grant.scopes)):
            if held.implies(scope):
                return Allowed(f"{held} is granted here", {"grant": grant.id, "scope": str(held), "group": grant.group})
    return Denied(
        f"This needs the right {needed}, which you do not hold here: ask an administrator for it.",
        {"needs": needed},
    )
