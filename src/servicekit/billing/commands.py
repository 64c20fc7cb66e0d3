"""What can be asked about billing. Months, numbers, prices and the seller are the operator's; addresses a group's own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from attrs import frozen

from servicekit.billing.addresses import BillingAddress
from servicekit.billing.months import Month
from servicekit.billing.prices import Prices
from servicekit.billing.statements import Draft, Seller, Statement
from servicekit.commands import Command, Query
from servicekit.ids import GroupId, StatementId
from servicekit.moments import Zone

__all__ = [
    "BilledTo",
    "CloseMonth",
    "DraftStatements",
    "GetBillingAddress",
    "GetStatement",
    "Invoiced",
    "ListInvoiced",
    "ListPrices",
    "ListStatements",
    "SetBillingAddress",
    "SetPrices",
    "SetSeller",
]


@frozen(kw_only=True)
class BilledTo:
    """Who pays for a group.

    Attributes:
        address: where invoices go; None: nobody has set one.
        source: the group that set it; None where nobody did, or the asker may not see who.
        source_name: that group's name; empty where there is no source.
        inherited: a group above set it.
    """

    address: BillingAddress | None
    source: GroupId | None
    source_name: str
    inherited: bool


@frozen(kw_only=True)
class SetBillingAddress(Command[BilledTo]):
    """Give a group a billing address of its own, or none. Needs ``billing:write`` there.

    From the next closing on, a group with an address pays for itself and for all below it that have none. Without one, the
    group above pays: so taking one away needs ``billing:write`` there as well.

    Args:
        address: None: the group has none of its own any more.

    Raises:
        Invalid: ``unknown_country``, ``not_an_address``.
    """

    group: GroupId
    address: BillingAddress | None


@frozen
class GetBillingAddress(Query[BilledTo]):
    """Who pays for a group as the tree is now. Needs ``billing:read`` there."""

    group: GroupId


@frozen(kw_only=True)
class SetSeller(Command[Seller]):
    """Say who invoices. For operators. Statements that are made already keep what they say.

    Raises:
        Invalid: ``unknown_country``.
    """

    seller: Seller


@frozen(kw_only=True)
class SetPrices(Command[Prices]):
    """Set prices that hold from a day on, or replace those set for that very day. For operators.

    Args:
        since: the first day, in each organisation's own zone.
        segment: for each segment sent, without VAT.
        receiver: a month, for each address that may receive.
        currency: ISO 4217.
        vat: the rate in percent.
        organisation: for this one alone; None: for all that have none of their own.

    Raises:
        Invalid: what :class:`~servicekit.billing.Prices` refuses.
        Conflict: ``month_closed`` if a month from that day on is closed already, of any organisation that they are for.
        NotFound: no such organisation.
    """

    since: date
    segment: Decimal
    receiver: Decimal
    currency: str
    vat: Decimal
    organisation: GroupId | None = None


@frozen
class ListPrices(Query[tuple[Prices, ...]]):
    """All prices of an organisation, or those for everybody; by day. For operators."""

    organisation: GroupId | None = None


@frozen(kw_only=True)
class CloseMonth(Command[tuple[Statement, ...]]):
    """Close a month of an organisation, and number its statements. For operators.

    Months are closed one after the other, beginning with any. Closing one again changes nothing and returns its statements: so
    it can be repeated by whoever does not know whether it was done. Free accounts are never invoiced.

    One closing runs at a time, whatever the organisation. It sums the log of the month and of the twelve before it: one
    range of an index for each group and period, about a microsecond of processor time a text. On SQLite nobody else
    writes meanwhile.

    Raises:
        Invalid: ``not_a_month``.
        Conflict: ``month_not_over``, ``earlier_month_open``, ``month_before_first``, ``no_prices``, ``no_seller``,
            ``no_billing_address``.
        NotFound: no such organisation.
    """

    organisation: GroupId
    month: Month


@frozen(kw_only=True)
class DraftStatements(Query[tuple[Draft, ...]]):
    """What :class:`CloseMonth` would make now: a dry run, which cannot write. For operators.

    Also of a month that is not over. Of a closed month, its statements.

    Raises:
        Invalid: ``not_a_month``.
        Conflict: as for :class:`CloseMonth`, but for ``month_not_over``.
        NotFound: no such organisation.
    """

    organisation: GroupId
    month: Month


@frozen(kw_only=True)
class Invoiced:
    """An organisation that is invoiced; ``closed`` is the last month of it that is closed, or empty."""

    organisation: GroupId
    name: str
    zone: Zone
    closed: Month | str


@frozen
class ListInvoiced(Query[tuple[Invoiced, ...]]):
    """All organisations that are invoiced, by name. For operators."""


@frozen(kw_only=True)
class ListStatements(Query[tuple[Statement, ...]]):
    """The newest statements of a group that pays for itself, or did; newest first. Needs ``billing:read`` there.

    Args:
        group: the payer.
        most: rows, 1 to 1000.
        before: only those with a smaller number, to page on.

    Raises:
        Invalid: ``page_size``.
    """

    group: GroupId
    most: int = 100
    before: int | None = None


@frozen
class GetStatement(Query[Statement]):
    """One statement. Needs ``billing:read`` in the group that pays it."""

    statement: StatementId
