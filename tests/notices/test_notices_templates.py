"""Templates against a slow reader that goes through them letter by letter."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.ids import GroupId
from servicekit.notices import DEFAULTS, VARIABLES, Channel, Occasion, Rendered, Template, check, render

NAMES = sorted(VARIABLES)
HOST = "online_meeting_provider_link"
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
@given(TEXTS, TEXTS, st.sampled_from(Channel))
def test_what_may_be_saved(subject: str, text: str, channel: Channel) -> None:
    """A template needs a text, all its variables are known, and the host's link is the provider's alone."""
    template = evolve(TEMPLATE, subject=subject, text=text, channel=channel)
    lines = [*subject.splitlines(), *text.splitlines()]
    names = [part for line in lines for part, is_name in pieces(line) if is_name]
    fault = next(
        (name for name in names if name not in VARIABLES or (name == HOST and channel is not Channel.PROVIDER_MAIL)),
        None,
    )
    if text.strip() and fault is None:
        assert check(template) is template
        return
    with pytest.raises(Invalid) as caught:
        check(template)
    if not text.strip():
        assert caught.value.code == "empty_template"
    else:
        assert caught.value.code == ("host_link_for_client" if fault == HOST else "unknown_variable")
        assert caught.value.facts["variable"] == fault


@pytest.mark.parametrize("channel", [Channel.CLIENT_MAIL, Channel.CLIENT_TEXT])
def test_clients_never_get_the_hosts_link(channel: Channel) -> None:
    """Neither in a mail nor in a text, and in no subject; the provider's template may have it."""
    for template in (evolve(TEMPLATE, text=f"[{HOST}]"), evolve(TEMPLATE, subject=f"[{HOST}]")):
        providers = evolve(template, channel=Channel.PROVIDER_MAIL)
        assert check(providers) is providers
        with pytest.raises(Invalid) as caught:
            check(evolve(template, channel=channel))
        assert caught.value.code == "host_link_for_client"
        assert caught.value.facts == {"variable": HOST}


def test_an_unknown_variable_is_told_with_the_known_ones() -> None:
    """Whoever misspelt one reads which there are."""
    with pytest.raises(Invalid, match=r"\[cleint\] is no variable. Known are: \[booking\], \[branch\]") as caught:
        check(evolve(TEMPLATE, text="Hello [cleint]"))
    assert caught.value.facts == {"variable": "cleint", "known": list(VARIABLES)}


@pytest.mark.parametrize("occasion", Occasion)
@pytest.mark.parametrize("channel", Channel)
def test_built_in_texts_could_be_saved(occasion: Occasion, channel: Channel) -> None:
    """Each occasion and channel has a text that keeps the rules, with a subject exactly where it is a mail."""
    subject, text = DEFAULTS[occasion, channel]
    template = evolve(TEMPLATE, occasion=occasion, channel=channel, subject=subject, text=text)
    assert check(template) is template
    assert bool(subject) == (channel is not Channel.CLIENT_TEXT)
    shown = render(template, EVERYTHING)
    assert "[" not in shown.subject + shown.text


@pytest.mark.spec("Z-06")
@pytest.mark.parametrize("occasion", [Occasion.BOOKED, Occasion.MOVED])
def test_built_in_texts_tell_of_doors_and_meetings_only_where_there_are(occasion: Occasion) -> None:
    """The client reads of the doors and its link, the provider its own link; without key and meeting neither reads of them."""
    links = {"online_meeting_link": "https://z.example/j/1", HOST: "https://salon.example/meetings/1/host"}
    times = {"door_from": "13:45", "door_until": "15:15"}
    for channel, own in ((Channel.CLIENT_MAIL, "j/1"), (Channel.CLIENT_TEXT, "j/1"), (Channel.PROVIDER_MAIL, "/host")):
        subject, text = DEFAULTS[occasion, channel]
        template = evolve(TEMPLATE, channel=channel, subject=subject, text=text)
        full = render(template, {**EVERYTHING, **links, **times}).text
        assert [link for link in ("j/1", "/host") if link in full] == [own]
        assert ("13:45" in full) == (channel is not Channel.PROVIDER_MAIL)
        bare = render(template, {**EVERYTHING, **dict.fromkeys([*links, *times], "")}).text.lower()
        assert not any(word in bare for word in ("join", "online", "door", "meeting", "until ."))


def test_what_is_sent_stays_out_of_logs() -> None:
    """A rendered text, which may hold links, is in no repr."""
    assert "j/1" not in repr(Rendered("Booked", "https://z.example/j/1"))


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(Occasion) >= {"booked", "moved", "cancelled"}
    assert set(Channel) >= {"client mail", "client text", "provider mail"}
