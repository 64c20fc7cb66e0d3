"""Lines of plain text: quote marks, format=flowed, and the white space that is left."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.mail.lines import MOST_DEPTH, Line, plain_lines, tidy


class TestPlainLines:
    """The lines of a plain text body."""

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("Hej", Line("Hej")),
            ("> Hej", Line("Hej", 1)),
            (">Hej", Line("Hej", 1)),
            (" > Hej", Line("Hej", 1)),
            ("> > >  Hej", Line(" Hej", 3)),
            (">>Hej > du", Line("Hej > du", 2)),
            (">", Line("", 1)),
            ("2 > 1", Line("2 > 1")),
            (">" * 50, Line("", MOST_DEPTH)),
        ],
    )
    def test_counts_quote_marks(self, text: str, line: Line) -> None:
        """Marks count with and without spaces; only at the start; to a depth that nobody reads."""
        assert plain_lines(text) == [line]

    def test_knows_every_line_break(self) -> None:
        """CRLF, LF and a lone CR each end a line."""
        assert [line.text for line in plain_lines("a\r\nb\nc\rd")] == ["a", "b", "c", "d"]

    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("Hej \ndu", [Line("Hej du")]),
            ("Hej\ndu", [Line("Hej"), Line("du")]),
            (" >ingen pil", [Line(">ingen pil")]),
            ("> a \n> b\n>> c \n>> d", [Line("a b", 1), Line("c d", 2)]),
            ("Hej \n> a", [Line("Hej "), Line("a", 1)]),
            ("Hej \n-- \nAnna", [Line("Hej "), Line("-- "), Line("Anna")]),
            ("slut ", [Line("slut ")]),
            (">" * 12 + " a", [Line("a", MOST_DEPTH)]),
        ],
    )
    def test_rejoins_flowed_lines(self, text: str, lines: list[Line]) -> None:
        """A line ending in a space goes on at the same depth; the signature's delimiter never does (RFC 3676)."""
        assert plain_lines(text, flowed=True) == lines

    def test_drops_the_space_where_delsp_says_so(self) -> None:
        """With ``delsp=yes`` the space was only the mark, as in text without spaces between words."""
        assert plain_lines("räksmör \ngås", flowed=True, delsp=True) == [Line("räksmörgås")]


class TestTidy:
    """White space as a person types it."""

    @pytest.mark.parametrize(
        ("lines", "text"),
        [
            (["a\u00a0\u00a0b", "\tc "], "a b\nc"),
            (["", "a", "", " ", "", "b", ""], "a\n\nb"),
            (["a\u200bb\u00ad\ufeffc\x00"], "abc"),
            (["A\u030a"], "Å"),
            (["👩\u200d👧"], "👩\u200d👧"),
            (["a\r\nb"], "a\nb"),
            ([], ""),
        ],
    )
    def test_cleans(self, lines: list[str], text: str) -> None:
        """No-break spaces, tabs, gaps, control and zero-width characters; letters are composed, emoji stay whole."""
        assert tidy(lines) == text

    @given(st.lists(st.text()))
    def test_is_done_after_one_pass(self, lines: list[str]) -> None:
        """Cleaning what is clean changes nothing; no line has white space around it, no two empty ones meet."""
        once = tidy(lines)
        assert tidy([once]) == once
        assert all(line == line.strip() for line in once.split("\n"))
        assert "\n\n\n" not in once


def test_letters_keep_the_marks_that_scripts_have() -> None:
    """Thirty on one letter stay, whatever stands around them; of hundreds of thousands the others go, or composing takes hours."""
    thirty = "\u0323\u0301" * 15
    assert unicodedata.normalize("NFC", f"日本語 {'か' * 50} q{thirty}ж") == tidy([f"日本語 {'か' * 50} q{thirty}ж"])
    assert tidy(["x" + thirty + "\u0301" * 300_000 + "y"]) == unicodedata.normalize("NFC", "x" + thirty + "y")
    assert tidy(["e\u0301"]) == "é"
