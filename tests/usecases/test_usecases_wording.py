"""Templates saved and shown beforehand, and how people want to be told."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit import Principal
from servicekit.bookings import AddClient
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.groups import ChangeSettings, Settings
from servicekit.notices import (
    BUILT_IN,
    PAIRS,
    VARIABLES,
    Channel,
    DoorInformation,
    GetPreference,
    Occasion,
    PlanNotices,
    Preference,
    Preview,
    PreviewTemplate,
    SaveTemplate,
    SetPreference,
    Way,
)
from world import EVA_MOBILE, World, foreign

pytest_plugins = ("world_fixtures",)

BOOKED_TEXT = {"occasion": Occasion.BOOKED, "channel": Channel.CLIENT_TEXT}


def save(world: World, text: str, **more: Any) -> None:
    """Save a template of the salon, of a confirmation by text unless said."""
    world.ask(SaveTemplate(organisation=world.root.id, text=text, **{**BOOKED_TEXT, **more}))


def preview(world: World, text: str = "", **more: Any) -> Preview:
    """A notice as it would be sent."""
    shown: Preview = world.ask(PreviewTemplate(organisation=world.root.id, text=text, **{**BOOKED_TEXT, **more}))
    return shown


# Saving


def test_a_template_that_is_saved_again_takes_the_place_of_the_one_before(world: World) -> None:
    """For its occasion, channel and language; the one in another language stays."""
    save(world, "Come, [client]")
    save(world, "Komm, [client]", language="de")
    save(world, "Welcome, [client]")
    assert preview(world).text.startswith("Welcome, ")
    assert preview(world, language="de").text.startswith("Komm, ")


def test_a_plan_is_an_organisations_or_one_of_its_branches_or_services(world: World) -> None:
    """Each is kept under whose it is, and a later one takes its place; both at once, and others' places, are refused."""
    places: list[dict[str, Any]] = [{}, {"branch": world.branch.id}, {"service": world.massage.id}]
    for place in places:
        whose = next(iter(place.values()), world.root.id)
        for language in ("de", ""):
            plan = world.ask(PlanNotices(organisation=world.root.id, language=language, calendar=True, **place))
            assert (plan.id, plan.organisation, plan.language, plan.calendar) == (whose, world.root.id, language, True)
            with world.look() as store:
                assert store.notice_plans.find(whose) == plan
    both = PlanNotices(organisation=world.root.id, branch=world.branch.id, service=world.massage.id)
    assert world.refused(both).code == "two_places"
    other, rolf = foreign(world)
    for place in places[1:]:
        assert isinstance(world.refused(PlanNotices(organisation=other.id, **place), rolf), NotFound)


# Previews


@pytest.mark.parametrize(("occasion", "channel"), sorted(PAIRS))
@pytest.mark.parametrize("language", BUILT_IN)
def test_every_notice_can_be_shown_with_samples(
    world: World, occasion: Occasion, channel: Channel, language: str
) -> None:
    """In each built-in language; no variable is left, and nothing is written."""
    before = world.tables()
    shown = preview(world, occasion=occasion, channel=channel, language=language)

    assert "[" not in shown.subject + shown.text
    assert (shown.language, bool(shown.subject)) == (language, channel.has_subject)
    assert (shown.segments is not None) == (channel in {Channel.CLIENT_TEXT, Channel.PROVIDER_TEXT})
    assert world.tables() == before


def test_a_draft_is_shown_as_it_would_be_sent_and_checked_as_if_saved(world: World) -> None:
    """With its cost, the signature counted; a draft that could not be saved is refused with the same error."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(signature="/Salon")))
    shown = preview(world, "Hej [client]! " + "x" * 140)
    assert (shown.text, shown.segments) == ("Hej Eva Example! " + "x" * 140, 2)
    assert preview(world, "Hej").segments == 1
    drafted = preview(world, "Text", channel=Channel.CLIENT_MAIL, subject="[service]", language="fr")
    assert (drafted.subject, drafted.text, drafted.language, drafted.segments) == ("Consultation", "Text", "fr", None)
    for text, code in (("[cleint]", "unknown_variable"), ("[online_meeting_provider_link]", "host_link_for_client")):
        refused = world.refused(PreviewTemplate(organisation=world.root.id, text=text, **BOOKED_TEXT))  # type: ignore[arg-type]
        assert (type(refused), refused.code) == (Invalid, code)


def test_every_variable_has_a_sample(world: World) -> None:
    """A preview shows what each looks like."""
    text = "\n".join(f"{name}=[{name}]" for name in VARIABLES)
    shown = preview(world, text, channel=Channel.PROVIDER_MAIL).text
    assert [line.partition("=")[0] for line in shown.splitlines()] == list(VARIABLES)
    assert all(line.partition("=")[2] for line in shown.splitlines())


def test_a_booking_shows_its_own_values(world: World) -> None:
    """What there is of it; another organisation's reads like none, and rights over bookings are asked for."""
    booking = world.book(world.haircut)
    assert preview(world, "[service] [start]\n[door_from]", booking=booking.id).text == "Haircut 2026-11-26 13:00"
    root, rolf = foreign(world)
    request = PreviewTemplate(organisation=root.id, booking=booking.id, **BOOKED_TEXT)  # type: ignore[arg-type]
    assert type(world.refused(request, rolf)) is NotFound
    world.grant(world.room.id, "templates:read", group=root)
    assert type(world.refused(request, Principal.of(world.room.id))) is NotFound


def test_what_would_be_sent_now_goes_by_language(world: World) -> None:
    """Own words in the language, own words without one, then built-in ones; the organisation's language where none is asked."""
    assert preview(world, language="sv").text.startswith("Bokat: ")
    save(world, "Für alle")
    assert [preview(world, language=tag).text for tag in ("sv", "")] == ["Für alle"] * 2
    save(world, "Svenska", language="sv")
    assert [preview(world, language=tag).text for tag in ("sv-SE", "de")] == ["Svenska", "Für alle"]
    world.ask(PlanNotices(organisation=world.root.id, language="sv"))
    assert [preview(world, language=tag).text for tag in ("", "de")] == ["Svenska", "Svenska"]
    assert preview(world, occasion=Occasion.MOVED).text.startswith("Flyttat: ")
    assert preview(world, occasion=Occasion.MOVED, language="fr").text.startswith("Flyttat: ")


def test_only_what_is_told_can_be_shown(world: World) -> None:
    """As when it is saved."""
    for bad, code in (({"occasion": Occasion.DOORS}, "no_such_notice"), ({"language": "svenska"}, "not_a_language")):
        request = PreviewTemplate(organisation=world.root.id, **{**BOOKED_TEXT, **bad})  # type: ignore[arg-type]
        assert world.refused(request).code == code


# Preferences


def test_a_client_and_a_provider_say_themselves_how_they_want_to_be_told(world: World) -> None:
    """In place of what they said before; whoever has said nothing reads what holds then."""
    for who in (world.eva.id, world.room.id):
        me = Principal.of(who)
        assert world.ask(GetPreference(who), me) == Preference(id=who, organisation=world.root.id)
        world.ask(SetPreference(who=who, language="de", ways=(Way.TEXT,), reminders=False), me)
        said = world.ask(SetPreference(who=who, language="sv", ways=(Way.TEXT, Way.MAIL)), me)
        assert said == Preference(id=who, organisation=world.root.id, language="sv", ways=(Way.MAIL, Way.TEXT))
        assert world.ask(GetPreference(who)) == said


def test_a_providers_number_is_read_as_one(world: World) -> None:
    """In E.164 from then on; a client's stands with the client, and what is none is refused."""
    said = world.ask(SetPreference(who=world.room.id, mobile="079 123 45 67", country_code=41))
    assert said.mobile == EVA_MOBILE
    refused = world.refused(SetPreference(who=world.eva.id, mobile=EVA_MOBILE))
    assert (type(refused), refused.code) == (Invalid, "clients_own_mobile")
    assert type(world.refused(SetPreference(who=world.room.id, mobile="12"))) is Invalid
    assert world.refused(SetPreference(who=world.room.id, language="Swedish")).code == "not_a_language"


def test_somebody_else_says_nothing_for_them(world: World) -> None:
    """Another client finds nobody; who may only read may not write."""
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"))
    for request in (SetPreference(who=world.eva.id), GetPreference(world.eva.id), SetPreference(who=world.room.id)):
        assert type(world.refused(request, Principal.of(ida.id))) is NotFound
    world.grant(ida.id, "clients:read", group=world.root)
    assert world.ask(GetPreference(world.eva.id), Principal.of(ida.id)).language == ""
    assert type(world.refused(SetPreference(who=world.eva.id), Principal.of(ida.id))) is Forbidden


# Doors


@pytest.mark.spec("K-10")
def test_the_text_about_doors_is_the_organisations_own(world: World) -> None:
    """On the booking page of a service that opens doors, in the reader's language; a built-in one until it is saved."""
    eva = Principal.of(world.eva.id)
    assert "install the app" in world.ask(DoorInformation(world.massage.id), eva)
    assert "Installieren Sie die App" in world.ask(DoorInformation(world.massage.id, "de-CH"), eva)
    save(world, "Take the app for [service] at [branch].", occasion=Occasion.DOORS, channel=Channel.PAGE)
    assert world.ask(DoorInformation(world.massage.id), eva) == "Take the app for Massage at Zentrum."
    assert world.ask(DoorInformation(world.haircut.id), eva) == ""
    assert world.refused(DoorInformation(world.massage.id, "german"), eva).code == "not_a_language"
    _, rolf = foreign(world)
    assert type(world.refused(DoorInformation(world.massage.id), rolf)) is NotFound


@pytest.mark.spec("K-10")
def test_the_text_about_doors_stands_in_notices_that_ask_for_it(world: World) -> None:
    """Only where the booking has a key."""
    save(world, "Take the app.\nBring the phone.", occasion=Occasion.DOORS, channel=Channel.PAGE)
    save(world, "[service]\n[door_information]")
    world.book(world.massage)
    world.book(world.haircut, starts=world.now + 2 * (world.massage.length * 24))
    world.settle()

    shown = [text.text for text in world.elks.handset(EVA_MOBILE)]
    assert sorted(shown) == ["Haircut", "Massage\nTake the app.\nBring the phone."]
