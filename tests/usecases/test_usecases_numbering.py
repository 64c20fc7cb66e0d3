"""The pool of numbers: taken with the first text, kept while used, given back; what happens when it is empty."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

import desk as desks
from desk import DAY, MOBILE, OPERATOR, OURS, TICK, Desk, desk, text_in
from processes import race
from servicekit import Principal
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.groups import (
    KEPT,
    RESTS,
    AddGroup,
    AddUsers,
    ChangeSettings,
    CountNumbers,
    FoundOrganisation,
    Group,
    ListNumbers,
    MergeGroup,
    MoveGroup,
    Number,
    NumberState,
    PoolCount,
    ProvideNumbers,
    RemoveGroup,
    RemoveUsers,
    Settings,
    WithdrawNumbers,
)
from servicekit.ids import GroupId, UserId
from servicekit.messages import Direction, ListStrays, SearchLog
from servicekit.ports.store import transact
from servicekit.usecases.texting import submit

SWISS = "+41791234567"


@pytest.fixture
def it(database_url: str) -> Iterator[Desk]:
    """A desk with three Swedish numbers, on either database."""
    with desk(database_url) as made:
        yield made


def user(it: Desk, name: str, group: Group | None = None) -> UserId:
    """A user of a group."""
    (line,) = it.kit.perform(AddUsers(group=(group or it.root).id, addresses=(f"{name}@desk.example",)), by=it.anna)
    assert line.user is not None
    return line.user


def group(it: Desk, name: str, parent: Group | None = None, **settings: object) -> Group:
    """A group below the root, or below another."""
    return it.kit.perform(
        AddGroup(parent=(parent or it.root).id, name=name, settings=Settings(**settings)),  # type: ignore[arg-type]
        by=it.anna,
    )


def change(it: Desk, of: Group | None = None, **settings: object) -> None:
    """Settings of a group, the root's unless said."""
    it.kit.perform(
        ChangeSettings(group=(of or it.root).id, change=Settings(**settings)),  # type: ignore[arg-type]
        by=it.anna,
    )


def number(it: Desk, of: str = OURS[0]) -> Number:
    """How a number stands."""
    return next(one for one in it.kit.ask(ListNumbers(), by=OPERATOR) if one.number == of)


def state(it: Desk, of: str = OURS[0]) -> NumberState:
    """In a word."""
    return number(it, of).state(it.clock.now())


def counts(it: Desk) -> tuple[PoolCount, ...]:
    """The pool."""
    return it.kit.ask(CountNumbers(), by=OPERATOR)


def own(it: Desk, who: UserId) -> str | None:
    """The number that a user shows as its own."""
    with it.kit._storage.read() as store:
        return store.users.get(who).number


# Taking


@pytest.mark.spec("M-05")
def test_each_user_that_may_receive_has_a_number_of_its_own(it: Desk) -> None:
    """From its first text on, the same for every text."""
    bo = user(it, "bo")
    assert own(it, bo) is None
    senders = [it.send(text, user=who).sender for text in ("One", "Two") for who in (it.admin.id, bo)]

    assert senders == [OURS[0], OURS[1]] * 2
    assert own(it, bo) == OURS[1]
    assert number(it, OURS[1]).user == bo


@pytest.mark.spec("M-06")
def test_a_group_that_may_not_receive_takes_no_number(it: Desk) -> None:
    """It sends under its name."""
    quiet = group(it, "Quiet", may_receive=False, sender_name="Quiet")
    message = it.send("Hej", user=user(it, "bo", quiet))

    assert (message.sender, message.detail) == ("Quiet", "")
    assert counts(it) == (PoolCount(country=46, free=3),)


@pytest.mark.spec("M-05")
def test_a_user_gets_a_number_of_its_groups_country(it: Desk) -> None:
    """Where one is free; else of another, which is better than none."""
    it.kit.perform(ProvideNumbers(numbers=(SWISS,)), by=OPERATOR)
    zuerich = group(it, "Zürich", country_code=41)
    senders = [it.send("Hoi", "+41791112233", user=user(it, name, zuerich)).sender for name in ("urs", "ueli")]

    assert senders == [SWISS, OURS[0]]
    assert counts(it) == (PoolCount(country=41, leased=1), PoolCount(country=46, free=2, leased=1))


# The pool is empty


@pytest.mark.spec("M-05")
def test_when_no_number_is_free_the_groups_name_stands_in(it: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The text says so in the log, the operator sees it in the pool and as a warning; with new numbers all is well."""
    users = [user(it, name) for name in ("bo", "cia", "dan", "eva")]
    with caplog.at_level(logging.WARNING, "servicekit.numbers"):
        sent = [it.send("Hej", user=who) for who in users]

    assert [message.sender for message in sent] == [*OURS, "Desk"]
    assert [message.detail for message in sent] == ["", "", "", "no number was free"]
    assert [record.getMessage() for record in caplog.records] == [
        f"no number is free for {users[3]} of {it.root.id} (country code 46): provide more"
    ]
    assert counts(it) == (PoolCount(country=46, leased=3),)
    it.kit.perform(ProvideNumbers(numbers=("+46766861009",)), by=OPERATOR)
    assert it.send("Hej igen", user=users[3]).sender == "+46766861009"


def test_without_a_name_and_a_free_number_a_text_is_refused() -> None:
    """The refusal says what to do; nothing is logged, and what was there stays."""
    with desk(numbers=OURS[:1], sender_name="") as it:
        it.send("Hej")
        bo = user(it, "bo")
        from servicekit.messages import SendText

        refused = it.refused(SendText(user=bo, to=MOBILE, text="Hej"), Principal.of(bo))

        assert (type(refused), refused.code, refused.facts) == (Invalid, "no_free_number", {"group": it.root.id})
        assert "ask the operator for more numbers" in refused.message
        assert len(it.kit.ask(SearchLog(group=it.root.id), by=it.anna).messages) == 1


@pytest.mark.parametrize("times", range(2))
def test_eight_processes_never_give_a_number_twice(database_url: str, times: int) -> None:
    """Twenty users, twelve numbers, eight processes that send for all of them at once: twelve have one, each its own."""
    pool = [f"+4676686100{digit}" for digit in range(10)] + ["+46766861010", "+46766861011"]
    with desk(database_url, numbers=pool) as it:
        users = [user(it, f"user{times}{number}") for number in range(20)]
        now = it.clock.now()
        sent = [line for lines in race(desks.first_texts, database_url, users, now) for line in lines]

        numbers = dict[str, str]()
        for who, sender in sent:
            if sender != "Desk":
                assert numbers.setdefault(who, sender) == sender
        assert sorted(numbers.values()) == sorted(pool)
        assert {str(one.user): one.number for one in it.kit.ask(ListNumbers(), by=OPERATOR)} == numbers
        assert counts(it) == (PoolCount(country=46, leased=12),)


# Keeping and giving back


def test_a_lease_lives_a_year_after_its_last_use(it: Desk) -> None:
    """Sending is a use and so is an answer; nobody gets the number for half a year after, and then it is another's."""
    it.send("Hej")
    it.clock.advance(KEPT - DAY)
    it.hear(text_in("Sent", event="e1"))
    assert state(it) is NumberState.LEASED
    it.clock.advance(KEPT - TICK)
    it.send("Hej igen")
    it.clock.advance(KEPT + RESTS - TICK)
    assert state(it) is NumberState.RESTING
    bo = user(it, "bo")
    assert [it.send(text, user=bo).sender for text in ("One",)] == [OURS[1]]
    it.clock.advance(TICK)
    cia, dan = user(it, "cia"), user(it, "dan")
    assert [it.send("Hej", user=who).sender for who in (cia, dan)] == [OURS[2], OURS[0]]

    assert own(it, it.admin.id) is None
    it.hear(text_in("For Dan", event="e2"))
    assert it.kit.ask(SearchLog(group=it.root.id, direction=Direction.IN), by=it.anna).messages[0].user == dan
    message = it.send("Ett år senare")
    assert (message.sender, message.detail) == ("Desk", "no number was free")


def test_an_answer_to_a_lapsed_number_still_is_its_owners(it: Desk) -> None:
    """As long as nobody else has it, nothing could reach the wrong one; the answer renews the lease."""
    it.send("Hej")
    it.clock.advance(2 * KEPT + RESTS)
    assert counts(it) == (PoolCount(country=46, free=3),)
    it.hear(text_in("Long time", event="e1"))

    assert state(it) is NumberState.LEASED
    assert it.bodies() == ["Long time"]
    assert it.send("Hej igen").sender == OURS[0]


def test_a_removed_user_gives_its_number_back(it: Desk) -> None:
    """It rests; what comes to it stands in the log alone, and the operator sees it; who is added again has it again."""
    bo = user(it, "bo")
    it.send("Hej", user=bo)
    it.kit.perform(RemoveUsers(group=it.root.id, addresses=("bo@desk.example",)), by=it.anna)
    it.hear(text_in("Where are you?", event="e1"))

    assert own(it, bo) is None
    assert (number(it).user, number(it).last_user, state(it)) == (None, bo, NumberState.RESTING)
    assert [one.text for one in it.kit.ask(ListStrays(), by=OPERATOR)] == ["Where are you?"]
    (answer,) = it.kit.ask(SearchLog(group=it.root.id, direction=Direction.IN), by=it.anna).messages
    assert (answer.text, answer.user) == ("Where are you?", bo)
    assert it.bodies() == []
    assert it.send("Hej").sender == OURS[1]
    assert user(it, "bo") == bo
    assert it.send("Hej igen", user=bo).sender == OURS[0]


def test_answers_to_the_old_owner_never_reach_the_new_one(it: Desk) -> None:
    """For half a year they reach nobody; the next owner has it after that."""
    bo = user(it, "bo")
    it.send("Hej", user=bo)
    it.kit.perform(RemoveUsers(group=it.root.id, addresses=("bo@desk.example",)), by=it.anna)
    others = [user(it, name) for name in ("cia", "dan", "eva")]
    assert [it.send("Hej", user=who).sender for who in others] == [OURS[1], OURS[2], "Desk"]
    it.clock.advance(RESTS - TICK)
    assert it.send("One", user=others[2]).sender == "Desk"
    it.clock.advance(TICK)

    assert it.send("Two", user=others[2]).sender == OURS[0]
    assert number(it).last_user is None


def test_a_group_that_may_receive_no_more_gives_its_numbers_back(it: Desk) -> None:
    """Also the groups below that inherit it; switched on again at once, everybody has the number it had."""
    below = group(it, "Below")
    louder = group(it, "Louder", may_receive=True)
    users = [it.admin.id, user(it, "bo", below), user(it, "cia", louder)]
    before = [it.send("Hej", user=who).sender for who in users]
    change(it, may_receive=False)

    assert [own(it, who) for who in users] == [None, None, OURS[2]]
    assert [state(it, one) for one in OURS] == [NumberState.RESTING, NumberState.RESTING, NumberState.LEASED]
    assert it.send("Nu").sender == "Desk"
    change(it, may_receive=True)
    assert [it.send("Igen", user=who).sender for who in reversed(users)] == before[::-1]


@pytest.mark.parametrize("way", ["moved user", "moved group", "merged", "removed"])
def test_who_comes_to_a_group_that_may_not_receive_gives_its_number_back(it: Desk, way: str) -> None:
    """By whatever way; who comes to one that may keeps it."""
    quiet = group(it, "Quiet", may_receive=False)
    team = group(it, "Team", quiet, may_receive=True)
    inner = group(it, "Inner", team)
    bo = user(it, "bo", inner)
    assert it.send("Hej", user=bo).sender == OURS[0]
    if way == "moved user":
        user(it, "bo", team)
        assert own(it, bo) == OURS[0]
        user(it, "bo", quiet)
    elif way == "moved group":
        it.kit.perform(MoveGroup(group=inner.id, under=quiet.id), by=it.anna)
    elif way == "merged":
        it.kit.perform(MergeGroup(group=inner.id), by=it.anna)
        assert own(it, bo) == OURS[0]
        it.kit.perform(MergeGroup(group=team.id), by=it.anna)
    else:
        it.kit.perform(RemoveGroup(group=team.id), by=it.anna)

    assert own(it, bo) is None
    assert state(it) is NumberState.RESTING


# The operator


def test_numbers_are_withdrawn_and_come_back_rested(it: Desk) -> None:
    """Whoever had one takes another with its next text; unknown ones and repeats do not count."""
    it.send("Hej")
    assert it.kit.perform(WithdrawNumbers(numbers=(*OURS[:2], OURS[0], "+46766861009")), by=OPERATOR) == 2
    assert it.kit.perform(WithdrawNumbers(numbers=OURS[:1]), by=OPERATOR) == 0

    assert own(it, it.admin.id) is None
    assert [state(it, one) for one in OURS] == [NumberState.WITHDRAWN, NumberState.WITHDRAWN, NumberState.FREE]
    assert counts(it) == (PoolCount(country=46, free=1),)
    assert it.send("Hej igen").sender == OURS[2]
    assert it.kit.perform(ProvideNumbers(numbers=OURS), by=OPERATOR) == 2
    assert counts(it) == (PoolCount(country=46, free=1, leased=1, resting=1),)


def test_an_organisations_own_number_sends_its_texts_and_logs_their_answers(it: Desk) -> None:
    """No user gets it, nobody's mailbox gets the answer, and every administrator finds it in the log."""
    mine = "+46766861009"
    assert it.kit.perform(ProvideNumbers(numbers=(mine,), organisation=it.root.id), by=OPERATOR) == 1
    notice = transact(
        it.kit._storage,
        lambda store: submit(it.kit._work(store, OPERATOR, None), store.path(it.root.id), None, MOBILE, "Välkommen"),
    )
    it.hear(text_in("Tack!", event="e1", to=mine))

    assert notice.sender == mine
    (answer,) = it.kit.ask(SearchLog(group=it.root.id, direction=Direction.IN), by=it.anna).messages
    assert (answer.text, answer.user, answer.number, answer.segments) == ("Tack!", None, MOBILE, 0)
    assert it.bodies() == []
    assert counts(it) == (PoolCount(country=46, free=3, owned=1),)


def test_without_a_number_of_its_own_an_organisation_sends_under_its_name(it: Desk) -> None:
    """As before, and without a word about it; a withdrawn number is none."""
    it.kit.perform(ProvideNumbers(numbers=("+46766861009",), organisation=it.root.id), by=OPERATOR)
    it.kit.perform(WithdrawNumbers(numbers=("+46766861009",)), by=OPERATOR)
    notice = transact(
        it.kit._storage,
        lambda store: submit(it.kit._work(store, OPERATOR, None), store.path(it.root.id), None, MOBILE, "Välkommen"),
    )
    assert (notice.sender, notice.detail) == ("Desk", "")


def test_numbers_are_given_to_whole_organisations(it: Desk) -> None:
    """Not to a group below, nor to one that does not exist."""
    below = group(it, "Below")
    refused = it.refused(ProvideNumbers(numbers=(SWISS,), organisation=below.id), OPERATOR)
    assert (type(refused), refused.code) == (Invalid, "not_a_root")
    unknown = GroupId("grp_unknown")
    assert type(it.refused(ProvideNumbers(numbers=(SWISS,), organisation=unknown), OPERATOR)) is NotFound
    assert counts(it) == (PoolCount(country=46, free=3),)


def test_an_answer_to_a_number_that_went_to_another_organisation_never_reaches_it(it: Desk) -> None:
    """Until it has rested what comes to it stands in the old one's log; then it is the new organisation's."""
    it.send("Hej")
    rival = it.kit.perform(FoundOrganisation(name="Rival", zone="UTC", admin="r@rival.example"), by=OPERATOR).root
    it.kit.perform(WithdrawNumbers(numbers=OURS[:1]), by=OPERATOR)
    it.kit.perform(ProvideNumbers(numbers=OURS[:1], organisation=rival.id), by=OPERATOR)
    it.hear(text_in("For Anna", event="e1"))
    it.clock.advance(RESTS)
    it.hear(text_in("For the rival", event="e2"))

    assert [one.text for one in it.kit.ask(ListStrays(), by=OPERATOR)] == ["For Anna"]
    found = it.kit.ask(SearchLog(group=it.root.id, direction=Direction.IN), by=it.anna).messages
    assert [one.text for one in found] == ["For Anna"]
    with it.kit._storage.read() as store:
        assert [one.text for one in store.messages.where(organisation=rival.id)] == ["For the rival"]


@pytest.mark.parametrize("to", [OURS[2], "+46766861009"])
def test_a_number_that_nobody_ever_had_has_no_log(it: Desk, to: str) -> None:
    """Free, or never provided: what comes to it is the operator's to see, and nobody else's."""
    it.hear(text_in("Hello?", event="e1", to=to))

    assert [one.to for one in it.kit.ask(ListStrays(), by=OPERATOR)] == [to]
    assert it.kit.ask(SearchLog(group=it.root.id), by=it.anna).messages == ()


def test_the_pool_is_listed_page_by_page(it: Desk) -> None:
    """In order; a page has 1 to 1,000 rows."""
    page = it.kit.ask(ListNumbers(most=2), by=OPERATOR)
    rest = it.kit.ask(ListNumbers(after=page[-1].number, most=2), by=OPERATOR)

    assert [one.number for one in (*page, *rest)] == list(OURS)
    for most in (0, 1001):
        refused = it.refused(ListNumbers(most=most), OPERATOR)
        assert (type(refused), refused.code) == (Invalid, "page_size")


@pytest.mark.parametrize("ask", [WithdrawNumbers(numbers=OURS), CountNumbers(), ListNumbers()], ids=str)
def test_the_pool_is_the_operators(it: Desk, ask: WithdrawNumbers) -> None:
    """Not even an administrator may look at it."""
    assert type(it.refused(ask)) is Forbidden
    assert counts(it) == (PoolCount(country=46, free=3),)
