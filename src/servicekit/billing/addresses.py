"""Billing addresses: who pays for which group.

Rules kept here:

* A group with an address of its own is invoiced by itself: for itself, and for all below it that have none.
* The nearest group on the way up that has an address and is still there pays. An address ends with its group, whether that is
  removed or merged; what it paid for is then paid for by the group above.

Refused: addresses without a name, a street, a place or a country, and with characters that no page can show
(``incomplete_address``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import fields, frozen

from servicekit.errors import Invalid
from servicekit.ids import GroupId

__all__ = ["BillingAddress", "GroupAddress", "nearest_payer"]

_LONGEST = 200
_NEEDED = ("name", "street", "city", "country")


@frozen(kw_only=True)
class BillingAddress:
    """Where invoices go.

    Attributes:
        name: of the organisation or person that pays.
        street: and number, or a box.
        postal_code: as it is written in that country; empty where there is none.
        city: the place.
        country: ISO 3166-1 alpha-2, such as ``SE``.
        attention: a person or department.
        reference: what the payer wants to read on the invoice: a cost centre, an order number.
        number: the payer's organisation or VAT number.
        email: where the invoice may be sent.

    Raises:
        Invalid: ``incomplete_address``.
    """

    name: str
    street: str
    postal_code: str = ""
    city: str
    country: str
    attention: str = ""
    reference: str = ""
    number: str = ""
    email: str = ""

    def __attrs_post_init__(self) -> None:
        for item in fields(type(self)):
            check_line(getattr(self, item.name), item.name, needed=item.name in _NEEDED)


def check_line(text: str, name: str, *, needed: bool) -> None:
    """Demand one printable line.

    Raises:
        Invalid: ``incomplete_address``.
    """
    if not text.isprintable() or len(text) > _LONGEST or (needed and not text.strip()):
        raise Invalid(
            f"The field {name} is one printable line of at most {_LONGEST} characters, and an address has a name, a street, "
            "a place and a country.",
            code="incomplete_address",
            field=name,
        )


@frozen(kw_only=True)
class GroupAddress:
    """The billing address that a group has of its own; None: it has none any more."""

    group: GroupId
    organisation: GroupId
    address: BillingAddress | None


def nearest_payer(path: Sequence[GroupId], addressed: Collection[GroupId]) -> GroupId | None:
    """Who pays for ``path[0]``: the nearest group from there to the root that has an address; None if there is none.

    >>> root, team = GroupId("grp_root"), GroupId("grp_team")
    >>> nearest_payer([team, root], {root})
    'grp_root'
    """
    return next((group for group in path if group in addressed), None)
