"""The words and the numbers of an invoice's page, in Swedish and in English.

Rules kept here: an amount is shown as exactly as it is, with no fewer decimals than its currency has; dates are written as in
ISO 8601, which both languages read.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from attrs import frozen

from servicekit.billing import Line, LineKind, Money, minor_units
from servicekit.errors import Invalid

__all__ = ["WORDS", "Words", "words_of"]

_NO_BREAK = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"


@frozen(kw_only=True)
class Words:
    """What stands on the page. ``{group}``, ``{month}``, ``{rate}`` and ``{number}`` are put in.

    Attributes:
        point: before the decimals.
        thousands: between groups of three digits.
    """

    invoice: str
    credit: str
    draft: str
    number: str
    made: str
    due: str
    month: str
    reference: str
    payers_number: str
    line: str
    period: str
    quantity: str
    price: str
    vat: str
    amount: str
    segments: str
    receivers: str
    correction: str
    net: str
    vat_sum: str
    to_pay: str
    credited: str
    page: str
    organisation: str
    vat_number: str
    point: str
    thousands: str

    def described(self, line: Line) -> str:
        """What a line is for."""
        form = {
            LineKind.SEGMENTS: self.segments,
            LineKind.RECEIVERS: self.receivers,
            LineKind.CORRECTION: self.correction,
        }[line.kind]
        return form.format(group=line.group_name, month=f"{line.since:%Y-%m}")

    def shown(self, value: Decimal | int, least: int = 0) -> str:
        """A number with all its decimals, and no fewer than ``least``.

        >>> words_of("en").shown(Decimal("1234.50000"), 2), words_of("en").shown(Decimal("0.485"), 2)
        ('1,234.50', '0.485')
        """
        exact = Decimal(value)
        exponent = exact.normalize().as_tuple().exponent
        places = max(least, -exponent if isinstance(exponent, int) else 0)
        whole, _, decimals = f"{abs(exact):,.{places}f}".partition(".")
        sign = _MINUS if exact < 0 else ""
        return sign + whole.replace(",", self.thousands) + (self.point + decimals if decimals else "")

    def money(self, value: Money) -> str:
        """An amount without its currency."""
        return self.shown(value.amount, minor_units(value.currency))

    def percent(self, rate: Decimal) -> str:
        """A rate."""
        return f"{self.shown(rate)}{_NO_BREAK}%"


WORDS: Final[Mapping[str, Words]] = {
    "sv": Words(
        invoice="Faktura",
        credit="Kreditfaktura",
        draft="Fakturautkast",
        number="Fakturanummer",
        made="Fakturadatum",
        due="Förfallodatum",
        month="Avser",
        reference="Er referens",
        payers_number="Ert org.nr",
        line="Benämning",
        period="Period",
        quantity="Antal",
        price="À-pris",
        vat="Moms",
        amount="Belopp",
        segments="Sms-segment, {group}",
        receivers="Adresser som kan ta emot sms, {group}",
        correction="Rättelse av {month}: sms-segment, {group}",
        net="Netto, moms {rate}",
        vat_sum="Moms {rate}",
        to_pay="Att betala",
        credited="Er tillgodo",
        page="Sida {number}",
        organisation="Org.nr",
        vat_number="Momsreg.nr",
        point=",",
        thousands=_NO_BREAK,
    ),
    "en": Words(
        invoice="Invoice",
        credit="Credit note",
        draft="Draft invoice",
        number="Invoice number",
        made="Invoice date",
        due="Due date",
        month="Concerns",
        reference="Your reference",
        payers_number="Your number",
        line="Description",
        period="Period",
        quantity="Quantity",
        price="Unit price",
        vat="VAT",
        amount="Amount",
        segments="SMS segments, {group}",
        receivers="Addresses that may receive SMS, {group}",
        correction="Correction of {month}: SMS segments, {group}",
        net="Net, VAT {rate}",
        vat_sum="VAT {rate}",
        to_pay="To pay",
        credited="In your favour",
        page="Page {number}",
        organisation="Organisation number",
        vat_number="VAT number",
        point=".",
        thousands=",",
    ),
}


def words_of(language: str) -> Words:
    """The words of a language.

    Raises:
        Invalid: ``unknown_language``.
    """
    if language not in WORDS:
        raise Invalid(
            f"Invoices are written in {', '.join(WORDS)}, not in {language!r}: pass Words of your own.",
            code="unknown_language",
            language=language,
        )
    return WORDS[language]
