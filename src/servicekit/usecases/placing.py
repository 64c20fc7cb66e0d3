"""Finding the place for what is booked: everybody who is needed is held, then hours, rules and holds decide.

Rules kept here: people and rooms are held in the order of their ids, for everybody, before anything is looked up that a
decision rests on; so two who want the same place wait for each other, and never for each other in a circle. Hours and rules
may be overridden by right; what is taken never.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from attrs import frozen

from servicekit.bookings import Branch, Client, Hold, Provider, ScheduledClass, Service, has_place
from servicekit.bookings.availability import check_hours, check_notice, within_hours
from servicekit.commands import Principal
from servicekit.errors import Conflict, Invalid
from servicekit.ids import ClientId, GroupId, ProviderId
from servicekit.moments import Window, Zone
from servicekit.usecases.work import Work, unseen

__all__ = [
    "Site",
    "may_ask",
    "may_book",
    "may_override",
    "place",
    "providers_of",
    "refuse_class",
    "refuse_other",
    "site",
]


@frozen
class Site:
    """Where something is to be placed: a service at its branch, with a provider and the rooms to choose from, all held."""

    service: Service
    branch: Branch
    provider: Provider
    rooms: tuple[Provider, ...]


def may_book(work: Work, thing: Service | ScheduledClass, client: ClientId) -> None:
    """Demand that the asker may book a service, or a seat in a class, for the client: the client itself, and ``bookings:write``.

    Raises:
        NotFound: what was named, or a client of another organisation, is not there for the asker.
        Forbidden: the asker lacks the right.
    """
    for_itself = work.by == Principal.of(client)
    if not for_itself:
        work.owned("bookings:write", thing, thing.organisation)
    known = work.store.clients.get(client)
    if known.organisation != thing.organisation:
        raise unseen(thing if for_itself else known)


def may_ask(work: Work, thing: Service | Branch, client: Client | None) -> None:
    """Demand that the asker may know when something can be booked: the organisation's clients, and ``bookings:read``.

    ``client``: the one who has the asker's id, if there is one.
    """
    if client is None or work.by != Principal.of(client.id) or client.organisation != thing.organisation:
        work.owned("bookings:read", thing, thing.organisation)


def may_override(work: Work, service: Service, *, override: bool) -> None:
    """Demand the right to pass over hours and rules, where that is asked for."""
    if override:
        work.owned("bookings:override", service, service.organisation)


def providers_of(work: Work, service: Service, ids: Iterable[ProviderId]) -> tuple[Provider, ...]:
    """Those that have these ids, of the service's organisation; not held."""
    return tuple(_of(service.organisation, work.store.providers.get(key)) for key in ids)


def _of(organisation: GroupId, provider: Provider) -> Provider:
    if provider.organisation != organisation:
        raise unseen(provider)
    return provider


def refuse_class(service: Service) -> None:
    """Refuse a service of which seats are booked.

    Raises:
        Invalid: ``is_a_class``.
    """
    if service.rules.seats is not None:
        raise Invalid(
            f"{service.name} is a class: book a seat in one that is scheduled (BookSeat).",
            code="is_a_class",
            service=service.id,
        )


def refuse_other(service: Service, one: ProviderId, offered: Collection[ProviderId]) -> None:
    """Refuse a provider or room that the service does not name.

    Raises:
        Conflict: ``not_offered``.
    """
    if one not in offered:
        raise Conflict(
            f"{service.name} is not offered with {one}: choose one that the service names.",
            code="not_offered",
            service=service.id,
            provider=one,
        )


def site(
    work: Work,
    service: Service,
    branch: Branch,
    provider: ProviderId,
    room: ProviderId | None = None,
    *,
    offered: bool = True,
) -> Site:
    """Provider and rooms, held until the transaction ends; of a room that is said, that one alone.

    ``offered``: whether the service must name them. What is booked already may be moved all the same.

    Raises:
        NotFound: no such provider in the organisation.
        Conflict: ``not_offered`` by this provider, or in this room.
    """
    rules = service.rules
    if offered and rules.providers:
        refuse_other(service, provider, rules.providers)
    if room is not None:
        refuse_other(service, room, rules.rooms)
    rooms = rules.rooms if room is None else (room,)
    held = {key: _of(service.organisation, work.store.providers.hold(key)) for key in sorted({provider, *rooms})}
    return Site(service, branch, held[provider], tuple(held[key] for key in rooms))


def place(
    work: Work,
    where: Site,
    window: Window,
    held: Window,
    *,
    besides: Collection[str] = (),
    more: Sequence[Hold] = (),
    notice: bool = True,
    override: bool = False,
    first: ProviderId | None = None,
) -> ProviderId | None:
    """The room to take besides the provider, once both have a place; None where the service needs none.

    Args:
        work: in whose transaction they are held.
        where: what is to be placed.
        window: what is booked.
        held: the same with its buffers.
        besides: owners of holds that do not count, because they are about to be moved.
        more: holds that count although they are not stored yet.
        notice: whether lead time and horizon hold.
        override: whether hours, absences, lead time and horizon do not.
        first: the room to try first.

    Raises:
        Conflict: ``too_soon``, ``too_far``, ``closed``, ``not_working``, ``absent``, ``taken``, ``room_taken``.
    """
    zone = where.branch.zone
    if not override:
        if notice:
            check_notice(where.service, window.opens, work.at)
        check_hours(where.branch.opening, zone, window, who=where.branch.name, code="closed")
        check_hours(where.provider.works, zone, window, who=where.provider.name, code="not_working")

    def in_the_way(provider: Provider) -> list[Hold]:
        stored = (hold for hold in work.store.holds.of(provider.id, held) if hold.owner not in besides)
        unstored = (hold for hold in more if hold.provider == provider.id and hold.window.overlaps(held))
        return [hold for hold in (*stored, *unstored) if not (override and hold.whole)]

    others = in_the_way(where.provider)
    _refuse_absent(where.provider, others)
    if not has_place(held, others, where.provider.capacity):
        raise Conflict(
            f"The provider is taken from {others[0].starts} until {others[0].ends}: choose another time.",
            code="taken",
            provider=where.provider.id,
            starts=str(others[0].starts),
            ends=str(others[0].ends),
        )
    for room in sorted(where.rooms, key=lambda room: room.id != first):
        if _free(room, in_the_way(room), window, held, zone, override=override):
            return room.id
    if where.rooms:
        raise Conflict(
            f"No room for {where.service.name} is free from {held.opens} until {held.closes}: choose another time.",
            code="room_taken",
            rooms=[room.id for room in where.rooms],
            starts=str(held.opens),
            ends=str(held.closes),
        )
    return None


def _refuse_absent(provider: Provider, others: Iterable[Hold]) -> None:
    for hold in others:
        if hold.whole:
            raise Conflict(
                f"{provider.name} is away from {hold.starts} until {hold.ends}: choose another time.",
                code="absent",
                provider=provider.id,
                starts=str(hold.starts),
                ends=str(hold.ends),
            )


def _free(room: Provider, others: Sequence[Hold], window: Window, held: Window, zone: Zone, *, override: bool) -> bool:
    if any(hold.whole for hold in others) or not has_place(held, others, room.capacity):
        return False
    return override or within_hours(room.works, zone, window)
