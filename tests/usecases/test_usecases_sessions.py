"""Sessions in the salon: renewed, checked, copied, listed, ended; by oneself and by administrators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from logins import DESK, GOOD, chosen, forgot, log_in, salon, token
from servicekit import Principal
from servicekit.accounts import (
    GRACE,
    CheckSession,
    EndSession,
    ListSessions,
    LoggedIn,
    LogOut,
    NotLoggedIn,
    RenewSession,
    SessionEnd,
    SetPassword,
    WhyNot,
)
from servicekit.errors import Forbidden, NotFound
from servicekit.groups import AddUsers
from servicekit.ids import CustomerUserId, SessionId, UserId
from servicekit.portal import AddCustomer, AddCustomerUser
from servicekit.runtime.entropy import mint
from servicekit.testing.simulators import MailboxSimulator
from world import DAY, MINUTE, World, foreign

pytest_plugins = ("world_fixtures",)


@pytest.fixture
def world(tmp_path: Path, postbox: MailboxSimulator) -> Iterator[World]:
    """A salon with log-ins."""
    with salon(tmp_path, postbox) as made:
        yield made


def renewed(world: World, session_token: str) -> LoggedIn | NotLoggedIn:
    """What comes of presenting a token."""
    return world.kit.perform(RenewSession(session_token), by=DESK)


def good(world: World, session_token: str) -> bool:
    """Whether a token is."""
    return world.kit.ask(CheckSession(session_token), by=DESK) is not None


@pytest.mark.spec("M-34")
def test_a_kept_session_goes_on_from_visit_to_visit(world: World) -> None:
    """Each visit gets the next token; the session is the same one, until nobody came for sixty days."""
    made: LoggedIn | NotLoggedIn = chosen(world, keep=True, label="Firefox on Linux")
    for _ in range(3):
        assert isinstance(made, LoggedIn)
        world.clock.advance(30 * DAY)
        made = renewed(world, made.token)
        assert isinstance(made, LoggedIn)
        assert made.principal == world.anna
    assert isinstance(made, LoggedIn)
    assert (made.session.label, made.session.keep, made.session.used_at) == ("Firefox on Linux", True, world.now)
    world.clock.advance(60 * DAY)
    assert not good(world, made.token)
    assert renewed(world, made.token) == NotLoggedIn(why=WhyNot.OVER)


def test_a_token_that_is_used_again_after_it_was_replaced_ends_the_session(world: World) -> None:
    """Whoever came second, thief or owner, the copy is found out, and both are out."""
    stolen = chosen(world, keep=True).token
    owners = renewed(world, stolen)
    assert isinstance(owners, LoggedIn)
    owners = renewed(world, owners.token)
    assert isinstance(owners, LoggedIn)
    world.clock.advance(GRACE)
    assert not good(world, stolen)

    assert renewed(world, stolen) == NotLoggedIn(why=WhyNot.STOLEN)
    assert renewed(world, owners.token) == NotLoggedIn(why=WhyNot.STOLEN)
    assert world.kit.ask(ListSessions(world.admin.id), by=world.anna) == ()
    with world.look() as store:
        assert store.sessions.get(owners.session.id).end is SessionEnd.STOLEN


def test_nobody_ends_a_session_with_what_is_no_token_of_it(world: World) -> None:
    """Nothing is found, so nothing is written."""
    made = chosen(world)
    before = world.tables()
    for other in ("", "x", "a" * 66, f"{'a' * 22}.{made.token.partition('.')[2]}"):
        assert renewed(world, other) == NotLoggedIn(why=WhyNot.OVER)
        world.kit.perform(LogOut(other), by=DESK)
    assert world.tables() == before


def test_logging_out_ends_this_session_alone(world: World) -> None:
    """Also where the token is one that was lost on its way; twice is no error."""
    first, second = chosen(world), log_in(world)
    assert isinstance(second, LoggedIn)
    for _ in range(2):
        world.kit.perform(LogOut(first.token), by=DESK)

    assert [good(world, one.token) for one in (first, second)] == [False, True]
    assert renewed(world, first.token) == NotLoggedIn(why=WhyNot.OVER)


def test_sessions_are_listed_and_ended_one_by_one(world: World) -> None:
    """By their user: where it is logged in, since when, and from where; a label is cut."""
    first = chosen(world, label="x" * 300)
    world.clock.advance(MINUTE)
    second = log_in(world, origin="192.0.2.9", keep=True)
    assert isinstance(second, LoggedIn)
    listed = world.kit.ask(ListSessions(world.admin.id), by=world.anna)
    assert listed == (first.session, second.session)
    assert [(len(one.label), one.origin, one.keep) for one in listed] == [
        (200, "192.0.2.7", False),
        (0, "192.0.2.9", True),
    ]

    assert world.kit.perform(EndSession(first.session.id), by=world.anna) == first.session
    assert world.kit.ask(ListSessions(world.admin.id), by=world.anna) == (second.session,)
    assert not good(world, first.token)
    assert type(world.refused(EndSession(first.session.id), world.anna)) is NotFound


def test_others_end_a_session_only_with_the_right(world: World) -> None:
    """An administrator may; a colleague and strangers may not, and these learn not even that it is there."""
    made = chosen(world)
    (line,) = world.kit.perform(AddUsers(group=world.root.id, addresses=("max@salon.example",)), by=world.anna)
    assert line.user is not None
    max_ = Principal.of(line.user)
    for request in (EndSession(made.session.id), ListSessions(world.admin.id)):
        assert type(world.refused(request, max_)) is Forbidden
        assert type(world.refused(request, Principal.of(mint(UserId, world.now)))) is NotFound
    world.kit.perform(SetPassword(token=forgot(world, "max@salon.example"), password=GOOD), by=DESK)
    (his,) = world.kit.ask(ListSessions(line.user), by=world.anna)
    assert world.kit.perform(EndSession(his.id), by=world.anna) == his


def test_a_customers_users_sessions_are_its_own_and_its_administrators(world: World) -> None:
    """``customer_rights`` is the right over them."""
    customer = world.kit.perform(AddCustomer(organisation=world.root.id, name="Holz"), by=world.anna)
    ida = world.kit.perform(AddCustomerUser(customer=customer.id, email="ida@holz.example"), by=world.anna)
    made = world.kit.perform(SetPassword(token=token(world, ida.email), password=GOOD), by=DESK)
    world.clock.advance(MINUTE)
    other = log_in(world, email=ida.email, kind=made.principal.kind)
    assert isinstance(other, LoggedIn)

    for who in (made.principal, world.anna):
        assert world.kit.ask(ListSessions(ida.id), by=who) == (made.session, other.session)
    stranger = foreign(world)[1]
    for request in (EndSession(made.session.id), ListSessions(ida.id), ListSessions(mint(CustomerUserId, world.now))):
        assert type(world.refused(request, stranger)) is NotFound
    assert world.kit.perform(EndSession(made.session.id), by=made.principal) == made.session
    assert world.kit.perform(EndSession(other.session.id), by=world.anna) == other.session


def test_a_session_that_is_not_there_is_not_found(world: World) -> None:
    """As any other thing."""
    assert type(world.refused(EndSession(mint(SessionId, world.now)), world.anna)) is NotFound


def test_sessions_that_are_long_over_are_forgotten(world: World) -> None:
    """At the next log-in of the same person, a month after their time."""
    chosen(world)
    world.clock.advance(31 * DAY)
    assert isinstance(log_in(world), LoggedIn)

    with world.look() as store:
        assert len(store.sessions.where(user=world.admin.id)) == 1


def test_only_the_application_presents_tokens(world: World) -> None:
    """As an operator: whose token it is is only found out by it."""
    made = chosen(world)
    for request in (RenewSession(made.token), CheckSession(made.token), LogOut(made.token)):
        assert world.refused(request, world.anna).code == "operators_only"
