"""Billing: who pays for which group, what a month costs, and statements that never change.

The rules of this room:

* A billing address inherits from above. A group with its own is invoiced by itself: for itself and for all below it that have
  none. The tree as it is when a month is closed decides.
* What is paid for: the segments that went out, by group, and each address that may receive, a month; as many as there are when
  the month is closed. Texts that come in are free.
* A month is a calendar month on the wall of the organisation's zone, to the microsecond, also where clocks change.
* Statements equal the log. A month that is closed stays as it is: what changes afterwards is a correction in the next month.
* Statements are numbered one after the other, without gaps, whoever closes at the same time.
* Prices hold from a day on; money is decimal, with its currency; VAT is rounded half up, on the sum of each rate.

Refused: closing a month that is not over, or before an earlier one; costs that nobody pays for; prices that would change a month
that is closed; floats; currencies and addresses that are none.
"""

from servicekit.billing.addresses import BillingAddress, GroupAddress, nearest_payer
from servicekit.billing.commands import (
    BilledTo,
    CloseMonth,
    DraftStatements,
    GetBillingAddress,
    GetStatement,
    Invoiced,
    ListInvoiced,
    ListPrices,
    ListStatements,
    SetBillingAddress,
    SetPrices,
    SetSeller,
)
from servicekit.billing.money import CURRENCIES, Money, check_amount, check_currency, minor_units
from servicekit.billing.months import Month, check_month, day_of, first_day, following, month_of, start_of, window_of
from servicekit.billing.prices import Period, Prices, periods
from servicekit.billing.statements import (
    Books,
    Closing,
    CurrentSeller,
    Draft,
    Line,
    LineKind,
    Seller,
    Statement,
    VatSum,
    drafted,
    numbered,
)

__all__ = [
    "CURRENCIES",
    "BilledTo",
    "BillingAddress",
    "Books",
    "CloseMonth",
    "Closing",
    "CurrentSeller",
    "Draft",
    "DraftStatements",
    "GetBillingAddress",
    "GetStatement",
    "GroupAddress",
    "Invoiced",
    "Line",
    "LineKind",
    "ListInvoiced",
    "ListPrices",
    "ListStatements",
    "Money",
    "Month",
    "Period",
    "Prices",
    "Seller",
    "SetBillingAddress",
    "SetPrices",
    "SetSeller",
    "Statement",
    "VatSum",
    "check_amount",
    "check_currency",
    "check_month",
    "day_of",
    "drafted",
    "first_day",
    "following",
    "minor_units",
    "month_of",
    "nearest_payer",
    "numbered",
    "periods",
    "start_of",
    "window_of",
]
