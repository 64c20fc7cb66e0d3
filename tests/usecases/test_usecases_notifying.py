"""Notices: who is told what, and when: once the facts are there, once, and never after something newer."""

from __future__ import annotations

import pytest

from servicekit import Principal
from servicekit.bookings import (
    AddClient,
    Cancel,
    Confirm,
    Rebook,
)
from servicekit.errors import Invalid
from servicekit.groups import ChangeSettings, Quota, Settings
from servicekit.keys import ListKeys
from servicekit.meetings import FetchHostLink, GetMeeting
from servicekit.messages import SearchLog, Status
from servicekit.notices import (
    Channel,
    Occasion,
    PlanNotices,
    Reminder,
    SaveTemplate,
    SetPreference,
    Template,
    Way,
)
from servicekit.outbox.effects import EffectKind, EffectState, RetryEffect
from servicekit.testing.simulators import Fault
from told import EVA, ROOM, approved, save, texts, yoga
from world import DAY, HOUR, World

pytest_plugins = ("world_fixtures",)

ROOMS_PHONE = "+46701740699"


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


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("back", [False, True])
def test_who_has_lost_a_booking_is_told_unless_they_have_it_again(mailed: World, way: Way, *, back: bool) -> None:
    """By the way that they have chosen, with the time that they had it; whatever has become of it since."""
    world = mailed
    world.ask(SetPreference(who=world.room.id, ways=(way,), mobile=ROOMS_PHONE))
    booking = world.book(world.haircut)
    world.settle()
    world.ask(Rebook(booking.id, starts=booking.starts + DAY, provider=world.chair.id))
    if back:
        world.ask(Rebook(booking.id, starts=booking.starts + DAY, provider=world.room.id))
    world.settle()

    mails = [f"{mail.message['Subject']}\n{mail.text}" for mail in world.mails(ROOM)]
    told = mails if way is Way.MAIL else [text.text for text in world.elks.handset(ROOMS_PHONE)]
    assert [text.partition(":")[0] for text in told] == ["Booked", "Booked" if back else "Cancelled"]
    assert ("2026-11-27" in told[1], "2026-11-26" in told[1]) == (back, not back)
    assert (mails == []) == (way is Way.TEXT)


@pytest.mark.parametrize("back", [False, True])
def test_a_text_about_a_loss_that_a_rule_has_refused_is_retried_while_it_holds(world: World, *, back: bool) -> None:
    """Once the sender is set; who has the booking again by then reads nothing of a loss."""
    world.ask(SetPreference(who=world.room.id, ways=(Way.TEXT,), mobile=ROOMS_PHONE))
    booking = world.book(world.haircut)
    world.settle()
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))
    world.ask(Rebook(booking.id, starts=booking.starts + DAY, provider=world.chair.id))
    world.settle()
    (dead,) = [one for one in world.effects(EffectState.DEAD) if world.room.id in one.subject]
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="Salon")))
    if back:
        world.ask(Rebook(booking.id, starts=booking.starts + 2 * DAY, provider=world.room.id))
        world.settle()
    world.ask(RetryEffect(dead.id))
    world.settle()

    words = [text.text.partition(":")[0] for text in world.elks.handset(ROOMS_PHONE)]
    assert words.count("Cancelled") == (not back)


@pytest.mark.parametrize("late", [False, True])
def test_a_reminder_that_a_rule_has_refused_is_sent_while_it_is_one(world: World, *, late: bool) -> None:
    """Once the booking has begun there is nothing to be reminded of."""
    world.ask(PlanNotices(organisation=world.root.id, reminders=(Reminder(3 * HOUR),)))
    booking = world.book(world.haircut)
    world.kit.deliver()
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))
    world.clock.set(booking.starts - 3 * HOUR)
    world.settle()
    (dead,) = [one for one in world.effects(EffectState.DEAD) if "reminder" in one.subject]
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="Salon")))
    if late:
        world.clock.set(booking.starts)
    world.ask(RetryEffect(dead.id))
    world.settle()

    assert [text.partition(":")[0] for text in texts(world)] == (["Booked"] if late else ["Booked", "Reminder"])


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
