"""Billing on a kit: months closed, statements that equal the log and never change, and who may read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from bills import ADDRESS, HALF, SELLER, ZONE, address, close, draft, log, price
from servicekit import Principal
from servicekit.billing import (
    CloseMonth,
    DraftStatements,
    GetBillingAddress,
    GetStatement,
    LineKind,
    ListInvoiced,
    ListPrices,
    ListStatements,
    Money,
    SetBillingAddress,
    SetPrices,
    SetSeller,
    Statement,
    first_day,
    following,
    start_of,
)
from servicekit.codec import dumps
from servicekit.errors import Conflict, Forbidden, NotFound, Refused
from servicekit.groups import MergeGroup, MoveGroup, RemoveGroup, RenameGroup
from servicekit.ids import GroupId, StatementId
from servicekit.messages import Direction, Status
from servicekit.moments import Instant
from servicekit.ports.store import transact
from servicekit.runtime.entropy import mint
from town import NOON, OPERATOR, Town, rivals, town

TICK = timedelta(microseconds=1)


def lines(statements: tuple[Statement, ...]) -> list[tuple[str, str, str, int]]:
    """Payer, kind, group and quantity of every line."""
    return [
        (one.payer_name, line.kind.value, line.group_name, line.quantity) for one in statements for line in one.lines
    ]


@pytest.fixture
def it() -> Iterator[Town]:
    """The town, which pays for itself, and a seller with prices."""
    with town() as made:
        made.kit.perform(SetSeller(seller=SELLER), by=OPERATOR)
        price(made.kit)
        address(made)
        yield made


# Who pays


@pytest.mark.spec("M-35")
def test_a_group_with_an_address_pays_for_itself_and_all_below_that_have_none(it: Town) -> None:
    """And each line says of which group it is."""
    school = it.group("School")
    kitchen, canteen = it.group("Kitchen", school), it.group("Canteen", school)
    address(it, school, name="Skolan")
    address(it, canteen, name="Matsalen")
    for number, group in enumerate((it.root, school, kitchen, canteen), 1):
        log(it, group, NOON, number)

    made = close(it, "2026-11")

    assert lines(made) == [
        ("Canteen", "segments", "Canteen", 4),
        ("Ettstad", "segments", "Ettstad", 1),
        ("School", "segments", "Kitchen", 3),
        ("School", "segments", "School", 2),
    ]
    assert [one.address.name for one in made] == ["Matsalen", "Ettstads kommun", "Skolan"]
    assert [one.number for one in made] == [1, 2, 3]
    assert made[2].total == Money(Decimal("3.04"), "SEK")  # 5 times 0.485 is 2.425: 2.43, and 0.61 of VAT
    assert made[0].due_on == date(2026, 12, 21)


@pytest.mark.spec("M-35")
def test_each_address_that_may_receive_costs_and_incoming_is_free(it: Town) -> None:
    """As many as there are at closing, by group; those removed, and groups that may not receive, cost nothing."""
    desk = it.group("Desk", may_receive=True)
    shy = it.group("Shy", desk, may_receive=False)
    for number in range(3):
        it.user(f"desk{number}", desk)
        it.user(f"shy{number}", shy)
    gone = it.user("gone", desk)
    transact(it.kit._storage, lambda store: store.users.save(evolve(store.users.get(gone), removed=True)))
    log(it, desk, NOON, 0, direction=Direction.IN, status=Status.INCOMING)
    log(it, desk, NOON, 7, direction=Direction.IN, status=Status.INCOMING)

    (made,) = close(it, "2026-11")

    assert lines((made,)) == [("Ettstad", "receivers", "Desk", 3)]
    assert (made.lines[0].amount, made.total) == (Money(Decimal(3), "SEK"), Money(Decimal("3.75"), "SEK"))
    assert (made.lines[0].since, made.lines[0].until) == (date(2026, 11, 1), date(2026, 12, 1))


@pytest.mark.spec("M-35")
def test_the_tree_at_closing_decides_who_pays(it: Town) -> None:
    """A group that has moved is paid for where it is now, and one that ended by the group above; its address ends with it."""
    north, south, team = it.group("North"), it.group("South"), it.group("Team")
    address(it, north, name="N")
    address(it, south, name="S")
    log(it, team, NOON, 1)
    it.tell(MoveGroup(group=team.id, under=north.id))
    log(it, south, NOON, 2)
    it.tell(RemoveGroup(group=south.id))
    merged = it.group("Merged", north)
    address(it, merged, name="M")
    child = it.group("Child", merged)
    log(it, child, NOON, 4)
    it.tell(MergeGroup(group=merged.id))

    assert lines(close(it, "2026-11")) == [
        ("Ettstad", "segments", "South", 2),
        ("North", "segments", "Child", 4),
        ("North", "segments", "Team", 1),
    ]


def test_the_address_says_where_it_comes_from_as_far_as_the_asker_sees(it: Town) -> None:
    """An administrator of a group reads what holds there, and not the name of a group that it may not see."""
    team = it.group("Team")
    head = it.grant(it.user("head", team), team)

    seen = it.ask(GetBillingAddress(team.id))
    assert (seen.address, seen.source, seen.source_name, seen.inherited) == (ADDRESS, it.root.id, "Ettstad", True)
    hidden = it.ask(GetBillingAddress(team.id), head)
    assert (hidden.address, hidden.source, hidden.source_name, hidden.inherited) == (ADDRESS, None, "", True)
    own = it.tell(SetBillingAddress(group=team.id, address=evolve(ADDRESS, email="Faktura@ETT.se")), head)
    assert (own.source, own.inherited) == (team.id, False)
    assert own.address is not None
    assert own.address.email == "faktura@ett.se"
    address(it, one=None)
    assert it.ask(GetBillingAddress(it.root.id)).address is None
    assert it.ask(GetBillingAddress(it.root.id)).inherited is False


def test_giving_up_an_address_is_the_group_aboves_business_too(it: Town) -> None:
    """It pays from then on; so whoever administers the group alone may set an address, and not take it away."""
    team = it.group("Team")
    head = it.grant(it.user("head", team), team)
    it.tell(SetBillingAddress(group=team.id, address=ADDRESS), head)

    refused = it.refused(SetBillingAddress(group=team.id, address=None), head)
    assert (type(refused), refused.code) == (Forbidden, "forbidden")
    address(it, team, None)
    assert it.ask(GetBillingAddress(team.id)).inherited


@pytest.mark.parametrize(
    ("wrong", "code"), [({"country": "ZZ"}, "unknown_country"), ({"email": "x"}, "not_an_address")]
)
def test_what_is_no_address_is_refused(it: Town, wrong: dict[str, Any], code: str) -> None:
    """The country of a seller as well."""
    assert it.refused(SetBillingAddress(group=it.root.id, address=evolve(ADDRESS, **wrong))).code == code
    if "country" in wrong:
        assert it.refused(SetSeller(seller=evolve(SELLER, **wrong)), OPERATOR).code == code


def test_costs_that_nobody_pays_for_are_refused(it: Town) -> None:
    """The group is named; nothing is closed, and it is closed as soon as there is an address."""
    team = it.group("Team")
    log(it, team, NOON)
    address(it, one=None)
    it.clock.set(start_of(date(2026, 12, 1), ZONE))

    refused = it.refused(CloseMonth(organisation=it.root.id, month="2026-11"), OPERATOR)
    assert (type(refused), refused.code) == (Conflict, "no_billing_address")
    assert refused.facts == {"group": team.id, "organisation": it.root.id}
    assert "Team" in refused.message
    address(it, team)
    assert len(close(it, "2026-11")) == 1


# The month's borders


@pytest.mark.spec("M-35")
@pytest.mark.parametrize(
    ("month", "begins", "ends"),
    [
        ("2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),  # clocks went on within it
        ("2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),  # and back
        ("2026-07", "2026-06-30T22:00:00Z", "2026-07-31T22:00:00Z"),
    ],
)
def test_a_month_is_on_the_wall_of_the_zone(it: Town, month: str, begins: str, ends: str) -> None:
    """To the microsecond, on either side of a change of clocks."""
    first, end = Instant.parse(begins), Instant.parse(ends)
    for at, segments in ((first - TICK, 1), (first, 10), (end - TICK, 100), (end, 1000)):
        log(it, it.root, at, segments)
    it.clock.set(end)

    (made,) = close(it, month)
    assert [line.quantity for line in made.lines] == [110]
    (later,) = close(it, following(month))
    assert [line.quantity for line in later.lines] == [1000]


def test_a_month_is_closed_when_it_is_over_there_and_not_before(it: Town) -> None:
    """At midnight of the organisation's clock; a dry run is good at any time."""
    log(it, it.root, NOON)
    ends = start_of(date(2026, 12, 1), ZONE)
    it.clock.set(ends - TICK)

    refused = it.refused(CloseMonth(organisation=it.root.id, month="2026-11"), OPERATOR)
    assert (type(refused), refused.code) == (Conflict, "month_not_over")
    assert refused.facts == {"month": "2026-11", "ends": "2026-11-30T23:00:00Z"}
    assert len(draft(it, "2026-11")) == 1
    it.clock.set(ends)
    assert len(close(it, "2026-11")) == 1


def test_months_are_closed_one_after_the_other(it: Town) -> None:
    """Beginning with any; what is left out is named."""
    it.clock.set(Instant.parse("2027-06-01T00:00:00Z"))
    close(it, "2026-11")

    for month, code in (("2027-01", "earlier_month_open"), ("2026-10", "month_before_first")):
        for asked in (CloseMonth, DraftStatements):
            refused = it.refused(asked(organisation=it.root.id, month=month), OPERATOR)
            assert (type(refused), refused.code) == (Conflict, code)
    assert it.refused(CloseMonth(organisation=it.root.id, month="2026-1"), OPERATOR).code == "not_a_month"
    close(it, "2026-12")
    (invoiced,) = it.ask(ListInvoiced(), OPERATOR)
    assert (invoiced.organisation, invoiced.name, invoiced.zone, invoiced.closed) == (
        it.root.id,
        "Ettstad",
        ZONE,
        "2026-12",
    )


def test_a_month_without_anything_is_closed_without_a_statement(it: Town) -> None:
    """And no number is used."""
    assert close(it, "2026-11") == ()
    log(it, it.root, "2026-12-24T12:00:00Z")
    assert [one.number for one in close(it, "2026-12")] == [1]


# Prices


def test_a_price_that_changes_within_the_month_splits_it(it: Town) -> None:
    """At midnight of the zone; receivers cost what holds at the month's end; the VAT of each rate is rounded by itself."""
    it.set(it.root, may_receive=True)
    price(it.kit, since=date(2026, 11, 16), segment=Decimal("0.333"), receiver=Decimal(2), vat=Decimal(12))
    turn = start_of(date(2026, 11, 16), ZONE)
    log(it, it.root, turn - TICK, 3)
    log(it, it.root, turn, 5)

    (made,) = close(it, "2026-11")

    assert [(line.kind, line.quantity, line.price.amount, line.vat) for line in made.lines] == [
        (LineKind.SEGMENTS, 3, HALF, Decimal(25)),
        (LineKind.SEGMENTS, 5, Decimal("0.333"), Decimal(12)),
        (LineKind.RECEIVERS, 1, Decimal(2), Decimal(12)),
    ]
    assert [(one.rate, str(one.net.amount), str(one.vat.amount)) for one in made.sums] == [
        (Decimal(12), "3.67", "0.44"),  # 3.665 and 0.4404
        (Decimal(25), "1.46", "0.37"),  # 1.455 and 0.365
    ]
    assert made.total == Money(Decimal("5.94"), "SEK")


def test_an_organisations_own_prices_come_first_and_each_currency_has_its_own_statement(it: Town) -> None:
    """A correction stays in the currency that it corrects."""
    sent = log(it, it.root, "2026-11-10T12:00:00Z", 4)
    price(it.kit, it.root.id, since=date(2026, 11, 20), segment=Decimal(1), currency="EUR", vat=Decimal(0))
    log(it, it.root, "2026-11-20T12:00:00Z", 2)

    made = close(it, "2026-11")
    assert [(one.currency, one.number, str(one.total.amount)) for one in made] == [
        ("EUR", 1, "2.00"),
        ("SEK", 2, "2.43"),
    ]
    transact(it.kit._storage, lambda store: store.messages.save(evolve(sent, segments=0)))
    (credit,) = close(it, "2026-12")
    assert (credit.currency, str(credit.total.amount)) == ("SEK", "-2.43")


def test_prices_cannot_be_set_into_a_closed_month(it: Town) -> None:
    """Neither one's own nor everybody's; from the next month on they can, and set twice the second holds."""
    close(it, "2026-11")
    last = {"since": date(2026, 11, 30), "segment": HALF, "receiver": HALF, "currency": "SEK", "vat": Decimal(25)}
    for organisation in (None, it.root.id):
        refused = it.refused(SetPrices(organisation=organisation, **last), OPERATOR)  # type: ignore[arg-type]
        assert (type(refused), refused.code, refused.facts) == (Conflict, "month_closed", {"month": "2026-11"})
        assert "2026-12-01" in refused.message
    price(it.kit, since=date(2026, 12, 1), segment=Decimal(9))
    price(it.kit, since=date(2026, 12, 1), segment=Decimal(8))
    own = price(it.kit, it.root.id, since=date(2027, 1, 1))
    assert [one.segment for one in it.ask(ListPrices(), OPERATOR)] == [HALF, Decimal(8)]
    assert it.ask(ListPrices(it.root.id), OPERATOR) == (own,)


def test_without_prices_or_a_seller_nothing_is_closed() -> None:
    """It is said what is missing; and a seller that is set anew holds for what is made from then on."""
    with town() as it:
        log(it, it.root, NOON)
        address(it)
        it.clock.set(start_of(date(2026, 12, 1), ZONE))
        asked = CloseMonth(organisation=it.root.id, month="2026-11")
        assert it.refused(asked, OPERATOR).code == "no_seller"
        it.tell(SetSeller(seller=evolve(SELLER, first_number=100)), OPERATOR)
        assert it.refused(asked, OPERATOR).code == "no_prices"
        price(it.kit)
        (made,) = close(it, "2026-11")
        it.tell(SetSeller(seller=evolve(SELLER, name="Ny AB", first_number=1)), OPERATOR)
        log(it, it.root, "2026-12-24T12:00:00Z")
        (after,) = close(it, "2026-12")
        assert [(one.number, one.seller.name) for one in (made, after)] == [(100, "Sms-operatören AB"), (101, "Ny AB")]


# What happens later


@pytest.mark.spec("M-35")
def test_a_closed_month_stays_and_the_difference_goes_into_the_next(it: Town) -> None:
    """A refund, a text that came late into the log, a new name, a new address, a move, new prices: what was said is said."""
    north, team = it.group("North"), it.group("Team")
    address(it, north, name="N")
    failed = log(it, team, NOON, 5)
    before = close(it, "2026-11")
    shown = dumps(before)

    it.fail(failed.id)
    log(it, north, NOON, 2)
    it.tell(RenameGroup(group=team.id, name="Squad"))
    it.tell(MoveGroup(group=team.id, under=north.id))
    address(it, name="Ettstads nya kommun")
    price(it.kit, since=date(2026, 12, 1), segment=Decimal(7), vat=Decimal(6))

    assert dumps(close(it, "2026-11")) == shown == dumps(draft(it, "2026-11"))
    assert it.ask(GetStatement(before[0].id)) == before[0]
    after = close(it, "2026-12")
    # Whoever was invoiced gets its money back; what was never invoiced is paid where the group is now.
    assert lines(after) == [("Ettstad", "correction", "Squad", -5), ("North", "correction", "North", 2)]
    credit = after[0].lines[0]
    assert (credit.since, credit.price.amount, credit.vat) == (date(2026, 11, 1), HALF, Decimal(25))
    assert (after[0].address.name, after[0].total) == ("Ettstads nya kommun", Money(Decimal("-3.04"), "SEK"))
    assert close(it, "2027-01") == ()


def test_a_correction_goes_to_whoever_pays_now_where_the_one_invoiced_pays_no_more(it: Town) -> None:
    """The group that was invoiced has been removed: the group above has taken its place."""
    team = it.group("Team")
    address(it, team, name="T")
    failed = log(it, team, NOON, 5)
    (before,) = close(it, "2026-11")
    it.fail(failed.id)
    it.tell(RemoveGroup(group=team.id))

    assert lines(close(it, "2026-12")) == [("Ettstad", "correction", "Team", -5)]
    assert it.ask(ListStatements(group=team.id)) == (before,)


def test_twelve_closed_months_are_looked_at_again(it: Town) -> None:
    """What changes in an older one stays as it was."""
    months = ["2026-01"]
    while len(months) < 14:
        months.append(following(months[-1]))
    sent = [log(it, it.root, start_of(first_day(month), ZONE)) for month in months[:2]]
    it.clock.set(Instant.parse("2027-06-01T00:00:00Z"))
    for month in months[:-1]:
        close(it, month)
    for one in sent:
        transact(it.kit._storage, lambda store, one=one: store.messages.save(evolve(one, segments=0)))  # type: ignore[misc]

    (made,) = close(it, months[-1])
    assert [(line.since, line.quantity) for line in made.lines] == [(date(2026, 2, 1), -1)]


# Numbers, reading, rights


def test_numbers_go_on_over_all_organisations_and_a_refused_closing_uses_none(it: Town) -> None:
    """One series for the seller; free accounts are never invoiced, and no group is an organisation."""
    rival, rolf = rivals(it)
    free, _ = rivals(it, free=True)
    log(it, it.root, NOON)
    log(it, rival, NOON)
    log(it, free, NOON)
    it.clock.set(Instant.parse("2026-12-01T00:00:00Z"))  # when the month is over for those in UTC as well

    with pytest.raises(Conflict) as caught:
        close(it, "2026-11", rival.id)
    assert caught.value.code == "no_billing_address"
    (mine,) = close(it, "2026-11")
    it.tell(SetBillingAddress(group=rival.id, address=ADDRESS), rolf)
    (theirs,) = close(it, "2026-11", rival.id)
    assert (mine.number, theirs.number) == (1, 2)
    assert close(it, "2026-11", free.id) == ()
    assert [one.organisation for one in it.ask(ListInvoiced(), OPERATOR)] == [it.root.id, rival.id]
    team = it.group("Team")
    for absent in (team.id, mint(GroupId, NOON)):
        with pytest.raises(NotFound):
            close(it, "2026-11", absent)


def test_statements_are_read_by_who_may_read_the_payers(it: Town) -> None:
    """Newest first and in pages; to others there are none."""
    team = it.group("Team")
    head = it.grant(it.user("head", team), team, "billing:read")
    made: list[Statement] = []
    for month in ("2026-10", "2026-11", "2026-12"):
        log(it, it.root, start_of(first_day(month), ZONE))
        made += close(it, month)

    found = it.ask(ListStatements(group=it.root.id, most=2))
    assert found == (made[2], made[1])
    assert it.ask(ListStatements(group=it.root.id, before=made[1].number)) == (made[0],)
    assert it.ask(ListStatements(group=team.id), head) == ()
    for most in (0, 1001):
        assert it.refused(ListStatements(group=it.root.id, most=most)).code == "page_size"
    there = it.refused(GetStatement(made[0].id), head)
    missing = StatementId("sta_missing")
    absent = it.refused(GetStatement(missing), head)
    assert type(there) is type(absent) is NotFound
    assert there.message.replace(made[0].id, missing) == absent.message


def test_the_same_month_closed_again_gives_the_same(it: Town) -> None:
    """So whoever does not know whether it was done may do it again."""
    log(it, it.root, NOON)
    first = close(it, "2026-11")
    log(it, it.root, NOON)

    assert close(it, "2026-11") == first
    with it.kit._storage.read() as store:
        assert store.statements.where() == first


def test_a_principal_of_the_organisation_closes_nothing(it: Town) -> None:
    """Months, prices and the seller are the operator's; the operator reads no statement of an organisation by that."""
    log(it, it.root, NOON)
    (made,) = close(it, "2026-11")

    def refusal(asked: Any, by: Principal) -> type[Refused]:
        return type(it.refused(asked, by))

    assert refusal(CloseMonth(organisation=it.root.id, month="2026-12"), it.anna) is Forbidden
    assert refusal(DraftStatements(organisation=it.root.id, month="2026-12"), it.anna) is Forbidden
    assert refusal(GetStatement(made.id), OPERATOR) is NotFound
