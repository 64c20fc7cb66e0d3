"""What people send over Sinch: words, parts, and what is named because it is no text."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.adapters.texts.sinch.content import Content, content, word
from servicekit.outbox.facts import TextPart

CONCATENATED = "050003070302"  # part 2 of 3


def binary(octets: bytes, udh: object) -> Content:
    """What is in a binary SMS."""
    return content("mo_binary", {"body": base64.b64encode(octets).decode(), "udh": udh})


def test_a_text_is_its_words() -> None:
    """As they are, also none."""
    assert content("mo_text", {"body": "Ja, tack! 😀"}) == ("Ja, tack! 😀", None, ())
    assert content("mo_text", {"body": ""}) == ("", None, ())


def test_an_mms_gives_its_words_and_names_the_rest() -> None:
    """Subject and text are words; each thing has type and URL, or is said not to have been taken over."""
    things: list[object] = [
        {"content_type": "image/jpeg", "url": "https://media.sinch.test/1", "status": "Uploaded", "code": 0},
        {"content_type": "video/mp4", "status": "Failed", "code": 400},
        {"url": "https://media.sinch.test/2"},
        None,
    ]
    assert content("mo_media", {"body": {"subject": "Cat", "message": "Look", "media": things}}) == (
        "Cat\nLook",
        None,
        (
            "image/jpeg https://media.sinch.test/1",
            "video/mp4 (not taken over by Sinch)",
            "media https://media.sinch.test/2",
            "media (not taken over by Sinch)",
        ),
    )
    assert content("mo_media", {"body": {"media": None, "message": 5, "subject": ""}}) == ("", None, ())


def test_a_part_of_a_long_text_is_told_as_a_part() -> None:
    """With 8 and 16 bits of reference, in septets and in UCS-2."""
    assert binary(b"mitt i meningen", CONCATENATED) == (
        "mitt i meningen",
        TextPart(reference="8:7", number=2, total=3),
        (),
    )
    assert binary("Привет".encode("utf-16-be"), "06080401000201") == (
        "Привет",
        TextPart(reference="16:256", number=1, total=2),
        (),
    )


def test_what_is_binary_and_no_text_is_named_with_its_size() -> None:
    """To a port, without a header, or octets that make no characters; a part without words is a part still."""
    assert binary(b"\x01" * 42, "06050415811581") == ("", None, ("binary, 42 bytes",))
    assert binary(b"", None) == ("", None, ("binary, 0 bytes",))
    part = TextPart(reference="8:7", number=2, total=3)
    assert binary(b"\xff\xd8\xff", CONCATENATED) == ("", part, ("binary, 3 bytes",))


@pytest.mark.parametrize(
    ("kind", "told", "named"),
    [
        ("mo_binary", {"body": "no base64!"}, "binary, unreadable"),
        ("mo_binary", {"body": None, "udh": "xyz"}, "binary, unreadable"),
        ("mo_binary", {"body": "AwE=", "udh": "05å0"}, "binary, unreadable"),
        ("mo_text", {"body": None}, "mo_text, unreadable"),
        ("mo_media", {"body": "words"}, "mo_media, unreadable"),
        ("mo_hologram", {"body": "words"}, "mo_hologram, unreadable"),
    ],
)
def test_what_cannot_be_read_is_named(kind: str, told: dict[str, object], named: str) -> None:
    """That somebody wrote is not lost for the content's sake."""
    assert content(kind, told) == ("", None, (named,))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["AwE=", CONCATENATED, "é"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "media", "url", "x"]), inner, max_size=3)
    ),
)
KINDS = st.sampled_from(["mo_text", "mo_media", "mo_binary", "mo_x"])


@given(KINDS, st.dictionaries(st.sampled_from(["body", "udh"]), JSON))
def test_any_message_has_some_content(kind: str, told: dict[str, object]) -> None:
    """Whatever JSON it is."""
    text, part, media = content(kind, json.loads(json.dumps(told)))
    assert isinstance(text, str)
    assert part is None or 1 <= part.number <= part.total
    assert all(media)


def test_ids_are_texts_that_can_be_shown() -> None:
    """Nothing else is one: no number, no control character, no half of a pair."""
    assert [word(value) for value in ("01B", "", None, 5, "a\n", "\ud800", ["x"])] == ["01B", "", "", "", "", "", ""]
