"""One transaction over a DB-API connection: every table of the port, made from one ``execute``."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from servicekit.adapters.storage.effects import EffectTable
from servicekit.adapters.storage.quotas import SqlQuotas
from servicekit.adapters.storage.rows import Rows
from servicekit.adapters.storage.tables import (
    BookingTable,
    Execute,
    MessageTable,
    OrderTable,
    SqlGuards,
    SqlInbox,
    SqlNumbers,
    SqlTable,
)
from servicekit.bookings import Booking, Branch, Client, Provider, Service
from servicekit.errors import NotFound
from servicekit.groups import Group, User
from servicekit.ids import GroupId
from servicekit.keys import Key
from servicekit.meetings import Meeting
from servicekit.messages import Message
from servicekit.notices import Template
from servicekit.outbox.effects import Effect
from servicekit.outbox.letters import Letter
from servicekit.permissions import Grant
from servicekit.portal import Customer, CustomerUser, Facility, Order
from servicekit.ports import store

__all__ = ["SqlTransaction"]

E = TypeVar("E")


@cache
def _rows(kind: type[E]) -> Rows[E]:
    return Rows(kind)


class SqlTransaction:
    """What a use case works with; see :class:`servicekit.ports.store.Transaction`."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self.groups: store.Table[Group] = SqlTable(execute, "groups", _rows(Group))
        self.users: store.Table[User] = SqlTable(execute, "users", _rows(User))
        self.grants: store.Table[Grant] = SqlTable(execute, "grants", _rows(Grant))
        self.messages: store.Messages = MessageTable(execute, "messages", _rows(Message))
        self.letters: store.Table[Letter] = SqlTable(execute, "letters", _rows(Letter))
        self.branches: store.Table[Branch] = SqlTable(execute, "branches", _rows(Branch))
        self.services: store.Table[Service] = SqlTable(execute, "services", _rows(Service))
        self.providers: store.Table[Provider] = SqlTable(execute, "providers", _rows(Provider))
        self.clients: store.Table[Client] = SqlTable(execute, "clients", _rows(Client))
        self.bookings: store.Bookings = BookingTable(execute, "bookings", _rows(Booking))
        self.keys: store.Table[Key] = SqlTable(execute, "keys", _rows(Key))
        self.meetings: store.Table[Meeting] = SqlTable(execute, "meetings", _rows(Meeting))
        self.templates: store.Table[Template] = SqlTable(
            execute, "templates", _rows(Template), ("organisation", "occasion", "channel")
        )
        self.customers: store.Table[Customer] = SqlTable(execute, "customers", _rows(Customer))
        self.facilities: store.Table[Facility] = SqlTable(execute, "facilities", _rows(Facility))
        self.customer_users: store.Table[CustomerUser] = SqlTable(execute, "customer_users", _rows(CustomerUser))
        self.orders: store.Orders = OrderTable(execute, "orders", _rows(Order))
        self.effects: store.Effects = EffectTable(execute, "effects", _rows(Effect))
        self.quotas: store.Quotas = SqlQuotas(execute)
        self.guards: store.Guards = SqlGuards(execute)
        self.inbox: store.Inbox = SqlInbox(execute)
        self.numbers: store.Numbers = SqlNumbers(execute)

    def path(self, group: str) -> tuple[Group, ...]:
        """From the group up to the root, in one statement."""
        rows = _rows(Group)
        columns = ", ".join(f'groups."{column}"' for column in rows.columns)
        found = self._execute(
            "WITH RECURSIVE up (id, depth) AS (SELECT id, 0 FROM groups WHERE id = ? UNION ALL"  # noqa: S608
            " SELECT groups.parent, up.depth + 1 FROM groups JOIN up ON groups.id = up.id WHERE groups.parent IS NOT NULL)"
            f" SELECT {columns} FROM groups JOIN up ON groups.id = up.id ORDER BY up.depth",
            [group],
        ).fetchall()
        if not found:
            raise NotFound(f"There is no Group {group}, or you may not see it.", kind="Group", id=group)
        return tuple(map(rows.thing, found))

    def below(self, group: GroupId) -> tuple[GroupId, ...]:
        """The group and everything below it, in one statement."""
        found = self._execute(
            "WITH RECURSIVE down (id) AS (SELECT id FROM groups WHERE id = ? UNION ALL"
            " SELECT groups.id FROM groups JOIN down ON groups.parent = down.id) SELECT id FROM down",
            [group],
        ).fetchall()
        return tuple(GroupId(found_id) for (found_id,) in found)
