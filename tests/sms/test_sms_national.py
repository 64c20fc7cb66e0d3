"""The national language tables of TS 23.038, annex A."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.sms import GSM_03_38, Language, Tables, alphabet_for, count_segments
from servicekit.sms.national import choices

# A.3.1 and A.3.3, sixteen codes a line, FFFF for the escape; typed a second time, by code point.
_LOCKING = {
    Language.TURKISH: """
        0040 00A3 0024 00A5 20AC 00E9 00F9 0131 00F2 00C7 000A 011E 011F 000D 00C5 00E5
        0394 005F 03A6 0393 039B 03A9 03A0 03A8 03A3 0398 039E FFFF 015E 015F 00DF 00C9
        0020 0021 0022 0023 00A4 0025 0026 0027 0028 0029 002A 002B 002C 002D 002E 002F
        0030 0031 0032 0033 0034 0035 0036 0037 0038 0039 003A 003B 003C 003D 003E 003F
        0130 0041 0042 0043 0044 0045 0046 0047 0048 0049 004A 004B 004C 004D 004E 004F
        0050 0051 0052 0053 0054 0055 0056 0057 0058 0059 005A 00C4 00D6 00D1 00DC 00A7
        00E7 0061 0062 0063 0064 0065 0066 0067 0068 0069 006A 006B 006C 006D 006E 006F
        0070 0071 0072 0073 0074 0075 0076 0077 0078 0079 007A 00E4 00F6 00F1 00FC 00E0""",
    Language.PORTUGUESE: """
        0040 00A3 0024 00A5 00EA 00E9 00FA 00ED 00F3 00E7 000A 00D4 00F4 000D 00C1 00E1
        0394 005F 00AA 00C7 00C0 221E 005E 005C 20AC 00D3 007C FFFF 00C2 00E2 00CA 00C9
        0020 0021 0022 0023 00BA 0025 0026 0027 0028 0029 002A 002B 002C 002D 002E 002F
        0030 0031 0032 0033 0034 0035 0036 0037 0038 0039 003A 003B 003C 003D 003E 003F
        00CD 0041 0042 0043 0044 0045 0046 0047 0048 0049 004A 004B 004C 004D 004E 004F
        0050 0051 0052 0053 0054 0055 0056 0057 0058 0059 005A 00C3 00D5 00DA 00DC 00A7
        007E 0061 0062 0063 0064 0065 0066 0067 0068 0069 006A 006B 006C 006D 006E 006F
        0070 0071 0072 0073 0074 0075 0076 0077 0078 0079 007A 00E3 00F5 0060 00FC 00E0""",
}
# A.2.1 to A.2.3.
_DEFAULT = "0A:000C 14:005E 28:007B 29:007D 2F:005C 3C:005B 3D:007E 3E:005D 40:007C 65:20AC "
_SINGLE = {
    Language.TURKISH: _DEFAULT + "47:011E 49:0130 53:015E 63:00E7 67:011F 69:0131 73:015F",
    Language.SPANISH: _DEFAULT + "09:00E7 41:00C1 49:00CD 4F:00D3 55:00DA 61:00E1 69:00ED 6F:00F3 75:00FA",
    Language.PORTUGUESE: _DEFAULT
    + "05:00EA 09:00E7 0B:00D4 0C:00F4 0E:00C1 0F:00E1 12:03A6 13:0393 15:03A9 16:03A0 17:03A8 18:03A3 19:0398 1F:00CA "
    + "41:00C0 49:00CD 4F:00D3 55:00DA 5B:00C3 5C:00D5 61:00C2 69:00ED 6F:00F3 75:00FA 7B:00E3 7C:00F5 7F:00E2",
}


@pytest.mark.spec("M-16")
@pytest.mark.parametrize("language", list(_LOCKING))
def test_locking_shift_tables(language: Language) -> None:
    """Each of the 128 codes reads as the standard has it, and each character encodes to its code."""
    alphabet = alphabet_for(Tables(locking=language))
    for code, cell in enumerate(_LOCKING[language].split()):
        if cell == "FFFF":
            assert alphabet.character(bytes((code,))) is None
        else:
            assert alphabet.decode(bytes((code,)), strict=True) == chr(int(cell, 16))
            assert alphabet.encode(chr(int(cell, 16))) == bytes((code,))


@pytest.mark.spec("M-16")
@pytest.mark.parametrize("language", list(_SINGLE))
def test_single_shift_tables(language: Language) -> None:
    """Exactly the codes of the standard have a character after an escape."""
    alphabet = alphabet_for(Tables(single=language))
    cells = {int(cell[:2], 16): chr(int(cell[3:], 16)) for cell in _SINGLE[language].split()}
    for code in range(128):
        assert alphabet.character(bytes((0x1B, code))) == cells.get(code)
    for code, character in cells.items():
        if character not in GSM_03_38.basic:
            assert alphabet.encode(character) == bytes((0x1B, code))
        else:
            assert len(alphabet.encode(character)) == 1


@pytest.mark.spec("M-16")
@given(st.data(), st.sampled_from(Language), st.sampled_from(Language))
def test_every_pair_of_tables_round_trips(data: st.DataObject, locking: Language, single: Language) -> None:
    """A text of characters from both tables decodes to itself, strictly."""
    if locking == Language.SPANISH:
        return
    alphabet = alphabet_for(Tables(locking, single))
    letters = alphabet.basic.replace("\x1b", "") + "".join(alphabet.extension.values())
    text = data.draw(st.text(st.sampled_from(letters)))
    assert alphabet.decode(alphabet.encode(text), strict=True) == text


def test_an_unknown_single_shift_code_shows_the_locking_table() -> None:
    """A receiver shows the character of the table that is locked in, not of the default one."""
    assert alphabet_for(Tables(Language.TURKISH, Language.TURKISH)).decode(b"\x1b\x40\x1b\x0b") == "|Ğ"


def test_spanish_has_no_locking_table() -> None:
    """The standard defines none, and asking for it says what to use instead."""
    with pytest.raises(Invalid, match="no locking shift table for Spanish: use its single shift table") as refusal:
        alphabet_for(Tables(locking=Language.SPANISH))
    assert (refusal.value.code, refusal.value.facts) == ("no_such_table", {"language": "spanish"})


def test_alphabets_are_made_once() -> None:
    """Asking again gives the same one; the default tables give the alphabet that everybody has."""
    assert alphabet_for() is alphabet_for(Tables()) is GSM_03_38
    assert alphabet_for(Tables(single=Language.SPANISH)) is alphabet_for(Tables(single=Language.SPANISH))


def test_smaller_headers_come_first() -> None:
    """The ways to write a language: no table, one, two; Spanish has no locking table, the default language nothing."""
    assert choices(Language.DEFAULT) == (Tables(),)
    assert choices(Language.SPANISH) == (Tables(), Tables(single=Language.SPANISH))
    assert choices(Language.TURKISH) == (
        Tables(),
        Tables(single=Language.TURKISH),
        Tables(locking=Language.TURKISH),
        Tables(Language.TURKISH, Language.TURKISH),
    )


@pytest.mark.spec("M-16")
@pytest.mark.parametrize(
    ("text", "language", "tables", "counts"),
    [
        ("hej", Language.TURKISH, Tables(), (3, 1, 157)),
        ("ş" * 77, Language.TURKISH, Tables(single=Language.TURKISH), (154, 1, 1)),
        ("ş" * 78, Language.TURKISH, Tables(locking=Language.TURKISH), (78, 1, 77)),
        ("ş" * 155, Language.TURKISH, Tables(locking=Language.TURKISH), (155, 1, 0)),
        ("ş" * 156, Language.TURKISH, Tables(locking=Language.TURKISH), (156, 2, 142)),
        ("á" * 77, Language.SPANISH, Tables(single=Language.SPANISH), (154, 1, 1)),
        ("á" * 78, Language.SPANISH, Tables(single=Language.SPANISH), (156, 2, 141)),
        ("åã", Language.PORTUGUESE, Tables(single=Language.PORTUGUESE), (3, 1, 152)),
        ("`ãΦ", Language.PORTUGUESE, Tables(Language.PORTUGUESE, Language.PORTUGUESE), (4, 1, 148)),
        ("€" * 81, Language.PORTUGUESE, Tables(locking=Language.PORTUGUESE), (81, 1, 74)),
        ("å`", Language.PORTUGUESE, Tables(single=Language.PORTUGUESE), (2, 1, 68)),
    ],
)
def test_texts_that_national_tables_make_cheaper(
    text: str, language: Language, tables: Tables, counts: tuple[int, int, int]
) -> None:
    """The tables that take fewest SMS, with units, segments and room left; where none has all of it, UCS-2."""
    counted = count_segments(text, language=language)
    assert (counted.tables, (counted.units, counted.segments, counted.units_left)) == (tables, counts)
