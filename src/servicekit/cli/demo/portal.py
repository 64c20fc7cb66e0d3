"""Act four: a customer user sees its own orders, and none of another's."""

from __future__ import annotations

from servicekit.cli.demo.organisation import Salon
from servicekit.cli.demo.report import Report
from servicekit.cli.demo.world import World
from servicekit.commands import Principal
from servicekit.errors import NotFound
from servicekit.ids import OrderId
from servicekit.portal import AddCustomer, AddCustomerUser, AddOrder, Customer, GetOrder, ListOrders, Order

__all__ = ["play_portal"]


def play_portal(world: World, salon: Salon, report: Report) -> None:
    """Two customers, each with orders, seen by the users of both."""
    report.begin("A customer user sees its own orders")
    kit, admin = world.kit, salon.admin
    orders: dict[str, list[Order]] = {}
    users: dict[str, Principal] = {}
    for name, titles in (("Bageriet", ("Service av ugn", "Byte av filter")), ("Kafeet", ("Ny kylkompressor",))):
        customer: Customer = kit.perform(AddCustomer(organisation=salon.root.id, name=name), by=admin)
        user = kit.perform(AddCustomerUser(customer=customer.id, email=f"drift@{name.lower()}.example"), by=admin)
        users[name] = Principal.of(user.id)
        orders[name] = [kit.perform(AddOrder(customer=customer.id, title=title), by=admin) for title in titles]
    for name, other in (("Bageriet", "Kafeet"), ("Kafeet", "Bageriet")):
        page = kit.ask(ListOrders(organisation=salon.root.id), by=users[name])
        listed = sorted(order.title for order in page.orders)
        report.expect(f"{name} lists its own and no other", sorted(order.title for order in orders[name]), listed)
        report.expect(f"{name} counts only its own", len(orders[name]), page.count)
        report.expect(f"{name} opens its own", orders[name][0].title, _opened(world, orders[name][0].id, users[name]))
        report.expect(f"{name} opens one of {other}", "not_found", _opened(world, orders[other][0].id, users[name]))


def _opened(world: World, order: OrderId, by: Principal) -> str:
    try:
        return world.kit.ask(GetOrder(order), by=by).title
    except NotFound as error:
        return error.code
