"""Statements equal the log: held against a plain list of texts, through a kit, over three closings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import define, evolve, field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bills import ADDRESS, SELLER, ZONE, address, close, draft, log, price
from servicekit import Kit
from servicekit.billing import (
    BillingAddress,
    Books,
    GetStatement,
    Line,
    LineKind,
    Prices,
    SetSeller,
    Statement,
    drafted,
    first_day,
    following,
    numbered,
    periods,
)
from servicekit.codec import dumps, loads
from servicekit.errors import Conflict, Invalid
from servicekit.groups import Group, MoveGroup
from servicekit.ids import GroupId, StatementId
from servicekit.messages import Message, Status
from servicekit.moments import Instant
from servicekit.ports.store import transact
from servicekit.runtime.entropy import mint
from servicekit.testing.clock import ManualClock
from town import NOON, OPERATOR, Town, founded

COUNT = 4
"""Groups: a root and three below it."""
CENT = Decimal("0.01")


@frozen
class Sent:
    """What the model knows of a text."""

    group: int
    at: Instant
    segments: int


@define
class Twin:
    """The town and, beside it, the model: a plain list of texts, parents and who has an address."""

    it: Town
    groups: list[Group]
    texts: list[Sent] = field(factory=list)
    stored: list[Message] = field(factory=list)
    parents: dict[int, int | None] = field(factory=lambda: {0: None, **dict.fromkeys(range(1, COUNT), 0)})
    addressed: set[int] = field(factory=lambda: {0})
    statements: list[Statement] = field(factory=list)

    def send(self, sent: Sent) -> None:
        """A text, in both."""
        self.stored.append(log(self.it, self.groups[sent.group], sent.at, sent.segments))
        self.texts.append(sent)

    def refund(self, index: int) -> None:
        """It never left after all."""
        self.texts[index] = evolve(self.texts[index], segments=0)
        unsent = evolve(self.stored[index], segments=0, status=Status.UNSENT)
        transact(self.it.kit._storage, lambda store: store.messages.save(unsent))

    def turn(self, who: int) -> None:
        """A group gets an address, or gives up the one that it has."""
        self.addressed ^= {who}
        address(self.it, self.groups[who], ADDRESS if who in self.addressed else None)

    def move(self, who: int, under: int) -> None:
        """A group goes elsewhere, unless that is below itself."""
        if who not in self.way_up(under):
            self.it.tell(MoveGroup(group=self.groups[who].id, under=self.groups[under].id))
            self.parents[who] = under

    def way_up(self, index: int) -> list[int]:
        """From a group to the root."""
        found = [index]
        while (parent := self.parents[found[-1]]) is not None:
            found.append(parent)
        return found

    def payer(self, group: GroupId) -> GroupId:
        """Who pays for a group now."""
        index = [one.id for one in self.groups].index(group)
        return self.groups[next(above for above in self.way_up(index) if above in self.addressed)].id

    def close(self, month: str) -> None:
        """Close it: a dry run says the same, what was made before stays, and whoever pays now pays."""
        shown = [dumps(one) for one in self.statements]
        drafts = draft(self.it, month)
        made = close(self.it, month)
        assert [one.lines for one in drafts] == [one.lines for one in made]
        assert [dumps(self.it.ask(GetStatement(one.id))) for one in self.statements] == shown
        for one in made:
            assert {one.payer} >= {self.payer(line.group) for line in one.lines if line.kind is LineKind.SEGMENTS}
        self.statements += made

    def billed(self) -> dict[tuple[str, str], int]:
        """What all statements together say of each group and month."""
        found = Counter[tuple[str, str]]()
        for one in self.statements:
            for line in one.lines:
                found[line.group, f"{line.since:%Y-%m}"] += line.quantity
        return {key: count for key, count in found.items() if count}

    def logged(self, months: list[str]) -> dict[tuple[str, str], int]:
        """What the list says, its months by the standard library's zones."""
        found = Counter[tuple[str, str]]()
        for sent in self.texts:
            month = f"{sent.at.utc.astimezone(ZoneInfo(ZONE)):%Y-%m}"
            if month in months:
                found[self.groups[sent.group].id, month] += sent.segments
        return {key: count for key, count in found.items() if count}


def instants(first: str) -> st.SearchStrategy[Instant]:
    """In three months and a little around them, most near a border."""
    days = [first_day(first)]
    for _ in range(3):
        days.append(first_day(following(f"{days[-1]:%Y-%m}")))
    borders = [Instant.of(datetime(day.year, day.month, 1, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)) for day in days]
    near = st.builds(
        lambda border, us: border + timedelta(microseconds=us),
        st.sampled_from(borders),
        st.integers(-2, 2) | st.integers(-7_200_000_000, 7_200_000_000),
    )
    return near | st.integers(borders[0].us, borders[-1].us).map(Instant)


@pytest.fixture(scope="module")
def platform() -> Iterator[tuple[Kit, ManualClock]]:
    """A kit with a seller and prices; each example founds an organisation of its own."""
    clock = ManualClock(NOON)
    with Kit.open("sqlite:///:memory:", clock=clock) as kit:
        kit.perform(SetSeller(seller=SELLER), by=OPERATOR)
        price(kit)
        clock.set(Instant.parse("2027-06-01T00:00:00Z"))
        yield kit, clock


@pytest.mark.spec("M-13", "M-35")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), first=st.sampled_from(["2026-03", "2026-09"]))
def test_statements_equal_the_log(platform: tuple[Kit, ManualClock], data: st.DataObject, first: str) -> None:
    """Whatever is sent, refunded, moved and addressed between closings, across both changes of clocks: the sums agree."""
    kit, clock = platform
    it = founded(kit, clock, admin=f"{mint(GroupId, clock.now())}@ett.se")
    twin = Twin(it, [it.root, *(it.group(f"G{number}") for number in range(1, COUNT))])
    address(it)
    months = [first, following(first), following(following(first))]
    if data.draw(st.booleans(), label="own prices"):
        eleventh = date.fromisoformat(f"{months[1]}-11")
        price(kit, it.root.id, since=eleventh, segment=Decimal("0.25"), vat=Decimal(6))
    texts = st.lists(st.builds(Sent, st.integers(0, COUNT - 1), instants(first), st.integers(0, 9)), max_size=6)
    changes = st.lists(st.tuples(st.integers(1, COUNT - 1), st.none() | st.integers(0, COUNT - 1)), max_size=3)

    for number, month in enumerate(months, 1):
        for sent in data.draw(texts, label="texts"):
            twin.send(sent)
        for index in data.draw(st.sets(st.integers(0, 17), max_size=3), label="refunds"):
            if index < len(twin.texts):
                twin.refund(index)
        for who, under in data.draw(changes, label="changes"):
            twin.turn(who) if under is None else twin.move(who, under)
        twin.close(month)
        assert twin.billed() == twin.logged(months[:number])
    for one in twin.statements:
        assert loads(dumps(one), Statement) == one
        assert one.total.amount == by_hand(one.lines)
        assert {line.amount.currency for line in one.lines} == {one.currency}
        assert all(line.amount.amount == line.quantity * line.price.amount for line in one.lines)
    numbers = [one.number for one in twin.statements]
    least = min(numbers, default=0)
    assert numbers == list(range(least, least + len(numbers)))


def by_hand(lines: tuple[Line, ...]) -> Decimal:
    """The sum of each rate, rounded, and its VAT, rounded."""
    total = Decimal(0)
    for rate in {line.vat for line in lines}:
        net = sum((line.quantity * line.price.amount for line in lines if line.vat == rate), Decimal(0))
        net = net.quantize(CENT, ROUND_HALF_UP)
        total += net + (net * rate / 100).quantize(CENT, ROUND_HALF_UP)
    return total


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"terms": -1}, "bad_terms"),
        ({"terms": 366}, "bad_terms"),
        ({"first_number": 0}, "bad_first_number"),
        ({"name": " "}, "incomplete_address"),
        ({"note": "two\nlines"}, "incomplete_address"),
    ],
)
def test_what_can_be_no_seller_is_refused(wrong: dict[str, Any], code: str) -> None:
    """Its address is one, its terms are days, and it counts from one."""
    with pytest.raises(Invalid) as caught:
        evolve(SELLER, **wrong)
    assert caught.value.code == code


def books(addresses: dict[GroupId, BillingAddress], sent: int = 3, receivers: int = 0) -> Books:
    """Those of one group in October."""
    root = GroupId("grp_root")
    known = Prices(
        since=date(2026, 1, 1), segment=Decimal("0.5"), receiver=Decimal(1), currency="JPY", vat=Decimal("12.5")
    )
    return Books(
        organisation=root,
        zone=ZONE,
        month="2026-10",
        at=NOON,
        sent=[(period, {root: sent}) for period in periods("2026-10", [known])],
        receivers={root: receivers},
        prices=known,
        billed=(),
        names={root: "Ettstad"},
        paths={root: [root]},
        addresses=addresses,
        seller=SELLER,
    )


def test_costs_without_a_payer_are_refused() -> None:
    """The group is named."""
    with pytest.raises(Conflict, match="Nobody pays for the group Ettstad") as caught:
        drafted(books({}))
    assert caught.value.code == "no_billing_address"


def test_nothing_costs_nothing() -> None:
    """Neither a line nor a statement; and then nobody has to pay either."""
    assert drafted(books({}, sent=0)) == ()


def test_a_currency_without_decimals_is_rounded_to_whole_ones() -> None:
    """1.5 yen are 2, and an eighth of that none at all."""
    (made,) = drafted(books({GroupId("grp_root"): ADDRESS}))

    assert (str(made.sums[0].net.amount), str(made.sums[0].vat.amount), str(made.total.amount)) == ("2", "0", "2")
    assert made.lines[0].amount.amount == Decimal("1.5")


@pytest.mark.spec("M-35")
def test_receivers_are_a_line_of_the_whole_month() -> None:
    """At the price that holds at its end, below what was sent."""
    (made,) = drafted(books({GroupId("grp_root"): ADDRESS}, receivers=4))

    line = made.lines[1]
    assert (line.kind, line.quantity, line.amount.amount) == (LineKind.RECEIVERS, 4, Decimal(4))
    assert (line.since, line.until) == (date(2026, 10, 1), date(2026, 11, 1))


def test_an_order_of_lines_that_people_can_follow() -> None:
    """What was sent by the groups' names, then who may receive, then what is corrected."""
    root, team = GroupId("grp_root"), GroupId("grp_team")
    one = books({root: ADDRESS}, receivers=1)
    (october,) = one.sent
    known = one.prices
    september = periods("2026-09", [known])[0], {root: -1}
    made = drafted(
        evolve(
            one,
            sent=[september, (october[0], {root: 1, team: 2})],
            names={root: "Ettstad", team: "Arkivet"},
            paths={root: [root], team: [team, root]},
        )
    )

    assert [(line.kind, line.group_name) for line in made[0].lines] == [
        (LineKind.SEGMENTS, "Arkivet"),
        (LineKind.SEGMENTS, "Ettstad"),
        (LineKind.RECEIVERS, "Ettstad"),
        (LineKind.CORRECTION, "Ettstad"),
    ]


def test_receivers_are_never_corrected() -> None:
    """They are counted at closing; whoever may receive since then is invoiced from the next month on."""
    first = books({GroupId("grp_root"): ADDRESS}, receivers=4)
    (made,) = drafted(first)
    told = numbered(made, StatementId("sta_1"), 1)
    (november,) = periods("2026-11", [first.prices])

    (after,) = drafted(
        evolve(
            first,
            month="2026-11",
            sent=[*first.sent, (november, {})],
            billed=[told],
            receivers={GroupId("grp_root"): 6},
        )
    )
    assert [(line.kind, line.quantity) for line in after.lines] == [(LineKind.RECEIVERS, 6)]
