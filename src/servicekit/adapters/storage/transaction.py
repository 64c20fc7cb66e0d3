"""One transaction over a DB-API connection: every table of the port, made from one ``execute``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from servicekit.accounts import ApiKey, Invitation, KeptAnswer, Password, PasswordLink, Session
from servicekit.adapters.storage.accounts import AnswerTable, SessionTable, SqlPaces
from servicekit.adapters.storage.billing import StatementTable
from servicekit.adapters.storage.blanking import SqlBlanking
from servicekit.adapters.storage.bookings import AbsenceTable, BookingTable, ClassTable, SqlHolds
from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.effects import EffectTable
from servicekit.adapters.storage.grants import GrantTable
from servicekit.adapters.storage.ignored import IgnoredMailTable
from servicekit.adapters.storage.keys import KeyTable, UnlockTable
from servicekit.adapters.storage.log import MessageTable
from servicekit.adapters.storage.meetings import ConnectAttemptTable, MeetingTable
from servicekit.adapters.storage.numbers import NumberTable
from servicekit.adapters.storage.portal import (
    ActivityTable,
    CommentTable,
    DocumentTable,
    FaultTable,
    InspectionTable,
    ObjectTable,
    ReadingTable,
    SearchedOrders,
)
from servicekit.adapters.storage.pushes import PushEventTable, PushTargetTable
from servicekit.adapters.storage.quotas import SqlQuotas
from servicekit.adapters.storage.tables import (
    Execute,
    Shape,
    SqlGuards,
    SqlInbox,
    SqlTable,
)
from servicekit.adapters.storage.tallies import SqlTallies
from servicekit.adapters.storage.threads import ThreadTable
from servicekit.adapters.storage.users import UserTable
from servicekit.billing import Closing, CurrentSeller, GroupAddress, Prices, Statement
from servicekit.bookings import Absence, Booking, Branch, Client, Provider, ScheduledClass, Series, Service
from servicekit.errors import NotFound
from servicekit.groups import Domain, Group, Number, User
from servicekit.ids import GroupId
from servicekit.keys import Key, Unlock
from servicekit.mail import IgnoredMails
from servicekit.meetings import ConnectAttempt, Connection, Meeting, Registrant
from servicekit.messages import Message, MessagePart, Thread
from servicekit.notices import NoticePlan, Preference, Template
from servicekit.outbox.effects import Effect
from servicekit.outbox.letters import Letter
from servicekit.permissions import Grant
from servicekit.portal import (
    Activity,
    ActivityHead,
    Brand,
    Comment,
    Customer,
    CustomerUser,
    Document,
    DocumentBytes,
    Facility,
    FaultReport,
    Inspection,
    NoticeChoice,
    Order,
    Reading,
    SeenFault,
    ServiceModel,
    ServiceObject,
    Told,
)
from servicekit.ports import tables
from servicekit.ports.store import NO_GROUP
from servicekit.push import PushEvent, PushTarget

__all__ = ["SqlTransaction"]

E = TypeVar("E")
T = TypeVar("T")

_GROUPS = Shape("groups", Group)
_PATH = (
    "WITH RECURSIVE up (id, depth) AS (SELECT id, 0 FROM groups WHERE id = ? UNION ALL"  # noqa: S608
    " SELECT groups.parent, up.depth + 1 FROM groups JOIN up ON groups.id = up.id WHERE groups.parent IS NOT NULL)"
    f" SELECT {_GROUPS.columns_of('groups')}"
    " FROM groups JOIN up ON groups.id = up.id ORDER BY up.depth"
)


def _made(make: Callable[[Execute, Dialect], T]) -> T:
    """Something over a transaction, made when it is first asked for: most transactions need three or four of them."""
    made: Any = cached_property(lambda transaction: make(transaction._execute, transaction._dialect))  # noqa: SLF001
    found: T = made  # as an instance shows it
    return found


def _table(name: str, kind: type[E], key: tuple[str, ...] = ("id",)) -> tables.Table[E]:
    shape = Shape(name, kind, key)
    return _made(lambda execute, dialect: SqlTable(execute, dialect, shape))


def _with_more(
    table: Callable[[Execute, Dialect, Shape[E]], T], name: str, kind: type[E], key: tuple[str, ...] = ("id",)
) -> T:
    shape = Shape(name, kind, key)
    return _made(lambda execute, dialect: table(execute, dialect, shape))


class SqlTransaction:
    """What a use case works with; see :class:`servicekit.ports.store.Transaction`."""

    groups = _table("groups", Group)
    users: tables.Users = _with_more(UserTable, "users", User)
    domains = _table("domains", Domain, ("name",))
    grants: tables.Grants = _with_more(GrantTable, "grants", Grant)
    messages: tables.Messages = _with_more(MessageTable, "messages", Message)
    parts = _table("message_parts", MessagePart, ("message", "number"))
    letters = _table("letters", Letter)
    ignored_mails: tables.IgnoredMailRows = _with_more(
        IgnoredMailTable, "ignored_mails", IgnoredMails, ("group", "sender", "why", "day")
    )
    password_links = _table("password_links", PasswordLink, ("digest",))
    passwords = _table("passwords", Password, ("user",))
    api_keys = _table("api_keys", ApiKey)
    api_answers: tables.Answers = _with_more(AnswerTable, "api_answers", KeptAnswer, ("caller", "request"))
    sessions: tables.Sessions = _with_more(SessionTable, "sessions", Session)
    paces: tables.Paces = _made(SqlPaces)
    branches = _table("branches", Branch)
    services = _table("services", Service)
    providers = _table("providers", Provider)
    clients = _table("clients", Client)
    bookings: tables.Bookings = _with_more(BookingTable, "bookings", Booking)
    classes: tables.Classes = _with_more(ClassTable, "classes", ScheduledClass)
    series = _table("series", Series)
    absences: tables.Table[Absence] = _with_more(AbsenceTable, "absences", Absence)
    holds: tables.Holds = _made(SqlHolds)
    keys: tables.Keys = _with_more(KeyTable, "keys", Key)
    unlocks: tables.Unlocks = _with_more(UnlockTable, "unlocks", Unlock)
    meetings: tables.Meetings = _with_more(MeetingTable, "meetings", Meeting)
    registrants = _table("registrants", Registrant)
    connections = _table("meeting_connections", Connection, ("organisation",))
    connect_attempts: tables.ConnectAttempts = _with_more(
        ConnectAttemptTable, "connect_attempts", ConnectAttempt, ("digest",)
    )
    tallies: tables.Tallies = _made(lambda execute, _: SqlTallies(execute))
    templates = _table("templates", Template, ("organisation", "occasion", "channel", "language"))
    notice_plans = _table("notice_plans", NoticePlan)
    preferences = _table("preferences", Preference)
    push_targets: tables.PushTargets = _with_more(PushTargetTable, "push_targets", PushTarget, ("owner",))
    push_events: tables.PushEvents = _with_more(PushEventTable, "push_events", PushEvent)
    customers = _table("customers", Customer)
    facilities = _table("facilities", Facility)
    customer_users = _table("customer_users", CustomerUser)
    orders: tables.SeenOrders = _with_more(SearchedOrders, "orders", Order)
    models = _table("models", ServiceModel)
    objects: tables.Objects = _with_more(ObjectTable, "objects", ServiceObject)
    faults: tables.Faults = _with_more(FaultTable, "faults", FaultReport)
    fault_views = _table("fault_views", SeenFault, ("report", "reader"))
    comments: tables.SeenRows[Comment] = _with_more(CommentTable, "comments", Comment)
    documents: tables.SeenRows[Document] = _with_more(DocumentTable, "documents", Document)
    document_bytes = _table("document_bytes", DocumentBytes)
    readings: tables.SeenRows[Reading] = _with_more(ReadingTable, "readings", Reading)
    inspections: tables.SeenRows[Inspection] = _with_more(InspectionTable, "inspections", Inspection)
    invitations = _table("invitations", Invitation, ("digest",))
    notice_choices = _table("notice_choices", NoticeChoice, ("user",))
    told = _table("told", Told, ("about", "user"))
    brands = _table("brands", Brand, ("organisation",))
    activity: tables.Activities = _with_more(ActivityTable, "activity", Activity, ("customer", "number"))
    activity_heads = _table("activity_heads", ActivityHead, ("customer",))
    billing_addresses = _table("billing_addresses", GroupAddress, ("group",))
    sellers = _table("sellers", CurrentSeller)
    prices = _table("prices", Prices, ("organisation", "since"))
    closings = _table("closings", Closing, ("organisation", "month"))
    statements: tables.Statements = _with_more(StatementTable, "statements", Statement)
    effects: tables.Effects = _with_more(EffectTable, "effects", Effect)
    blanking: tables.Blanking = _made(SqlBlanking)
    quotas: tables.Quotas = _made(SqlQuotas)
    guards: tables.Guards = _made(lambda execute, _: SqlGuards(execute))
    inbox: tables.Inbox = _made(SqlInbox)
    numbers: tables.Numbers = _with_more(NumberTable, "numbers", Number, ("number",))
    threads: tables.Threads = _with_more(ThreadTable, "threads", Thread, ("user", "number"))

    def __init__(self, execute: Execute, dialect: Dialect, *, writes: bool = True) -> None:
        self._execute = execute
        self._dialect = dialect
        self._writes = writes
        self._shared = set[str]()  # groups whose tree is shared already

    def path(self, group: str) -> tuple[Group, ...]:
        """From the group up to the root, in one statement; a writing transaction keeps the tree as it is from here on."""
        if self._writes and self._dialect.share_tree and group not in self._shared:
            self._execute(self._dialect.share_tree, [group])
        found = self._execute(_PATH, [group]).fetchall()
        if not found:
            raise NotFound(f"There is no Group {group}, or you may not see it.", kind="Group", id=group)
        path = tuple(map(_GROUPS.rows.thing, found))
        self._shared.update(above.id for above in path)
        return path

    def member(self, user: str) -> User:
        """The user, who stays in its group; the tree is shared before the user is read."""
        if not self._writes or not self._dialect.share_tree_of:
            return self.users.get(user)
        while True:
            shared = self._execute(self._dialect.share_tree_of, [user]).fetchone()
            if shared is None:
                self._shared.add(NO_GROUP)
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
