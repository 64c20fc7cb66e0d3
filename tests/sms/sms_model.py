"""A slow and obvious model of what 3GPP TS 23.038 and TS 23.040 say about texts, and texts to hold the fast code against it.

The alphabet stands here a second time, typed from the standard's tables code by code, so that a slip in one of them shows.
"""

from __future__ import annotations

from hypothesis import strategies as st

# 6.2.1, sixteen codes a line; FFFF for the escape.
_BASIC = """
    0040 00A3 0024 00A5 00E8 00E9 00F9 00EC 00F2 00C7 000A 00D8 00F8 000D 00C5 00E5
    0394 005F 03A6 0393 039B 03A9 03A0 03A8 03A3 0398 039E FFFF 00C6 00E6 00DF 00C9
    0020 0021 0022 0023 00A4 0025 0026 0027 0028 0029 002A 002B 002C 002D 002E 002F
    0030 0031 0032 0033 0034 0035 0036 0037 0038 0039 003A 003B 003C 003D 003E 003F
    00A1 0041 0042 0043 0044 0045 0046 0047 0048 0049 004A 004B 004C 004D 004E 004F
    0050 0051 0052 0053 0054 0055 0056 0057 0058 0059 005A 00C4 00D6 00D1 00DC 00A7
    00BF 0061 0062 0063 0064 0065 0066 0067 0068 0069 006A 006B 006C 006D 006E 006F
    0070 0071 0072 0073 0074 0075 0076 0077 0078 0079 007A 00E4 00F6 00F1 00FC 00E0
"""
# 6.2.1.1: code after the escape and character.
_EXTENSION = "0A:000C 14:005E 28:007B 29:007D 2F:005C 3C:005B 3D:007E 3E:005D 40:007C 65:20AC"

SEPTETS: dict[str, tuple[int, ...]] = {
    chr(int(character, 16)): (code,) for code, character in enumerate(_BASIC.split()) if character != "FFFF"
} | {chr(int(pair[3:], 16)): (0x1B, int(pair[:2], 16)) for pair in _EXTENSION.split()}

BASIC_LETTERS = "".join(character for character, codes in SEPTETS.items() if len(codes) == 1)
EXTENSION_LETTERS = "".join(character for character, codes in SEPTETS.items() if len(codes) == 2)


def atoms(text: str) -> list[tuple[str, int]]:
    """The pieces that may not be cut, with their sizes in septets or 16-bit units."""
    if all(character in SEPTETS for character in text):
        return [(character, len(SEPTETS[character])) for character in text]
    found: list[tuple[str, int]] = []
    for character in text:
        if ord(character) > 0xFFFF:
            found.append((character, 2))
        elif found and found[-1][1] == 1 and "\ud800" <= found[-1][0] <= "\udbff" and "\udc00" <= character <= "\udfff":
            found[-1] = (found[-1][0] + character, 2)
        else:
            found.append((character, 1))
    return found


def cut(text: str, *, wide_reference: bool = False) -> tuple[str, list[tuple[str, int]]]:
    """Encoding, and the text and size of each part, by walking."""
    gsm = all(character in SEPTETS for character in text)
    header = 7 if wide_reference else 6
    alone, each = (140 * 8 // 7, (140 - header) * 8 // 7) if gsm else (140 // 2, (140 - header) // 2)
    pieces = atoms(text)
    if sum(size for _, size in pieces) <= alone:
        return ("gsm-7" if gsm else "ucs-2"), [(text, sum(size for _, size in pieces))]
    parts = [("", 0)]
    for piece, size in pieces:
        if parts[-1][1] + size > each:
            parts.append(("", 0))
        parts[-1] = (parts[-1][0] + piece, parts[-1][1] + size)
    return ("gsm-7" if gsm else "ucs-2"), parts


def pack_bits(septets: bytes, fill: int) -> bytes:
    """TS 23.038, 6.1.2.1, bit by bit."""
    bits = [0] * fill + [septet >> place & 1 for septet in septets for place in range(7)]
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bit << place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


any_character = st.characters(exclude_categories=())  # lone surrogates too
# Of all characters surrogates come up too seldom, so half of the texts are thick with them.
any_text = st.one_of(st.text(any_character), st.text(st.sampled_from("\ud800\ud83d\udbff\udc00\ude00\udfffxç😀€")))
gsm_text = st.text(st.sampled_from(BASIC_LETTERS + EXTENSION_LETTERS))

_near_limits = st.sampled_from([0, 1, 66, 67, 68, 69, 70, 133, 134, 152, 153, 159, 160, 161, 305, 306, 307])
_specials = st.text(st.sampled_from("€[^\f😀🎉\ud83d\ude00ç\x1b\0\t`x"), max_size=4)


@st.composite
def long_texts(draw: st.DrawFn) -> str:
    """Texts whose characters of two units lie at the edges of parts."""
    pieces = []
    for _ in range(draw(st.integers(1, 3))):
        filler = draw(st.sampled_from(["x", "å", "€", "ş", "😀"]))
        pieces += [filler * draw(_near_limits), draw(_specials)]
    return "".join(pieces)


texts = st.one_of(any_text, gsm_text, long_texts())
