"""Customers and what they own."""

from __future__ import annotations

import pytest

from servicekit.ids import CustomerId, CustomerUserId, FacilityId, GroupId, OrderId
from servicekit.moments import Instant
from servicekit.permissions import OfCustomer, sees
from servicekit.portal import CustomerUser, Order

SALON, SHOP = GroupId("grp_1"), CustomerId("cus_1")


def order(facility: FacilityId | None) -> Order:
    """An order of the customer."""
    return Order(
        id=OrderId("ord_1"), organisation=SALON, customer=SHOP, facility=facility, title="Lift", made_at=Instant(0)
    )


@pytest.mark.spec("P-03")
@pytest.mark.parametrize("facility", [None, FacilityId("fac_1")])
def test_a_customer_user_is_bound_to_nothing_unless_said(facility: FacilityId | None) -> None:
    """A new one sees all facilities of its customer and what is assigned to none."""
    user = CustomerUser(id=CustomerUserId("cuu_1"), organisation=SALON, customer=SHOP, email="eva@shop.example")
    visible = OfCustomer(
        organisation=user.organisation, customer=user.customer, facilities=user.facilities, unassigned=user.unassigned
    )
    assert sees(visible, order(facility))


def test_an_order_can_be_compared() -> None:
    """Orders are values: the same at the same facility are equal, others are not."""
    assert order(None) == order(None) != order(FacilityId("fac_1"))
