"""National language tables of 3GPP TS 23.038, annex A: Turkish, Spanish and Portuguese.

Rules kept here:

* A *locking shift* table stands in for the basic table, a *single shift* table for the extension table (A.2, A.3). Spanish
  has no locking table. Each is announced in the header of every part, which costs room even in a text of one part.
* A code that a single shift table leaves free is no character, also where the default extension table has one.

Refused: a locking table for Spanish (`Invalid`, ``no_such_table``). Carriers and phones support these tables unevenly, so
nothing here is used unless the caller names a language.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Final, NamedTuple

from servicekit.errors import Invalid
from servicekit.sms.alphabet import BASIC, EXTENSION, GSM_03_38, Alphabet

__all__ = ["DEFAULT_TABLES", "Language", "Tables", "alphabet_for", "choices"]


class Language(IntEnum):
    """A national language; the value is its identifier in a header (TS 23.038, 6.2.1.2.4)."""

    DEFAULT = 0
    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3


class Tables(NamedTuple):
    """The tables that a text is written in: by default the alphabet that every phone has."""

    locking: Language = Language.DEFAULT
    single: Language = Language.DEFAULT


DEFAULT_TABLES: Final = Tables()

_LOCKING: Final = {
    Language.DEFAULT: BASIC,
    # A.3.1
    Language.TURKISH: (
        "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ"
        " !\"#¤%&'()*+,-./0123456789:;<=>?"
        "İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
        "çabcdefghijklmnopqrstuvwxyzäöñüà"
    ),
    # A.3.3
    Language.PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ"
        " !\"#º%&'()*+,-./0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§"
        "~abcdefghijklmnopqrstuvwxyzãõ`üà"
    ),
}

# All three keep the ten of the default table. Most codes are those of the bare letters.
_SINGLE: Final = {
    Language.DEFAULT: EXTENSION,
    # A.2.1
    Language.TURKISH: {**EXTENSION, **dict(zip(b"GIScgis", "ĞİŞçğış", strict=True))},
    # A.2.2
    Language.SPANISH: {**EXTENSION, **dict(zip(b"\tAIOUaiou", "çÁÍÓÚáíóú", strict=True))},
    # A.2.3
    Language.PORTUGUESE: {
        **EXTENSION,
        **dict(zip(b"\x05\x09\x0b\x0c\x0e\x0f", "êçÔôÁá", strict=True)),
        **dict(zip(b"\x12\x13\x15\x16\x17\x18\x19\x1f", "ΦΓΩΠΨΣΘÊ", strict=True)),
        **dict(zip(b"AIOU[\\aiou{|\x7f", "ÀÍÓÚÃÕÂíóúãõâ", strict=True)),
    },
}


@cache
def alphabet_for(tables: Tables = DEFAULT_TABLES) -> Alphabet:
    """The alphabet that two tables make; made once and kept.

    Raises:
        Invalid: ``no_such_table`` for a locking table that annex A does not have.

    >>> alphabet_for(Tables(single=Language.TURKISH)).encode("ış").hex(" ")
    '1b 69 1b 73'
    """
    if tables == DEFAULT_TABLES:
        return GSM_03_38
    if tables.locking not in _LOCKING:
        raise Invalid(
            f"There is no locking shift table for {tables.locking.name.title()}: use its single shift table.",
            code="no_such_table",
            language=tables.locking.name.lower(),
        )
    return Alphabet(_LOCKING[tables.locking], _SINGLE[tables.single])


@cache
def choices(language: Language) -> tuple[Tables, ...]:
    """The ways in which a text in a language may be written, those with the smaller headers first."""
    default = Language.DEFAULT
    ways = [DEFAULT_TABLES, Tables(default, language)]
    if language in _LOCKING:
        ways += [Tables(language, default), Tables(language, language)]
    return tuple(dict.fromkeys(ways))
