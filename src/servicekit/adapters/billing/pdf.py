"""A statement as the PDF of an invoice, on A4. Needs the extra ``pdf`` (fpdf2, and Lato as its font).

Rules kept here:

* The page says what the law asks of an invoice (Directive 2006/112/EC, article 226): date, consecutive number, both parties with
  names, addresses and numbers, what and how much of it, unit price without VAT, the net by rate, rate and VAT, and what is to be
  paid, in which currency.
* Long names wrap; many lines go on over pages, each with the table's head, and the sums stand together after the last of them.
* The same statement gives the same bytes.
* A font is embedded, as far as it is used: the fonts that every reader of PDF has know neither the euro sign nor most letters.

Refused: languages without words (``unknown_language``).
"""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from servicekit.adapters.billing.words import Words, words_of
from servicekit.billing import Draft
from servicekit.errors import MissingExtra

__all__ = ["Fonts", "statement_pdf"]


@frozen
class Fonts:
    """Two TrueType files. They must have every letter of the names on the page."""

    regular: Path
    bold: Path


def statement_pdf(statement: Draft, *, language: str | Words = "sv", fonts: Fonts | None = None) -> bytes:
    """The PDF of a statement, or of a draft, which says that it is one. Takes some tenths of a second, mostly for the font.

    Args:
        statement: what :class:`~servicekit.billing.CloseMonth` or :class:`~servicekit.billing.GetStatement` gave.
        language: ``sv``, ``en``, or words of your own.
        fonts: Lato, unless said: Latin, Greek and Cyrillic letters.

    Raises:
        MissingExtra: ``pdf``.
        Invalid: ``unknown_language``.
    """
    words = language if isinstance(language, Words) else words_of(language)
    try:
        from servicekit.adapters.billing.sheet import drawn
    except ImportError as error:
        raise MissingExtra("pdf", "Making a PDF of a statement") from error
    return drawn(statement, words, fonts or _lato())


def _lato() -> Fonts:
    try:
        import fontpkg  # type: ignore[import-untyped]

        return Fonts(fontpkg.path("Lato"), fontpkg.path("Lato", weight=700))
    except ImportError as error:
        raise MissingExtra("pdf", "The font of a statement's PDF") from error
