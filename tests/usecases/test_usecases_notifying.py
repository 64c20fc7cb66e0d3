"""Notices: who is told what, when the facts are there, in the organisation's own words."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from servicekit import Principal
from servicekit.bookings import (
    AddClient,
    AddService,
    Booking,
    BookingRules,
    BookSeat,
    Cancel,
    Confirm,
    Rebook,
    ScheduleClass,
    Service,
)
from servicekit.errors import Invalid
from servicekit.groups import ChangeSettings, Quota, Settings
from servicekit.ids import BookingId, ClientId
from servicekit.keys import ListKeys
from servicekit.meetings import FetchHostLink, GetMeeting
from servicekit.messages import SearchLog, Status
from servicekit.notices import (
    VARIABLES,
    Channel,
    Occasion,
    PlanNotices,
    PreviewTemplate,
    Reminder,
    SaveTemplate,
    SetPreference,
    Template,
    Way,
)
from servicekit.outbox.effects import EffectKind, EffectState, RetryEffect
from servicekit.testing.simulators import Fault, MailboxSimulator
from world import DAY, EVA_MOBILE, HOUR, MAIN, World, opened

pytest_plugins = ("world_fixtures",)

EVA, ROOM = "eva@home.example", "room@salon.example"


def save(world: World, channel: Channel, text: str, *, occasion: Occasion = Occasion.BOOKED, **more: str) -> Template:
    """Save a template."""
    saved: Template = world.ask(
        SaveTemplate(organisation=world.root.id, occasion=occasion, channel=channel, text=text, **more)
    )
    return saved


def approved(world: World) -> Service:
    """A service whose bookings need approval, with doors and a meeting."""
    made: Service = world.ask(
        AddService(
            branch=world.branch.id, name="Colour", length=HOUR, needs_approval=True, components=(MAIN,), online=True
        )
    )
    return made


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


# Requests


def test_a_request_is_told_to_both_and_names_no_door(mailed: World) -> None:
    """Before it is answered there is neither key nor meeting, and nobody reads that there were."""
    world = mailed
    world.book(approved(world))
    world.settle()

    (for_client,), (for_provider,) = world.mails(EVA), world.mails(ROOM)
    assert for_client.message["Subject"] == "Requested: Colour, 2026-11-26 13:00"
    assert "We have your request" in for_client.text
    assert "please answer it" in for_provider.text
    assert texts(world) == ["Requested: Colour, Zentrum, 2026-11-26 13:00"]
    assert "PIN" not in for_client.text
    assert "doors" not in for_client.text


def test_a_request_that_moves_is_asked_for_anew_and_its_answers_are_told(mailed: World) -> None:
    """Moved, confirmed and cancelled: each is told once, in the words of what it is then."""
    world = mailed
    booking = world.book(approved(world))
    world.settle()
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    world.ask(Confirm(booking.id))
    world.settle()
    other = world.book(approved(world), starts=world.now + 3 * DAY)
    world.settle()
    world.ask(Cancel(other.id, reason="We are closed"))
    world.settle()

    assert [str(mail.message["Subject"]).partition(":")[0] for mail in world.mails(EVA)] == [
        *("Requested", "Requested", "Booked", "Requested", "Cancelled")
    ]
    assert "Reason: We are closed" in world.mails(EVA)[-1].text
    assert "Reason: We are closed" in world.mails(ROOM)[-1].text


def test_a_request_that_was_answered_before_it_was_told_is_not_told(world: World) -> None:
    """The answer says enough; nobody reads afterwards that a request waits."""
    booking = world.book(approved(world))
    with world.look() as store:
        (held,) = store.effects.claim(world.now, world.now + HOUR)
    world.ask(Confirm(booking.id))
    world.settle()

    assert held.payload == Occasion.REQUESTED
    assert [text.partition(":")[0] for text in texts(world)] == ["Booked"]


# What hinders one way hinders no other


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


def test_a_text_that_was_overtaken_while_it_waited_is_not_sent(mailed: World) -> None:
    """Once the sender is set, a retry of what held before says nothing any more; what holds now has been said."""
    world = mailed
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))
    booking = world.book(world.haircut)
    world.settle()
    (dead,) = world.effects(EffectState.DEAD)
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="Salon")))
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    world.ask(RetryEffect(dead.id))
    world.settle()

    assert texts(world) == ["Moved: Haircut, Office, 2026-11-27 13:00"]


def test_words_that_come_to_nothing_are_not_sent(mailed: World) -> None:
    """A template of lines that all vanish: no empty mail, no empty text, and nothing that a person has to look at."""
    world = mailed
    for channel in (Channel.CLIENT_MAIL, Channel.CLIENT_TEXT, Channel.PROVIDER_MAIL):
        save(world, channel, "Online: [online_meeting_link]")
    world.book(world.haircut)
    world.settle()

    assert (world.mails(), texts(world), world.effects(EffectState.DEAD)) == ((), [], [])


# Languages and ways


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


# Faults of other systems


def test_f07_cancelling_twice_tells_once(mailed: World) -> None:
    """F-07: a double click on cancel makes no second notice."""
    world = mailed
    booking = world.book(world.haircut)
    world.settle()
    world.ask(Cancel(booking.id))
    world.ask(Cancel(booking.id))
    world.settle()

    assert [str(mail.message["Subject"]).partition(":")[0] for mail in world.mails(EVA)] == ["Booked", "Cancelled"]
    assert len(texts(world)) == 2


def yoga(world: World, *clients: ClientId) -> list[Booking]:
    """Seats of these clients in an online class tomorrow."""
    service = world.ask(
        AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=5))
    )
    scheduled = world.ask(ScheduleClass(service=service.id, provider=world.room.id, starts=world.now + DAY))
    return [world.ask(BookSeat(scheduled=scheduled.id, client=client)) for client in clients]


def test_f22_f34_every_seat_is_told_its_own_link(mailed: World) -> None:
    """F-22, F-34: also the later ones; each reads the link that the booking has, no two the same, all to one meeting."""
    world = mailed
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"))
    seats = yoga(world, world.eva.id, ida.id)
    world.settle()

    links = [world.ask(GetMeeting(seat.id)).join_url for seat in seats]
    assert len(set(links)) == 2
    for link, address, other in zip(links, (EVA, "ida@home.example"), reversed(links), strict=True):
        (mail,) = world.mails(address)
        assert link in mail.text
        assert other not in mail.text
    (held,) = world.zoom_meetings()
    assert {world.zoom.open_link(link) for link in links} == {held.id}


def test_f21_who_leaves_a_class_is_told_alone(mailed: World) -> None:
    """F-20, F-21: the others hear nothing, and read the same link in their reminder as before."""
    world = mailed
    world.ask(PlanNotices(organisation=world.root.id, reminders=(Reminder(2 * HOUR, (Way.MAIL,)),)))
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"))
    mine, hers = yoga(world, world.eva.id, ida.id)
    world.kit.deliver()
    before = world.ask(GetMeeting(hers.id)).join_url
    world.ask(Cancel(mine.id))
    world.settle()

    assert [str(mail.message["Subject"]).partition(":")[0] for mail in world.mails(EVA)] == ["Booked", "Cancelled"]
    told = world.mails("ida@home.example")
    assert [str(mail.message["Subject"]).partition(":")[0] for mail in told] == ["Booked", "Reminder"]
    assert [before in mail.text for mail in told] == [True, True]


def test_f31_everybody_is_told_of_the_link_that_was_made_anew(mailed: World) -> None:
    """F-31: the meeting was deleted at Zoom; moving makes another, and client and provider get links that lead there."""
    world = mailed
    booking = world.book(world.advice)
    world.settle()
    (old,) = world.zoom_meetings()
    world.zoom.delete_meeting(old.id)
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    (held,) = world.zoom_meetings()
    link = world.ask(GetMeeting(booking.id)).join_url
    assert held.id != old.id
    assert world.zoom.open_link(link) == held.id
    last = world.mails(EVA)[-1]
    assert (last.message["Subject"], link in last.text) == ("Moved: Advice, 2026-11-27 13:00", True)
    assert link in texts(world)[-1]


def test_f32_an_older_notice_never_speaks_after_a_newer_one(world: World) -> None:
    """F-32: moved twice and cancelled while no relay ran: only what holds in the end is said."""
    booking = world.book(world.haircut)
    with world.look() as store:
        store.effects.claim(world.now, world.now + HOUR)  # by a relay that has died since
    for days in (2, 3):
        world.ask(Rebook(booking.id, starts=world.now + days * DAY))
    world.ask(Cancel(booking.id))
    world.settle()

    assert texts(world) == ["Cancelled: Haircut, Office, 2026-11-28 13:00"]


def test_f40_the_hosts_link_is_neither_stored_nor_sent(mailed: World) -> None:
    """F-40: no row and no mail has what Zoom calls start_url; the provider's link is ours and fetches it."""
    world = mailed
    smuggled = Template(
        organisation=world.root.id,
        occasion=Occasion.BOOKED,
        channel=Channel.CLIENT_TEXT,
        text="Hi [client]\n[online_meeting_provider_link]",
    )
    with world.look() as store:
        store.templates.add(smuggled)  # past the check
    booking = world.book(world.advice)
    world.settle()
    world.ask(FetchHostLink(booking.id))
    assert texts(world) == ["Hi Eva"]

    everything = repr(world.tables()) + "".join(mail.raw.decode() for mail in world.mails())
    assert "zak=" not in everything
    assert f"meetings/{booking.id}/host" in world.mails(ROOM)[0].text


def test_f53_a_mail_that_states_a_fact_follows_the_fact(mailed: World) -> None:
    """F-53: while it is not known whether the key was made, nobody reads that doors open; nor if it never comes."""
    world = mailed
    world.exivo.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
    world.book(world.massage)
    world.kit.deliver()
    assert (world.mails(), texts(world)) == ((), [])
    world.settle()
    assert "The doors open" in " ".join(world.mails(EVA)[0].text.split())

    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=403))
    world.book(world.massage, starts=world.now + 2 * DAY)
    world.settle()
    assert len(world.mails(EVA)) == 1


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


def test_f73_a_mail_whose_answer_was_lost_is_the_same_mail_again(mailed: World) -> None:
    """F-73: what is handed over twice carries the same Message-ID; a relay that runs again sends nothing more."""
    world = mailed
    world.book(world.haircut)
    world.settle()
    world.settle()
    world.clock.advance(30 * DAY)
    world.settle()

    assert len(world.mails()) == len({mail.message_id for mail in world.mails()}) == 2


def test_f77_notices_spend_the_organisations_quota(mailed: World) -> None:
    """F-77: with one segment left one text goes out, the next is refused in the log; the mails go out all the same."""
    world = mailed
    world.ask(ChangeSettings(group=world.root.id, change=Settings(group_quota=Quota(1))))
    world.book(world.haircut)
    world.book(world.haircut, starts=world.now + 2 * DAY)
    world.settle()

    assert len(texts(world)) == 1
    assert len(world.mails(EVA)) == 2
    assert [one.status for one in world.ask(SearchLog(group=world.root.id)).messages].count(Status.GROUP) == 1


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
