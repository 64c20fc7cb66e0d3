"""The PDF of a statement: what its page says, read back from its bytes."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import fontpkg  # type: ignore[import-untyped]
import pytest
from attrs import evolve, fields
from pypdf import PdfReader

from servicekit.adapters.billing import Fonts, statement_pdf
from servicekit.adapters.billing.words import WORDS
from servicekit.billing import BillingAddress, Draft, Line, LineKind, Money, Seller, Statement, VatSum
from servicekit.errors import Invalid, MissingExtra
from servicekit.testing.conformance.things import statement

ADDRESS = BillingAddress(
    name="Åmåls kommun",
    street="Rådhustorget 1",
    postal_code="662 31",
    city="Åmål",
    country="SE",
    attention="Ekonomi & inköp €",
    reference="Kst 4711 Örjan",
    number="212000-1587",
)
SELLER = Seller(
    name="Sms-operatören AB",
    street="Storgatan 5",
    postal_code="903 26",
    city="Umeå",
    country="SE",
    number="556677-8899",
    vat_number="SE556677889901",
    payment="Bankgiro 123-4567",
    email="faktura@operator.example",
    note="Godkänd för F-skatt",
)


def kronor(amount: str) -> Money:
    """So many."""
    return Money(Decimal(amount), "SEK")


def invoice(*lines: Line, total: str = "1543.75", **changed: Any) -> Statement:
    """Number 10427, of lines."""
    sums = (VatSum(Decimal(25), kronor("1235.00"), kronor("308.75")),)
    made = statement(address=ADDRESS, seller=SELLER, number=10427, sums=sums, total=kronor(total), lines=lines)
    return evolve(made, **changed)


def line(name: str, quantity: int = 2546, kind: LineKind = LineKind.SEGMENTS) -> Line:
    """Segments of a group, at 0.485."""
    price = kronor("0.485")
    return evolve(
        statement().lines[0], group_name=name, quantity=quantity, kind=kind, price=price, amount=price * quantity
    )


def pages(content: bytes) -> list[str]:
    """The text of each page, its spaces, dashes and minus signs made plain."""
    plain = str.maketrans({"\N{EN DASH}": "-", "\N{MINUS SIGN}": "-"})
    return [" ".join(page.extract_text().split()).translate(plain) for page in PdfReader(BytesIO(content)).pages]


@pytest.mark.spec("M-35")
def test_the_page_says_what_an_invoice_has_to() -> None:
    """Both parties with their numbers, dates, the consecutive number, lines, VAT by rate, the total and its currency; åäö€."""
    (page,) = pages(statement_pdf(invoice(line("Räddningstjänsten"), line("IT", 9, LineKind.RECEIVERS))))

    for said in (
        "Faktura",
        "Fakturanummer 10427",
        "Fakturadatum 2026-11-25",
        "Förfallodatum 2026-12-25",
        "Avser 2026-10",
        "Er referens Kst 4711 Örjan",
        "Ert org.nr 212000-1587",
        "Åmåls kommun Ekonomi & inköp € Rådhustorget 1 662 31 Åmål",
        "Sms-segment, Räddningstjänsten 2026-10-01-10-31 2 546 0,485 25 % 1 234,81",
        "Adresser som kan ta emot sms, IT 2026-10-01-10-31 9",
        "Netto, moms 25 % 1 235,00",
        "Moms 25 % 308,75",
        "Att betala, SEK 1 543,75",
        "Sms-operatören AB Storgatan 5 903 26 Umeå SE",
        "Org.nr 556677-8899 Momsreg.nr SE556677889901 Godkänd för F-skatt",
        "Bankgiro 123-4567 faktura@operator.example Sida 1 (1)",
    ):
        assert said in page, (said, page)


def test_in_english_and_to_another_country() -> None:
    """The words and the numbers; a country is named where it is another one."""
    made = invoice(line("Desk"), address=evolve(ADDRESS, country="NO", attention="", reference="", number=""))
    (page,) = pages(statement_pdf(made, language="en"))

    assert "662 31 Åmål NO" in page
    assert "SMS segments, Desk 2026-10-01-10-31 2,546 0.485 25 % 1,234.81" in page
    assert "To pay, SEK 1,543.75" in page
    assert "Your reference" not in page


def test_a_credit_is_called_one() -> None:
    """And a correction says which month it is of."""
    made = invoice(line("Desk", -10, LineKind.CORRECTION), total="-6.06", month="2026-11")
    (page,) = pages(statement_pdf(made))

    assert "Kreditfaktura" in page
    assert "Rättelse av 2026-10: sms-segment, Desk 2026-10-01-10-31 -10 0,485 25 % -4,85" in page
    assert "Er tillgodo, SEK -6,06" in page


def test_a_draft_is_called_one_and_has_no_number() -> None:
    """So nobody pays it."""
    made = invoice(line("Desk"))
    (page,) = pages(statement_pdf(Draft(**{item.name: getattr(made, item.name) for item in fields(Draft)})))

    assert "Fakturautkast" in page
    assert "Fakturanummer" not in page
    assert "10427" not in page


def test_many_lines_go_over_pages_and_the_sums_stand_after_the_last() -> None:
    """Each page has the table's head and says which it is; no line is lost, and the sums are on one page."""
    found = pages(statement_pdf(invoice(*(line(f"Grupp {number:03}") for number in range(100)))))

    assert len(found) > 2
    for number, page in enumerate(found, 1):
        assert f"Sida {number} ({len(found)})" in page
        assert "Benämning Period Antal À-pris Moms Belopp" in page or number == len(found)
        assert ("Sms-operatören AB · Faktura 10427 " in page) == (number > 1)
        assert ("Att betala" in page) == ("Netto" in page) == (number == len(found))
    assert found[0].count("Sms-segment, Grupp") > 10
    text = " ".join(found)
    assert all(f"Grupp {number:03} " in text for number in range(100))


@pytest.mark.parametrize("count", [20, 21, 25, 26])
def test_sums_are_never_torn_apart(count: int) -> None:
    """Where they just fit below the table, where the table alone does, and where its last line does not."""
    found = pages(statement_pdf(invoice(*(line(f"G{number}") for number in range(count)))))

    assert "Netto" in found[-1]
    assert "Att betala" in found[-1]


def test_long_names_wrap() -> None:
    """With spaces and without; all of it is there."""
    wide = "Barn- och utbildningsförvaltningens resursenhet för skolskjutsar och kompensatoriska åtgärder"
    endless = "X" * 90
    (page,) = pages(statement_pdf(invoice(line(wide), line(endless), address=evolve(ADDRESS, name=wide))))

    assert page.count(wide) == 2
    assert endless in page.replace(" ", "")


def test_the_same_statement_gives_the_same_bytes() -> None:
    """Nothing of the clock or of chance is in it."""
    made = invoice(line("Desk"))

    assert statement_pdf(made) == statement_pdf(made)
    info = PdfReader(BytesIO(statement_pdf(made))).metadata
    assert info is not None
    assert (info.title, info.author) == ("Faktura 10427", "Sms-operatören AB")


def test_other_words_and_another_font() -> None:
    """For another language, and for letters that Lato does not have."""
    words = evolve(WORDS["sv"], invoice="Lasku", to_pay="Maksettava")
    fonts = Fonts(Path(fontpkg.path("Lato", style="italic")), Path(fontpkg.path("Lato", weight=900)))
    content = statement_pdf(invoice(line("Desk")), language=words, fonts=fonts)
    (page,) = pages(content)

    assert "Lasku" in page
    assert "Maksettava, SEK" in page
    resources: Any = PdfReader(BytesIO(content)).pages[0]["/Resources"]
    names = {str(font.get_object()["/BaseFont"]) for font in resources["/Font"].values()}
    assert any("Italic" in name for name in names), names


def test_a_language_without_words_is_refused() -> None:
    """Named, with those that there are."""
    with pytest.raises(Invalid, match="sv, en") as caught:
        statement_pdf(invoice(line("Desk")), language="fi")
    assert caught.value.code == "unknown_language"


@pytest.mark.parametrize("absent", ["fpdf", "fontpkg"])
def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    """With its pip line, whichever part of it is not there."""
    monkeypatch.setitem(sys.modules, absent, None)
    monkeypatch.delitem(sys.modules, "servicekit.adapters.billing.sheet", raising=False)
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[pdf\]") as caught:
        statement_pdf(statement())
    assert caught.value.extra == "pdf"


def test_due_dates_are_the_statements() -> None:
    """As they were when it was made."""
    (page,) = pages(statement_pdf(invoice(line("Desk"), due_on=date(2027, 1, 15))))
    assert "Förfallodatum 2027-01-15" in page
