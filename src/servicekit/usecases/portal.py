"""The customer portal's small store: customers, facilities, their users, and orders as each may see them."""

from __future__ import annotations

from servicekit.commands import PrincipalKind
from servicekit.decisions import Allowed
from servicekit.errors import Conflict, Invalid
from servicekit.ids import CustomerId, CustomerUserId, FacilityId, GroupId, OrderId
from servicekit.permissions import Everything, Nothing, OfCustomer, Visible, sees
from servicekit.portal import (
    AddCustomer,
    AddCustomerUser,
    AddFacility,
    AddOrder,
    Customer,
    CustomerUser,
    Facility,
    GetOrder,
    ListOrders,
    Order,
    OrderPage,
)
from servicekit.usecases.work import Work, address_of, named, unseen

__all__ = ["add_customer", "add_customer_user", "add_facility", "add_order", "get_order", "list_orders"]

_MOST_ROWS = 1000


def add_customer(work: Work, command: AddCustomer) -> Customer:
    """A customer of an organisation."""
    root = work.organisation("customers:write", command.organisation)
    customer = Customer(id=work.new(CustomerId), organisation=root.id, name=named(command.name))
    work.store.customers.add(customer)
    return customer


def add_facility(work: Work, command: AddFacility) -> Facility:
    """A facility of a customer."""
    customer = _customer(work, "customers:write", command.customer)
    facility = Facility(
        id=work.new(FacilityId), organisation=customer.organisation, customer=customer.id, name=named(command.name)
    )
    work.store.facilities.add(facility)
    return facility


def add_customer_user(work: Work, command: AddCustomerUser) -> CustomerUser:
    """A person who logs in for a customer."""
    customer = _customer(work, "customer_rights:write", command.customer)
    email = address_of(command.email)
    if work.store.customer_users.where(email=email):
        raise Conflict(f"{email} is a customer user already.", code="address_taken", email=email)
    for facility in command.facilities or ():
        _check_facility(work, customer, facility)
    user = CustomerUser(
        id=work.new(CustomerUserId),
        organisation=customer.organisation,
        customer=customer.id,
        email=email,
        facilities=command.facilities,
        unassigned=command.unassigned,
    )
    work.store.customer_users.add(user)
    return user


def add_order(work: Work, command: AddOrder) -> Order:
    """An order of a customer."""
    customer = _customer(work, "orders:write", command.customer)
    if command.facility is not None:
        _check_facility(work, customer, command.facility)
    order = Order(
        id=work.new(OrderId),
        organisation=customer.organisation,
        customer=customer.id,
        facility=command.facility,
        title=named(command.title),
        made_at=work.at,
    )
    work.store.orders.add(order)
    return order


def list_orders(work: Work, query: ListOrders) -> OrderPage:
    """The orders that the asker may see."""
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    visible: OfCustomer | Everything | None = _of_customer_user(work)
    if visible is None or visible.organisation != query.organisation:
        visible = Everything(work.organisation("orders:read", query.organisation).id)
    return OrderPage(*work.store.orders.visible(visible, visible.organisation, query.most))


def get_order(work: Work, query: GetOrder) -> Order:
    """One order that the asker may see."""
    order = work.store.orders.get(query.order)
    if not sees(_of_customer_user(work) or _of_staff(work, order.organisation), order):
        raise unseen(order)
    return order


def _of_customer_user(work: Work) -> OfCustomer | None:
    """What the asker may see as a customer user; None for everybody else."""
    user = work.store.customer_users.find(work.by.id) if work.by.kind is PrincipalKind.CUSTOMER_USER else None
    if user is None:
        return None
    return OfCustomer(
        organisation=user.organisation,
        customer=user.customer,
        facilities=user.facilities,
        unassigned=user.unassigned,
    )


def _of_staff(work: Work, organisation: GroupId) -> Visible:
    allowed = isinstance(work.decision("orders:read", work.store.path(organisation)), Allowed)
    return Everything(organisation) if allowed else Nothing()


def _customer(work: Work, scope: str, customer_id: CustomerId) -> Customer:
    customer = work.store.customers.get(customer_id)
    return work.owned(scope, customer, customer.organisation)


def _check_facility(work: Work, customer: Customer, facility_id: FacilityId) -> None:
    facility = work.store.facilities.find(facility_id)
    if facility is None or facility.customer != customer.id:
        raise Invalid(
            f"{customer.name} has no facility {facility_id}: choose one of its own.",
            code="foreign_facility",
            customer=customer.id,
            facility=facility_id,
        )
