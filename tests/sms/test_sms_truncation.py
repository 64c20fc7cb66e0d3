"""Truncating a text to a number of segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import texts

from servicekit.errors import Invalid
from servicekit.sms import Language, count_segments, truncate

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1f8\U0001f1ea"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


def _longest(text: str, most: int, ellipsis: str | None) -> str:
    """The longest beginning that fits, by trying all, without regard to clusters."""
    for length in range(len(text), -1, -1):
        kept = text[:length]
        dots = ellipsis
        if dots is None:
            dots = "..." if count_segments(kept).encoding == "gsm-7" else "…"
        if count_segments(kept + dots).segments <= most:
            return kept + dots
    raise AssertionError(text)


@given(texts, st.integers(1, 3))
@pytest.mark.spec("M-12")
def test_the_result_fits_and_a_text_that_fits_is_left_alone(text: str, most: int) -> None:
    """It never takes more than the limit, and is the text itself where that does not either."""
    result = truncate(text, most)
    assert count_segments(result).segments <= most
    assert (result == text) == (count_segments(text).segments <= most)


@given(
    st.text(st.sampled_from("xå€ç😀"), min_size=60, max_size=330),
    st.integers(1, 2),
    st.sampled_from([None, "", "[…]", "*"]),
)
@pytest.mark.spec("M-12")
def test_as_much_is_kept_as_fits(text: str, most: int, ellipsis: str | None) -> None:
    """Bisecting finds what trying every length finds, where every character stands alone."""
    if count_segments(text).segments <= most:
        assert truncate(text, most, ellipsis=ellipsis) == text
    else:
        assert truncate(text, most, ellipsis=ellipsis) == _longest(text, most, ellipsis)


@pytest.mark.spec("M-12")
@pytest.mark.parametrize(
    ("text", "most", "result"),
    [
        ("x" * 161, 1, "x" * 157 + "..."),
        ("x" * 307, 2, "x" * 303 + "..."),
        ("x" * 1378, 9, "x" * 1374 + "..."),
        ("€" * 81, 1, "€" * 78 + "..."),
        ("ç" * 71, 1, "ç" * 69 + "…"),
        ("😀" * 36, 1, "😀" * 34 + "…"),
        ("x" * 157 + "€€", 1, "x" * 157 + "..."),
        ("x" * 156 + "€€€", 1, "x" * 156 + "..."),
        ("x" * 155 + "€€€", 1, "x" * 155 + "€" + "..."),
        ("x" * 100 + "ç", 1, "x" * 100 + "..."),
        ("ç" + "x" * 200, 1, "ç" + "x" * 68 + "…"),
    ],
)
def test_examples(text: str, most: int, result: str) -> None:
    """Dots in GSM-7, one ellipsis in UCS-2; what forces UCS-2 goes first where it stands late."""
    assert truncate(text, most) == result


@pytest.mark.parametrize("character", ["\t", "ø"])
def test_the_default_is_nine_segments(character: str) -> None:
    """As for `check_limit`."""
    assert count_segments(truncate(character * 2000)).segments == 9


@pytest.mark.parametrize(
    "cluster",
    [
        "e\u0301",
        "ö\u0301\u0323",
        "\r\n",
        FAMILY,
        FLAG,
        "\U0001f1e6\U0001f1ff",
        "\U0001f1ff\U0001f1e6",
        SCOTLAND,
        "👍\U0001f3fd",
        "👍\U0001f3fb",
        "👍\U0001f3ff",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "कि",
        "\u1112\u1161\u11ab",
        "\u1112\u1112",
        "\u1112\ud558",
        "\ud558\u11ab",
        "\uff76\uff9e",
        "\u1100\u1160",
        "\u115f\uac00",
        "\u11ff\u11ff",
        "\ud7a3\u11ff",
        "a\u200c\u200c",
        "🏴\U000e0020\U000e007f",
    ],
)
@pytest.mark.spec("M-12")
def test_a_grapheme_cluster_is_kept_or_dropped_whole(cluster: str) -> None:
    """Accents, line ends, families, flags, skin tones, keycaps, Indic vowels, Hangul and voiced kana are never cut."""
    room = 69  # one SMS with the ellipsis
    for before in range(room - len(cluster.encode("utf-16-be")) // 2, room + 1):
        text = "ç" + "x" * (before - 1) + cluster + "x" * 70
        kept = truncate(text, 1).removesuffix("…")
        assert kept in {"ç" + "x" * (before - 1), "ç" + "x" * (before - 1) + cluster, text[:room]}
        assert not (len(kept) > before and cluster not in kept)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a", "b"),
        ("\n", "\u0301"),
        ("\n", "\r"),
        ("\r", "x"),
        ("\u2028", "\u0301"),
        ("\u2029", "\u0301"),
        ("\u200d", "x"),
        ("x", "☺"),
        (FLAG, FLAG),
        ("한", "글"),
        ("한", "x"),
        ("x", "한"),
        ("\u11ab", "한"),
        ("x", "\u1112"),
        ("\u11a8", "\u1112"),
        ("\u10ff", "\uac00"),
        ("한", "\u10ff"),
        ("👍", "\U0001f400"),
        ("👍", "\U0001f3fa"),
        ("x", FLAG[0]),
        ("x", "\U000e001f"),
        ("x", "\U000e0080"),
        ("\u1160", "\uac00"),
        ("\u11ff", "\u1200"),
        ("\u11ab", "\u115f"),
        ("x", "\U0001f1e5"),
        (FLAG[0], "\U0001f200"),
        (FLAG[0], "\U0001f1e5"),
        ("\U0001f1e5", FLAG[0]),
        ("\u1112", "\uabff"),
        ("\u1112", "\ud7a4"),
        ("\uabff", "\u1160"),
        ("\ud7a4", "\u1160"),
    ],
)
def test_between_two_clusters_one_may_cut(before: str, after: str) -> None:
    """A boundary of clusters is a place to cut: all that fits is kept."""
    units = len((before + after).encode("utf-16-be", "surrogatepass")) // 2
    first = len(before.encode("utf-16-be", "surrogatepass")) // 2
    text = "ç" + "x" * (68 - first) + before + after + "x" * 70
    assert first < units
    assert truncate(text, 1) == "ç" + "x" * (68 - first) + before + "…"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("e" + "\u0301" * 100, 69),
        ("çe" + "\u0301" * 100, 1),
        (FLAG * 20, 68),
    ],
)
def test_a_cluster_longer_than_all_that_fits_is_cut(text: str, kept: int) -> None:
    """Better a piece of it than nothing; but what stands before it is kept alone, and flags are kept whole."""
    assert len(truncate(text, 1).removesuffix("…").encode("utf-16-be", "surrogatepass")) // 2 == kept


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (0xD800, 0xDC00, 68),
        (0xD83D, 0xDE00, 68),
        (0xDBFF, 0xDFFF, 68),
        (0xDE00, 0xD83D, 69),
        (0xD7FF, 0xDE00, 69),
        (0xDC00, 0xDE00, 69),
        (0xD83D, 0xE000, 69),
        (0xD83D, 0xDBFF, 69),
        (0xD83D, 0xD83D, 69),
    ],
)
def test_halves_of_a_pair_stay_together(first: int, second: int, kept: int) -> None:
    """Also where a ``str`` holds them as two code points; other halves are characters like any."""
    text = (chr(first) + chr(second)) * 40
    assert truncate(text, 1) == text[:kept] + "…"


@pytest.mark.spec("M-12")
def test_an_ellipsis_of_ones_own() -> None:
    """It is what is appended, or nothing; one outside the alphabet makes the text UCS-2, and still all fits."""
    assert truncate("x" * 161, 1, ellipsis="") == "x" * 160
    assert truncate("x" * 161, 1, ellipsis=" [more]") == "x" * 151 + " [more]"
    assert truncate("x" * 161, 1, ellipsis="…") == "x" * 69 + "…"


def test_an_ellipsis_that_does_not_fit_is_refused() -> None:
    """Even an empty text with it would be over the limit. One that fills the limit exactly is all that is left."""
    assert truncate("x" * 161, 1, ellipsis="y" * 160) == "y" * 160
    with pytest.raises(Invalid, match="ellipsis alone takes more than 1 SMS") as refusal:
        truncate("x" * 161, 1, ellipsis="y" * 161)
    assert (refusal.value.code, refusal.value.facts) == ("bad_ellipsis", {"most": 1})


@pytest.mark.parametrize("most", [0, 256])
def test_a_limit_that_no_message_can_have_is_refused(most: int) -> None:
    """Also for a text that would need no truncating."""
    with pytest.raises(Invalid) as refusal:
        truncate("x", most)
    assert refusal.value.code == "bad_limit"


def test_header_and_tables_count() -> None:
    """A wide reference leaves less room; national tables keep the text GSM-7, and so its dots."""
    assert truncate("x" * 400, 2, wide_reference=True) == "x" * 301 + "..."
    assert truncate("ş" * 200, 1, language=Language.TURKISH) == "ş" * 152 + "..."
