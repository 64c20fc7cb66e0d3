"""What the asker may see in the portal, and the one way in which its things are reached: for reading, and for writing about.

Rules kept here: a list asks for :func:`visible`, one thing for :func:`reached`; both come from the same grants, which for a
customer user are its own settings. Whether somebody is told of a thing is asked in the same way (:func:`may`).
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from servicekit.commands import Principal, PrincipalKind
from servicekit.decisions import require
from servicekit.errors import Invalid
from servicekit.ids import CustomerId, FacilityId, GroupId
from servicekit.permissions import Held, Nothing, Place, Visible, visible_by
from servicekit.portal import Customer
from servicekit.usecases.holders import grants_of
from servicekit.usecases.work import Work, unseen

__all__ = ["by_customer", "check_page", "glimpse", "held_customer", "may", "reached", "visible", "written"]

_MOST_ROWS = 1000
_MOST_CHARACTERS = 10_000
_LINE_BREAKS = frozenset("\n\r\t")


class PlacedThing(Protocol):
    """Something of a customer's."""

    @property
    def organisation(self) -> GroupId:
        """Who serves the customer."""
        ...

    @property
    def customer(self) -> CustomerId:
        """Whose it is."""
        ...

    @property
    def facility(self) -> FacilityId | None:
        """Where it is; None: assigned to no facility."""
        ...


P = TypeVar("P", bound=PlacedThing)


def visible(work: Work, scope: str, group: GroupId) -> tuple[Visible, GroupId]:
    """What the asker may see with a scope, of the organisation that ``group`` is; the organisation's root.

    Raises:
        NotFound: no such group, or the asker has nothing to do with it.
        Forbidden: the asker lacks the scope there.
    """
    path = work.store.path(group)
    root = path[-1].id
    if path[0].removed:
        raise unseen(path[0])
    found = glimpse(work, scope, root)
    if isinstance(found, Nothing):
        held = (grant for grant in work.held().grants if grant.organisation == root and grant.holds_at(work.at))
        bounded = any(grant.customer is not None for grant in held)
        if not bounded and not work.knows(path):
            raise unseen(path[0])
        require(work.decision(scope, path[-1:]))
    return found, root


def glimpse(work: Work, scope: str, organisation: GroupId) -> Visible:
    """The same, and nothing where it is nothing. What belongs to customers belongs to no group below the root."""
    grants = (grant for grant in work.held().implying(scope, work.at) if grant.group == organisation)
    return visible_by(grants, organisation, work.store.below)


def reached(work: Work, scope: str, thing: P) -> P:
    """The thing itself, once the asker holds the scope where it is.

    Raises:
        NotFound: the asker may not see it.
        Forbidden: it sees it, and lacks the scope.
    """
    return work.owned(scope, thing, thing.organisation, thing.customer, thing.facility)


def held_customer(work: Work, scope: str, customer_id: CustomerId, facility: FacilityId | None = None) -> Customer:
    """The customer, once the asker holds the scope there. Nobody else changes what is the customer's until the end.

    Raises:
        NotFound: no such customer, or the asker may not know it.
        Forbidden: the asker lacks the scope.
    """
    customer = work.store.customers.hold(customer_id)
    return work.owned(scope, customer, customer.organisation, customer.id, facility)


def may(work: Work, who: Principal, scope: str, thing: PlacedThing) -> bool:
    """Whether somebody else may do something with a thing."""
    path = tuple(group.id for group in work.store.path(thing.organisation))
    return Held(grants_of(work.store, who)).allows(scope, Place(path, thing.customer, thing.facility), work.at)


def by_customer(work: Work) -> bool:
    """Whether a customer user asks: then what is internal does not exist."""
    return work.by.kind is PrincipalKind.CUSTOMER_USER


def check_page(most: int, *, limit: int = _MOST_ROWS) -> int:
    """The size of a page.

    Raises:
        Invalid: ``page_size``.
    """
    if not 1 <= most <= limit:
        raise Invalid(f"A page has 1 to {limit} rows, not {most}.", code="page_size", most=most)
    return most


def written(text: str, *, most: int = _MOST_CHARACTERS, needed: bool = True) -> str:
    """What somebody wrote, without space around it; line breaks may stay.

    Raises:
        Invalid: ``no_text``, ``long_text``, ``control_character``.
    """
    stripped = text.strip()
    if needed and not stripped:
        raise Invalid("There is nothing written: write a text.", code="no_text")
    if len(stripped) > most:
        raise Invalid(
            f"The text has {len(stripped)} characters and may have {most}: shorten it.",
            code="long_text",
            length=len(stripped),
            most=most,
        )
    for position, character in enumerate(stripped):
        if (
            (character < " " and character not in _LINE_BREAKS)
            or character == "\x7f"
            or "\ud800" <= character <= "\udfff"
        ):
            raise Invalid(
                f"Character {position + 1} of the text is U+{ord(character):04X}, which nobody can read: take it out.",
                code="control_character",
                position=position,
            )
    return stripped
