"""Texts that come in: long ones joined from their parts, and what is no text named.

Rules kept here (3GPP TS 23.040, 9.2.3.24.1):

* Parts belong together that come over one carrier, from one sender, to one number, with one reference and one total. They
  come in any order. The same part again changes nothing.
* The same part with other words is another text: phones count references up and begin anew after 255. So does a part that
  comes :data:`REMEMBERED` after the first.
* What has not come :data:`WAITS` after the first part is missing: the text goes out as it is, marked "[part 2 of 3 missing]".
  Parts that come later still let it go out anew, whole if it is now.
* Half a character at the end of one part meets its other half at the start of the next. What is none after that, and NUL,
  becomes U+FFFD: nobody could store it.

Ids and time come from the caller; nothing here waits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from attrs import evolve, field, frozen

from servicekit.commands import Query
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant
from servicekit.outbox.facts import TextPart, TextReceived

__all__ = [
    "REMEMBERED",
    "WAITS",
    "Heard",
    "ListStrays",
    "LongText",
    "Piece",
    "Stray",
    "cleaned",
    "heard",
    "is_part",
    "on_one_line",
    "parts_key",
    "told",
    "with_media",
]

WAITS = timedelta(minutes=10)
"""How long parts are waited for, from the first on. Phones send them within seconds; this is for carriers' repeats."""
REMEMBERED = timedelta(hours=1)
"""How long a reference stands for the same text, from the first part on."""
_MOST_PARTS = 255


@frozen
class Piece:
    """One part's words, and what it had besides."""

    number: int
    text: str = field(repr=False)
    media: tuple[str, ...] = ()


@frozen(kw_only=True)
class LongText:
    """A long text as far as it has come.

    Attributes:
        organisation: whose number it came to.
        user: whose; None: the organisation's own number.
        mailed: whether it goes to the user's mailbox, and not into the log alone.
        vendor, vendor_id: the carrier, and its id of the part that came first.
        sender, to: as the parts say.
        total: how many parts it has.
        began_at: when the first part came.
        pieces: what has come, by number.
        told: how many of them had come when it went out last; 0: it has not.
    """

    organisation: GroupId
    user: UserId | None
    mailed: bool = True
    vendor: str
    vendor_id: str
    sender: str
    to: str
    total: int
    began_at: Instant
    pieces: tuple[Piece, ...]
    told: int = 0

    @property
    def whole(self) -> bool:
        """Whether all parts are there."""
        return len(self.pieces) == self.total

    @property
    def untold(self) -> bool:
        """Whether something has come since it went out last."""
        return len(self.pieces) > self.told

    @property
    def text(self) -> str:
        """The words in order, with a mark where parts are missing."""
        came = {piece.number: piece.text for piece in self.pieces}
        runs = groupby(range(1, self.total + 1), key=came.__contains__)
        text = "".join(
            "".join(came[number] for number in run) if there else _missing(list(run), self.total) for there, run in runs
        )
        return cleaned(text if self.whole else text.strip())

    @property
    def media(self) -> tuple[str, ...]:
        """What came that is no text, in order."""
        return tuple(one for piece in self.pieces for one in piece.media)

    def _with(self, piece: Piece) -> LongText:
        return evolve(self, pieces=tuple(sorted((*self.pieces, piece), key=lambda one: one.number)))


def _missing(numbers: list[int], total: int) -> str:
    which = f"part {numbers[0]}" if len(numbers) == 1 else f"parts {numbers[0]} to {numbers[-1]}"
    return f" [{which} of {total} missing] "


@frozen
class Heard:
    """What became of a part.

    Attributes:
        held: what is kept from now on.
        out: what goes out now, oldest first.
        waits: whether it waits for parts from now on, and did not before.
    """

    held: LongText
    out: tuple[LongText, ...] = ()
    waits: bool = False


def is_part(part: TextPart | None) -> bool:
    """Whether this says something: a part of one is a whole text, and one that contradicts itself is taken for one."""
    return part is not None and 1 <= part.number <= part.total <= _MOST_PARTS and part.total > 1


def parts_key(fact: TextReceived, part: TextPart) -> str:
    """What is equal for two parts exactly when they may belong together: 64 hexadecimal digits."""
    said = (fact.vendor, fact.sender, fact.to, part.reference, str(part.total))
    return hashlib.sha256("\0".join(said).encode("utf-8", "surrogatepass")).hexdigest()


def heard(held: LongText | None, came: LongText) -> Heard:
    """Take in a part.

    Args:
        held: what has come under the same key; None: nothing.
        came: the part as a long text of its own, begun when it came.
    """
    if held is None:
        return Heard(came, waits=True)
    (piece,) = came.pieces
    same = next((one for one in held.pieces if one.number == piece.number), None)
    if came.began_at >= held.began_at + REMEMBERED or same not in {None, piece}:
        return Heard(came, (held,) if held.untold else (), waits=True)
    if same is not None:
        return Heard(held)
    joined = held._with(piece)  # noqa: SLF001 - our own value
    if joined.whole:
        return Heard(told(joined), (joined,))
    return Heard(joined, waits=not held.untold)


def told(held: LongText) -> LongText:
    """The same once it has gone out."""
    return evolve(held, told=len(held.pieces))


def cleaned(text: str) -> str:
    r"""Text that can be stored: halves of characters meet, what stays half is U+FFFD, and so is NUL.

    >>> cleaned("\ud83d" + "\ude00" + "\0") == "😀\ufffd"
    True
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


def on_one_line(text: str) -> str:
    """The same without line breaks."""
    return " ".join(cleaned(text).split())


def with_media(text: str, media: tuple[str, ...]) -> str:
    """The text as a person reads it, with a line for each thing that is no text.

    >>> print(with_media("Look!", ("image/jpeg https://carrier.example/1",)))
    Look!
    [not text: image/jpeg https://carrier.example/1]
    """
    return "\n".join([*_said(text), *(f"[not text: {on_one_line(one)}]" for one in media)])


def _said(text: str) -> Iterator[str]:
    if text:
        yield text


@frozen(kw_only=True)
class Stray:
    """A text to a number that is nobody's: it was never provided, is not taken yet, rests, or was withdrawn.

    Attributes:
        part: which part of a long text it is, such as "2 of 3"; empty for a whole one.
    """

    at: Instant
    vendor: str
    sender: str
    to: str
    text: str = field(repr=False)
    part: str = ""
    media: tuple[str, ...] = ()


@frozen(kw_only=True)
class ListStrays(Query[tuple[Stray, ...]]):
    """Texts that came to numbers of nobody's, oldest first. For operators.

    What came to a resting number also stands in the log of the organisation whose user had it last.

    Attributes:
        since: only those that came at this instant or later: when the last of the page before came.
        most: at most so many, 1 to 1,000.

    Raises:
        Invalid: ``page_size``.
    """

    since: Instant | None = None
    most: int = 100
