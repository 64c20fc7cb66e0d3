"""HTML to lines: what a reader sees, and nothing else."""

from __future__ import annotations

import html as escaping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.mail.html import html_lines
from servicekit.mail.lines import MOST_DEPTH, Line, tidy


def _text(html: str) -> str:
    return tidy(line.text for line in html_lines(html))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Hej<br>du<BR/>där", "Hej\ndu\ndär"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<div>a<br></div><div>b</div>", "a\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<p>a<p>b", "a\n\nb"),
        ("<h1>a</h1>b", "a\n\nb"),
        ('<p class="MsoNormal">a</p><p class=MsoNormal>&nbsp;</p><p class="MsoNormal">b</p>', "a\n\nb"),
        ('<p class="MsoNormal">a</p><p class="MsoNormal">b</p>', "a\nb"),
        ('<p style="margin: 0">a</p><p style="margin-bottom:0px">b</p>', "a\nb"),
        ('<p style="margin:0.5em">a</p><p>b</p>', "a\n\nb"),
        ("a\n  b\t<b> c</b>", "a b c"),
        ("<pre>a\n  b\r\nc</pre>d", "a\nb\nc\nd"),
        ("<ul><li>a<li>b</ul>c", "- a\n- b\nc"),
        ("<ol><li>a</li><li><p>b</p></li></ol>", "1. a\n\n2. b"),
        ("<li>a</li>", "- a"),
        ("<ol><li>a<ul><li>x</li></ul></li><li>b</li></ol>", "1. a\n- x\n2. b"),
        ("<table><tr><td>a<td>b<tr><th>c</th><th>d</th></tr></table>", "a b\nc d"),
        ("a<hr>b", "a\nb"),
        ("r&auml;ksm&#246;rg&#xe5;s &lt;3 &amp; &unknown;", "räksmörgås <3 & &unknown;"),
        ("</p></div>a</b>", "a"),
        ("<i><div>a</i></div><div>b</div>", "a\nb"),
        ("1 < 2 och 3 > 2, I <3 U", "1 < 2 och 3 > 2, I <3 U"),
        ("", ""),
    ],
)
def test_breaks_lines_where_a_reader_sees_them_broken(html: str, text: str) -> None:
    """Breaks, blocks, paragraphs, lists, tables and preformatted text; open and misplaced tags do no harm."""
    assert _text(html) == text


@pytest.mark.parametrize(
    "unseen",
    [
        "<script>if (a < b) c()</script>",
        "<style><!-- p {color:red} --></style>",
        "<STYLE>p</STYLE >",
        "<!-- note > -->",
        "<!-->",
        "<!--[if mso]><p>x</p><![endif]-->",
        "<![if !mso]><![endif]>",
        "<!DOCTYPE html>",
        '<?xml:namespace prefix="o" />',
        "<head><title>x</title><meta charset=utf-8></head>",
        '<div style="display: none">x<p>y</div>',
        '<span style="font-size:0px">x<br></span>',
        '<div style="max-height:0">x</div>',
        '<div style="mso-hide:all">x</div>',
        "<p hidden>x</p>",
        '<img src="https://track.example/1.gif" width=1 alt="">',
        '<img src="cid:logo" alt="Salong Saxen">',
        '<div style="display:none"><img alt="😊"><a href="https://x.example">x y</a></div>',
        "<template>x</template>",
    ],
)
def test_shows_nothing_of_what_no_reader_sees(unseen: str) -> None:
    """Scripts, styles, comments, hidden elements, pictures, tracking pixels."""
    assert _text(f"<span>a</span>{unseen}<span>b</span>").replace("\n", "") == "ab"


def test_shows_small_but_visible_text() -> None:
    """A small font is no hidden one."""
    assert _text('<span style="font-size:0.8em">liten</span>') == "liten"


def test_shows_emoji_drawn_as_pictures() -> None:
    """A picture whose alternative text is a symbol says something; a logo's name does not."""
    assert _text('Ses! <img class="an1" alt="😊" src="x"><img alt="logo é">') == "Ses! 😊"


def test_an_open_comment_hides_the_rest_as_in_a_browser() -> None:
    """There is no end to look for."""
    assert _text("a<!-- b <p>c</p>") == "a"
    assert _text("a<style>b <p>c</p>") == "a"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://x.example/boka">Boka här</a>!', "Boka här https://x.example/boka!"),
        ('<a href="https://x.example/boka">x.example/boka</a>', "x.example/boka"),
        ('<a href="https://safelinks.example/?url=1">https://x.example</a>', "https://x.example"),
        ('<a href="mailto:a@x.example">Anna</a>', "Anna"),
        ('<a href="tel:+46701740605">Ring</a>', "Ring"),
        ('<a href="https://x.example"><img src="y"></a>', ""),
        (
            '<a name="top">a</a><a href="https://x.example">b<a href="https://y.example">c d</a>',
            "ab https://x.examplec d https://y.example",
        ),
    ],
)
def test_tells_the_address_of_a_link_only_where_its_text_does_not(html: str, text: str) -> None:
    """A text that is an address stands alone, whatever filter the link goes through."""
    assert _text(html) == text


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ('a<blockquote type="cite">b</blockquote>c', [Line("a"), Line("b", 1), Line("c")]),
        (
            '<blockquote class="gmail_quote">b<blockquote type=cite>c</blockquote></blockquote>',
            [Line("b", 1), Line("c", 2)],
        ),
        ("<blockquote>indrag</blockquote>", [Line("indrag")]),
        ('<div class="yahoo_quoted">b</div>', [Line("b", 1)]),
        (
            '<div class="gmail_quote">a<blockquote class="gmail_quote">b</blockquote>c</div>',
            [Line("a"), Line("b", 1), Line("c")],
        ),
        (
            'a<div id="appendonsend"></div><div id="divRplyFwdMsg">b</div><div>c</div>',
            [Line("a"), Line("b", 1), Line("c", 1)],
        ),
        ('a<div style="border:none;border-top:solid #E1E1E1 1.0pt">b</div>c', [Line("a"), Line("b", 1), Line("c", 1)]),
        ('a<div id="x_Signature">b</div>c', [Line("a"), Line("b", signs=True), Line("c")]),
        ('a<span class="gmail_signature_prefix">-- </span>', [Line("a"), Line("--", signs=True)]),
        ('<pre class="moz-signature">-- \nb</pre>', [Line("-- ".strip(), signs=True), Line("b", signs=True)]),
        ('a<span class="gmail_signature">b<span>c</span>d</span>e', [Line("a"), Line("bcd", signs=True), Line("e")]),
        ("<p>a</p><blockquote type=cite><p>b</p></blockquote>", [Line("a"), Line("", 1), Line("b", 1)]),
    ],
)
def test_marks_quotes_and_signatures(html: str, lines: list[Line]) -> None:
    """What mail programs mark as quoted or signing is marked; what they only indent is not."""
    assert html_lines(html) == lines


def test_depth_is_bounded() -> None:
    """Quotes nested deeper than anybody reads count as that deep."""
    assert html_lines("<blockquote type=cite>" * 30 + "a")[-1].depth == MOST_DEPTH


WORD = st.text("abcåäö<>&\"'=/!?-;😀", min_size=1, max_size=6)


@given(st.lists(st.lists(WORD, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=5), st.data())
def test_escaped_text_comes_back(lines: list[str], data: st.DataObject) -> None:
    """Whatever a person typed, escaped and dressed in inline tags and blocks, is what a reader sees."""
    dressed = [
        data.draw(
            st.sampled_from(["{}", "<b>{}</b>", '<span style="color:red">{}', "<font>{}</i>", "<o:p>{}</o:p>"])
        ).format(escaping.escape(line))
        for line in lines
    ]
    page = data.draw(
        st.sampled_from(["<br>", "</div><div>", "<p class=MsoNormal>", "</td></tr><tr><td>", "<BR />\n"])
    ).join(dressed)
    assert _text(page) == "\n".join(lines)


PIECES = [
    "<",
    ">",
    "<!",
    "<!--",
    "-->",
    "<?",
    "</",
    "<a ",
    "<p>",
    "<script>",
    "<style",
    "'",
    '"',
    "=",
    "&",
    "&#x",
    "å",
    " ",
    "/",
    "x",
    "<li>",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_nothing_breaks_it(html: str) -> None:
    """Any heap of mark-up gives lines without breaks in them."""
    assert not any("\n" in line.text or "\r" in line.text for line in html_lines(html))


@pytest.mark.parametrize(
    "entity", ["&#" + "9" * 5000 + ";", "&#x" + "f" * 5000 + ";", "&#" + "9" * 8, "&#0;", "&#xD800;"]
)
def test_numbers_of_characters_that_are_none_show_as_such(entity: str) -> None:
    """The standard library raises for those of more than 4,300 digits."""
    assert [line.text for line in html_lines(f"<p title='{entity}'>a{entity} b</p>")] == ["a\ufffd b"]
