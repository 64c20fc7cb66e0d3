"""In which words, by which ways and with which values people are told of a booking."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from servicekit import Principal
from servicekit.bookings import (
    AddClient,
    Booking,
    Cancel,
    Rebook,
)
from servicekit.groups import ChangeSettings, Settings
from servicekit.ids import BookingId
from servicekit.meetings import GetMeeting
from servicekit.notices import (
    VARIABLES,
    Channel,
    Occasion,
    PlanNotices,
    PreviewTemplate,
    SaveTemplate,
    SetPreference,
    Way,
)
from servicekit.outbox.effects import EffectKind, EffectState, RetryEffect
from servicekit.testing.simulators import MailboxSimulator
from told import EVA, ROOM, save, texts
from world import DAY, EVA_MOBILE, World, opened

pytest_plugins = ("world_fixtures",)


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


def test_without_a_sender_the_mails_go_out_and_the_text_waits_for_a_person(mailed: World) -> None:
    """An organisation without sender name: the text is a dead effect that says what to set; a retry sends only the text."""
    world = mailed
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))
    world.book(world.haircut)
    world.settle()

    assert sorted(mail.rcpt_to for mail in world.mails()) == [EVA, ROOM]
    (dead,) = world.effects(EffectState.DEAD)
    assert dead.kind is EffectKind.NOTICE_TEXT
    assert "set a sender name" in dead.trouble
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="Salon")))
    world.ask(RetryEffect(dead.id))
    world.settle()
    assert texts(world) == ["Booked: Haircut, Office, 2026-11-26 13:00"]
    assert len(world.mails()) == 2


def test_words_that_come_to_nothing_are_not_sent(mailed: World) -> None:
    """A template of lines that all vanish: no empty mail, no empty text, and nothing that a person has to look at."""
    world = mailed
    for channel in (Channel.CLIENT_MAIL, Channel.CLIENT_TEXT, Channel.PROVIDER_MAIL):
        save(world, channel, "Online: [online_meeting_link]")
    world.book(world.haircut)
    world.settle()

    assert (world.mails(), texts(world), world.effects(EffectState.DEAD)) == ((), [], [])


def test_everybody_reads_their_own_language(mailed: World) -> None:
    """The client's Swiss German, the provider's Swedish, by built-in texts; own words go before those."""
    world = mailed
    world.ask(SetPreference(who=world.eva.id, language="de-CH"))
    world.ask(SetPreference(who=world.room.id, language="sv"))
    world.book(world.haircut)
    world.settle()
    (for_client,), (for_provider,) = world.mails(EVA), world.mails(ROOM)
    assert for_client.message["Subject"] == "Gebucht: Haircut, 2026-11-26 13:00"
    assert "Ihre Buchung ist bestätigt." in for_client.text
    assert "Du har en ny bokning." in for_provider.text

    save(world, Channel.CLIENT_TEXT, "Für alle")
    save(world, Channel.CLIENT_TEXT, "Svenska", language="sv")
    world.book(world.haircut, starts=world.now + 2 * DAY)
    world.settle()
    save(world, Channel.CLIENT_TEXT, "Schweizerdeutsch", language="de-CH")
    world.book(world.haircut, starts=world.now + 3 * DAY)
    world.settle()
    assert texts(world) == ["Gebucht: Haircut, Office, 2026-11-26 13:00", "Für alle", "Schweizerdeutsch"]


def test_who_has_chosen_no_language_reads_the_organisations(mailed: World) -> None:
    """Of the service's plan, which takes the whole place of the organisation's; without either it is English."""
    world = mailed
    world.ask(PlanNotices(organisation=world.root.id, language="sv"))
    world.ask(PlanNotices(organisation=world.root.id, service=world.advice.id, language="de"))
    save(world, Channel.CLIENT_TEXT, "Bokat!", language="sv", occasion=Occasion.BOOKED)
    world.book(world.haircut)
    world.book(world.advice, starts=world.now + 2 * DAY)
    world.settle()

    german, swedish = sorted(texts(world), reverse=True)
    assert swedish == "Bokat!"
    assert german.startswith("Gebucht: Advice")


@pytest.mark.parametrize(
    ("chosen", "mails", "messages"),
    [((Way.MAIL,), 1, 0), ((Way.TEXT,), 0, 1), ((Way.TEXT, Way.MAIL), 1, 1), ((), 1, 1)],
)
def test_a_client_is_told_by_the_ways_it_chose(
    mailed: World, chosen: tuple[Way, ...], mails: int, messages: int
) -> None:
    """By mail, by text, or by both; whoever has not chosen by both."""
    world = mailed
    world.ask(SetPreference(who=world.eva.id, ways=chosen), Principal.of(world.eva.id))
    world.book(world.haircut)
    world.settle()

    assert (len(world.mails(EVA)), len(texts(world))) == (mails, messages)


def test_a_provider_may_choose_texts(mailed: World) -> None:
    """They go to the number that it names, and the mail stays away."""
    world = mailed
    world.ask(SetPreference(who=world.room.id, ways=(Way.TEXT,), mobile="070-174 06 05"))
    world.book(world.haircut)
    world.settle()

    assert world.mails(ROOM) == ()
    assert [text.text for text in world.elks.handset("+46701740605")] == [
        "Booked: Haircut, Office, 2026-11-26 13:00\nEva, +41791234567"
    ]


def test_whoever_cannot_be_reached_as_chosen_is_reached_otherwise(mailed: World) -> None:
    """A client who wants texts and has no mobile gets a mail: nobody is left out."""
    world = mailed
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"))
    world.ask(SetPreference(who=ida.id, ways=(Way.TEXT,)))
    world.book(world.haircut, client=ida)
    world.settle()

    assert len(world.mails("ida@home.example")) == 1


def test_f53_what_a_pin_opens_is_told_with_the_pin(mailed: World) -> None:
    """F-53: the PIN stands in what the client gets once the key is made."""
    world = mailed
    booking = world.book(world.massage)
    world.settle()
    with world.look() as store:
        (key,) = store.keys.where(booking=booking.id)
        store.keys.save(evolve(key, pin="471147"))
    world.ask(
        SaveTemplate(
            organisation=world.root.id, occasion=Occasion.MOVED, channel=Channel.CLIENT_TEXT, text="[door_pin]"
        )
    )
    shown = world.ask(
        PreviewTemplate(
            organisation=world.root.id, occasion=Occasion.MOVED, channel=Channel.CLIENT_TEXT, booking=booking.id
        )
    )

    assert shown.text == "471147"


def test_f72_a_text_has_no_credentials(mailed: World) -> None:
    """F-72: neither the vendors' secrets nor the host's link reach a phone or a mail."""
    world = mailed
    world.book()
    world.settle()

    sent = "".join(mail.raw.decode() for mail in world.mails()) + "".join(texts(world))
    secrets = (world.exivo.api_secret, world.exivo.api_key, world.zoom.client_secret, world.elks.api_password)
    assert [secret for secret in secrets if secret in sent] == []


def test_every_variable_has_its_value(mailed: World) -> None:
    """In what the provider gets, which may have them all; what does not exist has lost its line."""
    world = mailed
    save(world, Channel.PAGE, "Take the app.", occasion=Occasion.DOORS)
    save(world, Channel.PROVIDER_MAIL, "\n".join(f"{name}=[{name}]" for name in VARIABLES))
    booking = world.book()
    world.settle()
    (mail,) = world.mails(ROOM)
    values = dict(line.split("=", 1) for line in mail.text.splitlines())

    assert values == {
        "booking": booking.id,
        "branch": "Zentrum",
        "client": "Eva",
        "client_email": EVA,
        "client_mobile": EVA_MOBILE,
        "date": "2026-11-26",
        "door_from": "2026-11-26 12:45",
        "door_information": "Take the app.",
        "door_until": "2026-11-26 14:15",
        "end": "2026-11-26 14:00",
        "end_time": "14:00",
        "online_meeting_link": world.ask(GetMeeting(booking.id)).join_url,
        "online_meeting_provider_link": f"https://salon.example/meetings/{booking.id}/host",
        "organisation": "Salon",
        "provider": "Room 1",
        "service": "Coaching",
        "start": "2026-11-26 13:00",
        "start_time": "13:00",
        "zone": "Europe/Zurich",
    }
    assert isinstance(booking.id, BookingId)


def test_f71_a_text_that_is_too_long_is_logged_and_not_cut_and_the_mails_go_out(mailed: World) -> None:
    """F-71: too long for the group's bound, nothing is cut silently; the client still gets the mail."""
    world = mailed
    world.ask(ChangeSettings(group=world.root.id, change=Settings(most_segments=1)))
    save(world, Channel.CLIENT_TEXT, "x" * 200)
    world.book(world.haircut)
    world.settle()

    assert texts(world) == []
    assert sorted(mail.rcpt_to for mail in world.mails()) == [EVA, ROOM]
    assert world.effects(EffectState.DEAD) == []
