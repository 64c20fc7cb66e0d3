"""What can be asked about customers, their facilities, orders and objects."""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Command, Query
from servicekit.ids import CustomerId, FacilityId, GroupId, ModelId, OrderId, UserId
from servicekit.portal.customers import Customer, Facility, Order, ServiceModel, ServiceObject

__all__ = [
    "AddCustomer",
    "AddFacility",
    "AddModel",
    "AddObject",
    "AddOrder",
    "AssignTechnician",
    "GetOrder",
    "ListCustomers",
    "ListFacilities",
    "ListObjects",
    "ListOrders",
    "ObjectPage",
    "OrderPage",
]


@frozen(kw_only=True)
class AddCustomer(Command[Customer]):
    """Add a customer. Needs ``customers:write``."""

    organisation: GroupId
    name: str


@frozen
class ListCustomers(Query[tuple[Customer, ...]]):
    """The customers of an organisation that the asker may see, in order of making. Needs ``customers:read``.

    A customer user gets the one whose user it is. All customers are read, whoever asks.
    """

    organisation: GroupId


@frozen(kw_only=True)
class AssignTechnician(Command[Customer]):
    """Let a user of the organisation be told of a customer's fault reports and comments; None: nobody. Needs ``customers:write``.

    Raises:
        Invalid: ``not_a_member`` if there is no such user in the organisation.
    """

    customer: CustomerId
    technician: UserId | None


@frozen(kw_only=True)
class AddFacility(Command[Facility]):
    """Add a facility of a customer. Needs ``customers:write``."""

    customer: CustomerId
    name: str


@frozen
class ListFacilities(Query[tuple[Facility, ...]]):
    """The facilities of a customer, in order of making; a customer user gets those that it may see. Needs ``customers:read``."""

    customer: CustomerId


@frozen(kw_only=True)
class AddModel(Command[ServiceModel]):
    """Add a model of service objects. Needs ``objects:write``."""

    organisation: GroupId
    name: str


@frozen(kw_only=True)
class AddObject(Command[ServiceObject]):
    """Add a service object of a customer. Needs ``objects:write``.

    Raises:
        Invalid: ``foreign_facility`` if the facility is not the customer's, ``foreign_model`` if the model is not the
            organisation's.
    """

    customer: CustomerId
    name: str
    facility: FacilityId | None = None
    model: ModelId | None = None
    reference: str = ""


@frozen
class ObjectPage:
    """Objects that the asker may see, newest first, and how many there are in all."""

    objects: tuple[ServiceObject, ...]
    count: int


@frozen(kw_only=True)
class ListObjects(Query[ObjectPage]):
    """The service objects of an organisation that the asker may see. Needs ``objects:read``, or to be a customer user.

    Attributes:
        containing: only those with this in their name; capitals are the same as small letters.
        most: at most so many, 1 to 1,000.
    """

    organisation: GroupId
    containing: str = ""
    most: int = 50


@frozen(kw_only=True)
class AddOrder(Command[Order]):
    """Add an order of a customer. Needs ``orders:write``.

    Raises:
        Invalid: ``foreign_facility`` if the facility is not the customer's.
    """

    customer: CustomerId
    title: str
    facility: FacilityId | None = None
    reference: str = ""


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
