"""The tables of texts: messages with their quotas, guards, numbers and threads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from servicekit.groups import Limit, Number, PoolCount, Struck, Usage
from servicekit.ids import (
    GroupId,
    UserId,
)
from servicekit.mail import IgnoredMails
from servicekit.messages import LogChoices, LogRow, Message, SearchLog, Thread, ThreadMark
from servicekit.moments import Instant
from servicekit.ports.tables.base import Table

__all__ = [
    "Blanking",
    "Guards",
    "IgnoredMailRows",
    "Inbox",
    "LogLine",
    "Messages",
    "Numbers",
    "Quotas",
    "Tallies",
    "Threads",
]

E = TypeVar("E")
LogLine = tuple[int, str, str, str, str, str, int, str]
"""A row of the log: when (in microseconds), group's name, e-mail, number, direction, status as shown, segments, text."""


class Messages(Table[Message], Protocol):
    """Messages, and the log over them."""

    def hold_all(self, keys: Collection[str]) -> None:
        """Hold those that there are of these messages, in the order of their ids, so that each ``hold`` reads no more.

        Costs one statement, however many they are.
        """
        ...

    def search(self, query: SearchLog, groups: Sequence[GroupId] | None = None) -> tuple[LogRow, ...]:
        """At most ``query.most`` of what the query asks for among ``groups``, in its order, from after its mark on.

        Without ``groups``, here and below, among the query's own group and all below it, which costs no statement more.
        In order of time that costs an index range of each group, whichever page it is.
        """
        ...

    def count(self, query: SearchLog, groups: Sequence[GroupId] | None = None) -> int:
        """How many rows the query asks for on all pages together. Costs one pass over them."""
        ...

    def lines(self, query: SearchLog, groups: Sequence[GroupId] | None = None) -> Iterator[Sequence[LogLine]]:
        """All rows of all pages, in chunks, as bare values; the memory that it takes does not grow with them."""
        ...

    def choices(self, query: SearchLog, groups: Sequence[GroupId] | None = None) -> LogChoices:
        """The values of each column that occur on all pages together."""
        ...


class Blanking(Protocol):
    """Words that are kept no longer, and what tells who somebody was. What is still to be handed over is left as it is."""

    def texts(self, group: GroupId, before: Instant, most: int) -> int:
        """Blank the words of at most so many messages of exactly this group made before, oldest first; how many it were."""
        ...

    def letters(self, organisation: GroupId, before: Instant, most: int) -> int:
        """The same for our copies of an organisation's mails."""
        ...

    def number(self, organisation: GroupId, number: str) -> tuple[int, int]:
        """Take a number, and the words to and from it, out of an organisation's messages; and its threads, once none is left.

        Returns:
            How many messages it was taken out of, and in how many it still stands.
        """
        ...

    def user(self, organisation: GroupId, user: UserId, email: str) -> tuple[int, int]:
        """Take out what a user wrote and was written, its threads, log-ins and choices, and its address from our mails.

        Returns:
            How many messages were blanked, and how many are still to be handed over.
        """
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

    def purge(self, before: Instant, most: int) -> int:
        """Forget at most so many that passed at or before then; how many it were. Costs a pass over what is kept."""
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
