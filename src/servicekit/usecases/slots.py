"""Free slots, read from what is held."""

from __future__ import annotations

from itertools import dropwhile, islice

from servicekit.bookings import FreeSlots, Provider, Service, Slot, SlotPage, SlotSearch, free_slots
from servicekit.errors import Invalid
from servicekit.moments import Window
from servicekit.usecases.placing import may_ask, providers_of, refuse_class, refuse_other
from servicekit.usecases.work import Work

__all__ = ["list_free_slots"]

_MOST_SLOTS = 10_000


def list_free_slots(work: Work, query: FreeSlots) -> SlotPage:
    """A page of them, as far as it goes and one further."""
    client = work.store.clients.find(work.by.id)  # first, so that a service that is not there costs as much
    service = work.store.services.get(query.service)
    may_ask(work, service, client)
    refuse_class(service)
    if not 1 <= query.most <= _MOST_SLOTS:
        raise Invalid(f"A page has 1 to {_MOST_SLOTS} slots, not {query.most}.", code="page_size", most=query.most)
    window = Window(query.since, query.until)
    if query.after is not None:
        if query.after.starts >= window.closes:
            return SlotPage((), None)
        window = Window(max(window.opens, query.after.starts), window.closes)
    search = SlotSearch(
        service=service,
        branch=work.store.branches.get(service.branch),
        providers=_asked(work, query, service),
        rooms=providers_of(work, service, service.rules.rooms),
        window=window,
        at=work.at,
    )
    slots = iter(free_slots(search, work.store.holds.spans))
    if query.after is not None:
        seen = _place(query.after)
        slots = dropwhile(lambda slot: _place(slot) <= seen, slots)
    page = tuple(islice(slots, query.most))
    return SlotPage(page, page[-1] if len(page) == query.most else None)


def _place(slot: Slot) -> tuple[int, str]:
    return slot.starts.us, slot.provider


def _asked(work: Work, query: FreeSlots, service: Service) -> tuple[Provider, ...]:
    """With whom it can be, in order of their ids, so that pages follow one another."""
    offered = service.rules.providers
    if query.provider is not None:
        if offered:
            refuse_other(service, query.provider, offered)
        return providers_of(work, service, [query.provider])
    if offered:
        return providers_of(work, service, sorted(offered))
    return work.store.providers.where(organisation=service.organisation)
