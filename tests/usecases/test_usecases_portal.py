"""The portal: customers, facilities, their users, and orders as each may see them."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen

from servicekit import Principal
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound
from servicekit.groups import AddUsers
from servicekit.ids import ModelId, UserId
from servicekit.permissions import GrantScopes, RevokeGrant
from servicekit.portal import (
    AddCustomer,
    AddCustomerUser,
    AddFacility,
    AddModel,
    AddObject,
    AddOrder,
    AssignTechnician,
    Customer,
    CustomerUser,
    Facility,
    GetOrder,
    ListCustomers,
    ListFacilities,
    ListObjects,
    ListOrders,
    Order,
    OrderPage,
)
from world import MINUTE, World, foreign

pytest_plugins = ("world_fixtures",)


@frozen
class Portal:
    """Two customers with orders at their facilities and at none."""

    wood: Customer
    stone: Customer
    mill: Facility
    yard: Facility
    quarry: Facility
    orders: dict[str, Order]


@pytest.fixture
def portal(world: World) -> Portal:
    """Of the salon, which also mends saws."""
    wood, stone = (
        world.ask(AddCustomer(organisation=world.root.id, name=name)) for name in ("Holz GmbH", " Stein AG ")
    )
    mill, yard = (world.ask(AddFacility(customer=wood.id, name=name)) for name in ("Mill", "Yard"))
    quarry = world.ask(AddFacility(customer=stone.id, name="Quarry"))
    orders = {}
    for title, customer, facility in (
        ("Saw", wood, mill),
        ("Crane", wood, yard),
        ("Advice", wood, None),
        ("Drill", stone, quarry),
        ("Plan", stone, None),
    ):
        world.clock.advance(MINUTE)
        order = AddOrder(customer=customer.id, title=title, facility=facility and facility.id)
        orders[title] = world.ask(order)
    return Portal(wood, stone, mill, yard, quarry, orders)


def add_user(world: World, customer: Customer, **more: Any) -> Principal:
    """A customer user."""
    user: CustomerUser = world.ask(AddCustomerUser(customer=customer.id, email="hans@holz.example", **more))
    return Principal.of(user.id)


def listed(world: World, by: Principal | None = None, **more: Any) -> list[str]:
    """The titles that somebody's list shows."""
    page: OrderPage = world.ask(ListOrders(organisation=world.root.id, **more), by)
    return [order.title for order in page.orders]


def gotten(world: World, portal: Portal, by: Principal) -> list[str]:
    """The titles of the orders that somebody gets when asking for each."""
    found = []
    for title, order in portal.orders.items():
        try:
            found.append(world.ask(GetOrder(order.id), by).title)
        except NotFound as refused:
            assert refused.facts == {"kind": "Order", "id": order.id}  # noqa: PT017 - the other ones are found
            assert title == order.title
    return found[::-1]


@pytest.mark.spec("P-02")
def test_a_customer_user_sees_only_its_customers_orders(world: World, portal: Portal) -> None:
    """In the list, in the count, and one by one; another customer's order reads like none at all."""
    hans = add_user(world, portal.wood)

    assert listed(world, hans) == gotten(world, portal, hans) == ["Advice", "Crane", "Saw"]
    assert world.ask(ListOrders(organisation=world.root.id, most=1), hans).count == 3
    root, rolf = foreign(world)
    other = world.ask(AddCustomer(organisation=root.id, name="Holz GmbH"), rolf)
    theirs = world.ask(AddOrder(customer=other.id, title="Saw"), rolf)
    assert world.refused(GetOrder(theirs.id), hans).facts == {"kind": "Order", "id": theirs.id}
    assert type(world.refused(ListOrders(organisation=root.id), hans)) is NotFound


@pytest.mark.spec("P-03")
@pytest.mark.parametrize(
    ("facilities", "unassigned", "seen"),
    [
        (None, True, ["Advice", "Crane", "Saw"]),
        (None, False, ["Crane", "Saw"]),
        (("mill",), True, ["Advice", "Saw"]),
        (("mill",), False, ["Saw"]),
        (("yard", "mill"), False, ["Crane", "Saw"]),
        ((), True, ["Advice"]),
        ((), False, []),
    ],
)
def test_a_customer_user_may_be_bound_to_facilities(
    world: World, portal: Portal, facilities: tuple[str, ...] | None, seen: list[str], *, unassigned: bool
) -> None:
    """And may or may not see what belongs to none; list and check agree."""
    ids = None if facilities is None else tuple(getattr(portal, name).id for name in facilities)
    hans = add_user(world, portal.wood, facilities=ids, unassigned=unassigned)

    assert listed(world, hans) == gotten(world, portal, hans) == seen


def test_staff_sees_all_orders_of_the_organisation(world: World, portal: Portal) -> None:
    """Newest first, as many as asked for, and how many there are in all; of others nothing."""
    assert listed(world) == gotten(world, portal, world.anna) == ["Plan", "Drill", "Advice", "Crane", "Saw"]
    assert listed(world, most=2) == ["Plan", "Drill"]
    assert world.ask(ListOrders(organisation=world.root.id, most=2)).count == 5
    _, rolf = foreign(world)
    assert gotten(world, portal, rolf) == []


def test_who_was_a_customer_user_sees_nothing(world: World, portal: Portal) -> None:
    """An id that is not there any more opens nothing."""
    gone = Principal.of(world.eva.id)

    assert gotten(world, portal, gone) == []
    assert type(world.refused(ListOrders(organisation=world.root.id), gone)) is NotFound


def test_customers_facilities_and_orders_are_what_was_said(world: World, portal: Portal) -> None:
    """With names trimmed, in the organisation of their customer, at the time of the clock."""
    saw = portal.orders["Saw"]

    assert (portal.stone.name, portal.stone.organisation) == ("Stein AG", world.root.id)
    assert (portal.mill.customer, portal.mill.organisation) == (portal.wood.id, world.root.id)
    assert (saw.customer, saw.facility, saw.organisation) == (portal.wood.id, portal.mill.id, world.root.id)
    assert saw.made_at == world.now - 4 * MINUTE


def test_a_customer_users_name_is_an_address_of_its_own(world: World, portal: Portal) -> None:
    """Valid, and unique in the whole kit; nothing is written otherwise."""
    add_user(world, portal.wood)
    refused = world.refused(AddCustomerUser(customer=portal.wood.id, email="hans"))
    assert (type(refused), refused.code) == (Invalid, "not_an_address")

    refused = world.refused(AddCustomerUser(customer=portal.stone.id, email="Hans@Holz.example"))
    assert (type(refused), refused.code, refused.facts) == (Conflict, "address_taken", {"email": "hans@holz.example"})
    assert "is a customer user already" in refused.message


def test_a_facility_of_another_customer_is_refused(world: World, portal: Portal) -> None:
    """For a user and for an order, whichever of several it is."""
    for command in (
        AddCustomerUser(customer=portal.wood.id, email="x@holz.example", facilities=(portal.mill.id, portal.quarry.id)),
        AddOrder(customer=portal.wood.id, title="Drill", facility=portal.quarry.id),
    ):
        refused = world.refused(command)
        assert (type(refused), refused.code) == (Invalid, "foreign_facility")
        assert refused.facts == {"customer": portal.wood.id, "facility": portal.quarry.id}
        assert "choose one of its own" in refused.message


@pytest.mark.parametrize("most", [0, 1001])
def test_a_page_of_orders_has_1_to_1000_rows(world: World, most: int) -> None:
    """Anything else is refused, with the bounds."""
    refused = world.refused(ListOrders(organisation=world.root.id, most=most))

    assert (type(refused), refused.code) == (Invalid, "page_size")
    assert "1 to 1000 rows" in refused.message


def test_nothing_is_nameless(world: World, portal: Portal) -> None:
    """Neither customers nor facilities nor orders."""
    for command in (
        AddCustomer(organisation=world.root.id, name=" "),
        AddFacility(customer=portal.wood.id, name=""),
        AddOrder(customer=portal.wood.id, title="\n"),
    ):
        assert world.refused(command).code == "nameless"


@pytest.mark.spec("P-02", "P-03")
def test_facilities_and_objects_are_seen_as_orders_are(world: World, portal: Portal) -> None:
    """A customer user sees its customer's, at the places that it was given; another customer is not there at all."""
    objects = {}
    for name, facility in (("Saw", portal.mill), ("Crane", portal.yard), ("Van", None)):
        world.clock.advance(MINUTE)
        command = AddObject(
            customer=portal.wood.id, name=name, facility=facility.id if facility else None, reference=f" {name} 1"
        )
        objects[name] = world.ask(command)
    hans = add_user(world, portal.wood, facilities=(portal.mill.id,), unassigned=False)

    assert world.ask(ListFacilities(portal.wood.id), hans) == (portal.mill,)
    page = world.ask(ListObjects(organisation=world.root.id), hans)
    assert (page.objects, page.count) == ((objects["Saw"],), 1)
    everything = world.ask(ListObjects(organisation=world.root.id, most=2))
    assert (everything.objects, everything.count) == ((objects["Van"], objects["Crane"]), 3)
    assert world.ask(ListObjects(organisation=world.root.id, containing="SAW 1")).objects == (objects["Saw"],)
    assert set(world.ask(ListFacilities(portal.wood.id))) == {portal.mill, portal.yard}
    refused = world.refused(ListFacilities(portal.stone.id), hans)
    assert (type(refused), refused.facts) == (NotFound, {"kind": "Customer", "id": portal.stone.id})
    refused = world.refused(ListObjects(organisation=world.root.id, most=0), hans)
    assert (type(refused), refused.code) == (Invalid, "page_size")


@pytest.mark.spec("P-02")
def test_customers_are_listed_to_whom_they_may_be_shown(world: World, portal: Portal) -> None:
    """All to who may read them, one to who may read one, its own to a customer user wherever it is bound; never another's."""
    assert set(world.ask(ListCustomers(world.root.id))) == {portal.wood, portal.stone}
    hans = add_user(world, portal.wood, facilities=(), unassigned=False)
    assert world.ask(ListCustomers(world.root.id), hans) == (portal.wood,)
    root, rolf = foreign(world)
    assert world.ask(ListCustomers(root.id), rolf) == ()
    assert type(world.refused(ListCustomers(world.root.id), rolf)) is NotFound


def test_who_may_read_one_customer_is_listed_that_one(world: World, portal: Portal) -> None:
    """By a grant over it; and nothing any more once that is revoked. Another right of it is not enough."""
    (line,) = world.ask(AddUsers(group=world.root.id, addresses=("bo@salon.example",)))
    assert line.user is not None
    bo = Principal.of(line.user)
    query = ListCustomers(world.root.id)
    assert type(world.refused(query, bo)) is Forbidden
    over = GrantScopes(principal=bo, scopes=("customers:read",), group=world.root.id, customer=portal.stone.id)
    grant = world.ask(over)
    assert world.ask(query, bo) == (portal.stone,)
    world.ask(RevokeGrant(grant.id))
    assert type(world.refused(query, bo)) is Forbidden


def test_a_technician_is_one_of_the_house(world: World, portal: Portal) -> None:
    """Another one takes its place, or nobody; somebody of another organisation, or of none, is refused."""
    _, rolf = foreign(world)
    for technician in (world.admin.id, None):
        named = world.ask(AssignTechnician(customer=portal.wood.id, technician=technician))
        assert named.technician == technician
        assert named in world.ask(ListCustomers(world.root.id))
    for stranger in (UserId(rolf.id), UserId("usr_none")):
        refused = world.refused(AssignTechnician(customer=portal.wood.id, technician=stranger))
        assert (type(refused), refused.code) == (Invalid, "not_a_member")


def test_an_object_is_of_a_model_of_the_house(world: World, portal: Portal) -> None:
    """Another organisation's model, or one that is not there, is refused alike."""
    root, rolf = foreign(world)
    own, theirs = (
        world.ask(AddModel(organisation=world.root.id, name="S 100")),
        AddModel(organisation=root.id, name="X"),
    )
    saw = world.ask(AddObject(customer=portal.wood.id, name="Saw", model=own.id))
    assert saw.model == own.id
    for model in (world.ask(theirs, rolf).id, ModelId("mod_none")):
        refused = world.refused(AddObject(customer=portal.wood.id, name="Saw", model=model))
        assert (type(refused), refused.code) == (Invalid, "foreign_model")
