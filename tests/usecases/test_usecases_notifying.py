"""Notices: who is told what, when the facts are there, in the organisation's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from servicekit import Principal
from servicekit.bookings import AddClient, Booking, Cancel, Rebook
from servicekit.errors import Invalid
from servicekit.groups import ChangeSettings, Settings
from servicekit.ids import BookingId
from servicekit.keys import ListKeys
from servicekit.meetings import FetchHostLink, GetMeeting
from servicekit.notices import VARIABLES, Channel, Occasion, SaveTemplate, Template
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.testing.simulators import Fault, MailboxSimulator
from world import DAY, EVA_MOBILE, HOUR, World, opened

pytest_plugins = ("world_fixtures",)

EVA, ROOM = "eva@home.example", "room@salon.example"


def save(
    world: World, channel: Channel, text: str, *, subject: str = "", occasion: Occasion = Occasion.BOOKED
) -> Template:
    """Save a template."""
    saved: Template = world.ask(
        SaveTemplate(organisation=world.root.id, occasion=occasion, channel=channel, subject=subject, text=text)
    )
    return saved


def texts(world: World) -> list[str]:
    """What stands on Eva's phone."""
    return [text.text for text in world.elks.handset(EVA_MOBILE)]


# Links


@pytest.mark.spec("Z-04")
def test_client_and_provider_each_get_their_link(mailed: World) -> None:
    """The client's leads into the meeting, in mail, text and booking; the provider's is ours and fetches the host's link."""
    world = mailed
    booking = world.book(world.advice)
    world.settle()
    (held,) = world.zoom_meetings()
    (for_client,), (for_provider,) = world.mails(EVA), world.mails(ROOM)

    assert held.starts == str(booking.starts)
    link = world.ask(GetMeeting(booking.id), Principal.of(world.eva.id)).join_url
    assert world.zoom.open_link(link) == held.id
    assert f"Join online: {link}" in for_client.text
    assert f"Online: {link}" in texts(world)[0]
    assert f"as host: https://salon.example/meetings/{booking.id}/host" in for_provider.text
    assert link not in for_provider.text
    assert world.zoom.open_link(world.ask(FetchHostLink(booking.id), Principal.of(world.room.id))) == held.id
    assert "zak=" not in for_client.raw.decode() + for_provider.raw.decode()


@pytest.mark.spec("Z-06")
def test_templates_know_both_links_and_lose_them_cleanly(mailed: World) -> None:
    """A line whose variable is empty vanishes whole: no label is left, and no hole in the text."""
    world = mailed
    save(world, Channel.CLIENT_MAIL, "Hi [client]\nLink: [online_meeting_link]\nBye", subject="[service]")
    save(world, Channel.PROVIDER_MAIL, "Hi [provider]\nHost: [online_meeting_provider_link]\nBye", subject="[service]")
    save(world, Channel.CLIENT_TEXT, "[service] [online_meeting_link]")
    online = world.book(world.advice)
    world.book(world.haircut, starts=world.now + 2 * DAY)
    world.settle()
    link = world.ask(GetMeeting(online.id)).join_url

    for_client = {mail.message["Subject"]: mail.text for mail in world.mails(EVA)}
    for_provider = {mail.message["Subject"]: mail.text for mail in world.mails(ROOM)}
    assert for_client == {"Advice": f"Hi Eva\nLink: {link}\nBye\n", "Haircut": "Hi Eva\nBye\n"}
    host = f"https://salon.example/meetings/{online.id}/host"
    assert for_provider == {"Advice": f"Hi Room 1\nHost: {host}\nBye\n", "Haircut": "Hi Room 1\nBye\n"}
    assert sorted(texts(world)) == [f"Advice {link}", "Haircut"]
    save(world, Channel.CLIENT_TEXT, "Off\n[online_meeting_link]", occasion=Occasion.CANCELLED)
    world.ask(Cancel(online.id))
    world.settle()
    assert texts(world)[-1] == "Off"


def test_without_an_address_of_ours_the_provider_gets_no_link(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """A kit that does not know where the application answers cannot name it."""
    with opened(tmp_path, mailbox=postbox, base_url="") as world:
        world.book(world.advice)
        world.settle()

        (mail,) = world.mails(ROOM)
        assert "host" not in mail.text


# Who is told, and when


def test_everybody_with_an_address_is_told_once(mailed: World) -> None:
    """Client by mail and text, provider by mail; whoever has no address or number is passed over."""
    world = mailed
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"))
    world.book(world.haircut)
    world.book(world.haircut, client=ida, provider=world.chair)
    world.settle()

    assert sorted(mail.rcpt_to for mail in world.mails()) == [EVA, "ida@home.example", ROOM]
    assert len(texts(world)) == 1
    assert {mail.deliveries for mail in world.mails()} == {1}


def test_a_kit_without_texts_tells_by_mail(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """What is not there is not used."""
    with opened(tmp_path, mailbox=postbox, texts=None) as world:
        world.book(world.haircut)
        world.settle()

        assert sorted(mail.rcpt_to for mail in world.mails()) == [EVA, ROOM]
        assert world.effects(EffectState.DEAD) == []


def test_a_kit_without_mail_tells_by_text(world: World) -> None:
    """And a kit with neither tells nobody."""
    world.book(world.haircut)
    world.settle()

    assert texts(world) == ["Booked: Haircut, Office, 2026-11-26 13:00"]


def test_each_occasion_has_its_words_in_the_zone_of_the_booking(mailed: World) -> None:
    """Booked, moved, cancelled; times as people at the branch read them; the sender is the organisation."""
    world = mailed
    booking = world.book(world.massage)
    world.settle()
    moved: Booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    world.ask(Cancel(moved.id))
    world.settle()

    assert texts(world) == [
        "Booked: Massage, Zentrum, 2026-11-26 13:00\nDoors from 2026-11-26 12:45",
        "Moved: Massage, Zentrum, 2026-11-27 13:00\nDoors from 2026-11-27 12:45",
        "Cancelled: Massage, Zentrum, 2026-11-27 13:00",
    ]
    mails = world.mails(EVA)
    assert [mail.message["Subject"] for mail in mails] == [
        "Booked: Massage, 2026-11-26 13:00",
        "Moved: Massage, 2026-11-27 13:00",
        "Cancelled: Massage, 2026-11-27 13:00",
    ]
    assert "for your phone from 2026-11-26 12:45 until 2026-11-26 14:15" in " ".join(mails[0].text.split())
    assert "doors" not in mails[2].text
    assert str(mails[0].message["From"]) == "Salon <salon@salon.example>"
    assert len({mail.message_id for mail in world.mails()}) == 6


def test_a_notice_waits_for_key_and_meeting(world: World) -> None:
    """It states them as facts; while one is not there nobody is told, and then everything at once."""
    world.exivo.inject(Fault.bad_gateway("POST", "/digitalKeyVisits$"))
    booking = world.book()
    world.kit.deliver()
    assert texts(world) == []
    assert len(world.zoom_meetings()) == 1
    world.settle()

    (text,) = texts(world)
    assert world.ask(GetMeeting(booking.id)).join_url in text
    assert "Doors from 2026-11-26 12:45" in text
    assert [key.revision for key in world.ask(ListKeys(booking.id))] == [1]


def test_a_notice_that_was_overtaken_is_not_sent(world: World) -> None:
    """A relay had it and died; meanwhile the booking was moved: the newer notice says what holds."""
    booking = world.book(world.haircut)
    with world.look() as store:
        (held,) = store.effects.claim(world.now, world.now + HOUR)
    assert held.kind is EffectKind.NOTICE
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    assert texts(world) == ["Moved: Haircut, Office, 2026-11-27 13:00"]
    assert {effect.state for effect in world.effects(EffectState.DONE) if effect.id == held.id} == {EffectState.DONE}


def test_a_text_that_is_refused_by_a_rule_is_logged_and_the_mails_go_out(mailed: World) -> None:
    """Too long for the group's bound: the client still gets the mail."""
    world = mailed
    world.ask(ChangeSettings(group=world.root.id, change=Settings(most_segments=1)))
    save(world, Channel.CLIENT_TEXT, "x" * 200)
    world.book(world.haircut)
    world.settle()

    assert texts(world) == []
    assert sorted(mail.rcpt_to for mail in world.mails()) == [EVA, ROOM]
    assert world.effects(EffectState.DEAD) == []


# Templates


def test_a_saved_template_replaces_the_one_before(mailed: World) -> None:
    """For its occasion and channel; all others keep their words."""
    world = mailed
    save(world, Channel.CLIENT_TEXT, "First [client]")
    saved = save(world, Channel.CLIENT_TEXT, "Second [client]")
    assert (saved.text, saved.organisation, saved.subject) == ("Second [client]", world.root.id, "")
    booking = world.book(world.haircut)
    world.settle()
    world.ask(Cancel(booking.id))
    world.settle()

    assert texts(world) == ["Second Eva", "Cancelled: Haircut, Office, 2026-11-26 13:00"]
    assert world.mails(EVA)[0].message["Subject"] == "Booked: Haircut, 2026-11-26 13:00"


def test_every_variable_has_its_value(mailed: World) -> None:
    """In what the provider gets, which may have them all."""
    world = mailed
    save(world, Channel.PROVIDER_MAIL, "\n".join(f"{name}=[{name}]" for name in VARIABLES))
    booking = world.book()
    world.settle()
    (mail,) = world.mails(ROOM)
    values = dict(line.split("=", 1) for line in mail.text.splitlines())

    assert values == {
        "booking": booking.id,
        "branch": "Zentrum",
        "client": "Eva",
        "door_from": "2026-11-26 12:45",
        "door_until": "2026-11-26 14:15",
        "end": "2026-11-26 14:00",
        "online_meeting_link": world.ask(GetMeeting(booking.id)).join_url,
        "online_meeting_provider_link": f"https://salon.example/meetings/{booking.id}/host",
        "provider": "Room 1",
        "service": "Coaching",
        "start": "2026-11-26 13:00",
    }
    assert isinstance(booking.id, BookingId)


@pytest.mark.parametrize(
    ("channel", "text", "code", "told"),
    [
        (Channel.CLIENT_MAIL, "Hello [name]", "unknown_variable", "[name] is no variable. Known are: [booking]"),
        (Channel.CLIENT_TEXT, "Hi [online_meeting_provider_link]", "host_link_for_client", "only the provider's"),
        (Channel.PROVIDER_MAIL, " \n", "empty_template", "needs a text"),
    ],
)
def test_a_template_that_cannot_be_right_is_refused_when_it_is_saved(
    world: World, channel: Channel, text: str, code: str, told: str
) -> None:
    """So that who wrote it finds the fault, not who reads it."""
    refused = world.refused(
        SaveTemplate(organisation=world.root.id, occasion=Occasion.BOOKED, channel=channel, text=text)
    )

    assert (type(refused), refused.code) == (Invalid, code)
    assert told in refused.message
