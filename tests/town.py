"""A town whose departments send texts: an organisation with a tree of groups, on any kit. The world of the groups' tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from attrs import define, field

from servicekit import Kit, Principal
from servicekit.commands import Command, Query
from servicekit.errors import Refused
from servicekit.groups import (
    AddGroup,
    AddUsers,
    ChangeSettings,
    FoundOrganisation,
    Group,
    Settings,
    SetTopDomain,
    User,
)
from servicekit.ids import GrantId, GroupId, MessageId, UserId
from servicekit.messages import Message, SendText
from servicekit.moments import Instant
from servicekit.outbox.facts import TextStatus
from servicekit.permissions import Grant
from servicekit.ports.store import Transaction, transact
from servicekit.runtime.entropy import mint
from servicekit.testing.clock import ManualClock
from servicekit.usecases.texting import report

T = TypeVar("T")
NOON = Instant.parse("2026-11-25T12:00:00Z")
OPERATOR = Principal.operator("tests")
MOBILE = "+46701740605"


@define
class Town:
    """Ettstad, with its administrator Anna at ``anna@ett.se``. What asks without saying who is she."""

    kit: Kit
    clock: ManualClock
    root: Group
    admin: User
    sent: int = field(default=0)

    @property
    def anna(self) -> Principal:
        """The administrator."""
        return Principal.of(self.admin.id)

    def tell(self, command: Command[T], by: Principal | None = None) -> T:
        """Perform a command."""
        return self.kit.perform(command, by=by or self.anna)

    def ask(self, query: Query[T], by: Principal | None = None) -> T:
        """Ask a query."""
        return self.kit.ask(query, by=by or self.anna)

    def refused(self, request: Command[Any] | Query[Any], by: Principal | None = None) -> Refused:
        """The refusal that it ends in; not a row of any table has changed."""
        before = self.rows()
        try:
            made = self.tell(request, by) if isinstance(request, Command) else self.ask(request, by)
        except Refused as refused:
            assert self.rows() == before, "it was refused, and something was written all the same"
            return refused
        raise AssertionError(f"nothing refused it: {made}")

    def group(self, name: str, parent: Group | None = None, **settings: Any) -> Group:
        """A group below the root, or below another."""
        return self.tell(AddGroup(parent=(parent or self.root).id, name=name, settings=Settings(**settings)))

    def set(self, group: Group, *inherit: str, by: Principal | None = None, **settings: Any) -> Group:
        """Change settings of a group."""
        return self.tell(ChangeSettings(group=group.id, change=Settings(**settings), inherit=inherit), by)

    def user(self, name: str, group: Group | None = None) -> UserId:
        """The user ``name`` (at ett.se, unless it is a whole address), added to a group."""
        email = name if "@" in name else f"{name}@ett.se"
        (line,) = self.tell(AddUsers(group=(group or self.root).id, addresses=(email,)))
        assert line.user is not None, line
        return line.user

    def grant(self, user: UserId, group: Group, *scopes: str) -> Principal:
        """Give a user scopes in a group, all of them unless said; the user as who asks."""
        grant = Grant(
            id=mint(GrantId, self.clock.now()),
            organisation=group.organisation,
            principal=user,
            scopes=scopes or ("*:*",),
            group=group.id,
        )
        transact(self.kit._storage, lambda store: store.grants.add(grant))
        return Principal.of(user)

    def send(self, user: UserId, segments: int = 1, text: str = "") -> Message:
        """The user's own text of so many segments, never the same twice."""
        self.sent += 1
        length = 160 if segments == 1 else 153 * segments
        body = text or f"{self.sent:<10}".ljust(length - 1, "x") + "."
        return self.tell(SendText(user=user, to=MOBILE, text=body), Principal.of(user))

    def fail(self, message: MessageId) -> None:
        """The carrier says that it never left."""

        def told(store: Transaction) -> None:
            work = self.kit._work(store, OPERATOR, None)
            report(work, store.messages.get(message), TextStatus.UNSENT)

        transact(self.kit._storage, told)

    def at(self, user: UserId) -> GroupId:
        """The group that a user is in."""
        with self.kit._storage.read() as store:
            return store.users.get(user).group

    def find(self, group: Group) -> Group:
        """The group as it is now."""
        with self.kit._storage.read() as store:
            return store.groups.get(group.id)

    def domain(self, name: str, group: Group | None = None) -> None:
        """Give the organisation a top domain."""
        self.tell(SetTopDomain(group=(group or self.root).id, domain=name), OPERATOR)

    def rows(self) -> dict[str, list[Any]]:
        """Everything that the groups' commands could change."""
        with self.kit._storage.read() as store:
            counters = store._execute("SELECT * FROM quota_counters ORDER BY subject, days", [])  # type: ignore[attr-defined]
            buckets = store._execute("SELECT * FROM quota_buckets ORDER BY subject, days, bucket", [])  # type: ignore[attr-defined]
            return {
                **{name: list(getattr(store, name).where()) for name in ("groups", "users", "domains", "grants")},
                "messages": list(store.messages.where()),
                "counters": counters.fetchall(),
                "buckets": buckets.fetchall(),
            }


def founded(kit: Kit, clock: ManualClock, *, admin: str = "anna@ett.se", **settings: Any) -> Town:
    """The town on an open kit."""
    made = kit.perform(
        FoundOrganisation(
            name="Ettstad",
            zone="Europe/Stockholm",
            admin=admin,
            settings=Settings(sender_name="Ettstad", **settings),
        ),
        by=OPERATOR,
    )
    return Town(kit, clock, made.root, made.admin)


@contextmanager
def town(url: str = "sqlite:///:memory:", **settings: Any) -> Iterator[Town]:
    """The town in a database of its own."""
    clock = ManualClock(NOON)
    with Kit.open(url, clock=clock) as kit:
        yield founded(kit, clock, **settings)


def rivals(it: Town, *, free: bool = False) -> tuple[Group, Principal]:
    """Another organisation, or that of the free accounts, and its administrator."""
    name = "free" if free else "rival"
    made = it.kit.perform(
        FoundOrganisation(name=name, zone="UTC", admin=f"rolf@{name}.example", free=free), by=OPERATOR
    )
    return made.root, Principal.of(made.admin.id)
