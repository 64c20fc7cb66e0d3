"""The page of an invoice, drawn with fpdf2. Lengths are millimetres."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, VAlign, XPos, YPos
from fpdf.fonts import FontFace

from servicekit.adapters.billing.words import Words
from servicekit.billing import Draft, Line, Statement, day_of

if TYPE_CHECKING:
    from servicekit.adapters.billing.pdf import Fonts

__all__ = ["drawn"]

_MARGIN, _RIGHT = 20, 190
_COLUMN = 110
"""Where the payer's address begins: behind the window of a C5 envelope."""
_WIDTHS = (66, 30, 17, 20, 15, 22)
_GREY: Final = 110
_FOOT = 34
_DAY = timedelta(days=1)


class _Sheet(FPDF):
    """Pages with the seller below, and the number above from the second on."""

    def __init__(self, statement: Draft, words: Words, fonts: Fonts) -> None:
        super().__init__(format="A4")
        self.statement = statement
        self.words = words
        self.set_margins(_MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_FOOT + 4)
        self.add_font("body", "", fonts.regular)
        self.add_font("body", "B", fonts.bold)
        self.set_creation_date(statement.made_at.utc)
        self.set_title(f"{_title(statement, words)} {_number(statement)}".strip())
        self.set_author(statement.seller.name)
        self.add_page()

    def write_line(self, text: str, *, size: float = 9.5, bold: bool = False, width: float = 80, grey: int = 0) -> None:
        """A text, wrapped, at the cursor's left; the cursor goes below it."""
        self.set_font("body", "B" if bold else "", size)
        self.set_text_color(grey)
        left = self.x
        self.multi_cell(width, size * 0.47, text, align=Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_x(left)
        self.set_text_color(0)

    def header(self) -> None:
        """What this is a page of."""
        if self.page_no() == 1:
            return
        said = f"{_title(self.statement, self.words)} {_number(self.statement)}".strip()
        self.set_xy(_MARGIN, 12)
        self.write_line(f"{self.statement.seller.name}  ·  {said}", size=8, width=_RIGHT - _MARGIN, grey=_GREY)
        self.set_y(_MARGIN + 2)

    def footer(self) -> None:
        """Who invoices, how to pay, and which page this is."""
        seller, words = self.statement.seller, self.words
        numbers = (
            f"{words.organisation} {seller.number}" if seller.number else "",
            f"{words.vat_number} {seller.vat_number}" if seller.vat_number else "",
            seller.note,
        )
        top = self.h - _FOOT
        self.set_draw_color(_GREY)
        self.line(_MARGIN, top, _RIGHT, top)
        place = f"{seller.postal_code} {seller.city}".strip()
        page = words.page.format(number=f"{self.page_no()} ({{nb}})")
        columns = (
            (_MARGIN, (seller.name, seller.street, place, seller.country)),
            (_MARGIN + 60, numbers),
            (_MARGIN + 120, (seller.payment, seller.email, page)),
        )
        for left, texts in columns:
            self.set_xy(left, top + 3)
            for text in filter(None, texts):
                self.write_line(text, size=7.5, width=50, grey=_GREY)


def drawn(statement: Draft, words: Words, fonts: Fonts) -> bytes:
    """The PDF's bytes."""
    sheet = _Sheet(statement, words, fonts)
    _head(sheet)
    _table(sheet)
    _sums(sheet)
    return bytes(sheet.output())


def _title(statement: Draft, words: Words) -> str:
    if not isinstance(statement, Statement):
        return words.draft
    return words.credit if statement.total.amount < 0 else words.invoice


def _number(statement: Draft) -> str:
    return str(statement.number) if isinstance(statement, Statement) else ""


def _head(sheet: _Sheet) -> None:
    """Left who invoices and the facts, right what this is and who pays."""
    statement, words, payer = sheet.statement, sheet.words, sheet.statement.address
    sheet.write_line(statement.seller.name, size=13, bold=True, width=85)
    left_ends = sheet.y
    sheet.set_xy(_COLUMN, _MARGIN)
    sheet.write_line(_title(statement, words), size=20, bold=True)
    sheet.set_xy(_COLUMN, max(48, left_ends, sheet.y + 4))
    top = sheet.y
    place = f"{payer.postal_code} {payer.city}".strip()
    country = payer.country if payer.country != statement.seller.country else ""
    for text in filter(None, (payer.name, payer.attention, payer.street, place, country)):
        sheet.write_line(text, size=10.5)
    ends = sheet.y
    sheet.set_xy(_MARGIN, top)
    facts = (
        (words.number, _number(statement)),
        (words.made, day_of(statement.made_at, statement.zone).isoformat()),
        (words.due, statement.due_on.isoformat()),
        (words.month, statement.month),
        (words.reference, payer.reference),
        (words.payers_number, payer.number),
    )
    for name, value in facts:
        if value:
            line = sheet.y
            sheet.write_line(name, width=32, grey=_GREY)
            sheet.set_xy(_MARGIN + 32, line)
            sheet.write_line(value, width=50, bold=name == words.number)
            sheet.set_x(_MARGIN)
    sheet.set_xy(_MARGIN, max(sheet.y, ends) + 12)


def _table(sheet: _Sheet) -> None:
    words = sheet.words
    sheet.set_font("body", "", 8.5)
    sheet.set_draw_color(200)
    head = FontFace(emphasis="BOLD", color=0, fill_color=240)
    names = (words.line, words.period, words.quantity, words.price, words.vat, words.amount)
    with sheet.table(
        col_widths=_WIDTHS,
        text_align=("LEFT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT"),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=head,
        line_height=4.2,
        padding=(1.2, 1),
        v_align=VAlign.T,
    ) as table:
        for cells in (names, *(tuple(_cells(line, words)) for line in sheet.statement.lines)):
            row = table.row()
            for cell in cells:
                row.cell(cell)


def _cells(line: Line, words: Words) -> Iterator[str]:
    yield words.described(line)
    yield f"{line.since}\N{EN DASH}{line.until - _DAY:%m-%d}"
    yield words.shown(line.quantity)
    yield words.money(line.price)
    yield words.percent(line.vat)
    yield words.money(line.amount)


def _sums(sheet: _Sheet) -> None:
    """All on one page."""
    statement, words = sheet.statement, sheet.words
    rows = [
        row
        for one in statement.sums
        for row in (
            (words.net.format(rate=words.percent(one.rate)), words.money(one.net)),
            (words.vat_sum.format(rate=words.percent(one.rate)), words.money(one.vat)),
        )
    ]
    if sheet.will_page_break(8 + 6 * len(rows) + 12):
        sheet.add_page()
    sheet.set_y(sheet.y + 6)
    for name, amount in rows:
        _sum(sheet, name, amount, size=9.5)
    sheet.set_draw_color(0)
    sheet.line(_COLUMN, sheet.y + 1, _RIGHT, sheet.y + 1)
    sheet.set_y(sheet.y + 2.5)
    label = words.credited if statement.total.amount < 0 else words.to_pay
    _sum(sheet, f"{label}, {statement.currency}", words.money(statement.total), size=12, bold=True)


def _sum(sheet: _Sheet, name: str, amount: str, *, size: float, bold: bool = False) -> None:
    sheet.set_font("body", "B" if bold else "", size)
    sheet.set_x(_COLUMN)
    sheet.cell(45, size * 0.6, name)
    sheet.cell(_RIGHT - _COLUMN - 45, size * 0.6, amount, align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
