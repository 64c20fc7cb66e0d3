"""The carrier's own counting of parts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.testing.simulators.gsm import BASIC, EXTENSION, parts


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("", [0]),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("€" * 80, [80]),
        ("€" * 81, [76, 5]),
        ("a" * 152 + "€" + "a" * 8, [152, 9]),
        ("ş" * 70, [70]),
        ("ş" * 71, [67, 4]),
        ("😀" * 35, [35]),
        ("😀" * 36, [33, 3]),
    ],
)
def test_parts_have_the_standard_s_room(text: str, lengths: list[int]) -> None:
    """160 septets or 153 a part, extension characters two; 70 code units or 67 a part, astral characters two, none cut."""
    assert [len(part) for part in parts(text)] == lengths


@settings(max_examples=100)
@given(st.text(st.sampled_from("ab€[ş😀\n"), max_size=400))
def test_parts_join_to_the_text_and_fit(text: str) -> None:
    """Nothing is lost, and each part fits its room, measured with the encodings themselves."""
    cut = parts(text)
    assert "".join(cut) == text
    gsm = set(text) <= BASIC | EXTENSION
    for part in cut:
        used = len(part) + sum(char in EXTENSION for char in part) if gsm else len(part.encode("utf-16-be")) // 2
        assert used <= ((160 if gsm else 70) if len(cut) == 1 else (153 if gsm else 67))


def test_the_alphabet_has_the_standard_s_size() -> None:
    """127 characters beside the escape, and ten in the extension table (TS 23.038 6.2.1)."""
    assert (len(BASIC), len(EXTENSION)) == (127, 10)
