"""Statements as what people read: see :mod:`servicekit.adapters.billing.pdf`."""

from servicekit.adapters.billing.pdf import Fonts, statement_pdf
from servicekit.adapters.billing.words import Words

__all__ = ["Fonts", "Words", "statement_pdf"]
