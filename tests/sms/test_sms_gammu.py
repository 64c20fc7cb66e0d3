"""libGammu, an independent implementation in C, splits and counts as we do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sms_model import BASIC_LETTERS, EXTENSION_LETTERS

from servicekit.sms import Part, split

gammu: Any = pytest.importorskip("gammu", reason="python-gammu (GPL, for tests only) is not installed")

_letters = st.sampled_from(BASIC_LETTERS.replace("\r", "") + EXTENSION_LETTERS)
_gsm = st.one_of(
    st.text(_letters, max_size=400),
    st.builds(
        lambda start, pair, rest: "x" * start + pair + "x" * rest,
        st.integers(148, 162),
        st.text(st.sampled_from(EXTENSION_LETTERS + "x"), min_size=1, max_size=160),
        st.integers(0, 160),
    ),
)
_ucs = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], exclude_characters="\0\r"), min_size=1, max_size=200),
    st.builds(
        lambda start, pair, rest: "ç" * start + pair + "x" * rest,
        st.integers(60, 72),
        st.text(st.sampled_from("😀x"), min_size=1, max_size=70),
        st.integers(0, 70),
    ),
).map(lambda text: "ł" + text)


def _gammu_parts(text: str, parts: list[Part], *, wide: bool) -> list[tuple[str, bytes]]:
    """Text and header of the messages that libGammu makes, with its reference replaced by ours."""
    kind = "ConcatenatedTextLong16bit" if wide else "ConcatenatedTextLong"
    message = {"Class": -1, "Unicode": parts[0].encoding == "ucs-2", "Entries": [{"ID": kind, "Buffer": text}]}
    found = []
    for sms in gammu.EncodeSMS(message):
        header = bytearray(sms["UDH"]["Text"])
        if header:
            header[3 : 5 if wide else 4] = parts[0].reference.to_bytes(2 if wide else 1, "big")
        found.append((sms["Text"], bytes(header)))
    return found


@settings(max_examples=200)
@given(st.one_of(_gsm.filter(bool), _ucs), st.booleans())
@pytest.mark.spec("M-11", "M-16")
def test_libgammu_makes_the_same_parts(text: str, wide: bool) -> None:
    """The same texts under the same headers, for both encodings and both widths of reference."""
    parts = split(text, 7, wide_reference=wide)
    assert _gammu_parts(text, parts, wide=wide) == [(part.text, part.udh) for part in parts]
