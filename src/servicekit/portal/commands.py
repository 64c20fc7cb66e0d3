"""What can be asked of the room."""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Command, Query
from servicekit.ids import CustomerId, FacilityId, GroupId, OrderId
from servicekit.portal.customers import Customer, CustomerUser, Facility, Order

__all__ = ["AddCustomer", "AddCustomerUser", "AddFacility", "AddOrder", "GetOrder", "ListOrders", "OrderPage"]


@frozen(kw_only=True)
class AddCustomer(Command[Customer]):
    """Add a customer. Needs ``customers:write``."""

    organisation: GroupId
    name: str


@frozen(kw_only=True)
class AddFacility(Command[Facility]):
    """Add a facility of a customer. Needs ``customers:write``."""

    customer: CustomerId
    name: str


@frozen(kw_only=True)
class AddCustomerUser(Command[CustomerUser]):
    """Let a person log in for a customer. Needs ``customer_rights:write``.

    Raises:
        Invalid: ``not_an_address``; ``foreign_facility`` if a facility is not the customer's.
        Conflict: ``address_taken``.
    """

    customer: CustomerId
    email: str
    facilities: tuple[FacilityId, ...] | None = None
    unassigned: bool = True


@frozen(kw_only=True)
class AddOrder(Command[Order]):
    """Add an order of a customer. Needs ``orders:write``.

    Raises:
        Invalid: ``foreign_facility`` if the facility is not the customer's.
    """

    customer: CustomerId
    title: str
    facility: FacilityId | None = None


@frozen
class OrderPage:
    """Orders that the asker may see, newest first, and how many there are in all."""

    orders: tuple[Order, ...]
    count: int


@frozen(kw_only=True)
class ListOrders(Query[OrderPage]):
    """The orders of an organisation that the asker may see: its customer's for a customer user, all with ``orders:read``."""

    organisation: GroupId
    most: int = 50


@frozen
class GetOrder(Query[Order]):
    """One order.

    Raises:
        NotFound: there is none, or the asker may not see it; both read alike.
    """

    order: OrderId
