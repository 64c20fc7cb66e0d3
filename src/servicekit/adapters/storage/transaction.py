"""One transaction over a DB-API connection: every table of the port, made from one ``execute``."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from servicekit.adapters.storage.dialect import Dialect
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
from servicekit.adapters.storage.users import UserTable
from servicekit.bookings import Booking, Branch, Client, Provider, Service
from servicekit.errors import NotFound
from servicekit.groups import Domain, Group, User
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

    def __init__(self, execute: Execute, dialect: Dialect, *, writes: bool = True) -> None:
        self._execute = execute
        self._dialect = dialect
        self._writes = writes
        self._shared = set[str]()  # groups whose tree is shared already
        self.groups: store.Table[Group] = SqlTable(execute, dialect, "groups", _rows(Group))
        self.users: store.Users = UserTable(execute, dialect, "users", _rows(User))
        self.domains: store.Table[Domain] = SqlTable(execute, dialect, "domains", _rows(Domain), ("name",))
        self.grants: store.Table[Grant] = SqlTable(execute, dialect, "grants", _rows(Grant))
        self.messages: store.Messages = MessageTable(execute, dialect, "messages", _rows(Message))
        self.letters: store.Table[Letter] = SqlTable(execute, dialect, "letters", _rows(Letter))
        self.branches: store.Table[Branch] = SqlTable(execute, dialect, "branches", _rows(Branch))
        self.services: store.Table[Service] = SqlTable(execute, dialect, "services", _rows(Service))
        self.providers: store.Table[Provider] = SqlTable(execute, dialect, "providers", _rows(Provider))
        self.clients: store.Table[Client] = SqlTable(execute, dialect, "clients", _rows(Client))
        self.bookings: store.Bookings = BookingTable(execute, dialect, "bookings", _rows(Booking))
        self.keys: store.Table[Key] = SqlTable(execute, dialect, "keys", _rows(Key))
        self.meetings: store.Table[Meeting] = SqlTable(execute, dialect, "meetings", _rows(Meeting))
        self.templates: store.Table[Template] = SqlTable(
            execute, dialect, "templates", _rows(Template), ("organisation", "occasion", "channel")
        )
        self.customers: store.Table[Customer] = SqlTable(execute, dialect, "customers", _rows(Customer))
        self.facilities: store.Table[Facility] = SqlTable(execute, dialect, "facilities", _rows(Facility))
        self.customer_users: store.Table[CustomerUser] = SqlTable(
            execute, dialect, "customer_users", _rows(CustomerUser)
        )
        self.orders: store.Orders = OrderTable(execute, dialect, "orders", _rows(Order))
        self.effects: store.Effects = EffectTable(execute, dialect, "effects", _rows(Effect))
        self.quotas: store.Quotas = SqlQuotas(execute, dialect)
        self.guards: store.Guards = SqlGuards(execute)
        self.inbox: store.Inbox = SqlInbox(execute, dialect)
        self.numbers: store.Numbers = SqlNumbers(execute, dialect)

    def path(self, group: str) -> tuple[Group, ...]:
        """From the group up to the root, in one statement; a writing transaction keeps the tree as it is from here on."""
        if self._writes and self._dialect.share_tree and group not in self._shared:
            self._execute(self._dialect.share_tree, [group])
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
        path = tuple(map(rows.thing, found))
        self._shared.update(above.id for above in path)
        return path

    def member(self, user: str) -> User:
        """The user, who stays in its group; the tree is shared before the user is read."""
        if not self._writes or not self._dialect.share_tree_of:
            return self.users.get(user)
        while True:
            shared = self._execute(self._dialect.share_tree_of, [user]).fetchone()
            found = self.users.get(user)
            if (
                shared is not None and shared[1] == found.organisation
            ):  # else it went to another tree before the lock came
                self._shared.add(found.group)
                return found

    def hold_tree(self, group: str) -> None:
        """Keep everybody else from the group's tree and its limits until the end."""
        if self._dialect.hold_tree:
            self._execute(self._dialect.hold_tree, [group])

    def below(self, group: GroupId) -> tuple[GroupId, ...]:
        """The group and everything below it, in one statement."""
        found = self._execute(
            "WITH RECURSIVE down (id) AS (SELECT id FROM groups WHERE id = ? UNION ALL"
            " SELECT groups.id FROM groups JOIN down ON groups.parent = down.id) SELECT id FROM down",
            [group],
        ).fetchall()
        return tuple(GroupId(found_id) for (found_id,) in found)
