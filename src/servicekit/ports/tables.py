"""The port to storage, table by table: what each kind of thing can be asked for beside its id.

What all of them promise stands in :mod:`servicekit.ports.store`, which makes a transaction of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from servicekit.bookings import (
    Booking,
    BookingState,
    Hold,
    ScheduledClass,
)
from servicekit.groups import Limit, Number, PoolCount, Struck, Usage, User
from servicekit.ids import (
    BookingId,
    BranchId,
    ClassId,
    ClientId,
    CustomerId,
    CustomerUserId,
    EffectId,
    GrantId,
    GroupId,
    ModelId,
    ProviderId,
    UserId,
)
from servicekit.keys import Key, Unlock
from servicekit.mail import IgnoredMails
from servicekit.meetings import Meeting, MeetingState
from servicekit.messages import Message, SearchLog, Thread, ThreadMark
from servicekit.moments import Instant, Window
from servicekit.outbox.effects import ALL_KINDS, Effect, EffectKind, EffectState
from servicekit.permissions import Grant, Visible
from servicekit.portal import Activity, FaultReport, Order, ServiceObject
from servicekit.push import PushEvent, PushTarget

__all__ = [
    "Activities",
    "Bookings",
    "Classes",
    "Effects",
    "Faults",
    "Grants",
    "Guards",
    "Holds",
    "IgnoredMailRows",
    "Inbox",
    "Keys",
    "Meetings",
    "Messages",
    "Numbers",
    "Objects",
    "Orders",
    "PushEvents",
    "PushTargets",
    "Quotas",
    "SeenOrders",
    "SeenRows",
    "Table",
    "Tallies",
    "Threads",
    "Unlocks",
    "Users",
]

E = TypeVar("E")


class Table(Protocol[E]):
    """Things of one kind, by id."""

    def add(self, thing: E) -> None:
        """Store a new one."""
        ...

    def save(self, thing: E) -> None:
        """Store a changed one under its id."""
        ...

    def find(self, key: str) -> E | None:
        """The one with this id, or None."""
        ...

    def get(self, key: str) -> E:
        """The one with this id.

        Raises:
            NotFound: ``not_found``, with kind and id.
        """
        ...

    def hold(self, key: str) -> E:
        """The one with this id, which no other transaction changes before this one ends. For reading before saving.

        Raises:
            NotFound: as for ``get``.
        """
        ...

    def where(self, **equal: object) -> tuple[E, ...]:
        """All whose fields equal these, in order of making."""
        ...


class Users(Table[User], Protocol):
    """Users, those removed included."""

    def listed(self, groups: Sequence[GroupId], containing: str, after: str, most: int) -> tuple[User, ...]:
        """Those of ``groups`` who are not removed, by address; with ``containing`` in it, from the one after ``after`` on."""
        ...

    def at_domain(self, domain: str) -> tuple[User, ...]:
        """Those not removed whose address is at the domain or at one below it. Costs one pass over all users."""
        ...


class Grants(Table[Grant], Protocol):
    """Grants, those that have ended too."""

    def listed(
        self, groups: Sequence[GroupId], principal: str | None, until: Instant | None, after: GrantId | None, most: int
    ) -> tuple[Grant, ...]:
        """At most ``most`` of the grants within these groups, by id.

        Args:
            groups: those that a grant's boundary names.
            principal: only this one's.
            until: only those that have not ended by then.
            after: only those after this one.
            most: how many.
        """
        ...


class Messages(Table[Message], Protocol):
    """Messages, and the log over them."""

    def search(self, query: SearchLog, groups: Sequence[GroupId]) -> tuple[Message, ...]:
        """What the query asks for among ``groups``, newest first."""
        ...


class Bookings(Table[Booking], Protocol):
    """Bookings. What one holds is written with it; see :class:`Holds`."""

    def overlapping(self, provider: ProviderId, window: Window) -> tuple[Booking, ...]:
        """Bookings that hold the provider somewhere in the window, by start. Costs one index range."""
        ...

    def asked(self, client: ClientId, request_key: str) -> Booking | None:
        """The one that the client asked for under this key, if it has been neither cancelled nor moved."""
        ...

    def seats_taken(self, scheduled: ClassId) -> int:
        """How many bookings hold a seat in the class."""
        ...

    def online(
        self,
        organisation: str,
        window: Window,
        provider: ProviderId | None,
        after: tuple[Instant, BookingId] | None,
        most: int,
    ) -> tuple[Booking, ...]:
        """Those that have, or had, a meeting or a link to one, and start in the window, by start; of one provider if named."""
        ...

    def count_online(
        self, organisation: str, window: Window, provider: ProviderId | None
    ) -> tuple[tuple[BookingState, MeetingState, int], ...]:
        """How many of them there are, by their state and that of their meeting or link, which leads to a meeting if MADE."""
        ...


class Classes(Table[ScheduledClass], Protocol):
    """Scheduled classes. What one holds is written with it."""

    def coming(self, branch: BranchId, window: Window) -> tuple[ScheduledClass, ...]:
        """Those of a branch that start in the window and are not cancelled, by start."""
        ...


class Holds(Protocol):
    """Who is taken when. Each is written with what owns it: a booking, a class, an absence."""

    def of(self, provider: ProviderId, window: Window) -> tuple[Hold, ...]:
        """The provider's holds that overlap the window, by start. Costs one index range, however many there are."""
        ...

    def spans(
        self, providers: Sequence[ProviderId], window: Window
    ) -> Mapping[ProviderId, Sequence[tuple[int, int, int]]]:
        """The same for each of many, as start and end in microseconds, and 1 where the whole is taken, else 0."""
        ...


class Keys(Table[Key], Protocol):
    """Keys, those that were ended included."""

    def working(self, site: str, window: Window) -> tuple[Key, ...]:
        """Those of a site whose time overlaps the window, whatever their state, by opening. Costs one index range."""
        ...

    def made(self, site: str, since: Instant, after: Key | None, most: int) -> tuple[Key, ...]:
        """At most ``most`` of a site's keys that are MADE and close after ``since``, by closing, from the one after ``after`` on.

        Costs one index range.
        """
        ...

    def sites(self) -> tuple[str, ...]:
        """The sites of all keys and of all branches, in order."""
        ...


class Meetings(Table[Meeting], Protocol):
    """Meetings."""

    def made(
        self, organisation: GroupId | None, host: str, since: Instant, after: Meeting | None, most: int
    ) -> tuple[Meeting, ...]:
        """At most ``most`` of a host's meetings that are MADE and close after ``since``, by closing; pages as those of keys.

        Without an organisation those of all: where they share one account.
        """
        ...

    def hosts(self, since: Instant) -> tuple[tuple[GroupId, str], ...]:
        """Whose meetings close after ``since``, and who may host, each with its organisation, in order."""
        ...


class Unlocks(Table[Unlock], Protocol):
    """Doors that were asked to open."""

    def newest(self, branch: BranchId, most: int) -> tuple[Unlock, ...]:
        """The newest of a branch, newest first. Costs one index range."""
        ...


class Orders(Table[Order], Protocol):
    """Orders, as somebody may see them."""

    def visible(self, visible: Visible, organisation: GroupId, most: int) -> tuple[tuple[Order, ...], int]:
        """The newest ``most`` visible orders of the organisation, and how many are visible in all."""
        ...


class SeenRows(Table[E], Protocol):
    """Things of the portal that have a place, as somebody may see them."""

    def seen(
        self, visible: Visible, *, containing: str = "", internal: bool = True, most: int, **equal: object
    ) -> tuple[tuple[E, ...], int]:
        """The newest ``most`` visible ones whose fields equal these, and how many there are in all.

        Args:
            visible: what the asker may see.
            containing: only those that have this in their words, whatever the case; empty: all.
            internal: whether internal ones are among them.
            most: of those found.
            equal: fields and their values.
        """
        ...


class SeenOrders(Orders, SeenRows[Order], Protocol):
    """Orders, and a search in them."""


class Objects(SeenRows[ServiceObject], Protocol):
    """Service objects."""

    def models(self, visible: Visible) -> tuple[ModelId, ...]:
        """The models of those that are visible, in order."""
        ...


class Faults(SeenRows[FaultReport], Protocol):
    """Fault reports."""

    def unread(
        self, visible: Visible, reader: str, *, containing: str = "", most: int
    ) -> tuple[tuple[FaultReport, ...], int]:
        """As :meth:`seen`, those that a reader, a principal's id, has not opened."""
        ...


class Activities(Protocol):
    """Activity logs, one for each customer. Whoever appends holds the customer before."""

    def add(self, thing: Activity) -> None:
        """Store a new entry."""
        ...

    def listed(
        self,
        customer: CustomerId,
        organisation: GroupId,
        *,
        who: CustomerUserId | None,
        only: Visible | None,
        skip: int,
        most: int,
    ) -> tuple[tuple[Activity, ...], int]:
        """Entries of a customer's log, newest first, and how many there are in all.

        Args:
            customer, organisation: whose log.
            who: only what this one did; None: everybody.
            only: only what is about something visible, or about who did it, and is not internal; None: all.
            skip, most: how many to leave out, and how many to give.
        """
        ...

    def after(self, customer: CustomerId, number: int | None, most: int) -> Sequence[Activity]:
        """Entries from the one after ``number`` on, in order; None: from the first."""
        ...


class Quotas(Protocol):
    """How much is spent, as the log has it: counters and expiry buckets that are made from the log when they are needed.

    A counter is there for each limit that has been asked about; it follows every reservation and refund. Whoever changes
    what it counts (a limit, the tree, a user's group) forgets it, holding the tree.
    """

    def reserve(self, limits: Sequence[Limit], segments: int, at: Instant) -> Struck | None:
        """Spend ``segments`` under every limit and give None, or under none and give the first that strikes.

        Costs one write of a row for each limit, whatever the log holds; the first time for a limit, one pass over its window.
        """
        ...

    def refund(self, subjects: Sequence[str], segments: int, spent_at: Instant, under: str) -> None:
        """Give back what was spent at an instant, to the very bucket, wherever a counter of these subjects has it.

        ``under``: the :func:`~servicekit.groups.topmost` of the limits that apply there now.
        """
        ...

    def forget(self, subjects: Sequence[str]) -> None:
        """Drop the counters of these users or groups; they are made anew from the log when they are asked for."""
        ...

    def usage(self, limit: Limit, at: Instant) -> Usage:
        """What is used of one limit, and when some of it comes back. Changes nothing."""
        ...


class Guards(Protocol):
    """The loop guard's memory."""

    def pass_once(self, identity: str, at: Instant) -> bool:
        """Whether this identity has not passed within 24 hours; if so, it has now. One step, whoever else tries."""
        ...

    def forget(self, identity: str) -> None:
        """It has not passed after all."""
        ...


class Tallies(Protocol):
    """How often a vendor was called today (UTC), where it allows so many calls a day."""

    def spend(self, what: str, most: int, at: Instant) -> bool:
        """Whether one more of ``most`` a day is left; if so, it is spent. One step, whoever else tries."""
        ...

    def exhaust(self, what: str, most: int, at: Instant) -> None:
        """The vendor says that none is left today."""
        ...


class Inbox(Protocol):
    """What came in, so that what comes twice is done once."""

    def first_time(self, source: str, event: str, at: Instant) -> bool:
        """Whether this event of this source is new; if so, it is not any more."""
        ...

    def hold(self, source: str, about: str) -> None:
        """Keep everybody else from what is kept about it, until the end. For looking it up before :meth:`keep`."""
        ...

    def keep(self, source: str, about: str, text: str, at: Instant) -> None:
        """Keep a fact about something that is not known yet."""
        ...

    def kept(self, source: str, about: str) -> tuple[str, ...]:
        """The facts kept about it, oldest first; they are kept no more."""
        ...

    def listed(self, source: str, since: Instant | None, most: int) -> tuple[tuple[Instant, str], ...]:
        """What is kept of a source, and since when, oldest first; it stays kept."""
        ...


class Numbers(Protocol):
    """The pool of numbers; :mod:`servicekit.groups.numbers` has its rules."""

    def find(self, key: str) -> Number | None:
        """A number as it stands, or None."""
        ...

    def hold(self, key: str) -> Number:
        """The same, which no other transaction changes before this one ends.

        Raises:
            NotFound: it was never provided.
        """
        ...

    def save(self, thing: Number) -> None:
        """Store a changed one."""
        ...

    def provide(self, numbers: Iterable[Number]) -> int:
        """Put numbers there, or back if they are withdrawn; how many that were."""
        ...

    def take(self, user: UserId, country: int, at: Instant) -> str | None:
        """A number for the user, who has it from now on; None where none is free. Whoever had it has none any more.

        Its last own one, else a free one of the country, else of any; among free ones those that never were anybody's first.
        """
        ...

    def use(self, number: str, user: UserId, at: Instant) -> bool:
        """Whether the number is the user's; if so, its use is noted."""
        ...

    def give_back(self, users: Sequence[UserId], at: Instant) -> None:
        """Let the numbers of these users rest."""
        ...

    def of_organisation(self, organisation: GroupId, country: int, at: Instant) -> str | None:
        """The organisation's own number, of the country if it has one of it; None if it has none."""
        ...

    def listed(self, after: str, most: int) -> tuple[Number, ...]:
        """Numbers in order, from the one after ``after`` on."""
        ...

    def counted(self, at: Instant) -> tuple[PoolCount, ...]:
        """How they stand, by country."""
        ...


class Threads(Protocol):
    """Threads, and the messages of one. ``groups``: only what was sent and received in these; None: in any."""

    def touch(self, user: UserId, number: str, at: Instant) -> None:
        """There is a message at this instant: the thread is made, or moved forward."""
        ...

    def of(self, user: UserId, number: str) -> Thread | None:
        """The thread, or None."""
        ...

    def rename(self, user: UserId, number: str, name: str) -> Thread | None:
        """The thread under another name, or None."""
        ...

    def listed(
        self, user: UserId, groups: Sequence[GroupId] | None, before: ThreadMark | None, most: int
    ) -> tuple[Thread, ...]:
        """A user's threads, the latest first, from before the mark."""
        ...

    def messages(
        self, user: UserId, number: str, groups: Sequence[GroupId] | None, before: Message | None, most: int
    ) -> tuple[Message, ...]:
        """A thread's messages, newest first, from before one of them."""
        ...


class IgnoredMailRows(Protocol):
    """Mails that became nothing: a row for each group, sender, reason and day, kept for 90 days."""

    def count(self, mails: IgnoredMails) -> None:
        """Add these to the row, which is made if it is not there."""
        ...

    def of(self, groups: Sequence[str], most: int) -> tuple[IgnoredMails, ...]:
        """The rows of these groups, the latest first."""
        ...


class PushTargets(Table[PushTarget], Protocol):
    """Targets of pushes, by group."""

    def remove(self, group: str) -> None:
        """Forget one, with its secret."""
        ...


class PushEvents(Table[PushEvent], Protocol):
    """What is still to be pushed. Who holds a target has its events alone."""

    def next_of(self, target: str, lane: int, at: Instant) -> PushEvent | None:
        """What may be sent first in a lane: due, not held, and the first of its message."""
        ...

    def next_due(self, target: str, lane: int) -> Instant | None:
        """When something may be sent in a lane; None if nothing waits."""
        ...

    def counted(self, target: str) -> tuple[int, int]:
        """How many there are of a target, and how many of them are held."""
        ...

    def remove(self, event: str) -> None:
        """Forget one that was delivered, or that nobody wants."""
        ...

    def clear(self, target: str, lane: int | None = None) -> None:
        """Forget all of a target, or all of one of its lanes that are not held."""
        ...


class Effects(Table[Effect], Protocol):
    """The outbox."""

    def enqueue(self, effect: Effect) -> None:
        """Store an effect; one of the same kind and subject that is not in flight is replaced by it."""
        ...

    def claim(
        self, at: Instant, until: Instant, *, kinds: Collection[EffectKind] = ALL_KINDS, most: int = 1
    ) -> tuple[Effect, ...]:
        """The effects of these kinds that are due first, now leased until ``until`` under a new fence; in one statement.

        Passed over are those whose subject is in flight, and notices whose booking has deeds outstanding. An expired lease
        counts as due, and comes before what else waits for its subject.
        """
        ...

    def hold_lease(self, effect: Effect) -> bool:
        """Whether a claimed effect is still ours; if so, nobody else claims it before this transaction ends."""
        ...

    def settle(self, effect: Effect) -> bool:
        """Store the outcome of a claimed effect; False, and nothing stored, where its fence is not the newest any more.

        One that would be due again, or given up, although a newer revision waits is stored as replaced.
        """
        ...

    def next_due(self, at: Instant, *, kinds: Collection[EffectKind] = ALL_KINDS) -> Instant | None:
        """When the next effect of these kinds is due or the next lease runs out, at or after ``at``; None if nothing waits.

        What :meth:`claim` would pass over for another's sake does not count: it comes up when that one is settled.
        """
        ...

    def in_state(self, organisation: GroupId, state: EffectState, most: int) -> tuple[Effect, ...]:
        """Effects of an organisation in a state, oldest first."""
        ...

    def outstanding(self, effect: EffectId, kind: str, subject: str) -> bool:
        """Whether another effect of this kind and subject is due or in flight."""
        ...
