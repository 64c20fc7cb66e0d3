"""What can be asked of the portal."""

from __future__ import annotations

import pytest

from servicekit.ids import CustomerId, GroupId
from servicekit.portal import AddCustomer, AddCustomerUser, AddFacility, AddOrder, ListOrders, OrderPage

SHOP = CustomerId("cus_1")


@pytest.mark.spec("P-03")
def test_nobody_is_bound_unless_said() -> None:
    """A customer user that is added without bounds sees all of its customer's, the unassigned too; an order is unassigned."""
    user = AddCustomerUser(customer=SHOP, email="eva@shop.example")
    assert (user.facilities, user.unassigned) == (None, True)
    assert AddOrder(customer=SHOP, title="Lift").facility is None


def test_a_list_is_a_page() -> None:
    """Fifty orders are asked for unless more are; the page says how many there are in all."""
    assert ListOrders(organisation=GroupId("grp_1")).most == 50
    assert OrderPage((), 1_000_000).count == 1_000_000


@pytest.mark.parametrize("kind", [AddCustomer, AddFacility, AddCustomerUser, AddOrder, ListOrders])
def test_everything_is_said_by_name(kind: type) -> None:
    """A customer and an organisation cannot be swapped unseen: arguments without names are refused."""
    with pytest.raises(TypeError, match="positional argument"):
        kind("cus_1", "Shop", "x")
