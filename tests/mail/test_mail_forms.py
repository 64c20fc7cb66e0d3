"""Which form of a text is taken."""

from __future__ import annotations

import pytest

from servicekit.mail.forms import Form, best_of
from servicekit.mail.lines import Line


def _form(typed: str, below: str = "") -> Form:
    return Form([Line(text) for text in [*typed.split("\n"), *below.split("\n")]], typed)


@pytest.mark.parametrize(
    ("plain", "page", "taken"),
    [
        (_form("Hej\ndu"), _form("Hej du"), "Hej du"),
        (_form("Det är *så* /här/"), _form("Det är så här"), "Det är så här"),
        (_form("Boka <https://x.example>"), _form("Boka https://x.example"), "Boka https://x.example"),
        (_form("Hej\n\nAnna\nSalongen"), _form("Hej", "Anna Salongen"), "Hej"),
        (_form("Hej\n\nAnna\n[Logotyp]"), _form("Hej", "Anna"), "Hej"),
        (_form("Hej\n\nAnna"), _form("Hej", "Bo"), "Hej\n\nAnna"),
        (_form("Hej\n\nAnna"), _form("Hej"), "Hej\n\nAnna"),
        (_form("Hej"), _form("Hallå"), "Hej"),
        (_form("Hej"), _form("", "Hej"), "Hej"),
        (_form(""), _form(""), ""),
    ],
)
def test_html_is_taken_where_it_tells_the_same_and_more(plain: Form, page: Form, taken: str) -> None:
    """The same words, or the first of them with the rest marked as something else; never where words would be missing."""
    assert best_of([plain, page]) == taken


def test_one_form_is_taken_and_none_is_empty() -> None:
    """There is nothing to choose from."""
    assert best_of([_form("Hej")]) == "Hej"
    assert best_of([]) == ""


def test_of_several_the_last_that_tells_the_same() -> None:
    """RFC 2046 (5.1.4) puts the richest form last."""
    assert best_of([_form("a\nb"), _form("c"), _form("a b"), _form("d")]) == "a b"
