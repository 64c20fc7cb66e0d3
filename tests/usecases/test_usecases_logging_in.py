"""Log-in by password, and passwords set by link, forgotten and changed: what gets in, what does not, and what nobody learns."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from logins import DESK, GOOD, RAN, Counted, chosen, forgot, log_in, salon, token, watched_salon
from servicekit import AsyncKit, Kit, Principal
from servicekit.accounts import (
    GUESSES,
    GUESSES_FROM,
    ChangePassword,
    CheckSession,
    ForgotPassword,
    LoggedIn,
    LogIn,
    NotLoggedIn,
    PasswordChanged,
    RenewSession,
    SetPassword,
    WhyNot,
)
from servicekit.adapters.passwords import Argon2
from servicekit.commands import PrincipalKind
from servicekit.errors import ConfigurationError, Conflict, Forbidden, NotFound
from servicekit.groups import AddUsers, RemoveUsers
from servicekit.portal import AddCustomer, AddCustomerUser, ListCustomerUsers, RemoveCustomerUser
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import MailboxSimulator
from world import DAY, HOUR, NOON, World, opened

pytest_plugins = ("world_fixtures",)

OTHER = "quite another phrase"


@pytest.fixture
def world(tmp_path: Path, postbox: MailboxSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A salon with log-ins, whose statements are written down; Anna has no password yet."""
    with watched_salon(tmp_path, postbox, monkeypatch) as made:
        yield made


@pytest.fixture
def counted(world: World) -> Counted:
    """What hashes there."""
    found = world.kit._wiring.passwords
    assert isinstance(found, Counted)
    return found


def wrong() -> NotLoggedIn:
    """What everybody is told who is not let in."""
    return NotLoggedIn(why=WhyNot.WRONG)


def customer_user(world: World, email: str = "ida@holz.example") -> str:
    """Somebody who is invited for a customer; the invitation's token."""
    customer = world.kit.perform(AddCustomer(organisation=world.root.id, name="Holz"), by=world.anna)
    world.kit.perform(AddCustomerUser(customer=customer.id, email=email), by=world.anna)
    return token(world, email)


@pytest.mark.spec("M-34")
def test_a_password_is_chosen_by_link_and_logs_in(world: World) -> None:
    """The link logs in at once; later the address does, however it is written, with the very password."""
    first = chosen(world)
    again = log_in(world, email=" Anna@Salon.example")

    assert isinstance(again, LoggedIn)
    assert first.principal == again.principal == world.anna
    assert again.principal.origin == "192.0.2.7"
    assert log_in(world, GOOD + " ") == wrong()
    assert world.kit.ask(CheckSession(again.token), by=DESK) == again.session


def test_a_link_works_once_and_for_an_hour(world: World) -> None:
    """Used, too old, or unknown: the same refusal. A password that is refused leaves the link as it was."""
    used, late = forgot(world), ""
    assert world.refused(SetPassword(token=used, password="short"), DESK).code == "short_password"
    world.kit.perform(SetPassword(token=used, password=GOOD), by=DESK)
    late = forgot(world)
    world.clock.advance(HOUR)
    told = [world.refused(SetPassword(token=one, password=GOOD), DESK) for one in (used, late, "never made")]

    assert {(type(one), one.code, one.message) for one in told} == {(NotFound, "dead_link", told[0].message)}


def test_one_link_used_uses_up_all(world: World) -> None:
    """Whoever has an older mail can do nothing with it."""
    older, newer = forgot(world), forgot(world)
    world.kit.perform(SetPassword(token=newer, password=GOOD), by=DESK)

    assert world.refused(SetPassword(token=older, password=OTHER), DESK).code == "dead_link"


def test_two_who_use_a_link_at_once_are_one(world: World, counted: Counted) -> None:
    """Both were good when they were looked at, before the hash was made; the second finds it used."""
    link = forgot(world)
    command = SetPassword(token=link, password=GOOD)
    told = [world.kit.inquire(command, by=DESK) for _ in range(2)]
    hashes = [one.flow() for one in told if one is not None]
    results = []
    for flow in hashes:
        try:
            next(flow)
        except StopIteration as stop:
            results.append(stop.value)
    world.kit.carry_out(command, (results[0],), by=DESK)

    with pytest.raises(NotFound, match="not good any more"):
        world.kit.carry_out(command, (results[1],), by=DESK)
    assert counted.hashed == 2


def test_nothing_of_a_token_or_password_stands_in_the_database(world: World) -> None:
    """Not a link's, not a session's, not the password."""
    link = forgot(world)
    made = world.kit.perform(SetPassword(token=link, password=GOOD), by=DESK)
    stored = repr(world.tables())

    assert not [secret for secret in (link, made.token, *made.token.split("."), GOOD) if secret in stored]
    assert not [
        one for one in (made, LogIn(email="a@b.se", password=GOOD)) if GOOD in repr(one) or made.token in repr(one)
    ]


def test_an_unknown_user_costs_one_verification_as_well(world: World, counted: Counted) -> None:
    """Whether there is no such address, no password yet, no address at all, or another password."""
    world.kit.perform(AddUsers(group=world.root.id, addresses=("new@salon.example",)), by=world.anna)
    chosen(world)
    for email in ("anna@salon.example", "new@salon.example", "nobody@salon.example", "no address"):
        before = counted.verified
        assert log_in(world, "wrong", email=email) == wrong(), email
        assert counted.verified - before == 1, email


def test_an_unknown_user_costs_as_many_statements(world: World) -> None:
    """So nobody learns by waiting, either."""
    chosen(world)
    counts = []
    for email in ("anna@salon.example", "nobody@salon.example"):
        RAN.clear()
        log_in(world, "wrong", email=email)
        counts.append(list(RAN))

    assert counts[0] == counts[1] != []


def test_who_guesses_is_slowed_and_the_right_password_is_not_told_meanwhile(world: World, counted: Counted) -> None:
    """Ten at once, then one every five minutes; a try that is not looked at costs no verification."""
    chosen(world)
    for _ in range(GUESSES.burst):
        assert log_in(world, "wrong") == wrong()
    before = counted.verified
    told = log_in(world)

    assert told == NotLoggedIn(why=WhyNot.SLOW_DOWN, until=world.now + GUESSES.pause)
    assert counted.verified == before
    world.clock.advance(GUESSES.pause)
    assert isinstance(log_in(world), LoggedIn)


def test_many_who_guess_at_once_are_counted_all_the_same(world: World) -> None:
    """Each was looked at before any was counted; the count decides, even about the right password."""
    chosen(world)
    for _ in range(GUESSES.burst - 1):
        log_in(world, "wrong")
    wrong_one, right = (
        LogIn(email="anna@salon.example", password="wrong"),
        LogIn(email="anna@salon.example", password=GOOD),
    )
    told = []
    for command in (wrong_one, right):
        asked = world.kit.inquire(command, by=DESK)
        assert asked is not None
        with pytest.raises(StopIteration) as stop:
            next(asked.flow())
        told.append(stop.value.value)

    assert world.kit.carry_out(wrong_one, (told[0],), by=DESK) == wrong()
    late = world.kit.carry_out(right, (told[1],), by=DESK)
    assert isinstance(late, NotLoggedIn)
    assert late.why is WhyNot.SLOW_DOWN


def test_nobody_is_locked_out_by_others(world: World) -> None:
    """While somebody guesses without end, a kept session renews, and a link by mail logs in and ends the pause."""
    kept = chosen(world, keep=True)
    for _ in range(3 * GUESSES.burst):
        log_in(world, "wrong")

    renewed = world.kit.perform(RenewSession(kept.token), by=DESK)
    assert isinstance(renewed, LoggedIn)
    assert chosen(world, OTHER).principal == world.anna
    assert isinstance(log_in(world, OTHER), LoggedIn)


def test_an_unknown_address_is_slowed_alike(world: World) -> None:
    """So the pause tells nothing."""
    for _ in range(GUESSES.burst):
        log_in(world, "wrong", email="nobody@salon.example")

    assert log_in(world, email="nobody@salon.example") == NotLoggedIn(
        why=WhyNot.SLOW_DOWN, until=world.now + GUESSES.pause
    )


def test_an_origin_that_tries_many_addresses_is_slowed(world: World) -> None:
    """Of IPv6 the whole /64; others get in."""
    chosen(world)
    for number in range(GUESSES_FROM.burst):
        assert log_in(world, "wrong", email=f"{number}@salon.example", origin=f"2001:db8::{number:x}") == wrong()
    told = log_in(world, origin="2001:db8::ffff")

    assert told == NotLoggedIn(why=WhyNot.SLOW_DOWN, until=world.now + GUESSES_FROM.pause)
    assert isinstance(log_in(world, origin="2001:db8:0:1::1"), LoggedIn)


def test_one_account_of_a_thief_gives_no_more_tries(world: World) -> None:
    """Logging in gives back its own try of the origin's, not those that were wrong."""
    chosen(world)
    for number in range(GUESSES_FROM.burst - 1):
        log_in(world, "wrong", email=f"{number}@salon.example")
    assert isinstance(log_in(world), LoggedIn)
    assert log_in(world, "wrong", email="last@salon.example") == wrong()

    told = log_in(world, "wrong", email="more@salon.example")
    assert isinstance(told, NotLoggedIn)
    assert told.why is WhyNot.SLOW_DOWN


def test_what_is_spent_long_ago_is_swept(world: World) -> None:
    """The table of paces does not grow with what is tried."""
    for number in range(5):
        log_in(world, "wrong", email=f"{number}@salon.example")
    world.clock.advance(DAY)
    log_in(world, "wrong", email="late@salon.example")

    with world.look() as store:
        assert store._execute("SELECT count(*) FROM paces", []).fetchone() == (2,)


def test_whoever_is_removed_logs_in_no_more(world: World) -> None:
    """Nor does a link of before bring it back."""
    world.kit.perform(AddUsers(group=world.root.id, addresses=("max@salon.example",)), by=world.anna)
    link = forgot(world, "max@salon.example")
    spare = forgot(world, "max@salon.example")
    made = world.kit.perform(SetPassword(token=link, password=GOOD), by=DESK)
    world.kit.perform(ForgotPassword(email="max@salon.example"), by=DESK)
    before = len(world.mails("max@salon.example"))
    world.kit.perform(RemoveUsers(group=world.root.id, addresses=("max@salon.example",)), by=world.anna)
    world.settle()

    assert log_in(world, email="max@salon.example") == wrong()
    assert world.kit.perform(RenewSession(made.token), by=DESK) == NotLoggedIn(why=WhyNot.OVER)
    assert world.refused(SetPassword(token=spare, password=GOOD), DESK).code == "dead_link"
    assert len(world.mails("max@salon.example")) == before


def test_a_link_dies_with_its_user(world: World) -> None:
    """Also one that nobody has used."""
    world.kit.perform(AddUsers(group=world.root.id, addresses=("max@salon.example",)), by=world.anna)
    link = forgot(world, "max@salon.example")
    world.kit.perform(RemoveUsers(group=world.root.id, addresses=("max@salon.example",)), by=world.anna)

    assert world.refused(SetPassword(token=link, password=GOOD), DESK).code == "dead_link"


def test_a_customers_user_accepts_its_invitation_by_choosing_a_password(world: World) -> None:
    """And logs in as what it is; a user of the same address has a password of its own, or none."""
    link = customer_user(world, "anna@salon.example")
    made = world.kit.perform(SetPassword(token=link, password=OTHER), by=DESK)
    with world.look() as store:
        (person,) = store.customer_users.where(email="anna@salon.example")

    assert made.principal.kind is PrincipalKind.CUSTOMER_USER
    assert (made.principal.id, person.accepted_at) == (person.id, world.now)
    assert isinstance(log_in(world, OTHER, email="anna@salon.example", kind=PrincipalKind.CUSTOMER_USER), LoggedIn)
    assert log_in(world, OTHER, email="anna@salon.example") == wrong()
    assert world.kit.ask(ListCustomerUsers(person.customer), by=world.anna) == (person,)
    assert world.refused(SetPassword(token=link, password=GOOD), DESK).code == "dead_link"


def test_a_customers_user_forgets_its_password_and_may_be_removed(world: World) -> None:
    """A link by mail, as for users."""
    world.kit.perform(SetPassword(token=customer_user(world), password=GOOD), by=DESK)
    link = forgot(world, "ida@holz.example", PrincipalKind.CUSTOMER_USER)
    made = world.kit.perform(SetPassword(token=link, password=OTHER), by=DESK)
    assert isinstance(log_in(world, OTHER, email="ida@holz.example", kind=PrincipalKind.CUSTOMER_USER), LoggedIn)

    with world.look() as store:
        (person,) = store.customer_users.where(email="ida@holz.example")
    world.kit.perform(RemoveCustomerUser(person.id), by=world.anna)
    assert log_in(world, OTHER, email="ida@holz.example", kind=PrincipalKind.CUSTOMER_USER) == wrong()
    assert world.kit.ask(CheckSession(made.token), by=DESK) is None


def test_only_users_and_customers_users_log_in(world: World) -> None:
    """A client has no log-in of ours."""
    for command in (
        LogIn(email="eva@home.example", password=GOOD, kind=PrincipalKind.CLIENT),
        ForgotPassword(email="eva@home.example", kind=PrincipalKind.CLIENT),
    ):
        assert world.refused(command, DESK).code == "no_log_in"


def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    """Changed by oneself, the present one goes on; by a link, none does. Links that were mailed before are used up."""
    first, second = chosen(world), log_in(world)
    assert isinstance(second, LoggedIn)
    link = forgot(world)
    changed = world.kit.perform(ChangePassword(old=GOOD, new=OTHER, session=second.session.id), by=world.anna)

    assert changed == PasswordChanged(ended=1)
    assert [world.kit.ask(CheckSession(one.token), by=DESK) is None for one in (first, second)] == [True, False]
    assert world.refused(SetPassword(token=link, password=GOOD), DESK).code == "dead_link"
    assert log_in(world) == wrong()
    assert isinstance(log_in(world, OTHER), LoggedIn)
    chosen(world)
    assert world.kit.ask(CheckSession(second.token), by=DESK) is None


def test_changing_needs_the_old_password_and_is_slowed(world: World) -> None:
    """Who found an open window can't guess it either; the log-in's own pace is another."""
    chosen(world)
    guess = ChangePassword(old="wrong", new=OTHER)
    for _ in range(GUESSES.burst):
        assert world.kit.perform(guess, by=world.anna) == wrong()

    assert world.kit.perform(guess, by=world.anna) == NotLoggedIn(why=WhyNot.SLOW_DOWN, until=world.now + GUESSES.pause)
    assert isinstance(log_in(world), LoggedIn)


def test_the_same_password_again_changes_nothing_but_ends_sessions(world: World) -> None:
    """It is no error: whoever does it wants the others out."""
    chosen(world)
    assert world.kit.perform(ChangePassword(old=GOOD, new=GOOD), by=world.anna) == PasswordChanged(ended=1)
    assert isinstance(log_in(world), LoggedIn)


def test_only_oneself_changes_ones_password(world: World) -> None:
    """No operator, no client, nobody who has none."""
    command = ChangePassword(old=GOOD, new=OTHER)
    for who in (DESK, Principal.of(world.eva.id)):
        refused = world.refused(command, who)
        assert (type(refused), refused.code) == (Forbidden, "not_oneself")
    assert world.kit.perform(command, by=world.anna) == wrong()


def test_a_password_that_changed_while_it_was_verified_counts_for_nothing(world: World) -> None:
    """What was right a moment ago is looked at again."""
    chosen(world)
    command = LogIn(email="anna@salon.example", password=GOOD)
    asked = world.kit.inquire(command, by=DESK)
    assert asked is not None
    with pytest.raises(StopIteration) as stop:
        next(asked.flow())
    world.kit.perform(ChangePassword(old=GOOD, new=OTHER), by=world.anna)

    assert world.kit.carry_out(command, (stop.value.value,), by=DESK) == wrong()


def test_a_hash_of_an_older_make_is_made_anew_at_the_next_log_in(world: World, counted: Counted) -> None:
    """So stronger parameters reach everybody who comes."""
    chosen(world)
    counted.inner = Argon2(passes=2, memory_kib=16, lanes=1)
    assert isinstance(log_in(world), LoggedIn)

    with world.look() as store:
        assert "m=16,t=2" in store.passwords.get(world.admin.id).hash
    before = counted.hashed
    assert isinstance(log_in(world), LoggedIn)
    assert counted.hashed == before


def test_everybody_but_the_operator_is_refused(world: World) -> None:
    """Who is not logged in yet asks through the application."""
    for command in (LogIn(email="a@b.se", password=GOOD), ForgotPassword(email="a@b.se")):
        assert world.refused(command, world.anna).code == "operators_only"
    assert world.refused(SetPassword(token="x", password=GOOD), world.anna).code == "operators_only"


def test_a_kit_without_what_is_needed_says_so(tmp_path: Path) -> None:
    """No hasher; no mail."""
    with opened(tmp_path) as bare:
        with pytest.raises(ConfigurationError, match="passwords"):
            log_in(bare)
        refused = bare.refused(ForgotPassword(email="a@b.se"), DESK)
        assert (type(refused), refused.code) == (Conflict, "cannot_mail")


def test_logged_in_over_asyncio(tmp_path: Path) -> None:
    """The same, with the hashing in a thread."""
    hasher = Counted()

    async def whole() -> LoggedIn | NotLoggedIn:
        async with AsyncKit.open(f"sqlite:////{tmp_path}/a.db", passwords=hasher) as kit:
            return await kit.perform(LogIn(email="nobody@salon.example", password=GOOD), by=DESK)

    assert asyncio.run(whole()) == wrong()
    assert hasher.verified == 1


def test_many_processes_guess_no_more_than_one(database_url: str) -> None:
    """On either database, all at once: ten are looked at, and the right password is not among them any more."""
    hasher = Counted()
    with closing(Kit.open(database_url, passwords=hasher, clock=ManualClock(NOON))) as kit:
        told: list[LoggedIn | NotLoggedIn] = []
        guess = LogIn(email="anna@salon.example", password="wrong")
        threads = [
            threading.Thread(target=lambda: told.append(kit.perform(guess, by=DESK))) for _ in range(GUESSES.burst + 4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    whys = [one.why for one in told if isinstance(one, NotLoggedIn)]
    assert (whys.count(WhyNot.WRONG), whys.count(WhyNot.SLOW_DOWN)) == (GUESSES.burst, 4)


def test_of_many_who_use_a_link_at_once_one_is_logged_in(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """All find it good, and one uses it."""
    with salon(tmp_path, postbox) as world:
        command = SetPassword(token=forgot(world), password=GOOD)
        made: list[LoggedIn | str] = []

        def use() -> None:
            try:
                made.append(world.kit.perform(command, by=DESK))
            except NotFound as refused:
                made.append(refused.code)

        threads = [threading.Thread(target=use) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [one for one in made if isinstance(one, str)] == ["dead_link"] * 5
