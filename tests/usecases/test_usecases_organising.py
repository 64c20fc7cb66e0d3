"""Organisations, groups, users and numbers: what is added, what moves, and what is refused when it is set."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit import Principal
from servicekit.bookings import GetBooking
from servicekit.commands import Command
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound
from servicekit.groups import (
    Added,
    AddGroup,
    AddUsers,
    ChangeSettings,
    FoundOrganisation,
    Group,
    ProvideNumbers,
    Quota,
    Settings,
    UserAdded,
)
from servicekit.ids import UserId
from servicekit.messages import SearchLog, SendText
from world import NUMBERS, OPERATOR, World, foreign

pytest_plugins = ("world_fixtures",)


def add_group(world: World, name: str, *, parent: Group | None = None, **settings: object) -> Group:
    """A group below the root, or below another."""
    made = Settings(**settings)  # type: ignore[arg-type]
    return world.kit.perform(AddGroup(parent=(parent or world.root).id, name=name, settings=made), by=world.anna)


def add_users(world: World, group: Group, *addresses: str, by: Principal | None = None) -> tuple[UserAdded, ...]:
    """The report of adding addresses."""
    return world.kit.perform(AddUsers(group=group.id, addresses=addresses), by=by or world.anna)


# Organisations


def test_an_organisation_begins_with_a_root_and_an_administrator_over_all_of_it(world: World) -> None:
    """The root is the organisation's own id and has no parent; the administrator may do anything in it, and nothing elsewhere."""
    root, rolf = foreign(world)

    assert (root.organisation, root.parent, root.name) == (root.id, None, "Rival")
    assert world.kit.ask(SearchLog(group=root.id), by=rolf).messages == ()
    with pytest.raises(NotFound):
        world.kit.ask(GetBooking(world.book(world.haircut).id), by=rolf)


@pytest.mark.parametrize(
    ("wrong", "code", "told"),
    [
        ({"zone": "Europe/Atlantis"}, "unknown_zone", "write it like 'Europe/Stockholm'"),
        ({"admin": "anna"}, "not_an_address", "write it like anna@example.com"),
        ({"name": " "}, "nameless", "A name is needed"),
        ({"settings": Settings(sender_name="Kliniken Söder")}, "bad_sender_length", "shorten it"),
        ({"settings": Settings(country_code=999)}, "bad_country_code", "use one such as 46"),
        ({"settings": Settings(most_segments=300)}, "bad_limit", "255"),
    ],
)
def test_an_organisation_is_refused_with_what_is_wrong(
    world: World, wrong: dict[str, object], code: str, told: str
) -> None:
    """And nothing of it is there."""
    right: dict[str, Any] = {"name": "Rival", "zone": "Europe/Stockholm", "admin": "rolf@rival.example"}
    refused = world.refused(FoundOrganisation(**{**right, **wrong}), by=OPERATOR)

    assert (type(refused), refused.code) == (Invalid, code)
    assert told in refused.message


def test_an_address_administers_one_organisation(world: World) -> None:
    """An address that is a user of any is taken, whatever its capitals."""
    refused = world.refused(FoundOrganisation(name="X", zone="UTC", admin="Anna@Salon.example"), by=OPERATOR)

    assert (type(refused), refused.code) == (Conflict, "address_taken")
    assert refused.facts == {"email": "anna@salon.example"}
    assert "anna@salon.example is a user already" in refused.message


def test_free_accounts_have_one_organisation(world: World) -> None:
    """It is founded like any other; a second one is refused."""
    free = FoundOrganisation(name="Free", zone="UTC", admin="fred@free.example", free=True)
    assert world.kit.perform(free, by=OPERATOR).root.free
    refused = world.refused(FoundOrganisation(name="X", zone="UTC", admin="x@x.example", free=True), by=OPERATOR)

    assert (type(refused), refused.code) == (Conflict, "second_free")


# Groups


def test_a_group_stands_below_its_parent_in_the_same_organisation(world: World) -> None:
    """With the organisation's zone and its own settings."""
    team = add_group(world, " Stylists ", signature="/S")
    below = add_group(world, "Trainees", parent=team)

    assert (team.parent, team.organisation, team.name, team.zone) == (
        world.root.id,
        world.root.id,
        "Stylists",
        "Europe/Zurich",
    )
    assert (below.parent, below.organisation) == (team.id, world.root.id)
    with world.look() as store:
        assert store.path(below.id) == (below, team, world.root)


def test_a_change_of_settings_leaves_what_it_does_not_name(world: World) -> None:
    """What is set stays set until something else is said."""
    team = add_group(world, "Stylists", signature="/S", country_code=41)
    change = ChangeSettings(group=team.id, change=Settings(signature="", user_quota=Quota(5, days=30)))
    changed = world.kit.perform(change, by=world.anna)

    assert changed.settings == Settings(signature="", country_code=41, user_quota=Quota(5, days=30))
    with world.look() as store:
        assert store.groups.get(team.id) == changed


@pytest.mark.spec("M-15")
@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("Frisörsalong", "bad_sender_length", "a name has at most 11"),
        ("Salon [Ost]", "bad_sender_length", "take two each"),
        ("Salon 美容", "bad_sender_character", "not in the GSM alphabet"),
        (" Salon", "bad_sender_space", "remove it"),
    ],
)
@pytest.mark.parametrize("where", ["founding", "adding", "changing"])
def test_a_sender_name_that_phones_cannot_show_is_refused_when_it_is_set(
    world: World, where: str, name: str, code: str, told: str
) -> None:
    """More than 11 characters as phones count them, or one that is not in their alphabet; nothing is written."""
    settings = Settings(sender_name=name)
    command: Command[object] = {
        "founding": FoundOrganisation(name="X", zone="UTC", admin="x@x.example", settings=settings),
        "adding": AddGroup(parent=world.root.id, name="X", settings=settings),
        "changing": ChangeSettings(group=world.root.id, change=settings),
    }[where]
    refused = world.refused(command, by=OPERATOR if where == "founding" else world.anna)

    assert (type(refused), refused.code) == (Invalid, code)
    assert told in refused.message


@pytest.mark.spec("M-15")
@pytest.mark.parametrize("name", ["Salon", "Elva tecken", "Ångström 46"])
def test_a_sender_name_of_eleven_characters_is_taken(world: World, name: str) -> None:
    """And stands on the phone as it was set."""
    world.kit.perform(ChangeSettings(group=world.root.id, change=Settings(sender_name=name)), by=world.anna)
    world.kit.perform(SendText(user=world.admin.id, to="+46701740605", text="Hej"), by=world.anna)
    world.kit.deliver()

    assert [text.sender for text in world.elks.handset("+46701740605")] == [name]


@pytest.mark.parametrize(
    ("settings", "code"),
    [(Settings(country_code=999), "bad_country_code"), (Settings(most_segments=256), "bad_limit")],
)
def test_settings_that_would_refuse_every_text_are_refused_when_they_are_set(
    world: World, settings: Settings, code: str
) -> None:
    """A calling code that does not exist; more segments than one message can have."""
    refused = world.refused(ChangeSettings(group=world.root.id, change=settings))

    assert (type(refused), refused.code) == (Invalid, code)


# Users


def test_each_address_has_a_line_in_the_report(world: World) -> None:
    """Added, there already, no address, another organisation's: in the order given, and the others are added all the same."""
    foreign(world)
    team = add_group(world, "Stylists")
    report = add_users(world, team, "Max@Salon.example", "nobody", "max@salon.example", "rolf@rival.example")

    assert [(line.address, line.outcome) for line in report] == [
        ("Max@Salon.example", Added.ADDED),
        ("nobody", Added.NOT_AN_ADDRESS),
        ("max@salon.example", Added.ALREADY_THERE),
        ("rolf@rival.example", Added.TAKEN),
    ]
    assert [line.user is None for line in report] == [False, True, False, True]
    assert report[0].user == report[2].user


def test_adding_an_address_to_another_group_moves_it(world: World) -> None:
    """A user is in exactly one group and stays the same user."""
    team, others = add_group(world, "Stylists"), add_group(world, "Masseurs")
    (first,) = add_users(world, team, "max@salon.example")
    (moved,) = add_users(world, others, "max@salon.example")

    assert (moved.outcome, moved.user) == (Added.MOVED, first.user)
    with world.look() as store:
        (user,) = store.users.where(email="max@salon.example")
    assert (user.id, user.group) == (first.user, others.id)


def test_moving_a_user_needs_the_right_where_it_comes_from_as_well(world: World) -> None:
    """Taking somebody out of a group is a change there: without the right, the whole command is refused."""
    team, others = add_group(world, "Stylists"), add_group(world, "Masseurs")
    (max_,) = add_users(world, team, "max@salon.example")
    assert isinstance(max_.user, UserId)
    world.grant(max_.user, "users:write", group=team)
    world.grant(max_.user, "log:read", group=others)
    add_users(world, others, "eva@salon.example")

    move = AddUsers(group=team.id, addresses=("new@salon.example", "eva@salon.example"))
    refused = world.refused(move, by=Principal.of(max_.user))
    assert (type(refused), refused.facts) == (Forbidden, {"needs": "users:write"})


# Numbers


def test_numbers_go_into_the_pool_once(world: World) -> None:
    """In E.164, however they were written; how many were new is returned."""
    assert world.kit.perform(ProvideNumbers(numbers=("0766-86 10 09", "+46766861009", NUMBERS[0])), by=OPERATOR) == 1
    with world.look() as store:
        assert [row[0] for row in world.tables()["numbers"]] == [*NUMBERS, "+46766861009"]
        assert store.users.where(number=None) != ()


def test_a_number_that_is_none_keeps_all_of_them_out(world: World) -> None:
    """The refusal names it."""
    refused = world.refused(ProvideNumbers(numbers=("+46766861009", "12345")), by=OPERATOR)

    assert isinstance(refused, Invalid)
    assert "'12345'" in refused.message
