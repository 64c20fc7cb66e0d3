"""The activity log: appended by every change in the portal, read, and verified."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from servicekit.errors import Invalid
from servicekit.ids import CustomerId, CustomerUserId, FacilityId
from servicekit.portal import (
    Activity,
    ActivityHead,
    ActivityPage,
    Customer,
    ReadActivity,
    RecordActivity,
    Verdict,
    VerifyActivity,
    chained,
    first_break,
)
from servicekit.usecases.seeing import by_customer, check_page, glimpse, written
from servicekit.usecases.work import Work, named, unseen

__all__ = ["note", "read_activity", "record_activity", "verify_activity"]

_AT_ONCE = 1000
_MOST_CHARACTERS = 200


def note(
    work: Work,
    customer: Customer,
    what: str,
    about: str,
    *,
    facility: FacilityId | None = None,
    detail: str = "",
    internal: bool = False,
) -> Activity:
    """Append an entry to the log of a customer, who is held."""
    heads = work.store.activity_heads.where(customer=customer.id)
    entry = chained(
        Activity(
            customer=customer.id,
            number=0,
            organisation=customer.organisation,
            facility=facility,
            at=work.at,
            who=work.by.id,
            kind=work.by.kind,
            origin=work.by.origin,
            what=what,
            about=about,
            detail=detail,
            internal=internal,
        ),
        heads[0] if heads else None,
    )
    work.store.activity.add(entry)
    head = ActivityHead(customer=customer.id, number=entry.number, digest=entry.digest)
    if heads:
        work.store.activity_heads.save(head)
    else:
        work.store.activity_heads.add(head)
    return entry


def record_activity(work: Work, command: RecordActivity) -> Activity:
    """An entry of the application's own: about whoever writes it, or about the customer."""
    customer = work.store.customers.hold(command.customer)
    own = _own(work, customer)
    if own is None:
        work.owned("activity:write", customer, customer.organisation, customer.id)
    what = written(named(command.what), most=_MOST_CHARACTERS)
    detail = written(command.detail, most=_MOST_CHARACTERS, needed=False)
    entry = note(work, customer, what, own or customer.id, detail=detail)
    return entry if own is None else _blank(entry)


def read_activity(work: Work, query: ReadActivity) -> ActivityPage:
    """What was done, newest first."""
    check_page(query.most)
    if query.skip < 0:
        raise Invalid("No page lies before the first one.", code="page_size", skip=query.skip)
    customer = work.store.customers.get(query.customer)
    own = _own(work, customer)
    rows = work.store.activity
    if own is None:
        work.owned("activity:read", customer, customer.organisation, customer.id)
        return ActivityPage(
            *rows.listed(
                customer.id, customer.organisation, who=query.user, only=None, skip=query.skip, most=query.most
            )
        )
    if query.user not in {None, own}:
        return ActivityPage((), 0)
    visible = glimpse(work, "orders:read", customer.organisation)
    found, count = rows.listed(
        customer.id, customer.organisation, who=own, only=visible, skip=query.skip, most=query.most
    )
    return ActivityPage(tuple(map(_blank, found)), count)


def verify_activity(work: Work, query: VerifyActivity) -> Verdict:
    """Go through the whole chain."""
    customer = work.store.customers.get(query.customer)
    work.owned("activity:read", customer, customer.organisation, customer.id)
    heads = work.store.activity_heads.where(customer=customer.id)
    head = heads[0] if heads else None
    if query.known is not None and query.known.customer != customer.id:
        raise Invalid("That is the head of another customer's log.", code="foreign_head", customer=customer.id)
    return Verdict(head, first_break(_entries(work, customer.id), head, query.known))


def _entries(work: Work, customer: CustomerId) -> Iterator[Activity]:
    last: int | None = None
    while True:
        page = work.store.activity.after(customer, last, _AT_ONCE)
        yield from page
        if len(page) < _AT_ONCE:
            return
        last = page[-1].number


def _own(work: Work, customer: Customer) -> CustomerUserId | None:
    """The asker, if it is a user of this customer; another customer's user does not find this one."""
    if not by_customer(work):
        return None
    work.store.path(customer.organisation)  # before the grants, as for all others
    if not any(grant.customer == customer.id for grant in work.held().grants):
        raise unseen(customer)
    return CustomerUserId(work.by.id)


def _blank(entry: Activity) -> Activity:
    """Without what would let it count the entries of others."""
    return evolve(entry, number=0, before="", digest="")
