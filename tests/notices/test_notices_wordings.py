"""The built-in texts, held against one another: what one language says, every other says too, each in its own words."""

from __future__ import annotations

import re

import pytest

from servicekit.ids import GroupId
from servicekit.notices import BUILT_IN, DEFAULTS, PAIRS, VARIABLES, Channel, Occasion, Template, render
from servicekit.sms import count_segments

OF_A_BOOKING = sorted({occasion for occasion, _ in PAIRS} - {Occasion.DOORS})
MAILS = {Channel.CLIENT_MAIL: "client", Channel.PROVIDER_MAIL: "provider"}
TEXTS = (Channel.CLIENT_TEXT, Channel.PROVIDER_TEXT)
EVERY = [(language, *pair) for language in BUILT_IN for pair in sorted(PAIRS)]
FOREIGN = {
    "en": r"\b(Buchung|Bokning|Türen|Dörrar\w*|und|och)\b",
    "de": r"\b(du|dir|dein\w*|booking|doors?|och)\b",
    "sv": r"\b(Ni|Er|Ert|Era|booking|doors?|und)\b",
}
"""What no text of a language has: words of the others, and in German and Swedish the other way to address people."""


def variables(words: tuple[str, str]) -> list[str]:
    """What stands in brackets, in order, in subject and text."""
    return re.findall(r"\[([a-z_]+)\]", "\n".join(words))


def test_every_language_has_every_text_and_no_other() -> None:
    """English is what everybody reads whose language has no other."""
    assert set(BUILT_IN) == {"en", "de", "sv"}
    assert all(set(words) == PAIRS for words in BUILT_IN.values())
    assert BUILT_IN["en"] == DEFAULTS


@pytest.mark.parametrize(("occasion", "channel"), sorted(PAIRS))
def test_every_language_tells_the_same_in_the_same_order(occasion: Occasion, channel: Channel) -> None:
    """No time, door or link is lost in a translation, and none is told in one language only."""
    told = {language: variables(words[occasion, channel]) for language, words in BUILT_IN.items()}
    assert set(told["en"]) <= set(VARIABLES)
    assert told["de"] == told["sv"] == told["en"]
    lines = {len(words[occasion, channel][1].splitlines()) for words in BUILT_IN.values()}
    assert len(lines) == 1


@pytest.mark.parametrize(("language", "occasion", "channel"), EVERY)
def test_a_text_is_in_its_own_language_throughout(language: str, occasion: Occasion, channel: Channel) -> None:
    """No word of another one; German is formal, Swedish is not."""
    subject, text = BUILT_IN[language][occasion, channel]
    plain = re.sub(r"\[[a-z_]+\]", "", f"{subject}\n{text}")
    assert re.search(FOREIGN[language], plain) is None
    assert plain.strip(), "a text says something"
    others = [words[occasion, channel][1] for other, words in BUILT_IN.items() if other != language]
    assert text not in others


@pytest.mark.parametrize("language", BUILT_IN)
@pytest.mark.parametrize("channel", [*MAILS, *TEXTS])
def test_every_occasion_can_be_told_from_the_others_at_its_beginning(language: str, channel: Channel) -> None:
    """By the first word of the subject, or of the text: that is what a phone shows."""
    shown = [BUILT_IN[language][occasion, channel] for occasion in OF_A_BOOKING]
    words = [(subject or text).split(":")[0] for subject, text in shown]
    assert len(set(words)) == len(OF_A_BOOKING)
    assert all(word.isalpha() for word in words)
    by_mail = [BUILT_IN[language][occasion, Channel.CLIENT_MAIL][0].split(":")[0] for occasion in OF_A_BOOKING]
    assert words == by_mail, "a mail and a text about the same begin alike"


@pytest.mark.parametrize("language", BUILT_IN)
@pytest.mark.parametrize("occasion", OF_A_BOOKING)
def test_a_mail_greets_whom_it_goes_to_and_names_the_booking(language: str, occasion: Occasion) -> None:
    """In its first line, and in its last; its subject says what and when."""
    for channel, who in MAILS.items():
        subject, text = BUILT_IN[language][occasion, channel]
        assert variables((subject, "")) == ["service", "start"]
        first, *_, last = text.splitlines()
        assert (variables((first, "")), variables((last, ""))) == ([who], ["booking"])
        assert text.endswith("\n")
        assert "\n\n\n" not in text


@pytest.mark.parametrize("language", BUILT_IN)
@pytest.mark.parametrize("occasion", OF_A_BOOKING)
def test_each_side_reads_what_is_its_own(language: str, occasion: Occasion) -> None:
    """The client with whom, its link and the doors; the provider for whom, and the host's link. Both where, and from when."""
    told = {channel: set(variables(BUILT_IN[language][occasion, channel])) for channel in (*MAILS, *TEXTS)}
    over = occasion is Occasion.CANCELLED
    ways = {"online_meeting_link", "door_from", "door_pin"}
    assert (told[Channel.CLIENT_MAIL] >= ways | {"provider", "door_until"}, told[Channel.CLIENT_TEXT] >= ways) == (
        not over,
        not over,
    )
    assert ("online_meeting_provider_link" in told[Channel.PROVIDER_MAIL]) == (not over)
    assert told[Channel.PROVIDER_TEXT] >= {"client", "client_mobile"}
    assert not (told[Channel.PROVIDER_MAIL] | told[Channel.PROVIDER_TEXT]) & {*ways, "door_until", "door_information"}
    assert all(names >= {"service", "branch", "start"} for names in told.values())
    assert ("end" in told[Channel.CLIENT_MAIL]) == ("end" in told[Channel.PROVIDER_MAIL]) == (not over)


@pytest.mark.parametrize("language", BUILT_IN)
def test_who_is_told_that_it_is_off_reads_why_and_of_no_door(language: str) -> None:
    """Where nobody said why, the line with the reason is left out."""
    for channel in MAILS:
        subject, text = BUILT_IN[language][Occasion.CANCELLED, channel]
        made = Template(
            organisation=GroupId("grp_1"), occasion=Occasion.CANCELLED, channel=channel, subject=subject, text=text
        )
        values = {name: f"<{name}>" for name in VARIABLES}
        full, bare = render(made, values).text, render(made, {**values, "reason": ""}).text
        assert "<reason>" in full
        assert len(full.splitlines()) == len(bare.splitlines()) + 1
        assert not any(f"<{name}>" in full for name in VARIABLES if name.startswith(("door", "online")))
        assert "<end>" not in full


@pytest.mark.parametrize("language", BUILT_IN)
@pytest.mark.parametrize("occasion", OF_A_BOOKING)
@pytest.mark.parametrize("channel", TEXTS)
def test_a_text_costs_no_more_for_its_language(language: str, occasion: Occasion, channel: Channel) -> None:
    """Umlauts and rings are letters of the mobile phones' own alphabet: none of the words makes a text dearer."""
    _, text = BUILT_IN[language][occasion, channel]
    plain = re.sub(r"\[[a-z_]+\]", "x", text)
    assert count_segments(plain).encoding == "gsm-7"
    assert count_segments(plain).segments == 1


def test_the_page_tells_which_app_opens_the_doors() -> None:
    """And that the number given is the one to register, in each language; it knows no booking, so it has no variable."""
    for words in BUILT_IN.values():
        subject, text = words[Occasion.DOORS, Channel.PAGE]
        assert subject == ""
        assert variables((subject, text)) == []
        assert "dormakaba mobile access" in text
