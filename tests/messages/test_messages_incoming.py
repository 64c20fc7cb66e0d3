"""Texts that come in: joined from their parts in whatever order, marked where some are missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st

from desk import MINUTE, NOON, part_in, text_in
from samples import ROOT
from servicekit.messages import (
    REMEMBERED,
    WAITS,
    LongText,
    Piece,
    cleaned,
    heard,
    is_part,
    on_one_line,
    parts_key,
    told,
    with_media,
)
from servicekit.moments import Instant
from servicekit.outbox.facts import TextPart


def came(number: int, total: int, text: str, at: Instant = NOON, media: tuple[str, ...] = ()) -> LongText:
    """A part as it comes."""
    return LongText(
        organisation=ROOT,
        user=None,
        vendor="doves",
        vendor_id="d1",
        sender="+46701740605",
        to="+46766861001",
        total=total,
        began_at=at,
        pieces=(Piece(number, text, media),),
    )


@define
class Line:
    """One carrier's calls, and the timers that are asked for, one minute after the other."""

    held: dict[str, LongText] = field(factory=dict)
    due: dict[str, int] = field(factory=dict)
    out: list[str] = field(factory=list)

    def take(self, minute: int, key: str, number: int, total: int, words: str) -> None:
        """A part."""
        self.until(minute)
        now = heard(self.held.get(key), came(number, total, words, NOON + minute * MINUTE))
        self.out += [text.text for text in now.out]
        self.held[key] = now.held
        if now.waits:
            self.due[key] = minute + WAITS // MINUTE

    def until(self, minute: int) -> None:
        """What is due by then."""
        for key in [key for key, at in self.due.items() if at <= minute]:
            del self.due[key]
            if self.held[key].untold:
                self.out.append(self.held[key].text)
                self.held[key] = told(self.held[key])


WORDS = ("one ", "two ", "three")


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
@pytest.mark.parametrize("doubled", [None, 1, 2, 3])
def test_parts_in_every_order_are_one_text(order: tuple[int, ...], doubled: int | None) -> None:
    """Also where one of them comes again, at once or after the end: nothing more goes out."""
    line = Line()
    for number in order:
        for _ in range(2 if number == doubled else 1):
            line.take(0, "k", number, 3, WORDS[number - 1])
    for number in order:
        line.take(1, "k", number, 3, WORDS[number - 1])
    line.until(10_000)

    assert line.out == ["one two three"]


@pytest.mark.parametrize(
    ("numbers", "total", "text"),
    [
        ((1, 3), 3, "one  [part 2 of 3 missing] three"),
        ((2,), 3, "[part 1 of 3 missing] two  [part 3 of 3 missing]"),
        ((3,), 4, "[parts 1 to 2 of 4 missing] three [part 4 of 4 missing]"),
        ((1,), 255, "one  [parts 2 to 255 of 255 missing]"),
    ],
)
def test_what_is_missing_after_ten_minutes_is_marked_in_its_place(
    numbers: Sequence[int], total: int, text: str
) -> None:
    """Not a minute before; and what comes later still lets it go out anew."""
    line = Line()
    for number in numbers:
        line.take(0, "k", number, total, WORDS[number - 1])
    line.until(9)
    assert line.out == []
    line.until(10)
    assert line.out == [text]


def test_a_part_that_comes_late_completes_the_text() -> None:
    """It goes out again, whole; of several late ones, what has come ten minutes after the first of them."""
    line = Line()
    line.take(0, "k", 1, 3, "one ")
    line.take(20, "k", 2, 3, "two ")
    line.take(40, "k", 3, 3, "three")
    line.until(10_000)

    assert line.out == [
        "one  [parts 2 to 3 of 3 missing]",
        "one two  [part 3 of 3 missing]",
        "one two three",
    ]


def test_the_same_part_with_other_words_is_another_text() -> None:
    """A reference that is used again soon: the text before goes out as far as it has come, and loses nothing to this one."""
    line = Line()
    line.take(0, "k", 1, 2, "old ")
    line.take(1, "k", 1, 2, "new ")
    line.take(2, "k", 2, 2, "end")
    line.take(3, "k", 1, 2, "newest ")
    line.take(3, "k", 2, 2, "end")
    line.until(10_000)

    assert line.out == ["old  [part 2 of 2 missing]", "new end", "newest end"]


def test_a_reference_stands_for_another_text_after_an_hour() -> None:
    """Even with the same words: a person may write the same twice."""
    line = Line()
    for minute in (0, REMEMBERED // MINUTE - 1, REMEMBERED // MINUTE):
        line.take(minute, "k", 1, 2, "a")
        line.take(minute, "k", 2, 2, "b")
    assert line.out == ["ab", "ab"]


def test_what_no_timer_has_let_out_goes_out_before_the_next_text() -> None:
    """As where no relay ran for an hour."""
    first = came(1, 2, "old ")
    now = heard(first, came(2, 2, "new", NOON + REMEMBERED))
    assert (now.held.text, now.out, now.waits) == ("[part 1 of 2 missing] new", (first,), True)


_CALLS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 4, 11, 35]),  # minutes since the call before
        st.sampled_from(["8:1 from a", "16:1 from a", "8:1 from b"]),
        st.integers(1, 3),
        st.sampled_from(["x", "x", "y"]),
    ),
    max_size=14,
)


@given(calls=_CALLS)
def test_any_calls_give_what_a_walk_minute_by_minute_gives(calls: list[tuple[int, str, int, str]]) -> None:
    """Several senders and references at once, parts in any order, doubled, missing, late, and references used again."""
    line, minute, arrivals = Line(), 0, list[tuple[int, str, int, str]]()
    for gap, key, number, version in calls:
        minute += gap
        words = f"<{key} {number}{version}>"
        line.take(minute, key, number, 3, words)
        arrivals.append((minute, key, number, words))
    line.until(10_000)

    assert sorted(line.out) == sorted(_walked(arrivals))


def _walked(arrivals: list[tuple[int, str, int, str]]) -> list[str]:
    """Each conversation on its own, each minute looked at."""
    by_key = defaultdict(list)
    for minute, key, number, words in arrivals:
        by_key[key].append((minute, number, words))
    out = []
    for calls in by_key.values():
        walk = _Walk()
        for minute in range(calls[-1][0] + 100):
            walk.look(minute)
            for at, number, words in calls:
                if at == minute:
                    walk.hear(minute, number, words)
        out += walk.out
    return out


_SHOWN = {
    (1, 2, 3): "{1}{2}{3}",
    (2, 3): "[part 1 of 3 missing] {2}{3}",
    (1, 3): "{1} [part 2 of 3 missing] {3}",
    (1, 2): "{1}{2} [part 3 of 3 missing]",
    (1,): "{1} [parts 2 to 3 of 3 missing]",
    (2,): "[part 1 of 3 missing] {2} [part 3 of 3 missing]",
    (3,): "[parts 1 to 2 of 3 missing] {3}",
}


@define
class _Walk:
    there: dict[int, str] = field(factory=dict)
    began: int = -100
    look_at: int | None = None
    out: list[str] = field(factory=list)

    def look(self, minute: int) -> None:
        if self.look_at == minute:
            self.tell()

    def hear(self, minute: int, number: int, words: str) -> None:
        if minute >= self.began + 60 or self.there.get(number, words) != words:
            if self.look_at is not None:
                self.tell()
            self.there, self.began = {}, minute
        if number not in self.there:
            self.there[number] = words
            self.look_at = minute + 10 if self.look_at is None else self.look_at
            if len(self.there) == 3:
                self.tell()

    def tell(self) -> None:
        self.out.append(_SHOWN[tuple(sorted(self.there))].format("", *(self.there.get(n, "") for n in (1, 2, 3))))
        self.look_at = None


def test_parts_belong_together_by_carrier_sender_number_reference_and_total() -> None:
    """A reference of 8 bits and one of 16 are different things; texts and times do not count."""
    one = part_in(1, 2, "a")

    def key(**changed: Any) -> str:
        fact = evolve(one, **changed)
        assert fact.part is not None
        return parts_key(fact, fact.part)

    assert (
        key() == key(text="b", event_id="e9", vendor_id="v9") == key(part=TextPart(reference="8:42", number=2, total=2))
    )
    others = [
        key(vendor="swans"),
        key(sender="+46701740606"),
        key(to="+46766861002"),
        key(part=TextPart(reference="16:42", number=1, total=2)),
        key(part=TextPart(reference="8:42", number=1, total=3)),
        key(sender="\ud83d"),
    ]
    assert len({key(), *others}) == 7


@pytest.mark.parametrize(
    ("number", "total", "is_one"),
    [(1, 2, True), (255, 255, True), (1, 1, False), (0, 2, False), (3, 2, False), (1, 256, False)],
)
def test_a_part_that_contradicts_itself_is_a_whole_text(number: int, total: int, *, is_one: bool) -> None:
    """So is one of one, and what says nothing of parts."""
    assert is_part(TextPart(reference="8:1", number=number, total=total)) is is_one
    assert not is_part(text_in("Hej", event="e1").part)


def test_half_characters_meet_and_what_cannot_be_stored_is_replaced() -> None:
    """A pair that was cut between two parts is one character again; white space at the ends of a whole text stays."""
    joined = heard(came(2, 2, "\ude00 "), came(1, 2, " \ud83d"))
    assert joined.out[0].text == " 😀 "
    assert cleaned("a\0\udc00") == "a\ufffd\ufffd"
    assert on_one_line(" a\r\nBcc: b ") == "a Bcc: b"


def test_what_is_no_text_is_named_in_order() -> None:
    """Each thing on a line of its own, whatever it says about itself; alone where there are no words."""
    joined = heard(came(2, 2, "b", media=("video/mp4 u2",)), came(1, 2, "a", media=("image/png u1",)))
    assert joined.out[0].media == ("image/png u1", "video/mp4 u2")
    assert with_media("Hej", ("image/png\r\nu1", "binary, 42 bytes")) == (
        "Hej\n[not text: image/png u1]\n[not text: binary, 42 bytes]"
    )
    assert with_media("", ("binary, 1 bytes",)) == "[not text: binary, 1 bytes]"
    assert with_media("Hej", ()) == "Hej"


def test_words_stay_out_of_logs() -> None:
    """Neither of a part nor of the text."""
    assert "secret" not in repr(came(1, 2, "secret"))
    assert timedelta(0) < WAITS < REMEMBERED
