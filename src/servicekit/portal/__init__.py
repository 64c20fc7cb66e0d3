"""The customer portal: customers, their facilities and users, and the orders they may follow.

The rules of this room:

* A customer user sees what belongs to its own customer and nothing else; perhaps only at some facilities, and objects that
  belong to no facility only if it was given those.
* What somebody may not see reads exactly like what does not exist.
* A customer user's name is a mail address, unique in the whole kit.
"""

from servicekit.portal.commands import (
    AddCustomer,
    AddCustomerUser,
    AddFacility,
    AddOrder,
    GetOrder,
    ListOrders,
    OrderPage,
)
from servicekit.portal.customers import Customer, CustomerUser, Facility, Order

__all__ = [
    "AddCustomer",
    "AddCustomerUser",
    "AddFacility",
    "AddOrder",
    "Customer",
    "CustomerUser",
    "Facility",
    "GetOrder",
    "ListOrders",
    "Order",
    "OrderPage",
]
