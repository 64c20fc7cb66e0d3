"""Statements: what a month costs whom, and what is made good of months that are closed. Pure.

Rules kept here:

* A line is of one group: its segments within one period, its addresses that may receive, or a correction.
* Statements equal the log: for each group and period, the quantities of all statements together are what the log says when the
  last of them is made. What a report, a refund or a late commit has changed since in a month that is closed is the difference,
  and becomes a correction in the next statement, at the price and the VAT rate of its own period. A statement never changes.
* Who pays for a group is the nearest address on its way up in the tree as it is at closing (:mod:`servicekit.billing.addresses`).
  A correction goes to whoever was invoiced for what it corrects; where that group pays for nobody any more, to whoever pays
  for it now.
* Each payer has one statement a month, and one more for each further currency. Without lines there is none.
* A line's amount is exact. For each VAT rate, the sum of the amounts is rounded half up to the minor unit; VAT is that sum
  times the rate, rounded half up; the total is the sum of both over all rates.

Refused: costs that nobody pays for (``no_billing_address``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from attrs import fields, frozen

from servicekit.billing.addresses import BillingAddress, check_line, nearest_payer
from servicekit.billing.money import Money
from servicekit.billing.months import Month, day_of, first_day, following
from servicekit.billing.prices import Period, Prices
from servicekit.errors import Conflict, Invalid
from servicekit.ids import GroupId, StatementId
from servicekit.moments import Instant, Zone

__all__ = [
    "Books",
    "Closing",
    "CurrentSeller",
    "Draft",
    "Line",
    "LineKind",
    "Seller",
    "Statement",
    "VatSum",
    "drafted",
    "numbered",
]

_PERCENT = Decimal("0.01")
_LONGEST_TERMS = 365


class LineKind(StrEnum):
    """What a line is for."""

    SEGMENTS = "segments"
    """Segments that the group sent."""
    RECEIVERS = "receivers"
    """Addresses of the group that may receive, for one month."""
    CORRECTION = "correction"
    """Segments of a month that is closed: what was invoiced too much is below zero."""


@frozen(kw_only=True)
class Line:
    """One line.

    Attributes:
        group, group_name: who sent, or who may receive; under the name that it had when the month was closed.
        since, until: the period, in days of the billing zone; ``until`` is no longer inside.
        quantity: segments or addresses; of a correction perhaps below zero.
        price: for one, without VAT.
        vat: the rate in percent.
        amount: quantity times price, exact.
    """

    kind: LineKind
    group: GroupId
    group_name: str
    since: date
    until: date
    quantity: int
    price: Money
    vat: Decimal
    amount: Money


@frozen
class VatSum:
    """What all lines of one VAT rate come to, and the VAT on it; both rounded."""

    rate: Decimal
    net: Money
    vat: Money


@frozen(kw_only=True)
class Seller:
    """Who invoices: the platform's operator.

    Attributes:
        name, street, postal_code, city, country: as on :class:`~servicekit.billing.BillingAddress`.
        number: the organisation number.
        vat_number: the number for VAT, such as ``SE556677889901``.
        payment: where to pay, such as ``Bankgiro 123-4567``.
        email: for questions.
        note: what else the law or the operator wants on an invoice, such as ``Godkänd för F-skatt``.
        terms: days until a statement is to be paid.
        first_number: of the very first statement; the others follow without gaps.

    Raises:
        Invalid: ``incomplete_address``, ``bad_terms``, ``bad_first_number``.
    """

    name: str
    street: str
    postal_code: str = ""
    city: str
    country: str
    number: str = ""
    vat_number: str = ""
    payment: str = ""
    email: str = ""
    note: str = ""
    terms: int = 30
    first_number: int = 1

    def __attrs_post_init__(self) -> None:
        for item in fields(type(self)):
            value = getattr(self, item.name)
            if isinstance(value, str):
                check_line(value, item.name, needed=item.name in {"name", "street", "city", "country"})
        if not 0 <= self.terms <= _LONGEST_TERMS:
            raise Invalid(f"Payment is asked for within 0 to {_LONGEST_TERMS} days.", code="bad_terms", days=self.terms)
        if self.first_number < 1:
            raise Invalid("Statements are numbered from 1 or more.", code="bad_first_number", number=self.first_number)


@frozen
class CurrentSeller:
    """Who invoices now: the one row of its table."""

    seller: Seller
    id: str = "seller"


@frozen(kw_only=True)
class Closing:
    """A month of an organisation that is closed."""

    organisation: GroupId
    month: Month
    closed_at: Instant


@frozen(kw_only=True)
class Draft:
    """What a statement will say, as long as nothing changes.

    Attributes:
        organisation, payer, payer_name: who is invoiced: a group, under the name that it had then.
        address: where that group's invoices went then.
        month: what it is about.
        zone: whose days it counts in: the organisation's.
        made_at: when it was made.
        due_on: the day by which it is to be paid.
        seller: who invoices, as of then.
        currency: of all its amounts, ISO 4217.
        lines: in the order in which people read them.
        sums: one for each VAT rate.
        total: to be paid; below zero it is a credit.
    """

    organisation: GroupId
    payer: GroupId
    payer_name: str
    address: BillingAddress
    month: Month
    zone: Zone
    made_at: Instant
    due_on: date
    seller: Seller
    currency: str
    lines: tuple[Line, ...]
    sums: tuple[VatSum, ...]
    total: Money


@frozen(kw_only=True)
class Statement(Draft):
    """A statement of a closed month. It never changes.

    Attributes:
        number: its own among all of the seller's; consecutive, without gaps.
    """

    id: StatementId
    number: int


@frozen(kw_only=True)
class Books:
    """All that the statements of one organisation's month are made from.

    Attributes:
        organisation, zone, month, at: whose, where, which, and now.
        sent: the log: for each period of this month and of the closed months that are looked at again, the segments of each
            group.
        receivers: how many addresses of each group may receive.
        prices: those at the month's end, for receivers.
        billed: the statements of the months that ``sent`` tells of, and their corrections.
        names: of all groups.
        paths: of all groups, from each to the root.
        addresses: of the groups that have one of their own.
        seller: who invoices.
    """

    organisation: GroupId
    zone: Zone
    month: Month
    at: Instant
    sent: Sequence[tuple[Period, Mapping[GroupId, int]]]
    receivers: Mapping[GroupId, int]
    prices: Prices
    billed: Iterable[Statement]
    names: Mapping[GroupId, str]
    paths: Mapping[GroupId, Sequence[GroupId]]
    addresses: Mapping[GroupId, BillingAddress]
    seller: Seller

    def payer_of(self, group: GroupId) -> GroupId:
        """Who pays for a group.

        Raises:
            Conflict: ``no_billing_address``.
        """
        payer = nearest_payer(self.paths[group], self.addresses)
        if payer is None:
            raise Conflict(
                f"Nobody pays for the group {self.names[group]}: set a billing address there or further up.",
                code="no_billing_address",
                group=group,
                organisation=self.organisation,
            )
        return payer


def drafted(books: Books) -> tuple[Draft, ...]:
    """The statements of a month, by the payers' names; without numbers.

    Costs a step for each line, new or invoiced before.

    Raises:
        Conflict: ``no_billing_address``.
    """
    piles = defaultdict[tuple[GroupId, str], list[Line]](list)
    for payer, line in (*_segments(books), *_receivers(books)):
        piles[payer, line.price.currency].append(line)
    ordered = sorted(piles, key=lambda pile: (books.names[pile[0]], pile))
    return tuple(_draft(books, payer, currency, piles[payer, currency]) for payer, currency in ordered)


def numbered(draft: Draft, key: StatementId, number: int) -> Statement:
    """The statement that a draft becomes."""
    said = {item.name: getattr(draft, item.name) for item in fields(Draft)}
    return Statement(id=key, number=number, **said)


def _segments(books: Books) -> Iterator[tuple[GroupId, Line]]:
    """What the log says of each group and period, less what was invoiced of it; and who pays."""
    billed = defaultdict[tuple[GroupId, date], int](int)
    payers: dict[tuple[GroupId, date], GroupId] = {}
    for statement in sorted(books.billed, key=lambda one: one.number):
        for line in statement.lines:
            if line.kind is not LineKind.RECEIVERS:
                billed[line.group, line.since] += line.quantity
                payers[line.group, line.since] = statement.payer
    for period, sent in books.sent:
        kind = LineKind.SEGMENTS if period.month == books.month else LineKind.CORRECTION
        for group in sent.keys() | {group for group, since in billed if since == period.since}:
            quantity = sent.get(group, 0) - billed[group, period.since]
            if quantity:
                payer = books.payer_of(payers.get((group, period.since), group))
                yield payer, _line(books, kind, group, period, quantity)


def _receivers(books: Books) -> Iterator[tuple[GroupId, Line]]:
    month = Period(books.month, first_day(books.month), first_day(following(books.month)), books.prices)
    for group, count in books.receivers.items():
        if count:
            yield books.payer_of(group), _line(books, LineKind.RECEIVERS, group, month, count)


def _line(books: Books, kind: LineKind, group: GroupId, period: Period, quantity: int) -> Line:
    prices = period.prices
    price = Money(prices.receiver if kind is LineKind.RECEIVERS else prices.segment, prices.currency)
    return Line(
        kind=kind,
        group=group,
        group_name=books.names[group],
        since=period.since,
        until=period.until,
        quantity=quantity,
        price=price,
        vat=prices.vat,
        amount=price * quantity,
    )


def _draft(books: Books, payer: GroupId, currency: str, lines: list[Line]) -> Draft:
    kinds = list(LineKind)
    lines.sort(key=lambda one: (kinds.index(one.kind), one.since, one.group_name, one.group))
    sums = tuple(_sum(rate, currency, lines) for rate in sorted({line.vat for line in lines}))
    total = sum((one.net + one.vat for one in sums), Money(Decimal(0), currency))
    return Draft(
        organisation=books.organisation,
        payer=payer,
        payer_name=books.names[payer],
        address=books.addresses[payer],
        month=books.month,
        zone=books.zone,
        made_at=books.at,
        due_on=day_of(books.at, books.zone) + timedelta(days=books.seller.terms),
        seller=books.seller,
        currency=currency,
        lines=tuple(lines),
        sums=sums,
        total=total.rounded(),
    )


def _sum(rate: Decimal, currency: str, lines: Iterable[Line]) -> VatSum:
    exact = sum((line.amount for line in lines if line.vat == rate), Money(Decimal(0), currency))
    net = exact.rounded()
    return VatSum(rate, net, (net * (rate * _PERCENT)).rounded())
