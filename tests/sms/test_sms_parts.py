"""Splitting into the parts that a carrier sends, and joining parts."""

from __future__ import annotations

import pickle
import random
from itertools import pairwise

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from sms_model import EXTENSION_LETTERS, any_text, cut, pack_bits, texts

from servicekit.errors import Invalid
from servicekit.sms import GSM_03_38, Language, Part, Tables, count_segments, join, split

languages = st.sampled_from([None, *Language])


@given(texts, st.booleans(), languages)
@pytest.mark.spec("M-11", "M-16")
def test_joining_the_parts_gives_back_the_text(text: str, wide: bool, language: Language | None) -> None:
    """For every text of Unicode, lone surrogates included, whatever header and tables."""
    assert join(split(text, wide_reference=wide, language=language)) == text


@given(texts, st.booleans())
@pytest.mark.spec("M-11", "M-16")
def test_the_parts_are_those_of_a_walk_over_the_text(text: str, wide: bool) -> None:
    """Each part's text, size and number is the model's; no part is over its limit."""
    encoding, expected = cut(text, wide_reference=wide)
    parts = split(text, wide_reference=wide)
    assert [(part.text, part.units) for part in parts] == expected
    assert {part.encoding for part in parts} == {encoding}
    assert [(part.number, part.total) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]


@given(texts, st.booleans(), languages)
@pytest.mark.spec("M-11", "M-16")
def test_f70_no_pair_is_cut(text: str, wide: bool, language: Language | None) -> None:
    """F-70: no part ends within an escape pair or a surrogate pair."""
    parts = split(text, wide_reference=wide, language=language)
    for part, following in pairwise(parts):
        assert not part.septets.endswith(b"\x1b")
        assert not ("\ud800" <= part.text[-1] <= "\udbff" and "\udc00" <= following.text[0] <= "\udfff")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans(), languages, st.integers(0, 255))
@pytest.mark.spec("M-16")
def test_header_and_payload_fit_an_sms(text: str, wide: bool, language: Language | None, reference: int) -> None:
    """TP-User-Data has at most 140 octets, and its payload is the part's text in the part's encoding."""
    for part in split(text * 40, reference, wide_reference=wide, language=language):
        assert part.user_data == part.udh + part.payload
        assert len(part.user_data) <= 140
        if part.encoding == "ucs-2":
            assert part.payload.decode("utf-16-be") == part.text
            assert part.septets == b""
        else:
            assert len(part.septets) == part.units
            assert part.payload == pack_bits(part.septets, -8 * len(part.udh) % 7)


@pytest.mark.spec("M-11")
@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("x" * 160, [160]),
        ("x" * 161, [153, 8]),
        ("x" * 306, [153, 153]),
        ("x" * 307, [153, 153, 1]),
        ("x" * 152 + "€" + "x" * 7, [152, 9]),
        ("x" * 151 + "€" + "x" * 8, [153, 8]),
        ("x" * 152 + "€" + "x" * 152, [152, 153, 1]),
        ("x" * 305 + "€", [153, 152, 2]),
        ("€" * 153, [152, 152, 2]),
        ("ç" * 70, [70]),
        ("ç" * 71, [67, 4]),
        ("ç" * 134, [67, 67]),
        ("ç" * 135, [67, 67, 1]),
        ("ç" * 66 + "😀" + "ç" * 3, [66, 5]),
        ("ç" * 65 + "😀" + "ç" * 4, [67, 4]),
        ("ç" * 66 + "😀" + "ç" * 66, [66, 67, 1]),
        ("😀" * 36, [66, 6]),
        ("x" * 1377, [153] * 9),
        ("ç" * 603, [67] * 9),
    ],
)
def test_sizes_at_every_boundary(text: str, sizes: list[int]) -> None:
    """What each part holds where letters, extension characters and emoji meet or cross the limits."""
    assert [part.units for part in split(text)] == sizes


@pytest.mark.spec("M-16")
@pytest.mark.parametrize("pair", list(EXTENSION_LETTERS))
def test_each_extension_character_stays_whole(pair: str) -> None:
    """Any of the ten that lies across 153 goes to the second part as a whole."""
    first, second = split("x" * 152 + pair + "x" * 10)
    assert (first.text, second.text) == ("x" * 152, pair + "x" * 10)
    assert second.septets == GSM_03_38.encode(pair) + b"x" * 10


@pytest.mark.spec("M-16")
def test_a_message_of_one_part_has_no_header() -> None:
    """Nothing is announced where there is nothing to join: the payload is all."""
    (part,) = split("hello", reference=77)
    assert (part.udh, part.payload.hex(), part.user_data) == (b"", "e8329bfd06", part.payload)
    assert (part.number, part.total, part.reference, part.wide_reference) == (1, 1, 0, False)


@pytest.mark.spec("M-16")
def test_concatenation_headers() -> None:
    """05 00 03 with the 8-bit reference, 06 08 04 with the 16-bit one, big-endian; then the total and the number."""
    assert [part.udh.hex(" ") for part in split("x" * 161, 0xCC)] == ["05 00 03 cc 02 01", "05 00 03 cc 02 02"]
    assert [part.udh.hex(" ") for part in split("ç" * 135, 0x1234, wide_reference=True)] == [
        "06 08 04 12 34 03 01",
        "06 08 04 12 34 03 02",
        "06 08 04 12 34 03 03",
    ]


@pytest.mark.spec("M-16")
def test_septets_start_on_a_septet_boundary_after_the_header() -> None:
    """One fill bit after a header of 6 octets, none after 7: 153 and 152 septets fill 134 and 133 octets."""
    narrow, wide = split("A" * 400, 1)[0], split("A" * 400, 1, wide_reference=True)[0]
    assert narrow.payload == pack_bits(b"A" * 153, 1)
    assert wide.payload == pack_bits(b"A" * 152, 0)
    assert (len(narrow.user_data), len(wide.user_data)) == (140, 140)


@pytest.mark.spec("M-16")
def test_national_tables_are_announced_in_every_part() -> None:
    """Even a message of one part has a header then, and encodes by the announced tables."""
    (alone,) = split("ağaç", language=Language.TURKISH)
    assert alone.udh.hex(" ") == "03 24 01 01"
    assert alone.tables == Tables(single=Language.TURKISH)
    assert alone.septets == b"a\x1bga\x1bc"
    assert alone.payload == pack_bits(alone.septets, 3)
    parts = split("ção" * 60, 5, language=Language.PORTUGUESE)
    assert [part.udh.hex(" ") for part in parts] == ["08 00 03 05 02 01 25 01 03", "08 00 03 05 02 02 25 01 03"]
    assert [part.units for part in parts] == [149, 31]


@pytest.mark.spec("M-16")
@pytest.mark.parametrize(("wide", "highest"), [(False, 255), (True, 65535)])
def test_a_reference_fits_its_field(wide: bool, highest: int) -> None:
    """0 to 255, or to 65535; anything else is refused, also for a message that needs none."""
    for reference in (0, highest):
        assert split("x" * 161, reference, wide_reference=wide)[1].reference == reference
    for reference in (-1, highest + 1):
        with pytest.raises(Invalid, match=f"0 to {highest}") as refusal:
            split("x", reference, wide_reference=wide)
        assert refusal.value.code == "bad_reference"
        assert refusal.value.facts == {"reference": reference, "most": highest}


@given(any_text.map(lambda text: text + "x" * 161), st.booleans())
def test_a_reference_that_nobody_gave_comes_from_the_text(text: str, wide: bool) -> None:
    """It is the same each time, in range, and the same in all parts."""
    references = {part.reference for part in split(text, wide_reference=wide) + split(text, wide_reference=wide)}
    assert len(references) == 1
    assert 0 <= references.pop() <= (65535 if wide else 255)


def test_texts_that_differ_seldom_share_a_reference() -> None:
    """A hundred texts use most of the references that a hundred dice would."""
    assert len({split("x" * 161 + str(n))[0].reference for n in range(100)}) > 60
    assert len({split("x" * 161 + str(n), wide_reference=True)[0].reference for n in range(100)}) > 95


def test_more_than_255_parts_cannot_be_numbered() -> None:
    """39,015 septets are 255 parts; one more is refused with the number found. Counting goes on."""
    assert len(split("x" * 39_015)) == 255
    with pytest.raises(Invalid, match="takes 256 SMS") as refusal:
        split("x" * 39_016)
    assert (refusal.value.code, refusal.value.facts) == ("too_many_segments", {"segments": 256, "most": 255})
    assert count_segments("x" * 39_016).segments == 256


@pytest.mark.parametrize("text", ["a\ud800b", "\udc00" * 80, "😀\ud83d\ude00"])
def test_half_a_pair_is_split_but_never_sent(text: str) -> None:
    """The text survives splitting and joining; the payload is refused, as nobody could read it."""
    parts = split(text)
    assert join(parts) == text
    with pytest.raises(Invalid, match="half of a surrogate pair") as refusal:
        [part.payload for part in parts]
    assert refusal.value.code == "lone_surrogate"


def test_two_halves_that_meet_are_counted_as_the_pair_they_are() -> None:
    """Texts that hold a pair as two code points, among real ones, are cut at the right characters."""
    text = "ç" + "😀\ud83d\ude00\uffff" * 40 + "x" * 100
    parts = split(text)
    assert [(part.text, part.units) for part in parts] == cut(text)[1]
    assert join(parts) == text


@given(texts.filter(bool), st.randoms(use_true_random=False))
@pytest.mark.spec("M-16")
def test_parts_join_in_any_order_and_doubled(text: str, dice: random.Random) -> None:
    """Carriers deliver parts out of order and twice."""
    parts = split(text + "x" * 161, 9) * 2
    dice.shuffle(parts)
    assert join(parts) == text + "x" * 161


@pytest.mark.spec("M-16")
def test_missing_parts_are_named() -> None:
    """Which ones and out of how many, so that one can wait for them."""
    parts = split("x" * 500, 1)
    with pytest.raises(Invalid) as refusal:
        join([parts[3], parts[1]])
    assert str(refusal.value) == "Of 4 parts these are missing: 1, 3. Wait for them, or ask the sender."
    assert (refusal.value.code, refusal.value.facts) == ("missing_parts", {"missing": [1, 3], "total": 4})


def test_nothing_cannot_be_joined() -> None:
    """No part is no message: that is a mistake of the caller, not an empty text."""
    with pytest.raises(Invalid) as refusal:
        join([])
    assert (str(refusal.value), refusal.value.code) == ("There are no parts to join.", "no_parts")


@pytest.mark.parametrize(
    ("other", "totals", "references"),
    [
        (split("y" * 161, 8)[1], [2, 2], [7, 8]),
        (split("x" * 307, 7)[1], [2, 3], [7, 7]),
        (split("x" * 161, 7, wide_reference=True)[1], [2, 2], [7, 7]),
    ],
)
def test_parts_of_different_messages_do_not_mix(other: Part, totals: list[int], references: list[int]) -> None:
    """Another reference, another total, or a reference of the other width is another message."""
    with pytest.raises(Invalid) as refusal:
        join([split("x" * 161, 7)[0], other])
    assert str(refusal.value) == (
        "These parts are of different messages: join those of one sender with the same reference and total."
    )
    assert refusal.value.code == "mixed_parts"
    assert refusal.value.facts == {"totals": totals, "references": references}


@frozen
class Given:
    """A part that somebody else made, as `servicekit.sms.AnyPart` allows."""

    text: str
    number: int
    total: int
    reference: int = 7
    wide_reference: bool = False


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_part_with_an_impossible_number_is_refused(number: int) -> None:
    """Numbers go from 1 to the total."""
    part = Given("a", 1, 2)
    with pytest.raises(Invalid, match=f"Part {number} of 2") as refusal:
        join([part, evolve(part, number=number)])
    assert (refusal.value.code, refusal.value.facts) == ("conflicting_parts", {"number": number, "total": 2})


def test_two_parts_with_one_number_must_agree() -> None:
    """A double is harmless; another text under the same number is not a double. An empty part counts as there."""
    first, second = Given("a", 1, 2), Given("", 2, 2)
    assert join([first, second, first, second]) == "a"
    with pytest.raises(Invalid, match="Part 2 of 2 contradicts") as refusal:
        join([first, second, evolve(second, text="c")])
    assert (refusal.value.code, refusal.value.facts) == ("conflicting_parts", {"number": 2, "total": 2})


def test_a_part_is_a_value() -> None:
    """Parts compare, hash and pickle by value and show what they hold."""
    parts = split("x" * 161, 1)
    assert parts == split("x" * 161, 1)
    assert len({*parts, *split("x" * 161, 1)}) == 2
    assert pickle.loads(pickle.dumps(parts)) == parts  # noqa: S301  our own bytes
    assert repr(parts[1]) == "Part(number=2, total=2, encoding='gsm-7', units=8, text='xxxxxxxx')"
