"""The portal's small store: customers, facilities, orders, objects and their models, each as somebody may see them."""

from __future__ import annotations

from attrs import evolve, frozen

from servicekit.errors import Invalid
from servicekit.ids import CustomerId, FacilityId, GroupId, ModelId, ObjectId, OrderId
from servicekit.permissions import sees
from servicekit.portal import (
    AddCustomer,
    AddFacility,
    AddModel,
    AddObject,
    AddOrder,
    AssignTechnician,
    Customer,
    Facility,
    GetOrder,
    ListCustomers,
    ListFacilities,
    ListObjects,
    ListOrders,
    ObjectPage,
    Order,
    OrderPage,
    ServiceModel,
    ServiceObject,
)
from servicekit.usecases.activity import note
from servicekit.usecases.seeing import check_page, held_customer, visible, written
from servicekit.usecases.work import Work, named, unseen

__all__ = [
    "add_customer",
    "add_facility",
    "add_model",
    "add_object",
    "add_order",
    "assign_technician",
    "check_facility",
    "get_order",
    "list_customers",
    "list_facilities",
    "list_objects",
    "list_orders",
]

_MOST_OF_REFERENCE = 200


def add_customer(work: Work, command: AddCustomer) -> Customer:
    """A customer of an organisation."""
    root = work.organisation("customers:write", command.organisation)
    customer = Customer(id=work.new(CustomerId), organisation=root.id, name=named(command.name))
    work.store.customers.add(customer)
    note(work, customer, "customer added", customer.id, internal=True)
    return customer


def list_customers(work: Work, query: ListCustomers) -> tuple[Customer, ...]:
    """Those of which the asker may see at least some place."""
    _, root = visible(work, "customers:read", query.organisation)
    granted = {grant.customer for grant in work.held().implying("customers:read", work.at) if grant.group == root}
    return tuple(
        customer
        for customer in work.store.customers.where(organisation=root)
        if None in granted or customer.id in granted
    )


def assign_technician(work: Work, command: AssignTechnician) -> Customer:
    """Who is told of what the customer reports."""
    customer = held_customer(work, "customers:write", command.customer)
    if command.technician is not None:
        user = work.store.users.find(command.technician)
        if user is None or user.removed or user.organisation != customer.organisation:
            raise Invalid(
                f"{command.technician} is no user of your organisation: add it first.",
                code="not_a_member",
                user=command.technician,
            )
    customer = evolve(customer, technician=command.technician)
    work.store.customers.save(customer)
    note(work, customer, "technician assigned", command.technician or "", internal=True)
    return customer


def add_facility(work: Work, command: AddFacility) -> Facility:
    """A facility of a customer."""
    customer = held_customer(work, "customers:write", command.customer)
    facility = Facility(
        id=work.new(FacilityId), organisation=customer.organisation, customer=customer.id, name=named(command.name)
    )
    work.store.facilities.add(facility)
    note(work, customer, "facility added", facility.id, facility=facility.id, internal=True)
    return facility


@frozen
class _At:
    """Where a facility itself is: at itself."""

    organisation: GroupId
    customer: CustomerId
    facility: FacilityId


def list_facilities(work: Work, query: ListFacilities) -> tuple[Facility, ...]:
    """Those of a customer that the asker may see."""
    customer = work.store.customers.get(query.customer)
    if not work.knows(work.store.path(customer.organisation), customer.id) and not _known(work, customer):
        raise unseen(customer)
    shown, _ = visible(work, "customers:read", customer.organisation)
    return tuple(
        facility
        for facility in work.store.facilities.where(customer=customer.id)
        if sees(shown, _At(facility.organisation, facility.customer, facility.id))
    )


def _known(work: Work, customer: Customer) -> bool:
    """Whether the asker holds anything of this customer, if only at one facility."""
    return any(grant.customer == customer.id and grant.holds_at(work.at) for grant in work.held().grants)


def add_model(work: Work, command: AddModel) -> ServiceModel:
    """A model of objects."""
    root = work.organisation("objects:write", command.organisation)
    model = ServiceModel(id=work.new(ModelId), organisation=root.id, name=named(command.name))
    work.store.models.add(model)
    return model


def add_object(work: Work, command: AddObject) -> ServiceObject:
    """An object of a customer."""
    customer = held_customer(work, "objects:write", command.customer, command.facility)
    _check_place(work, customer, command.facility)
    model = work.store.models.find(command.model) if command.model is not None else None
    if command.model is not None and (model is None or model.organisation != customer.organisation):
        raise Invalid(
            f"There is no model {command.model} here: add it first.", code="foreign_model", model=command.model
        )
    thing = ServiceObject(
        id=work.new(ObjectId),
        organisation=customer.organisation,
        customer=customer.id,
        facility=command.facility,
        model=command.model,
        name=named(command.name),
        made_at=work.at,
        reference=_reference(command.reference),
    )
    work.store.objects.add(thing)
    note(work, customer, "object added", thing.id, facility=thing.facility)
    return thing


def list_objects(work: Work, query: ListObjects) -> ObjectPage:
    """The objects that the asker may see."""
    check_page(query.most)
    shown, _ = visible(work, "objects:read", query.organisation)
    return ObjectPage(*work.store.objects.seen(shown, containing=query.containing, most=query.most))


def add_order(work: Work, command: AddOrder) -> Order:
    """An order of a customer."""
    customer = held_customer(work, "orders:write", command.customer, command.facility)
    _check_place(work, customer, command.facility)
    order = Order(
        id=work.new(OrderId),
        organisation=customer.organisation,
        customer=customer.id,
        facility=command.facility,
        title=named(command.title),
        made_at=work.at,
        reference=_reference(command.reference),
    )
    work.store.orders.add(order)
    note(work, customer, "order added", order.id, facility=order.facility)
    return order


def list_orders(work: Work, query: ListOrders) -> OrderPage:
    """The orders that the asker may see."""
    check_page(query.most)
    shown, root = visible(work, "orders:read", query.organisation)
    return OrderPage(*work.store.orders.visible(shown, root, query.most))


def get_order(work: Work, query: GetOrder) -> Order:
    """One order that the asker may see."""
    order = work.store.orders.get(query.order)
    path = work.store.path(order.organisation)
    if not work.decision("orders:read", path, order.customer, order.facility):
        raise unseen(order)
    return order


def _reference(text: str) -> str:
    return written(text, most=_MOST_OF_REFERENCE, needed=False)


def _check_place(work: Work, customer: Customer, facility: FacilityId | None) -> None:
    if facility is not None:
        check_facility(work, customer, facility)


def check_facility(work: Work, customer: Customer, facility_id: FacilityId) -> None:
    """Demand that a facility is the customer's.

    Raises:
        Invalid: ``foreign_facility``; whether it is another customer's or nobody's is not told.
    """
    facility = work.store.facilities.find(facility_id)
    if facility is None or facility.customer != customer.id:
        raise Invalid(
            f"{customer.name} has no facility {facility_id}: choose one of its own.",
            code="foreign_facility",
            customer=customer.id,
            facility=facility_id,
        )
