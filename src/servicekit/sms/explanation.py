"""Why a text costs what it costs, for people: what ``servicekit segments`` prints.

Rules kept here:

* Everything that is printed is here as a value first; `Explanation.lines` only words it, in ASCII: characters are named by
  code point and name, so that any terminal can show it.
* What forces UCS-2 is said character by character, with where it stands and what could stand for it in GSM-7.

Nothing is refused: every ``str`` can be explained.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from attrs import frozen

from servicekit.sms.headers import GSM_7
from servicekit.sms.layout import latin_1, lay_out
from servicekit.sms.national import Language
from servicekit.sms.segments import Segments, count_segments
from servicekit.sms.transliteration import Transliterated, transliterate

__all__ = ["Blocker", "Explanation", "explain"]

_BAR = 40
_MOST_PARTS = 12
_MOST_BLOCKERS = 12
_MOST_PLACES = 5


@frozen
class Blocker:
    """A character (with its combining marks) that forces UCS-2.

    Attributes:
        characters: the character.
        places: its indices in the text.
        replacement: what could stand for it in GSM-7, or None.
        lossy: whether a reader would miss something.
    """

    characters: str
    places: tuple[int, ...]
    replacement: str | None
    lossy: bool

    @property
    def name(self) -> str:
        """Code points and Unicode names, such as ``U+2026 HORIZONTAL ELLIPSIS``."""
        return ", ".join(
            f"U+{ord(character):04X} {unicodedata.name(character, '(no name)')}" for character in self.characters
        )


@frozen
class Explanation:
    """Everything there is to say about a text's cost.

    Attributes:
        counted: what it costs.
        sizes: units in each part.
        blockers: what forces UCS-2, in order of first appearance; empty for GSM-7.
        transliterated: what transliterating would make of it.
        without: what it would cost if, moreover, what cannot be transliterated were left out; None if there is no such thing.
    """

    counted: Segments
    sizes: tuple[int, ...]
    blockers: tuple[Blocker, ...]
    transliterated: Transliterated
    without: Segments | None

    def lines(self) -> list[str]:
        """The explanation as lines of ASCII text, for a terminal."""
        return [*self._summary(), *self._bars(), *self._reasons(), *self._saving()]

    def _summary(self) -> Iterator[str]:
        counted = self.counted
        kind, unit = ("GSM-7", "septets") if counted.encoding == GSM_7 else ("UCS-2", "16-bit units")
        yield f"{kind}: {counted.units} {unit} in {counted.segments} SMS; {counted.units_left} more fit in the last."

    def _bars(self) -> Iterator[str]:
        room = self.counted.room
        for number, size in enumerate(self.sizes[:_MOST_PARTS], 1):
            bar = "#" * -(-_BAR * size // room)
            yield f"  {number:>3} [{bar:.<{_BAR}}] {size} of {room}"
        if len(self.sizes) > _MOST_PARTS:
            yield f"  ... and {len(self.sizes) - _MOST_PARTS} more"

    def _reasons(self) -> Iterator[str]:
        if self.blockers:
            yield "UCS-2 because of:"
        for blocker in self.blockers[:_MOST_BLOCKERS]:
            places = ", ".join(map(str, blocker.places[:_MOST_PLACES]))
            more = len(blocker.places) - _MOST_PLACES
            yield f"  {blocker.name} at {places}{f' and {more} more' if more > 0 else ''}: {_instead(blocker)}"
        if len(self.blockers) > _MOST_BLOCKERS:
            yield f"  ... and {len(self.blockers) - _MOST_BLOCKERS} other characters"

    def _saving(self) -> Iterator[str]:
        done = self.transliterated
        if self.without is not None:
            yield (
                "Transliterating saves nothing while those without a replacement are in the text; "
                f"without them it takes {self.without.segments} SMS."
            )
        elif self.blockers:
            saved = f"saves {done.saved} SMS" if done.saved > 0 else "saves nothing"
            yield f"Transliterating {saved}: {done.before.segments} before, {done.after.segments} after."


def explain(text: str, *, wide_reference: bool = False, language: Language | None = None) -> Explanation:
    r"""Explain what a text costs. Arguments as for `servicekit.sms.count_segments`.

    >>> print(*explain("Välkommen … dörren är öppen").lines(), sep="\n")
    UCS-2: 27 16-bit units in 1 SMS; 43 more fit in the last.
        1 [################........................] 27 of 70
    UCS-2 because of:
      U+2026 HORIZONTAL ELLIPSIS at 10: '...' can stand for it
    Transliterating saves nothing: 1 before, 1 after.
    """
    counted = count_segments(text, wide_reference=wide_reference, language=language)
    _, _, data, width, _, starts = lay_out(text, latin_1(text), wide_reference, language)
    done = transliterate(text)
    forced = counted.encoding != GSM_7
    return Explanation(
        counted,
        tuple((end - start) // width for start, end in pairwise((*starts, len(data)))),
        _blockers(done) if forced else (),
        done,
        transliterate(text, otherwise="").after if forced and done.in_the_way else None,
    )


def _blockers(done: Transliterated) -> tuple[Blocker, ...]:
    found: dict[str, Blocker] = {}
    options: list[tuple[int, str, str | None, bool]]
    options = [(one.index, one.original, one.replacement, one.lossy) for one in done.replacements]
    options += [(one.index, one.character, None, True) for one in done.in_the_way]
    for index, characters, replacement, lossy in sorted(options, key=lambda option: option[0]):
        before = found[characters].places if characters in found else ()
        found[characters] = Blocker(characters, (*before, index), replacement, lossy)
    return tuple(found.values())


def _instead(blocker: Blocker) -> str:
    if blocker.replacement is None:
        return "nothing in the GSM alphabet can stand for it"
    if not blocker.replacement:
        return "it can be left out" + (", at a loss" if blocker.lossy else ", as it shows nothing")
    return f"{blocker.replacement!a} can stand for it" + (", at a loss" if blocker.lossy else "")
