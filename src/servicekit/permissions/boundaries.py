"""Where a grant counts, and where a thing lies.

Rules kept here: a boundary is a group with everything below it, which for the root is the whole organisation; within it
perhaps one customer only, of that customer perhaps some facilities only, and what belongs to no facility or not. Whatever
is bounded to a customer says nothing about things that belong to no customer, such as groups and bookings.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.ids import CustomerId, FacilityId, GroupId

__all__ = ["Boundary", "Place"]


def _tuple(groups: Sequence[GroupId]) -> tuple[GroupId, ...]:
    return tuple(groups)


@frozen
class Place:
    """Where a thing lies.

    Attributes:
        path: the group that it belongs to and those above it, up to the root.
        customer: whose it is; None: no customer's.
        facility: where at the customer's; None: at no facility.
    """

    path: tuple[GroupId, ...] = field(converter=_tuple)
    customer: CustomerId | None = None
    facility: FacilityId | None = None


@frozen(kw_only=True)
class Boundary:
    """What a grant is bounded to.

    >>> root, team = GroupId("grp_root"), GroupId("grp_team")
    >>> Boundary(group=team).covers(Place([team, root])), Boundary(group=team).covers(Place([root]))
    (True, False)

    Attributes:
        group: what belongs to this group and all below it.
        customer: only what is this customer's; None: no such bound.
        facilities: only what is at these facilities; None: at all of them.
        unassigned: also what is at no facility.

    Raises:
        Invalid: ``boundless_facilities`` for facilities without the customer whose they are.
    """

    group: GroupId
    customer: CustomerId | None = None
    facilities: tuple[FacilityId, ...] | None = None
    unassigned: bool = True

    def __attrs_post_init__(self) -> None:
        if self.customer is None and not (self.facilities is None and self.unassigned):
            raise Invalid(
                "Facilities are a customer's: name the customer as well, or bound it to no facility.",
                code="boundless_facilities",
            )

    def covers(self, place: Place) -> bool:
        """Whether a thing there lies within."""
        if self.group not in place.path:
            return False
        if self.customer is None:
            return True
        if self.customer != place.customer:
            return False
        if place.facility is None:
            return self.unassigned
        return self.facilities is None or place.facility in self.facilities

    def within(self, other: Boundary, path: Sequence[GroupId]) -> bool:
        """Whether everything in here lies within ``other`` too.

        Args:
            other: the boundary that is perhaps wider.
            path: this boundary's group and those above it.
        """
        if other.group not in path:
            return False
        if other.customer is None:
            return True
        if self.customer != other.customer or (self.unassigned and not other.unassigned):
            return False
        if other.facilities is None:
            return True
        return self.facilities is not None and set(self.facilities) <= set(other.facilities)

    def __str__(self) -> str:
        """In words.

        >>> print(Boundary(group=GroupId("grp_1"), customer=CustomerId("cus_1"), facilities=(FacilityId("fac_1"),)))
        group grp_1 and below, customer cus_1, at fac_1 and at no facility
        """
        words = f"group {self.group} and below"
        if self.customer is None:
            return words
        words += f", customer {self.customer}"
        if self.facilities is None:
            return words if self.unassigned else f"{words}, at any facility"
        at = [f"at {facility}" for facility in self.facilities] + ["at no facility"] * self.unassigned
        return f"{words}, {' and '.join(at) or 'at no place at all'}"
