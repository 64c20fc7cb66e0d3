"""What mark-up means, and making a page safe to parse."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.mail.markup import Meaning, address_to_tell, meaning_of, parsable, starts_below


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<p>a</p>", "<p>a</p>"),
        ("a<!-- b -->c", "ac"),
        ("a<!-->b", "ab"),
        ("a<!-- b", "a"),
        ("a<script>b</SCRIPT x>c", "ac"),
        ("a<style>b", "a"),
        ("<!-- <style> -->a<style><!--</style>b-->", "ab-->"),
        ("<!DOCTYPE html><p>", "<p>"),
        ("1 < 2 <b>3</b>", "1 &lt; 2 <b>3</b>"),
        ("<<!x>!y>", "&lt;!y>"),
        ('<img alt="a<b">', '<img alt="">'),
        ('<img alt="a>b">', '<img alt="a>b">'),
    ],
)
def test_what_the_parser_would_search_for_to_the_end_is_gone(html: str, left: str) -> None:
    """Open comments, scripts, declarations, and angles that open no tag."""
    assert parsable(html) == left


@given(st.text(st.sampled_from('<>!?-/"=ab ')))
def test_every_angle_that_is_left_has_its_end(html: str) -> None:
    """No ``<`` without a ``>`` before the next one, and no declaration: so no search goes further than its own tag."""
    left = parsable(html)
    assert re.search(r"<[^<>]*(<|\Z)|<[!?]", left) is None


@pytest.mark.parametrize(
    ("tag", "attributes", "meaning"),
    [
        ("div", {}, Meaning()),
        ("p", {}, Meaning(apart=True)),
        ("p", {"class": "x_MsoNormal"}, Meaning()),
        ("script", {}, Meaning(unseen=True)),
        ("div", {"style": "VISIBILITY: hidden"}, Meaning(unseen=True)),
        ("div", {"type": "cite"}, Meaning()),
        ("blockquote", {"type": "CITE"}, Meaning(quotes=True)),
        ("blockquote", {"class": "protonmail_quote"}, Meaning(quotes=True)),
        ("div", {"class": "ydp yahoo_quoted"}, Meaning(quotes=True)),
        ("div", {"id": "Signature"}, Meaning(signs=True)),
        ("a", {"name": "_MailAutoSig"}, Meaning(signs=True)),
        ("span", {"style": "mso-bookmark: _MailAutoSig"}, Meaning(signs=True)),
        ("p", {"class": "MsoListParagraph"}, Meaning()),
        ("div", {"id": "AppleMailSignature"}, Meaning()),
        ("div", {"class": "x_gmail_signature"}, Meaning(signs=True)),
    ],
)
def test_elements_mean_what_mail_programs_mean_by_them(tag: str, attributes: dict[str, str], meaning: Meaning) -> None:
    """By tag, type, class, id or style."""
    assert meaning_of(tag, attributes) == meaning
    assert meaning.marks is (meaning.unseen or meaning.quotes or meaning.signs)


def test_outlooks_dividers_are_known() -> None:
    """By id on the web, by the drawn line on the desktop; a border of another colour is somebody's taste."""
    assert starts_below({"id": "x_divRplyFwdMsg"})
    assert starts_below({"style": "border:none; border-top:solid #B5C4DF 1.0pt"})
    assert not starts_below({"style": "border-top: solid red"})


@pytest.mark.parametrize(
    ("href", "text", "told"),
    [
        ("https://x.example", "här", "https://x.example"),
        ("HTTP://x.example", "två ord", "HTTP://x.example"),
        ("https://x.example", "x.example", ""),
        ("https://x.example", "", ""),
        ("javascript:x()", "här", ""),
    ],
)
def test_addresses_are_told_where_the_text_does_not(href: str, text: str, told: str) -> None:
    """Only web addresses, and only under a text that is none itself."""
    assert address_to_tell(href, text) == told
