"""How a carrier counts and cuts a text (3GPP TS 23.038, TS 23.040 9.2.3.24.1), written apart from ``servicekit.sms``.

Rules kept here: the plain rule and no more, so that simulator and library can disagree only if one of them is wrong:
7-bit default alphabet with its extension table in 160 septets, or 153 a part; else UCS-2 in 70 code units, or 67 a part;
no extension character and no surrogate pair is cut.
"""

from __future__ import annotations

__all__ = ["parts"]

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")


def parts(text: str) -> tuple[str, ...]:
    """The texts of the single SMS that a carrier makes of ``text``; an empty text is one empty SMS.

    >>> [len(part) for part in parts("a" * 161)]
    [153, 8]
    >>> len(parts("å" * 160)), len(parts("ş" * 71))
    (1, 2)
    """
    gsm = all(char in BASIC or char in EXTENSION for char in text)
    sizes = [(2 if char in EXTENSION else 1) if gsm else (2 if ord(char) > 0xFFFF else 1) for char in text]
    if sum(sizes) <= (160 if gsm else 70):
        return (text,)
    room = 153 if gsm else 67
    cut, used = [""], 0
    for char, size in zip(text, sizes, strict=True):
        if used + size > room:
            cut.append("")
            used = 0
        cut[-1] += char
        used += size
    return tuple(cut)
