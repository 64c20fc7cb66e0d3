"""What can be asked about customer users. Who changes them needs the right to change customer rights, and no other.

A customer user is invited by mail. The mail's link works once and for seven days; its token stands in that mail alone.
"""

from __future__ import annotations

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.ids import CustomerId, CustomerUserId, FacilityId
from servicekit.portal.customers import CustomerUser, Right

__all__ = [
    "AcceptInvitation",
    "AddCustomerUser",
    "ChangeCustomerUser",
    "InviteAgain",
    "ListCustomerUsers",
    "RemoveCustomerUser",
]


@frozen(kw_only=True)
class AddCustomerUser(Command[CustomerUser]):
    """Let a person log in for a customer, and invite it by mail. Needs ``customer_rights:write``.

    The mail goes out where the kit was opened with ``mail`` and ``invitation_url``.

    Raises:
        Invalid: ``not_an_address``; ``foreign_facility`` if a facility is not the customer's; ``unknown_right``.
        Conflict: ``address_taken``.
    """

    customer: CustomerId
    email: str
    facilities: tuple[FacilityId, ...] | None = None
    unassigned: bool = True
    rights: tuple[Right, ...] = ()


@frozen(kw_only=True)
class ChangeCustomerUser(Command[CustomerUser]):
    """Set what a customer user may see and do, in place of all that was set before. Needs ``customer_rights:write``.

    It holds from the next command or query on, in every process.

    Raises:
        Invalid: ``foreign_facility`` if a facility is not the customer's; ``unknown_right``.
    """

    user: CustomerUserId
    facilities: tuple[FacilityId, ...] | None
    unassigned: bool
    rights: tuple[Right, ...]


@frozen
class InviteAgain(Command[CustomerUser]):
    """Mail a customer user a new link; older ones that were not used stay good until they run out. Needs ``customer_rights:write``.

    Raises:
        Conflict: ``cannot_invite`` where the kit was opened without ``mail`` or ``invitation_url``.
    """

    user: CustomerUserId


@frozen
class RemoveCustomerUser(Command[CustomerUser]):
    """End a customer user: it sees nothing from now on, and its links are dead. Its log stays. Needs ``customer_rights:write``."""

    user: CustomerUserId


@frozen
class ListCustomerUsers(Query[tuple[CustomerUser, ...]]):
    """The users of a customer who are not removed, in order of making. Needs ``customer_rights:read``."""

    customer: CustomerId


@frozen
class AcceptInvitation(Command[CustomerUser]):
    """Use an invitation's link: whose it is may now choose a password, which is the application's to keep. For operators.

    With it every other link of the same customer user is used up.

    Raises:
        NotFound: ``dead_link`` for one that is unknown, used, too old, or of a removed user, all alike.
    """

    token: str = field(repr=False)
