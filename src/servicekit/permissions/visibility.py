"""Visibility: what somebody may see, as a value.

Rules kept here: the same value is a predicate for one thing (:func:`sees`) and a filter that a database runs
(:mod:`servicekit.permissions.conditions`); property tests hold all of them equal to the check. What grants let somebody see
is made from those very grants (:func:`visible_by`), so that a list and a check cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from attrs import field, frozen

from servicekit.ids import CustomerId, FacilityId, GroupId
from servicekit.permissions.grants import Grant

__all__ = ["AnyOf", "Everything", "InGroups", "Nothing", "OfCustomer", "Placed", "Visible", "sees", "visible_by"]


class Placed(Protocol):
    """An object of the portal: whose it is, and where.

    It may also have a ``group``, the one that it belongs to; without one it belongs to the organisation's root.
    """

    @property
    def organisation(self) -> GroupId:
        """The organisation that serves the customer."""
        ...

    @property
    def customer(self) -> CustomerId | None:
        """Whose it is; None: no customer's."""
        ...

    @property
    def facility(self) -> FacilityId | None:
        """Where it is; None: assigned to no facility."""
        ...


def _tuple(groups: Iterable[GroupId]) -> tuple[GroupId, ...]:
    return tuple(groups)


@frozen
class Nothing:
    """Sees nothing."""


@frozen
class Everything:
    """Sees all that belongs to one organisation."""

    organisation: GroupId


@frozen
class InGroups:
    """Sees what belongs to some groups of one organisation."""

    organisation: GroupId
    groups: tuple[GroupId, ...] = field(converter=_tuple)


@frozen(kw_only=True)
class OfCustomer:
    """Sees what belongs to one customer.

    Attributes:
        facilities: at these only; None: at all of them.
        unassigned: whether objects that belong to no facility are seen.
        groups: only what belongs to these groups; None: to whichever.
    """

    organisation: GroupId
    customer: CustomerId
    facilities: tuple[FacilityId, ...] | None
    unassigned: bool
    groups: tuple[GroupId, ...] | None = None


@frozen
class AnyOf:
    """Sees whatever one of several lets it see."""

    parts: tuple[Everything | InGroups | OfCustomer, ...]


Visible = Nothing | Everything | InGroups | OfCustomer | AnyOf


def sees(visible: Visible, thing: Placed) -> bool:
    """Whether ``thing`` is among what is visible."""
    match visible:
        case Nothing():
            return False
        case Everything(organisation):
            return thing.organisation == organisation
        case InGroups(organisation, groups):
            return thing.organisation == organisation and _group(thing) in groups
        case AnyOf(parts):
            return any(sees(part, thing) for part in parts)
    if (thing.organisation, thing.customer) != (visible.organisation, visible.customer):
        return False
    if visible.groups is not None and _group(thing) not in visible.groups:
        return False
    if thing.facility is None:
        return visible.unassigned
    return visible.facilities is None or thing.facility in visible.facilities


def _group(thing: Placed) -> GroupId:
    group: GroupId | None = getattr(thing, "group", None)
    return thing.organisation if group is None else group


def visible_by(
    grants: Iterable[Grant], organisation: GroupId, below: Callable[[GroupId], Sequence[GroupId]]
) -> Visible:
    """What grants let somebody see of an organisation.

    Args:
        grants: those that count now and give the right to read, as :meth:`Held.implying` gives them.
        organisation: whose things; what counts in another organisation is passed over.
        below: a group with all below it.
    """
    parts: list[Everything | InGroups | OfCustomer] = []
    for grant in grants:
        if grant.organisation != organisation:
            continue
        groups = None if grant.group == organisation else tuple(below(grant.group))
        if grant.customer is not None:
            parts.append(
                OfCustomer(
                    organisation=organisation,
                    customer=grant.customer,
                    facilities=grant.facilities,
                    unassigned=grant.unassigned,
                    groups=groups,
                )
            )
        elif groups is None:
            return Everything(organisation)
        else:
            parts.append(InGroups(organisation, groups))
    different = tuple(dict.fromkeys(parts))
    if not different:
        return Nothing()
    return different[0] if len(different) == 1 else AnyOf(different)
