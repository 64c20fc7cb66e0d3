"""Whoever can log in: users, and customers' users."""

from __future__ import annotations

from servicekit.commands import PrincipalKind
from servicekit.errors import Invalid
from servicekit.groups import User
from servicekit.ids import CustomerUserId, UserId
from servicekit.portal import CustomerUser
from servicekit.usecases.work import Work

__all__ = ["person", "person_at"]


def person_at(work: Work, kind: PrincipalKind, email: str) -> User | CustomerUser | None:
    """Who has this address and was not removed.

    Raises:
        Invalid: ``no_log_in`` for a kind that does not log in.
    """
    known: tuple[User | CustomerUser, ...]
    if kind is PrincipalKind.USER:
        known = work.store.users.where(email=email, removed=False)
    elif kind is PrincipalKind.CUSTOMER_USER:
        known = work.store.customer_users.where(email=email, removed=False)
    else:
        raise Invalid(f"Nobody logs in as {kind}: ask for users or customers' users.", code="no_log_in", kind=kind)
    return known[0] if known else None


def person(work: Work, key: str) -> User | CustomerUser | None:
    """Who has this id, also if removed; None for the id of nobody who can log in."""
    if key.startswith(f"{UserId.prefix}_"):
        return work.store.users.find(key)
    if key.startswith(f"{CustomerUserId.prefix}_"):
        return work.store.customer_users.find(key)
    return None
