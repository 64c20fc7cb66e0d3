"""The port to storage: one transaction, and in it a table for each kind of thing.

What a storage promises:

* Everything done in one transaction is there together or not at all, also after the process is killed.
* A writing transaction sees no other writing transaction half done, and what it holds does not change under it: things by
  ``hold``, a tree with its limits by ``path`` (others may too) or ``hold_tree`` (alone).
* ``add`` of what exists already and ``save`` of what does not are errors, never silent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from servicekit.accounts import ApiKey, Invitation, Password, PasswordLink
from servicekit.billing import Closing, CurrentSeller, GroupAddress, Prices
from servicekit.bookings import (
    Absence,
    Branch,
    Client,
    Provider,
    Series,
    Service,
)
from servicekit.errors import StorageBusy
from servicekit.groups import Domain, Group, User
from servicekit.ids import GroupId
from servicekit.meetings import Connection, Registrant
from servicekit.messages import MessagePart
from servicekit.notices import NoticePlan, Preference, Template
from servicekit.outbox.letters import Letter
from servicekit.portal import (
    ActivityHead,
    Brand,
    Comment,
    Customer,
    CustomerUser,
    Document,
    DocumentBytes,
    Facility,
    Inspection,
    NoticeChoice,
    Reading,
    SeenFault,
    ServiceModel,
    Told,
)
from servicekit.ports.tables import (
    Activities,
    Answers,
    Blanking,
    Bookings,
    Classes,
    ConnectAttempts,
    Effects,
    Faults,
    Grants,
    Guards,
    Holds,
    IgnoredMailRows,
    Inbox,
    Keys,
    Meetings,
    Messages,
    Numbers,
    Objects,
    Paces,
    PushEvents,
    PushTargets,
    Quotas,
    SeenOrders,
    SeenRows,
    Sessions,
    Statements,
    Table,
    Tallies,
    Threads,
    Unlocks,
    Users,
)

__all__ = ["NO_GROUP", "Storage", "Table", "Transaction", "transact"]

NO_GROUP = GroupId("grp_")
"""The group of what is not there: asked for so that it costs what the group of something costs."""

E = TypeVar("E")
R = TypeVar("R")


class Transaction(Protocol):
    """One transaction."""

    groups: Table[Group]
    users: Users
    domains: Table[Domain]
    grants: Grants
    messages: Messages
    parts: Table[MessagePart]
    """By message and number; who holds the message holds its parts."""
    letters: Table[Letter]
    ignored_mails: IgnoredMailRows
    password_links: Table[PasswordLink]
    """By digest."""
    passwords: Table[Password]
    """By user or customer user."""
    api_keys: Table[ApiKey]
    api_answers: Answers
    """By caller and request."""
    sessions: Sessions
    paces: Paces
    branches: Table[Branch]
    services: Table[Service]
    providers: Table[Provider]
    clients: Table[Client]
    bookings: Bookings
    classes: Classes
    series: Table[Series]
    absences: Table[Absence]
    holds: Holds
    keys: Keys
    unlocks: Unlocks
    meetings: Meetings
    registrants: Table[Registrant]
    connections: Table[Connection]
    """By organisation."""
    connect_attempts: ConnectAttempts
    """By digest."""
    tallies: Tallies
    templates: Table[Template]
    notice_plans: Table[NoticePlan]
    """By organisation or service."""
    preferences: Table[Preference]
    """By client or provider."""
    push_targets: PushTargets
    push_events: PushEvents
    customers: Table[Customer]
    facilities: Table[Facility]
    customer_users: Table[CustomerUser]
    orders: SeenOrders
    models: Table[ServiceModel]
    objects: Objects
    faults: Faults
    fault_views: Table[SeenFault]
    """By report and reader."""
    comments: SeenRows[Comment]
    documents: SeenRows[Document]
    document_bytes: Table[DocumentBytes]
    readings: SeenRows[Reading]
    inspections: SeenRows[Inspection]
    invitations: Table[Invitation]
    """By digest; who holds the customer user holds its invitations."""
    notice_choices: Table[NoticeChoice]
    """By user."""
    told: Table[Told]
    """By what it is about and user."""
    brands: Table[Brand]
    """By organisation."""
    activity: Activities
    activity_heads: Table[ActivityHead]
    """By customer."""
    billing_addresses: Table[GroupAddress]
    """By group."""
    sellers: Table[CurrentSeller]
    prices: Table[Prices]
    """By organisation (empty: everybody's) and day."""
    closings: Table[Closing]
    """By organisation and month."""
    statements: Statements
    effects: Effects
    blanking: Blanking
    quotas: Quotas
    guards: Guards
    inbox: Inbox
    numbers: Numbers
    threads: Threads

    def path(self, group: str) -> tuple[Group, ...]:
        """The group and those above it, up to the root. In a writing transaction the tree stays so until the end.

        Raises:
            NotFound: no such group.
        """
        ...

    def member(self, user: str) -> User:
        """The user. In a writing transaction it stays in its group, and the tree as it is, until the end.

        Raises:
            NotFound: no such user.
        """
        ...

    def hold_tree(self, group: str) -> None:
        """Keep everybody else from the tree that the group is in, and its limits, until the end. Before any ``path`` of it."""
        ...

    def below(self, group: GroupId) -> tuple[GroupId, ...]:
        """The group and all below it."""
        ...


class Storage(Protocol):
    """A database.

    Attributes:
        one_writer: whether all others who want to write wait for the one who does, so that those who wait gain by a common
            commit.
    """

    one_writer: bool

    def migrate(self) -> None:
        """Bring the tables up to date; safe to run by several at once.

        Raises:
            StorageError: ``schema_too_new``, or what the database refused; nothing has changed then.
        """
        ...

    def check(self) -> None:
        """See that the tables are up to date, changing nothing.

        Raises:
            StorageError: ``schema_too_old`` or ``schema_too_new``.
        """
        ...

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that may change: committed at the end, undone if an exception leaves it.

        Raises:
            StorageBusy: others held the database for too long.
        """
        ...

    def join(self, connection: object) -> AbstractContextManager[Transaction]:
        """The transaction that the application has open on its own connection: the application ends it.

        An error that leaves it undoes what was done in here, and nothing of the application's.

        Raises:
            ConfigurationError: it is no connection to this kind of database, or no transaction is open on it.
        """
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads, from one moment's state."""
        ...

    def close(self) -> None:
        """Let go of all connections."""
        ...


_RERUNS = 10


def transact(storage: Storage, body: Callable[[Transaction], R]) -> R:
    """Run ``body`` in a writing transaction of its own; anew, from the beginning, where somebody else was first.

    Raises:
        StorageBusy: others were first ten times, or held the database for too long.
    """
    for _ in range(_RERUNS - 1):
        try:
            with storage.write() as store:
                return body(store)
        except StorageBusy as busy:
            if busy.code != "storage_conflict":
                raise
    with storage.write() as store:
        return body(store)
