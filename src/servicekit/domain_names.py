"""Domain names outside ASCII: read in one way wherever a domain is compared.

IDNA of 2003 and of 2008 read some letters differently: to the one, ``straße.example`` is ``strasse.example``, to the other a
domain of its own, ``xn--strae-oqa.example``. Whoever registers one of them must not be taken for the other, so there is one
reading here, that of 2008 (RFC 5891, mapped as UTS 46 has it, not transitional), as browsers and registries have it.
"""

from __future__ import annotations

__all__ = ["ascii_domain"]

_LONGEST = 255
_LONGEST_LABEL = 63


def ascii_domain(text: str) -> str | None:
    """A domain in ASCII and lower case; None where it has no such form.

    Whether it is one that somebody could have is another question: ``a_b`` is in ASCII already.

    >>> ascii_domain("BÜCHER.example"), ascii_domain("straße.example")
    ('xn--bcher-kva.example', 'xn--strae-oqa.example')
    """
    if len(text) > _LONGEST:
        return None
    if text.isascii():
        labels = text.split(".")
        return text.lower() if all(labels[:-1]) and max(map(len, labels)) <= _LONGEST_LABEL else None
    import idna

    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None
