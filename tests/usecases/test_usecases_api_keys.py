"""API keys in the salon: what they are given, whom they send as, and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from logins import DESK, forgot, salon
from programs import MOBILE, key
from servicekit import Principal
from servicekit.accounts import (
    CALLS,
    AddApiKey,
    ApiCaller,
    CallRefused,
    ForgotPassword,
    ListApiKeys,
    NoCaller,
    RevokeApiKey,
    RotateApiKey,
    TakeCall,
)
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.groups import AddGroup, AddUsers, ChangeSettings, ListUsers, RemoveUsers, Settings
from servicekit.ids import UserId
from servicekit.messages import GetMessage, SendText
from servicekit.permissions import Explain, GrantScopes, ListGrants
from servicekit.runtime.entropy import mint
from servicekit.testing.simulators import MailboxSimulator
from world import DAY, HOUR, NUMBERS, World, foreign

pytest_plugins = ("world_fixtures",)


def taken(world: World, secret: str) -> ApiCaller | NoCaller:
    """Who calls with it."""
    return world.kit.perform(TakeCall(secret), by=Principal.operator("api", origin="192.0.2.7"))


def caller(world: World, secret: str) -> ApiCaller:
    """Who calls with a good one."""
    found = taken(world, secret)
    assert isinstance(found, ApiCaller)
    return found


@pytest.mark.spec("M-32")
def test_a_key_sends_as_an_api_user_of_its_group(world: World) -> None:
    """With a number of its own where the group receives, else under the group's sender name."""
    made = key(world, name="Kassa 1, Åre")
    (user,) = [one for one in world.ask(ListUsers(group=world.root.id)) if one.id == made.key.user]
    assert (user.program, user.email) == (True, f"kassa-1-re-{user.id[-8:]}@api.invalid")
    who = caller(world, made.secret)
    assert world.kit.perform(SendText(user=who.user, to=MOBILE, text="1"), by=who.principal).sender == "Salon"
    world.kit.perform(ChangeSettings(group=world.root.id, change=Settings(may_receive=True)), by=world.anna)
    assert world.kit.perform(SendText(user=who.user, to=MOBILE, text="2"), by=who.principal).sender in NUMBERS
    assert caller(world, key(world, name="!").secret).user != who.user


def test_a_key_may_send_as_a_user_that_is_named(world: World) -> None:
    """Of its group or below; not of a group above, not of another organisation, not one that was removed."""
    assert key(world, user=world.admin.id).key.user == world.admin.id
    team = world.kit.perform(AddGroup(parent=world.root.id, name="Team"), by=world.anna)
    (line,) = world.kit.perform(AddUsers(group=team.id, addresses=("max@salon.example",)), by=world.anna)
    assert line.user is not None
    assert key(world, user=line.user).key.user == line.user
    above = world.refused(AddApiKey(group=team.id, name="Till", user=world.admin.id))
    stranger = foreign(world)[1]
    world.kit.perform(RemoveUsers(group=team.id, addresses=("max@salon.example",)), by=world.anna)
    told = [above] + [
        world.refused(AddApiKey(group=world.root.id, name="Till", user=UserId(one)))
        for one in (stranger.id, line.user, mint(UserId, world.now))
    ]
    assert {(type(one), one.code) for one in told} == {(Invalid, "not_a_member")}


def test_nobody_gives_a_key_more_than_it_holds(world: World) -> None:
    """As with any grant; and what it was given is a grant, listed and explained as such."""
    (line,) = world.kit.perform(AddUsers(group=world.root.id, addresses=("max@salon.example",)), by=world.anna)
    assert line.user is not None
    world.grant(line.user, "grants:write", "messages:write", group=world.root)
    max_ = Principal.of(line.user)
    refused = world.refused(AddApiKey(group=world.root.id, name="Till", scopes=("log:read",)), max_)
    assert (type(refused), refused.code) == (Forbidden, "not_yours_to_give")
    made = world.kit.perform(AddApiKey(group=world.root.id, name="Till", ends_at=world.now + DAY), by=max_)

    who = Principal.of(made.key.id)
    (grant,) = world.ask(ListGrants(group=world.root.id, principal=who))
    assert (grant.scopes, grant.until, grant.given_by) == (("messages:write",), world.now + DAY, max_.id)
    assert world.ask(Explain(principal=who, scope="messages:write", group=world.root.id))
    assert made.key.made_by == max_.id


def test_more_can_be_granted_to_a_key_later(world: World) -> None:
    """It belongs to its organisation, and to no other."""
    made = key(world)
    who = Principal.of(made.key.id)
    world.kit.perform(GrantScopes(principal=who, scopes=("log:read",), group=world.root.id), by=world.anna)
    (listed,) = world.ask(ListApiKeys(world.root.id))
    assert listed.scopes == ("log:read", "messages:write")
    root, rolf = foreign(world)
    refused = world.refused(GrantScopes(principal=who, scopes=("log:read",), group=root.id), rolf)
    assert refused.code == "not_a_member"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": " "}, "nameless"),
        ({"scopes": ()}, "no_scopes"),
        ({"scopes": ("mesages:write",)}, "unknown_scope"),
        ({"ends_at": "now"}, "empty_time"),
    ],
)
def test_a_key_that_could_do_nothing_is_refused(world: World, changed: dict[str, object], code: str) -> None:
    """Before anything is made."""
    if changed.get("ends_at"):
        changed = {"ends_at": world.now}
    assert world.refused(AddApiKey(**{"group": world.root.id, "name": "Till", **changed})).code == code  # type: ignore[arg-type]


def test_a_key_ends_with_its_time_its_user_and_its_revoking(world: World) -> None:
    """What is over is listed no more, cannot be changed, and holds nothing."""
    lost, revoked = (key(world, name=name) for name in ("b", "c"))
    ends = key(world, name="a", ends_at=world.now + HOUR)
    (user,) = [one for one in world.ask(ListUsers(group=world.root.id)) if one.id == lost.key.user]
    world.kit.perform(RemoveUsers(group=world.root.id, addresses=(user.email,)), by=world.anna)
    assert world.ask(RevokeApiKey(revoked.key.id)) == revoked.key
    assert world.ask(ListGrants(group=world.root.id, principal=Principal.of(revoked.key.id))) == ()
    world.clock.advance(HOUR)

    assert {taken(world, made.secret) for made in (ends, lost, revoked)} == {NoCaller(why=CallRefused.UNKNOWN)}
    for made in (ends, revoked):
        assert type(world.refused(RotateApiKey(key=made.key.id))) is NotFound
        assert made.key.id not in [one.id for one in world.ask(ListApiKeys(world.root.id))]


def test_keys_of_a_group_are_listed_there_and_above(world: World) -> None:
    """Rotating ones with the end of the old one."""
    team = world.kit.perform(AddGroup(parent=world.root.id, name="Team"), by=world.anna)
    above = key(world).key
    below = world.kit.perform(AddApiKey(group=team.id, name="Till"), by=world.anna).key
    assert world.ask(ListApiKeys(team.id)) == (below,)
    assert set(world.ask(ListApiKeys(world.root.id))) == {above, below}
    rotated = world.ask(RotateApiKey(key=below.id)).key
    assert rotated.both_until == world.now + DAY
    assert world.ask(ListApiKeys(team.id)) == (rotated,)


def test_a_key_reads_what_it_sent_and_nothing_else(world: World) -> None:
    """Unless it was granted the log; nor does a key that is gone."""
    one, two = (caller(world, key(world, name=name).secret) for name in ("a", "b"))
    mine = world.kit.perform(SendText(user=one.user, to=MOBILE, text="1"), by=one.principal)
    assert world.kit.ask(GetMessage(mine.id), by=one.principal) == mine
    for who in (two.principal, foreign(world)[1]):
        assert type(world.refused(GetMessage(mine.id), who)) in {Forbidden, NotFound}
    assert type(world.refused(GetMessage(mine.id), Principal.of(mint(type(one.key), world.now)))) is NotFound
    assert world.kit.ask(GetMessage(mine.id), by=world.anna) == mine
    assert world.kit.ask(GetMessage(mine.id), by=Principal.of(one.user)) == mine


def test_no_mail_goes_to_an_api_user(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """Not a link for a password either."""
    with salon(tmp_path, postbox) as world:
        made = key(world)
        (user,) = [one for one in world.ask(ListUsers(group=world.root.id)) if one.id == made.key.user]
        assert world.kit.perform(ForgotPassword(email=user.email), by=DESK) is None
        world.settle()
        assert world.mails() == ()
        forgot(world)


def test_only_operators_take_calls(world: World) -> None:
    """The web application asks."""
    assert world.refused(TakeCall(key(world).secret), world.anna).code == "operators_only"


def test_a_key_has_a_pace(world: World) -> None:
    """So many calls at once, then one after each pause; another key has its own."""
    secret, other = key(world, name="a").secret, key(world, name="b").secret
    assert [caller(world, secret).left for _ in range(CALLS.burst)] == [*range(CALLS.burst - 1, -1, -1)]
    assert taken(world, secret) == NoCaller(why=CallRefused.SLOW_DOWN, until=world.now + CALLS.pause, most=CALLS.burst)
    fresh = caller(world, other)
    assert (fresh.most, fresh.left, fresh.full_in) == (CALLS.burst, CALLS.burst - 1, CALLS.pause)
    world.clock.set(world.now + CALLS.pause)
    assert caller(world, secret).left == 0
