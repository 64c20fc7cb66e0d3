"""Quotes, reply lines, forwards and signatures: what is kept of a mail's lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.mail.lines import Line, plain_lines, tidy
from servicekit.mail.quotes import Part, parts_of, typed_lines

INTRO = "Den mån 3 aug. 2026 kl 10:05 skrev Anna Ek <anna@salon.example>:"
BLOCK = "Från: Anna Ek <anna@salon.example>\nSkickat: den 3 augusti 2026 10:05\nTill: Maria\nÄmne: Tiden"


def _typed(text: str, *, is_answer: bool = True, alone: bool = False) -> str:
    return tidy(typed_lines(plain_lines(text), is_answer=is_answer, alone=alone))


@pytest.mark.spec("M-10")
@pytest.mark.parametrize(
    "tail",
    [
        f"{INTRO}\n> Gammalt",
        "Den mån 3 aug. 2026 kl 10:05\nskrev Anna Ek\n<anna@salon.example>:\n\n> Gammalt",
        "On 3 Aug, Anna wrote:\n> Gammalt",
        f"{INTRO}\nGammalt utan märken",
        f"{BLOCK}\n\nGammalt",
        f"________________________________\n{BLOCK}\nGammalt",
        f"-----Ursprungligt meddelande-----\n{BLOCK}\nGammalt",
        "-----Original Message-----\n\n\nGammalt",
        "Från: Anna\nTill: Maria <m@salon.example>;\n Bo <bo@salon.example>\nÄmne: Tiden\nGammalt",
        "> Gammalt",
        "-----Original message-----\n> Gammalt",
        INTRO,
        "-- \nMaria Svensson",
        "Skickat från min iPhone",
        f"Skickat från min iPhone\n\n{INTRO}\n> Gammalt",
        f"--\nMaria\n{BLOCK}\nGammalt",
        "Get Outlook for iOS\n\nSent from my iPhone",
    ],
)
def test_only_what_stands_above_is_kept(tail: str) -> None:
    """Every program's way to quote and to sign leaves what was typed."""
    assert _typed(f"Ja, det går bra.\nVi ses!\n\n{tail}\n") == "Ja, det går bra.\nVi ses!"


@pytest.mark.spec("M-10")
def test_answers_below_and_between_quotes_are_kept() -> None:
    """Marked quotes go; what was typed around them stays, signature apart."""
    text = f"{INTRO}\n> Kommer du?\nJa.\n> Själv?\nNej, med Bo.\n-- \nMaria\n> Hej då"
    assert _typed(text) == "Ja.\nNej, med Bo."


@pytest.mark.parametrize(
    "text",
    [
        "Den 3 augusti skrev Anna:\nhon kommer inte.",
        "Från: Lund\nTill: Ystad\nDatum: 5 maj",
        "Skickat från min iPhone\nfast det är Annas.",
        "__________\nlinje",
        "Så här:\n1. kom\n2. gå",
        "To: do\nbra\nlista",
    ],
)
def test_what_only_looks_like_a_quote_is_kept(text: str) -> None:
    """Reply lines without a quote below, journeys, rules, lists: a person typed them."""
    assert _typed(text) == text


def test_a_reply_line_takes_no_typed_line_with_it() -> None:
    """What stands right above a reply line was typed, also where it starts like one."""
    assert _typed(f"On my way\n{INTRO}\n> Gammalt") == "On my way"


@pytest.mark.parametrize(
    "forwarded",
    [
        f"-------- Originalmeddelande --------\n{BLOCK}\n\nKom kl 9",
        "> Kom kl 9",
        f"Vidarebefordrat brev:\n\n> {BLOCK}\n>\n> Kom kl 9".replace("\n", "\n> ")
        .replace("> > ", "> ")
        .replace("> > ", "> "),
        f"{BLOCK}\n\nKom kl 9\n\n{BLOCK}\n\nÄldre",
        f"{INTRO}\n\n>> Äldre\n> Kom kl 9",
    ],
)
def test_a_forwarded_mail_is_unwrapped(forwarded: str) -> None:
    """Where nothing was typed, the newest quoted text is the content; its header is not."""
    assert _typed(f"\nSkickat från min iPhone\n\n{forwarded}", is_answer=False) == "Kom kl 9"


def test_an_answer_with_nothing_typed_is_empty() -> None:
    """What the other side wrote must not go back to it."""
    assert _typed(f"\n{INTRO}\n> Gammalt") == ""
    assert _typed("-- \nMaria") == ""


def test_a_signature_is_better_than_nothing() -> None:
    """Where neither subject nor text says anything, the signature was meant; a telephone's line never."""
    assert _typed("-- \nMaria\nSkickat från min iPhone", is_answer=False, alone=True) == "Maria"
    assert _typed("-- \nMaria", is_answer=False, alone=False) == ""
    assert _typed("Skickat från min iPhone", is_answer=False, alone=True) == ""
    assert _typed("", is_answer=False, alone=True) == ""


def test_mails_in_mails_are_unwrapped_only_so_deep() -> None:
    """A mail of nothing but headers in headers ends somewhere, with what is there."""
    assert _typed(f"{BLOCK}\n\n" * 30, is_answer=False).count("Ämne") == 20


def test_a_header_block_has_an_end() -> None:
    """A list of a hundred recipients is no header block; nor is a wrapped line that no label follows."""
    long = "Från: a\nÄmne: b\n" + "Till: c\n" * 100
    assert parts_of(plain_lines(long))[:16] == [Part.INTRO] * 15 + [Part.BELOW]
    assert _typed("Från: a\nTill: c\nfortsatt\nutan slut") == "Från: a\nTill: c\nfortsatt\nutan slut"


def test_lines_that_html_marks_as_signing_go() -> None:
    """Only they: what stands below was typed."""
    assert typed_lines([Line("a"), Line("Maria", signs=True), Line("b")], is_answer=True, alone=False) == ["a", "b"]


LINES = st.lists(
    st.sampled_from(
        [
            "",
            "Hej",
            "> a",
            ">> b",
            INTRO,
            "Skickat från min iPhone",
            "-- ",
            "-----Original Message-----",
            *BLOCK.split("\n"),
        ]
    ),
    max_size=15,
)


@given(LINES, st.booleans(), st.booleans())
def test_nothing_is_made_up_or_reordered(lines: list[str], is_answer: bool, alone: bool) -> None:
    """What is kept stands in the mail, in that order; every line is one part."""
    found = plain_lines("\n".join(lines))
    assert len(parts_of(found)) == len(found)
    rest = iter([line.text for line in found])
    assert all(any(text == one for one in rest) for text in typed_lines(found, is_answer=is_answer, alone=alone))


@given(LINES)
def test_a_new_mail_that_says_something_is_never_cut_to_nothing(lines: list[str]) -> None:
    """Where a line of somebody's own words stands anywhere, something of the mail is left."""
    left = _typed("\n".join([*lines, "> Kom kl 9"]), is_answer=False)
    assert left
