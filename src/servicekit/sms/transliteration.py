"""A text in the GSM alphabet instead of UCS-2, on request, with what was replaced and what it saves.

Rules kept here:

* Only what is outside the alphabet is replaced: never €, nor åäöøæñüß or any other letter that GSM has.
* It is all or nothing: while one character has no replacement the text stays UCS-2 whatever becomes of the others, so it
  comes back as it was, and says which characters stood in the way. ``otherwise`` gives those a replacement.
* What it saves is counted in segments, as replacements may be longer than what they replace.

Refused: an ``otherwise`` that is not itself in the alphabet (`Invalid`, ``not_in_alphabet``). Other scripts are left alone
unless ``long_tail`` asks for the ``transliteration`` extra.
"""

# ruff: noqa: RUF002  this file is about characters that look like others
from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from attrs import frozen

from servicekit.errors import MissingExtra
from servicekit.sms import replacements
from servicekit.sms.alphabet import GSM_03_38
from servicekit.sms.headers import GSM_7
from servicekit.sms.segments import Segments, Unencodable, count_segments

__all__ = ["Replacement", "Transliterated", "transliterate"]


@frozen
class Replacement:
    """One replacement: at which index of the original what became what, and whether a reader may miss something."""

    index: int
    original: str
    replacement: str
    lossy: bool


@frozen
class Transliterated:
    """What `transliterate` made of a text.

    Attributes:
        text: the text to send; the original if nothing was or could be done.
        replacements: what was replaced, in order; or would be, if nothing stood in the way.
        in_the_way: the characters that have no replacement; if any, the text is the original.
        before: what the original costs.
        after: what ``text`` costs.
    """

    text: str
    replacements: tuple[Replacement, ...]
    in_the_way: tuple[Unencodable, ...]
    before: Segments
    after: Segments

    @property
    def saved(self) -> int:
        """Segments saved; 0 or, where replacements are long, less."""
        return self.before.segments - self.after.segments


def transliterate(
    text: str, *, lossy: bool = True, long_tail: bool = False, otherwise: str | None = None
) -> Transliterated:
    """Bring a text into the GSM alphabet where that can be done. Linear, and slow only for what is outside the alphabet.

    Args:
        text: any ``str``.
        lossy: also replace where a reader may miss something (á by a, ½ by 1/2, α by A).
        long_tail: also ask anyascii for other scripts and emoji (the ``transliteration`` extra).
        otherwise: what stands for a character without replacement, such as ``"?"`` or ``""``; None keeps the text as it is.

    Raises:
        Invalid: ``not_in_alphabet`` if ``otherwise`` is not.
        MissingExtra: if ``long_tail`` and the extra is not installed.

    >>> done = transliterate("“Hej” – vi ses på lördag…")
    >>> done.text
    '"Hej" - vi ses på lördag...'
    >>> [(one.original, one.replacement) for one in done.replacements]
    [('“', '"'), ('”', '"'), ('–', '-'), ('…', '...')]
    """
    if otherwise is not None:
        GSM_03_38.encode(otherwise)
    before = count_segments(text)
    if before.encoding == GSM_7:
        return Transliterated(text, (), (), before, before)
    tail = _long_tail() if long_tail else None
    pieces: list[str] = []
    done: list[Replacement] = []
    in_the_way: list[Unencodable] = []
    for index, cluster in _clusters(text):
        if cluster in GSM_03_38:
            pieces.append(cluster)
            continue
        found = replacements.faithful(cluster)
        loss = found is None
        if found is None and lossy:
            found = replacements.lossy(_micro(text, index, cluster))
        if found is None and tail is not None:
            found = tail(cluster)
        if found is None:
            found = otherwise
        if found is None:
            in_the_way.append(Unencodable(index, cluster))
        else:
            pieces.append(found)
            done.append(Replacement(index, cluster, found, loss))
    if in_the_way:
        return Transliterated(text, tuple(done), tuple(in_the_way), before, before)
    result = "".join(pieces)
    return Transliterated(result, tuple(done), (), before, count_segments(result))


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Each character of a text that is not empty, with the combining marks that follow it, and its index."""
    start = 0
    for index in range(1, len(text)):
        if not unicodedata.combining(text[index]):
            yield start, text[start:index]
            start = index
    yield start, text[start:]


def _micro(text: str, index: int, cluster: str) -> str:
    """The micro sign for a Greek μ outside a Greek word, where it is a unit's: 5 μg must not read as 5 Mg."""
    beside = text[max(0, index - 1) : index] + text[index + 1 : index + 2]
    return "µ" if cluster == "μ" and not any("\u0370" <= other <= "\u03ff" for other in beside) else cluster


def _long_tail() -> Callable[[str], str | None]:
    try:
        from anyascii import anyascii
    except ImportError:
        raise MissingExtra("transliteration", "Transliterating other scripts") from None

    def tail(cluster: str) -> str | None:
        return replacements.lossy_text(anyascii(cluster)) or None

    return tail
