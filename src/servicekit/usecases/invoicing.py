"""Billing: addresses set, prices and seller set, months closed into numbered statements, statements read.

One closing at a time: numbers, closings and prices are read only once the books are held, so that two processes neither give
out one number twice nor leave one out, and number, statements and closing are there together or not at all.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.billing import (
    BilledTo,
    BillingAddress,
    Books,
    CloseMonth,
    Closing,
    CurrentSeller,
    Draft,
    DraftStatements,
    GetBillingAddress,
    GetStatement,
    GroupAddress,
    Invoiced,
    ListInvoiced,
    ListPrices,
    ListStatements,
    Month,
    Prices,
    Seller,
    SetBillingAddress,
    SetPrices,
    SetSeller,
    Statement,
    check_month,
    drafted,
    first_day,
    following,
    month_of,
    nearest_payer,
    numbered,
    periods,
    start_of,
    window_of,
)
from servicekit.decisions import require
from servicekit.errors import Conflict, Invalid
from servicekit.groups import Group, Tree, effective
from servicekit.ids import GroupId, StatementId
from servicekit.sms import check_countries
from servicekit.usecases.work import Work, address_of, unseen

__all__ = [
    "close_month",
    "draft_statements",
    "get_billing_address",
    "get_statement",
    "list_invoiced",
    "list_prices",
    "list_statements",
    "set_billing_address",
    "set_prices",
    "set_seller",
]

_MOST_ROWS = 1000
_LOOKED_BACK = 12
"""So many closed months are compared with the log again: long after the last report of any carrier."""


# Addresses


def set_billing_address(work: Work, command: SetBillingAddress) -> BilledTo:
    """Set it; or take it away, whereupon the group above pays."""
    work.store.hold_tree(command.group)
    path = work.allow("billing:write", command.group)
    group = path[0]
    if command.address is None and path[1:]:
        require(work.decision("billing:write", path[1:]))
    row = GroupAddress(group=group.id, organisation=group.organisation, address=_checked(command.address))
    table = work.store.billing_addresses
    (table.add if table.find(group.id) is None else table.save)(row)
    return _billed_to(work, path)


def _checked(address: BillingAddress | None) -> BillingAddress | None:
    if address is not None:
        check_countries((address.country,))
        if address.email:
            return evolve(address, email=address_of(address.email))
    return address


def get_billing_address(work: Work, query: GetBillingAddress) -> BilledTo:
    """The nearest on the way up."""
    return _billed_to(work, work.allow("billing:read", query.group))


def _billed_to(work: Work, path: tuple[Group, ...]) -> BilledTo:
    addresses = _addresses(work, path)
    payer = nearest_payer([group.id for group in path], addresses)
    names = {group.id: group.name for place, group in enumerate(path) if work.knows(path[place:])}
    shown = payer if payer in names else None
    return BilledTo(
        address=addresses[payer] if payer else None,
        source=shown,
        source_name=names[shown] if shown else "",
        inherited=payer not in {None, path[0].id},
    )


def _addresses(work: Work, groups: tuple[Group, ...]) -> dict[GroupId, BillingAddress]:
    """Those of the groups that have one of their own and are still there."""
    there = {group.id for group in groups if not group.removed}
    rows = work.store.billing_addresses.where(organisation=groups[0].organisation)
    return {row.group: row.address for row in rows if row.address is not None and row.group in there}


# Seller and prices


def set_seller(work: Work, command: SetSeller) -> Seller:
    """The one that there is."""
    work.operator()
    check_countries((command.seller.country,))
    work.store.statements.hold_books()
    row = CurrentSeller(command.seller)
    (work.store.sellers.add if work.store.sellers.find(row.id) is None else work.store.sellers.save)(row)
    return command.seller


def set_prices(work: Work, command: SetPrices) -> Prices:
    """From a day on that is after every closed month."""
    work.operator()
    work.store.statements.hold_books()
    prices = Prices(
        organisation=_root(work, command.organisation).id if command.organisation else "",
        since=command.since,
        segment=command.segment,
        receiver=command.receiver,
        currency=command.currency,
        vat=command.vat,
    )
    last = max(work.store.statements.closed(command.organisation), default="")
    if month_of(prices.since) <= last:
        raise Conflict(
            f"{last} is closed, and what it cost does not change: set prices from {first_day(following(last))} on.",
            code="month_closed",
            month=last,
        )
    there = work.store.prices.where(organisation=prices.organisation, since=prices.since)
    (work.store.prices.save if there else work.store.prices.add)(prices)
    return prices


def list_prices(work: Work, query: ListPrices) -> tuple[Prices, ...]:
    """By day."""
    work.operator()
    return work.store.prices.where(organisation=query.organisation or "")


# Months


def close_month(work: Work, command: CloseMonth) -> tuple[Statement, ...]:
    """Number the drafts; the statements that there are, where the month is closed already."""
    work.operator()
    month = check_month(command.month)
    work.store.statements.hold_books()
    root = _root(work, command.organisation)
    if _is_closed(work, root, month):
        return _of_month(work, root, month)
    ends = start_of(first_day(following(month)), root.zone)
    if work.at < ends:
        raise Conflict(
            f"{month} is not over in {root.zone}: close it from {ends} on.",
            code="month_not_over",
            month=month,
            ends=str(ends),
        )
    drafts = _drafts(work, root, month)
    work.store.closings.add(Closing(organisation=root.id, month=month, closed_at=work.at))
    if not drafts:
        return ()
    next_number = max(work.store.statements.last_number() + 1, drafts[0].seller.first_number)
    made = tuple(
        numbered(draft, work.new(StatementId), number) for number, draft in enumerate(drafts, start=next_number)
    )
    for statement in made:
        work.store.statements.add(statement)
    return made


def draft_statements(work: Work, query: DraftStatements) -> tuple[Draft, ...]:
    """As they would be."""
    work.operator()
    month = check_month(query.month)
    root = _root(work, query.organisation)
    return _of_month(work, root, month) if _is_closed(work, root, month) else _drafts(work, root, month)


def list_invoiced(work: Work, _: ListInvoiced) -> tuple[Invoiced, ...]:
    """The roots but that of the free accounts."""
    work.operator()
    roots = (group for group in work.store.groups.where(parent=None) if not group.free)
    return tuple(
        Invoiced(
            organisation=root.id,
            name=root.name,
            zone=root.zone,
            closed=max(work.store.statements.closed(root.id), default=""),
        )
        for root in sorted(roots, key=lambda root: (root.name, root.id))
    )


def _root(work: Work, organisation: GroupId) -> Group:
    """The organisation; its tree stays as it is until the transaction ends, if it writes."""
    path = work.store.path(organisation)
    if path[1:]:
        raise unseen(path[0])  # a group below a root is no organisation
    return path[0]


def _is_closed(work: Work, root: Group, month: Month) -> bool:
    """Whether it is; where it is not, it must be the next one.

    Raises:
        Conflict: ``earlier_month_open``, ``month_before_first``.
    """
    closed = work.store.statements.closed(root.id)
    if not closed or month in closed or month == following(closed[-1]):
        return month in closed
    if month < closed[0]:
        raise Conflict(
            f"The first month of {root.name} that was closed is {closed[0]}: nothing before it is invoiced.",
            code="month_before_first",
            month=month,
            first=closed[0],
        )
    raise Conflict(
        f"{following(closed[-1])} of {root.name} is not closed: close it first.",
        code="earlier_month_open",
        month=month,
        open=following(closed[-1]),
    )


def _of_month(work: Work, root: Group, month: Month) -> tuple[Statement, ...]:
    return tuple(one for one in work.store.statements.from_month(root.id, month) if one.month == month)


def _drafts(work: Work, root: Group, month: Month) -> tuple[Draft, ...]:
    """The month's, with what has changed since in those that are closed."""
    if root.free:
        return ()
    seller = work.store.sellers.find("seller")
    if seller is None:
        raise Conflict("Nobody is said to invoice: name the seller first (SetSeller).", code="no_seller")
    known = [one for whose in ("", root.id) for one in work.store.prices.where(organisation=whose)]
    looked_at = [*work.store.statements.closed(root.id), month][-_LOOKED_BACK - 1 :]
    spans = [period for one in looked_at for period in periods(one, known)]
    tree = Tree.of(work.store.groups.where(organisation=root.id))
    books = Books(
        organisation=root.id,
        zone=root.zone,
        month=month,
        at=work.at,
        sent=[(one, work.store.statements.sent(root.id, window_of(one.since, one.until, root.zone))) for one in spans],
        receivers=_receivers(work, tree, root),
        prices=spans[-1].prices,
        billed=work.store.statements.from_month(root.id, looked_at[0]),
        names={key: group.name for key, group in tree.groups.items()},
        paths={key: [group.id for group in tree.path(key)] for key in tree.groups},
        addresses=_addresses(work, tuple(tree.groups.values())),
        seller=seller.seller,
    )
    return drafted(books)


def _receivers(work: Work, tree: Tree, root: Group) -> dict[GroupId, int]:
    """How many addresses of each group may receive."""
    members = work.store.statements.members(root.id)
    return {group: count for group, count in members.items() if effective(tree.path(group), "may_receive").value}


# Reading


def list_statements(work: Work, query: ListStatements) -> tuple[Statement, ...]:
    """A page of what a group was invoiced; also of one that has been removed."""
    work.allow("billing:read", query.group, removed=True)
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    return work.store.statements.of_payer(query.group, query.before, query.most)


def get_statement(work: Work, query: GetStatement) -> Statement:
    """As it was made."""
    statement = work.store.statements.get(query.statement)
    return work.owned("billing:read", statement, statement.payer)
