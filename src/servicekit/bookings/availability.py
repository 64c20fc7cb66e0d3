"""Free slots: when a service can still be booked, as a lazy sequence.

Rules kept here:

* A slot begins within the branch's opening hours, every so many minutes of wall-clock time from opening on, and the whole of
  its length, which is absolute time, lies within them and within the provider's working hours.
* With its buffers it touches no time at which its provider has no place left; buffers may lie outside the hours. Where the
  service needs a room, one of its rooms is open and has a place for all of that.
* It begins no sooner than the lead time from now, no later than the horizon, and never in the past.

Everything is whole microseconds in UTC, so a clock change is nothing special: the zone has had its say in
:mod:`servicekit.bookings.opening`. Costs one look at what is taken for each chunk of days (of 1, 8, 32, 32, ... days), and
time in proportion to holds and slots.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from attrs import frozen

from servicekit.bookings.catalogue import Branch, Provider, Service
from servicekit.bookings.opening import OpeningHours, Piece, pieces
from servicekit.errors import Conflict
from servicekit.ids import ProviderId
from servicekit.moments import Instant, Window, Zone

__all__ = ["Slot", "SlotSearch", "check_hours", "check_notice", "free", "free_slots", "within_hours"]

Span = tuple[int, int]
"""From, until (no longer inside), in microseconds."""
Held = tuple[Sequence[int], Sequence[int]]
"""When places of one provider are taken, and when they are free again: the starts in order, and the ends in order."""
Taken = Callable[[Mapping[ProviderId, int], Window], Mapping[ProviderId, Held]]
"""Looks up what is held of each provider in a window, given how many places each has: what takes the whole takes so many."""

_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
_GROWTH, _LONGEST_CHUNK = 8, 32
_BEGINNING, _END = -(1 << 63), 1 << 63


class Slot(NamedTuple):
    """A time at which ``provider`` is free."""

    provider: ProviderId
    starts: Instant
    length: timedelta

    @property
    def window(self) -> Window:
        """From its start to its end."""
        return Window(self.starts, self.starts + self.length)


_make = tuple.__new__  # NamedTuple's own __new__ costs twice as much


@frozen(kw_only=True)
class SlotSearch:
    """What is looked for: ``service`` at ``branch`` with one of ``providers``, starting within ``window``, asked ``at``.

    ``rooms`` are those of the service; where it needs none, none.
    """

    service: Service
    branch: Branch
    providers: tuple[Provider, ...]
    rooms: tuple[Provider, ...] = ()
    window: Window
    at: Instant


def free_slots(search: SlotSearch, taken: Taken) -> Iterator[Slot]:
    """The free slots in order of start, of one start in order of ``search.providers``; lazily, as far as they are asked for."""
    rules = search.service.rules
    begins, ends = max(search.window.opens, search.at + rules.lead).us, search.window.closes.us
    if rules.horizon is not None:
        ends = min(ends, (search.at + rules.horizon).us + 1)
    days = 1
    while begins < ends:
        until = min(begins + days * _DAY, ends)
        yield from _chunk(search, taken, begins, until)
        begins, days = until, min(_GROWTH * days, _LONGEST_CHUNK)


def _chunk(search: SlotSearch, taken: Taken, begins: int, ends: int) -> Iterator[Slot]:
    """Those that start from ``begins`` until ``ends``."""
    service, zone = search.service, search.branch.zone
    rules, length = service.rules, service.length // _MICROSECOND
    before, rest = rules.before // _MICROSECOND, length + rules.after // _MICROSECOND
    places = {provider.id: provider.capacity for provider in (*search.providers, *search.rooms)}
    held = taken(places, Window(Instant(begins - before), Instant(ends + rest)))
    grid = list(pieces(search.branch.opening, zone, begins, ends + length))
    opened = _merged((opens, closes) for opens, closes, _ in grid)
    candidates = _candidates(grid, rules.every // _MICROSECOND, begins, ends)
    hours: dict[OpeningHours | None, list[int]] = {None: _within(candidates, opened, 0, length)}

    def starts(provider: Provider, among: Container[int] | None = None) -> Sequence[int]:
        """The starts that are possible for one who can be booked."""
        works = provider.works
        if works not in hours:
            mine = _merged((opens, closes) for opens, closes, _ in pieces(works, zone, begins, ends + length))
            hours[works] = _within(hours[None], mine, 0, length)
        possible = hours[works]
        if among is not None:
            possible = [start for start in possible if start in among]
        return _within(possible, free(held[provider.id], provider.capacity, before + rest), before, rest)

    roomy = {start for room in search.rooms for start in starts(room)} if search.rooms else None
    found: dict[int, list[ProviderId]] = {}
    for provider in search.providers:
        for start in starts(provider, roomy):
            found.setdefault(start, []).append(provider.id)
    for start in sorted(found):
        instant = Instant(start)
        for provider_id in found[start]:
            yield _make(Slot, (provider_id, instant, service.length))


def free(held: Held, capacity: int, least: int) -> Sequence[Span]:
    """When a place is left of ``capacity`` for at least so long, in order.

    As many are there at an instant as have started, less those that have ended. So a place is left from each end on, until as
    many have started since as have a place; which end belongs to which start does not matter.
    """
    starts, ends = held
    times = zip((*[_BEGINNING] * capacity, *ends), (*starts, *[_END] * capacity), strict=True)
    if capacity == 1:  # no two of these touch
        return [(since, until) for since, until in times if until - since >= least]
    return _merged((since, until) for since, until in times if since < until)


def _candidates(grid: Iterable[Piece], every: int, begins: int, ends: int) -> list[int]:
    """The instants from ``begins`` until ``ends`` at which a slot may begin, in order."""
    found: set[int] = set()
    for opens, closes, counted in grid:
        first = max(opens, begins)
        first += (counted - first) % every
        found.update(range(first, min(closes, ends), every))
    return sorted(found)


def _within(starts: Sequence[int], spans: Iterable[Span], before: int, rest: int) -> list[int]:
    """Those of sorted starts for which one of the sorted spans holds ``before`` ahead of them and ``rest`` behind."""
    found, place = list[int](), 0
    for since, until in spans:
        place = bisect_left(starts, since + before, place)
        end = bisect_right(starts, until - rest, place)
        found += starts[place:end]
        place = end
    return found


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The union of spans that come in order of start."""
    found = list[Span]()
    for since, until in spans:
        if found and since <= found[-1][1]:
            if until > found[-1][1]:
                found[-1] = (found[-1][0], until)
        else:
            found.append((since, until))
    return found


def check_notice(service: Service, starts: Instant, at: Instant) -> None:
    """Refuse what starts too soon or too far ahead. Instants are compared, so no zone has a say.

    Raises:
        Conflict: ``too_soon``, ``too_far``.
    """
    rules = service.rules
    if starts < at + rules.lead:
        raise Conflict(
            f"{service.name} is booked at the latest {rules.lead} before it starts: choose a later time.",
            code="too_soon",
            starts=str(starts),
            earliest=str(at + rules.lead),
        )
    if rules.horizon is not None and starts > at + rules.horizon:
        raise Conflict(
            f"{service.name} is booked at most {rules.horizon} ahead: choose an earlier time.",
            code="too_far",
            starts=str(starts),
            latest=str(at + rules.horizon),
        )


def within_hours(opening: OpeningHours | None, zone: Zone, window: Window) -> bool:
    """Whether a window lies within the hours as a whole. Where no hours are set, it does."""
    if opening is None:
        return True
    begins, ends = window.opens.us, window.closes.us
    return _merged((opens, closes) for opens, closes, _ in pieces(opening, zone, begins, ends)) == [(begins, ends)]


def check_hours(opening: OpeningHours | None, zone: Zone, window: Window, *, who: str, code: str) -> None:
    """Refuse a window that does not lie within the hours as a whole.

    Raises:
        Conflict: ``code``.
    """
    if not within_hours(opening, zone, window):
        raise Conflict(
            f"{who} is not open from {window.opens} until {window.closes}: choose another time.",
            code=code,
            starts=str(window.opens),
            ends=str(window.closes),
        )
