"""Who holds what: the grants that count for a principal, and whether somebody belongs to an organisation.

Rules kept here: an operator holds nothing, also one whose name is a user's id. A customer's user holds what its settings say,
as if that were a grant, and no grant lets it see more of its customer than those; once it is removed it holds nothing.
"""

from __future__ import annotations

from servicekit.commands import Principal, PrincipalKind
from servicekit.ids import CustomerId, CustomerUserId, GrantId, GroupId
from servicekit.permissions import Grant, narrowed
from servicekit.portal import CustomerUser
from servicekit.ports.store import Transaction

__all__ = ["belongs", "grants_of", "is_customer_user"]

_OF_ITS_CUSTOMER = ("customers:read", "objects:read", "orders:read")
"""What every customer's user may read, whatever rights it has been given."""


def grants_of(store: Transaction, who: Principal) -> tuple[Grant, ...]:
    """The grants of a principal, whenever they count, in order of their making."""
    if who.kind is PrincipalKind.OPERATOR:
        return ()
    stored = store.grants.where(principal=who.id)
    if who.kind is not PrincipalKind.CUSTOMER_USER:
        return stored
    user = store.customer_users.find(who.id)
    return () if user is None or user.removed else _of_customer_user(user, stored)


def _of_customer_user(user: CustomerUser, stored: tuple[Grant, ...]) -> tuple[Grant, ...]:
    own = Grant(
        id=GrantId(f"gnt_{user.id.partition('_')[2]}"),
        organisation=user.organisation,
        principal=user.id,
        scopes=(*_OF_ITS_CUSTOMER, *user.rights),
        group=user.organisation,
        customer=user.customer,
        facilities=user.facilities,
        unassigned=user.unassigned,
    )
    within = (narrowed(grant, user.customer, user.facilities, user.unassigned) for grant in stored)
    return (own, *(grant for grant in within if grant is not None))


def is_customer_user(principal: str) -> bool:
    """Whether a grant's principal is a customer's user."""
    return principal.startswith(f"{CustomerUserId.prefix}_")


def belongs(store: Transaction, who: Principal, organisation: GroupId, customer: CustomerId | None) -> bool:
    """Whether somebody is of an organisation and can be granted something there; a customer's user only of its customer's."""
    match who.kind:
        case PrincipalKind.USER:
            user = store.users.find(who.id)
            return user is not None and not user.removed and user.organisation == organisation
        case PrincipalKind.CUSTOMER_USER:
            person = store.customer_users.find(who.id)
            return person is not None and not person.removed and person.customer == customer
        case PrincipalKind.PROVIDER:
            provider = store.providers.find(who.id)
            return provider is not None and provider.organisation == organisation
        case PrincipalKind.CLIENT:
            client = store.clients.find(who.id)
            return client is not None and client.organisation == organisation
        case PrincipalKind.API_KEY:
            key = store.api_keys.find(who.id)
            return key is not None and key.organisation == organisation
    return False
