"""What programs leave in plain text goes; what a person typed stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.mail.artefacts import is_sealed, without_artefacts, without_files


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\n[cid:image001.png@01DC]\nb", "a\nb"),
        ("a [cid:x@y] b", "a b"),
        ("  [image: logo.png]  \r\nb", "b"),
        ("[bild] [cid: x]", "[bild] [cid: x]"),
        ("anna@salon.example<mailto:anna@salon.example>", "anna@salon.example"),
        ("www.salon.example<https://filter.example/?u=1>, tack", "www.salon.example, tack"),
        ("salon.example <https://www.salon.example/>", "salon.example"),
        ("http://salon.example/<http://salon.example/>", "http://salon.example/"),
        ("<https://salon.example/> salon.example", " salon.example"),
        ("salon.example <https://else.example/>", "salon.example <https://else.example/>"),
        ("Boka<https://salon.example/>", "Boka<https://salon.example/>"),
        ("Se <https://salon.example/> idag", "Se <https://salon.example/> idag"),
        ("<https://salon.example/>", "<https://salon.example/>"),
        ("3 < 4 > 2", "3 < 4 > 2"),
        ("##- Skriv ovanför -##\nHej", "\nHej"),
        ("> ##- Please type your reply above this line -##\n> Hej", "\n> Hej"),
        ("--- Reply above this line ---\nHej", "\nHej"),
        ("--- Hej ---", "--- Hej ---"),
    ],
)
def test_what_nobody_typed_goes(text: str, left: str) -> None:
    """Pictures' place-holders, addresses said twice, a ticket system's line; a link with a text of its own stays."""
    assert without_artefacts(text) == left


SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (SIGNED + "Hash: SHA256\n\nHej\n- -- \nBo\n-----BEGIN PGP SIGNATURE-----\nx", "Hej\n-- \nBo\n"),
        ("\n" + SIGNED.replace("\n", " \r\n") + "\r\nHej\r\n", "Hej\r\n"),
        (SIGNED + "Hej", "Hej"),
        ("Se " + SIGNED + "\nHej", "Se " + SIGNED + "\nHej"),
    ],
)
def test_a_signed_text_is_what_stands_inside(text: str, left: str) -> None:
    """With its dashes as they were; also where the armour is cut off."""
    assert without_artefacts(text) == left


def test_a_text_is_sealed_where_it_begins_so() -> None:
    """One that tells of such a text is not."""
    assert is_sealed("\n -----BEGIN PGP MESSAGE-----\nx")
    assert not is_sealed("Vad är -----BEGIN PGP MESSAGE-----?")


@pytest.mark.parametrize(
    ("text", "left", "names"),
    [
        ("Hej\nbegin 644 a b.txt\n#0V%T\n`\nend\nHopp", "Hej\n\nHopp", ("a b.txt",)),
        ("begin 0755 a\r\n`\r\nend\r\nbegin 644 b\r\nend", "\r\n", ("a", "b")),
        ("begin 644 a\n#0V%T\n", "begin 644 a\n#0V%T\n", ()),
        ("begin 644 a\nvanlig text\nend", "begin 644 a\nvanlig text\nend", ()),
        ("Vi begin\nend", "Vi begin\nend", ()),
    ],
)
def test_files_in_the_text_are_named(text: str, left: str, names: tuple[str, ...]) -> None:
    """Whole ones; what has no end, or no such lines, is text."""
    assert without_files(text) == (left, names)


@given(st.text(st.sampled_from("ab.å \r\n<>[]@:/-#="), max_size=200))
def test_what_has_none_of_it_is_unchanged(text: str) -> None:
    """Brackets, dashes, addresses: all of it may be typed."""
    assert without_artefacts(text) == text
    assert without_files(text) == (text, ())
