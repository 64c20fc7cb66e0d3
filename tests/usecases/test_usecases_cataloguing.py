"""What can be booked: added, and given hours, rules and absences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from servicekit import Principal
from servicekit.bookings import (
    AbsenceAdded,
    AddAbsence,
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Booking,
    BookingRules,
    Client,
    EndAbsence,
    Hours,
    OpeningHours,
    Provider,
    ProviderKind,
    SetBookingRules,
    SetOpeningHours,
    SetWorkingHours,
)
from servicekit.errors import ConfigurationError, Forbidden, Invalid, NotFound
from servicekit.ids import ProviderId
from servicekit.runtime.entropy import mint
from world import DAY, HOUR, MAIN, MINUTE, World, foreign, opened

pytest_plugins = ("world_fixtures",)

NINE_TO_FIVE = OpeningHours.weekdays(Hours(540, 1020))


def add_client(world: World, name: str, mobile: str = "") -> Client:
    """Another client."""
    client: Client = world.ask(
        AddClient(organisation=world.root.id, name=name, email=f"{name.lower()}@home.example", mobile=mobile)
    )
    return client


@pytest.mark.parametrize(
    ("wrong", "code", "told"),
    [
        ({"zone": "Mars/Olympus"}, "unknown_zone", "write it like 'Europe/Stockholm'"),
        ({"name": ""}, "nameless", "A name is needed"),
        ({"components": (MAIN,)}, "doors_without_site", "set the branch's site"),
    ],
)
def test_a_branch_is_refused_with_what_is_wrong(world: World, wrong: dict[str, Any], code: str, told: str) -> None:
    """A zone that is none, no name, doors of no site."""
    right: dict[str, Any] = {"organisation": world.root.id, "name": "Ost", "zone": "Europe/Zurich"}
    refused = world.refused(AddBranch(**{**right, **wrong}))

    assert (type(refused), refused.code) == (Invalid, code)
    assert told in refused.message


@pytest.mark.parametrize(
    ("wrong", "code", "told"),
    [
        ({"name": " "}, "nameless", "A name is needed"),
        ({"length": timedelta(0)}, "no_length", "set a length above zero"),
        ({"opens_before": -MINUTE}, "negative_margin", "margin is zero or more"),
        ({"components": (MAIN,)}, "doors_without_site", "set the branch's site"),
    ],
)
def test_a_service_is_refused_with_what_is_wrong(world: World, wrong: dict[str, Any], code: str, told: str) -> None:
    """No name, no length, a margin after the start, doors at a branch without a site."""
    right: dict[str, Any] = {"branch": world.haircut.branch, "name": "Wash", "length": HOUR}
    refused = world.refused(AddService(**{**right, **wrong}))

    assert (type(refused), refused.code) == (Invalid, code)
    assert told in refused.message


def test_a_clients_number_is_kept_in_e164(world: World) -> None:
    """However it was written, in the country said; none is none."""
    written = AddClient(
        organisation=world.root.id, name="Ida", email="ida@home.example", mobile="079 123 45 68", country_code=41
    )

    assert world.ask(written).mobile == "+41791234568"
    assert add_client(world, "Uli").mobile == ""
    refused = world.refused(AddClient(organisation=world.root.id, name="X", email="x@x.example", mobile="12"))
    assert isinstance(refused, Invalid)


def test_a_provider_may_have_no_address(world: World) -> None:
    """A chair reads no mail."""
    assert (world.chair.email, world.room.email) == ("", "room@salon.example")


def test_an_online_service_needs_a_meeting_service(tmp_path: Any) -> None:
    """A kit without one says so when the service is added, not when it is booked."""
    with opened(tmp_path) as world:
        world.kit._wiring = type(world.kit._wiring)()
        with pytest.raises(ConfigurationError, match="needs an adapter for meetings"):
            world.ask(AddService(branch=world.branch.id, name="Online", length=HOUR, online=True))


# Hours, rules, absences


@pytest.mark.spec("B-04")
def test_hours_and_rules_are_set_and_unset(world: World) -> None:
    """At once and later, and None opens everything again; what was set is read back equal."""
    rules = BookingRules(
        providers=(world.chair.id,), rooms=(world.room.id,), seats=3, lead=HOUR, horizon=DAY, every=HOUR
    )
    branch = world.ask(AddBranch(organisation=world.root.id, name="Ost", zone="Europe/Zurich", opening=NINE_TO_FIVE))
    service = world.ask(AddService(branch=branch.id, name="Yoga", length=HOUR, rules=rules))
    person: Provider = world.ask(AddProvider(organisation=world.root.id, name="Bea", works=NINE_TO_FIVE, capacity=2))
    with world.look() as store:
        assert store.branches.get(branch.id) == branch
        assert store.services.get(service.id).rules == rules
        assert store.providers.get(person.id) == person
        assert (person.works, person.capacity) == (NINE_TO_FIVE, 2)

    assert world.ask(SetOpeningHours(branch.id, None)).opening is None
    assert world.ask(SetWorkingHours(person.id, None)).works is None
    assert world.ask(SetBookingRules(service.id, BookingRules())).rules == BookingRules()
    assert world.ask(SetOpeningHours(branch.id, NINE_TO_FIVE)) == branch


def test_a_provider_has_room_for_one_at_least(world: World) -> None:
    """A capacity of nothing is refused."""
    refused = world.refused(AddProvider(organisation=world.root.id, name="Nobody", capacity=0))
    assert (type(refused), refused.code) == (Invalid, "no_capacity")


def test_rules_name_who_is_there_and_rooms_that_are_rooms(world: World) -> None:
    """An unknown provider, another organisation's, a person as a room."""
    root, rolf = foreign(world)
    theirs = world.ask(AddProvider(organisation=root.id, name="Theirs", kind=ProviderKind.ROOM), rolf)
    missing = mint(ProviderId, world.now)
    for rules in (BookingRules(providers=(missing,)), BookingRules(rooms=(theirs.id,))):
        assert type(world.refused(SetBookingRules(world.haircut.id, rules))) is NotFound
        assert type(world.refused(AddService(branch=world.branch.id, name="X", length=HOUR, rules=rules))) is NotFound
    refused = world.refused(SetBookingRules(world.haircut.id, BookingRules(rooms=(world.chair.id,))))
    assert (type(refused), refused.code, refused.facts) == (Invalid, "not_a_room", {"provider": world.chair.id})


def test_an_absence_says_what_is_booked_then_and_is_taken_back(world: World) -> None:
    """What is booked stays booked; nothing more is, until the absence is ended."""
    booking: Booking = world.book(world.haircut, provider=world.chair)
    added: AbsenceAdded = world.ask(
        AddAbsence(provider=world.chair.id, starts=world.now, ends=world.now + 2 * DAY, reason="Holiday")
    )
    assert added.in_the_way == (booking,)
    assert added.absence.reason == "Holiday"
    assert world.ask(EndAbsence(added.absence.id)).ended
    world.book(world.haircut, provider=world.chair, starts=world.now + DAY + HOUR)
    assert world.refused(AddAbsence(provider=world.chair.id, starts=world.now, ends=world.now)).code == "empty_window"


def test_whose_catalogue_it_is(world: World) -> None:
    """A client changes nothing of it, and another organisation does not even see it."""
    _, rolf = foreign(world)
    added: AbsenceAdded = world.ask(AddAbsence(provider=world.chair.id, starts=world.now, ends=world.now + DAY))
    commands = (
        SetOpeningHours(world.branch.id, None),
        SetWorkingHours(world.chair.id, None),
        SetBookingRules(world.haircut.id, BookingRules()),
        AddAbsence(provider=world.chair.id, starts=world.now, ends=world.now + DAY),
        EndAbsence(added.absence.id),
    )
    world.grant(world.room.id, "bookings:read", group=world.root)
    for command in commands:
        assert type(world.refused(command, rolf)) is NotFound
        assert type(world.refused(command, Principal.of(world.room.id))) is Forbidden
