"""The log, read: a page of it, the values to narrow by, or all of it for an export.

Rules kept here: nobody sees more than the group it asks about and what is below, whatever the query names besides; a group
that was removed still has its log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import evolve, frozen

from servicekit.errors import Invalid, NotFound
from servicekit.ids import GroupId
from servicekit.messages import LogPage, SearchLog, check_narrowing, cursor_after
from servicekit.moments import Zone
from servicekit.ports.tables import LogLine
from servicekit.usecases.work import Work

__all__ = ["WholeLog", "read_whole_log", "search_log"]

_MOST_ROWS = 1000


@frozen
class WholeLog:
    """All rows of a query.

    Attributes:
        zone: the organisation's, for times as its people read them.
        count: says how many rows there are, at the cost of a pass.
        chunks: the rows, to be gone through once, within the transaction.
    """

    zone: Zone
    count: Callable[[], int]
    chunks: Iterator[Sequence[LogLine]]


def search_log(work: Work, query: SearchLog) -> LogPage:
    """A page; whether there is another one is seen from one row more."""
    groups, _ = _seen(work, query)
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    rows = work.store.messages.search(evolve(query, most=query.most + 1), groups)
    more, rows = len(rows) > query.most, rows[: query.most]
    choices = work.store.messages.choices(query, groups) if query.choices else None
    return LogPage(rows, cursor_after(query, rows[-1]) if more else "", choices)


def read_whole_log(work: Work, query: SearchLog) -> WholeLog:
    """Everything; the query's ``after``, ``most`` and ``choices`` are for pages, and nothing is made of them here."""
    groups, zone = _seen(work, query)
    query = evolve(query, after="")
    messages = work.store.messages
    return WholeLog(zone, lambda: messages.count(query, groups), messages.lines(query, groups))


def _seen(work: Work, query: SearchLog) -> tuple[Sequence[GroupId] | None, Zone]:
    """The one group whose rows are asked for, or None for all that the query's group has; and the organisation's zone."""
    zone = work.allow("log:read", query.group, removed=True)[0].zone
    check_narrowing(query)
    if query.exactly is None:
        return None, zone
    if query.exactly not in work.store.below(query.group):
        kind, key = "Group", query.exactly
        raise NotFound(f"There is no {kind} {key}, or you may not see it.", kind=kind, id=key)
    return (query.exactly,), zone
