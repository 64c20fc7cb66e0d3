"""Templates against a slow reader that goes through them letter by letter."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.ids import GroupId
from servicekit.notices import BUILT_IN, PAIRS, VARIABLES, Channel, Occasion, Rendered, Template, check, render
from servicekit.sms import count_segments

NAMES = sorted(VARIABLES)
HOST = "online_meeting_provider_link"
FOR_PROVIDERS = {HOST, "client_email", "client_mobile"}
PROVIDERS = {Channel.PROVIDER_MAIL, Channel.PROVIDER_TEXT}
MAILS = {Channel.CLIENT_MAIL, Channel.PROVIDER_MAIL}
OF_A_BOOKING = [channel for occasion, channel in sorted(PAIRS) if occasion is Occasion.BOOKED]
BUILT = [(language, *pair) for language in BUILT_IN for pair in sorted(PAIRS)]
TEMPLATE = Template(
    organisation=GroupId("grp_1"),
    occasion=Occasion.BOOKED,
    channel=Channel.CLIENT_TEXT,
    subject="",
    text="Hello [client]",
)
PIECES = st.sampled_from(
    [*(f"[{name}]" for name in NAMES), "Hello", "Join: ", " ", "\n", "\n\n\n", "[", "]", "[]", "[Client]", "é"]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)
VALUES = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from(["", "Eva", "https://z.example/j/1", "[client]", "a  b"])
)
EVERYTHING = dict.fromkeys(NAMES, "something")


def pieces(line: str) -> list[tuple[str, bool]]:
    """A line as its parts in order, each with whether it is a name that stood in brackets."""
    parts: list[tuple[str, bool]] = []
    plain = ""
    while line:
        end = line.find("]")
        name = line[1:end]
        if line[0] == "[" and end > 0 and "[" not in name:
            parts += [(plain, False), (name, True)]
            plain, line = "", line[end + 1 :]
        else:
            plain, line = plain + line[0], line[1:]
    return [*parts, (plain, False)]


def written(template: Template, values: dict[str, str]) -> str:
    """What a person would write: lines of nothing but absent things left out, no more than one empty line together."""
    lines: list[str] = []
    for line in template.text.splitlines():
        parts = pieces(line)
        names = [part for part, is_name in parts if is_name]
        if names and not "".join(values.get(name, "") for name in names):
            continue
        full = "".join(values.get(part, "") if is_name else part for part, is_name in parts).rstrip()
        if full or not lines or lines[-1]:
            lines.append(full)
    return "\n".join(lines).strip()


@pytest.mark.spec("Z-06")
@given(TEXTS, VALUES)
def test_values_are_put_in_and_empty_lines_vanish(text: str, values: dict[str, str]) -> None:
    """Each variable is its value, read once; a line whose variables are all empty vanishes whole."""
    template = evolve(TEMPLATE, text=text)
    assert render(template, values).text == written(template, values)


@given(TEXTS, st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_a_subject_is_one_line(subject: str, values: dict[str, str]) -> None:
    """Whatever stands in template and values, no line break reaches a mail's header."""
    shown = render(evolve(TEMPLATE, subject=subject), values).subject
    assert shown.splitlines() in ([], [shown])
    assert shown == shown.strip()
    full = "".join(values.get(part, "") if is_name else part for part, is_name in pieces(subject.replace("\n", " ")))
    if "\n" not in subject:
        assert shown == " ".join(full.split())


@pytest.mark.spec("Z-06")
def test_without_a_meeting_its_line_vanishes() -> None:
    """The text of a booking without a meeting shows no bare label, and with one the client's link."""
    template = evolve(TEMPLATE, text="Hello [client]!\nJoin: [online_meeting_link]\nWelcome")
    assert render(template, {"client": "Eva"}).text == "Hello Eva!\nWelcome"
    link = {"client": "Eva", "online_meeting_link": "https://z.example/j/1"}
    assert render(template, link).text == "Hello Eva!\nJoin: https://z.example/j/1\nWelcome"


def test_a_value_is_not_read_again() -> None:
    """A client who is called ``[branch]`` stays that."""
    assert render(TEMPLATE, {"client": "[branch]", "branch": "Zentrum"}).text == "Hello [branch]"


@pytest.mark.spec("Z-06")
@given(TEXTS, TEXTS, st.sampled_from(OF_A_BOOKING))
def test_what_may_be_saved(subject: str, text: str, channel: Channel) -> None:
    """A template needs a text, all its variables are known, and some are the provider's alone."""
    template = evolve(TEMPLATE, subject=subject, text=text, channel=channel)
    lines = [*subject.splitlines(), *text.splitlines()]
    names = [part for line in lines for part, is_name in pieces(line) if is_name]
    fault = next(
        (name for name in names if name not in VARIABLES or (name in FOR_PROVIDERS and channel not in PROVIDERS)), None
    )
    if text.strip() and fault is None and (channel in MAILS or not subject):
        assert check(template) is template
        return
    with pytest.raises(Invalid) as caught:
        check(template)
    if not text.strip():
        assert caught.value.code == "empty_template"
    elif fault is None:
        assert caught.value.code == "subject_without_mail"
    else:
        known = "host_link_for_client" if fault == HOST else "variable_not_here"
        assert caught.value.code == (known if fault in VARIABLES else "unknown_variable")
        assert caught.value.facts["variable"] == fault


@pytest.mark.parametrize("channel", [Channel.CLIENT_MAIL, Channel.CLIENT_TEXT])
def test_f40_clients_never_get_the_hosts_link(channel: Channel) -> None:
    """F-40: neither in a mail nor in a text, and in no subject; the provider's template may have it."""
    for template in (evolve(TEMPLATE, text=f"[{HOST}]"), evolve(TEMPLATE, subject=f"[{HOST}]")):
        providers = evolve(template, channel=Channel.PROVIDER_MAIL)
        assert check(providers) is providers
        with pytest.raises(Invalid) as caught:
            check(evolve(template, channel=channel))
        assert caught.value.code == "host_link_for_client"
        assert caught.value.facts == {"variable": HOST}


@pytest.mark.parametrize(
    ("name", "alike"), [("cleint", ["client"]), ("Online_Meeting_Link", ["online_meeting_link"]), ("xyzzy", [])]
)
def test_an_unknown_variable_is_told_with_those_that_are_spelt_alike(name: str, alike: list[str]) -> None:
    """Whoever misspelt one reads which it may be, and which there are."""
    with pytest.raises(Invalid, match=rf"\[{name}\] is no variable.*Known are: \[booking\], \[branch\]") as caught:
        check(evolve(TEMPLATE, text=f"Hello [{name}]"))
    assert caught.value.facts["known"] == list(VARIABLES)
    found = caught.value.facts["alike"]
    assert isinstance(found, list)
    assert found[:1] == alike
    assert (f"Did you mean [{name.lower()}]" in caught.value.message) == (name.lower() in VARIABLES)
    assert ("Did you mean" in caught.value.message) == bool(alike)


@pytest.mark.parametrize("pair", [(Occasion.DOORS, Channel.CLIENT_MAIL), (Occasion.REMINDER, Channel.PAGE)])
def test_what_nobody_is_told_has_no_template(pair: tuple[Occasion, Channel]) -> None:
    """An occasion has its channels; another one would be saved and never read."""
    occasion, channel = pair
    with pytest.raises(
        Invalid, match=r"there are: (page|client mail, client text, provider mail, provider text)\."
    ) as caught:
        check(evolve(TEMPLATE, occasion=occasion, channel=channel))
    assert caught.value.code == "no_such_notice"


def test_the_booking_page_knows_no_booking() -> None:
    """Its text is read before anything is booked: only what is known of the service may stand in it."""
    page = evolve(TEMPLATE, occasion=Occasion.DOORS, channel=Channel.PAGE, text="[service] at [branch], [organisation]")
    assert check(page) is page
    with pytest.raises(Invalid, match="only stand in notices of a booking") as caught:
        check(evolve(page, text="[client]"))
    assert caught.value.code == "variable_not_here"


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\x85b", "a\u2028b", "a\x0bb", "a\ud83d"])
def test_what_nobody_can_read_is_refused(text: str) -> None:
    """Control characters and halves of pairs; line breaks of either kind and tabs may stay."""
    with pytest.raises(Invalid, match="which nobody can read") as caught:
        check(evolve(TEMPLATE, text=text))
    assert caught.value.code == "control_character"
    fine = evolve(TEMPLATE, text="a\r\nb\tc\nd 🎉")
    assert check(fine) is fine


def test_a_template_may_be_in_a_language() -> None:
    """A tag as RFC 5646 writes it."""
    swiss = evolve(TEMPLATE, language="de-CH")
    assert check(swiss) is swiss
    with pytest.raises(Invalid, match="'German' is no tag"):
        check(evolve(TEMPLATE, language="German"))


@given(st.text(st.sampled_from("ab\n\r\x0b\x0c\x1c\x85\u2028 "), max_size=12))
def test_a_value_stays_on_its_line(name: str) -> None:
    """A client whose name has a line break adds no line of their own to what others read; the text about doors may."""
    shown = render(
        evolve(TEMPLATE, text="Dear [client]\n[door_information]"), {"client": name, "door_information": "x\ny"}
    )
    assert shown.text.splitlines()[-2:] == ["x", "y"]
    assert len(shown.text.splitlines()) == (3 if name else 2)


@pytest.mark.parametrize(("language", "occasion", "channel"), BUILT)
def test_built_in_texts_could_be_saved(language: str, occasion: Occasion, channel: Channel) -> None:
    """In each language each pair has a text that keeps the rules, with a subject exactly where it is a mail."""
    subject, text = BUILT_IN[language][occasion, channel]
    template = evolve(TEMPLATE, occasion=occasion, channel=channel, language=language, subject=subject, text=text)
    assert check(template) is template
    assert bool(subject) == (channel in MAILS)
    shown = render(template, EVERYTHING)
    assert "[" not in shown.subject + shown.text
    assert "{" not in shown.subject + shown.text


@pytest.mark.spec("Z-06")
@pytest.mark.parametrize("language", BUILT_IN)
@pytest.mark.parametrize("occasion", [Occasion.REQUESTED, Occasion.BOOKED, Occasion.MOVED])
def test_built_in_texts_tell_of_doors_and_meetings_only_where_there_are(language: str, occasion: Occasion) -> None:
    """The client reads of the doors and its link, the provider its own link; without key and meeting neither reads of them."""
    links = {"online_meeting_link": "https://z.example/j/1", HOST: "https://salon.example/meetings/1/host"}
    doors = {"door_from": "13:45", "door_until": "15:15", "door_pin": "4711", "door_information": "Take the app"}
    for channel, own in ((Channel.CLIENT_MAIL, "j/1"), (Channel.CLIENT_TEXT, "j/1"), (Channel.PROVIDER_MAIL, "/host")):
        subject, text = BUILT_IN[language][occasion, channel]
        template = evolve(TEMPLATE, channel=channel, subject=subject, text=text)
        full = render(template, {**EVERYTHING, **links, **doors}).text
        assert [link for link in ("j/1", "/host") if link in full] == [own]
        assert ("13:45" in full, "4711" in full) == (channel is not Channel.PROVIDER_MAIL,) * 2
        bare = render(template, {**EVERYTHING, **dict.fromkeys([*links, *doors], "")}).text.lower()
        gone = ("join", "online", "door", "meeting", "tür", "dörr", "mötet", "pin:", "until .", "bis .", "till .")
        assert not any(word in bare for word in gone)


@pytest.mark.parametrize("language", BUILT_IN)
def test_a_built_in_text_that_says_most_fits_two_segments(language: str) -> None:
    """With a long link, a PIN and names of usual length, a text to the client costs two segments at most."""
    subject, text = BUILT_IN[language][Occasion.BOOKED, Channel.CLIENT_TEXT]
    values = {
        "service": "Coaching 60 min",
        "branch": "Zürich Zentrum",
        "start": "2026-11-26 13:00",
        "online_meeting_link": "https://us02web.zoom.us/w/81234567890?tk=" + "x" * 90,
        "door_pin": "471147",
        "door_from": "2026-11-26 12:45",
    }
    shown = render(evolve(TEMPLATE, subject=subject, text=text), values).text
    assert count_segments(shown).segments <= 2


def test_what_is_sent_stays_out_of_logs() -> None:
    """A rendered text, which may hold links, is in no repr."""
    assert "j/1" not in repr(Rendered("Booked", "https://z.example/j/1"))


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(Occasion) >= {"requested", "booked", "moved", "cancelled", "reminder", "doors"}
    assert set(Channel) >= {"client mail", "client text", "provider mail", "provider text", "page"}
