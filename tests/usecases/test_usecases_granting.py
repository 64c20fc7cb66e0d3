"""Rights granted, ended, listed, explained: on both databases, and at once in every process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import askers
from processes import race
from servicekit import Kit, Principal
from servicekit.bookings import AddClient, AddProvider
from servicekit.decisions import Allowed, Decision, Denied
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from servicekit.groups import AddUsers, Group, ListGroups, RemoveUsers, SetAdmins
from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId, ProviderId, UserId
from servicekit.moments import Instant
from servicekit.permissions import (
    SCOPES,
    AnyOf,
    Everything,
    Explain,
    GetVisible,
    Grant,
    GrantScopes,
    InGroups,
    ListGrants,
    Nothing,
    OfCustomer,
    RevokeGrant,
)
from servicekit.portal import AddCustomer, AddCustomerUser, AddFacility, AddOrder, Customer, GetOrder, ListOrders
from servicekit.runtime.entropy import mint
from servicekit.testing.clock import ManualClock
from town import NOON, OPERATOR, Town, founded, rivals

HOUR, TICK = timedelta(hours=1), timedelta(milliseconds=1)


@pytest.fixture
def it() -> Iterator[Town]:
    """Ettstad, whose application has scopes of its own."""
    clock = ManualClock(NOON)
    mine = SCOPES.extended({"tickets": ("write", "close")}, for_customers=("tickets:read",))
    with Kit.open("sqlite:///:memory:", clock=clock, scopes=mine) as kit:
        yield founded(kit, clock)


def give(it: Town, who: UserId, *scopes: str, by: Principal | None = None, **bounds: Any) -> Grant:
    """A grant by Anna, or by somebody else, over the whole organisation unless said."""
    group = bounds.pop("group", it.root)
    grant = it.tell(GrantScopes(principal=Principal.of(who), scopes=scopes, group=group.id, **bounds), by)
    it.clock.advance(TICK)  # so that ids are in order
    return grant


def why(refused: Refused) -> tuple[type[Refused], str]:
    """Its type and code."""
    return type(refused), refused.code


def cannot_give(it: Town, by: Principal, who: UserId, *scopes: str, **bounds: Any) -> tuple[type[Refused], str]:
    """How it is refused."""
    group = bounds.pop("group", it.root)
    return why(it.refused(GrantScopes(principal=Principal.of(who), scopes=scopes, group=group.id, **bounds), by))


def customer(it: Town, name: str = "Holz") -> Customer:
    """A customer of the town."""
    return it.tell(AddCustomer(organisation=it.root.id, name=name))


NOT_YOURS = (Forbidden, "not_yours_to_give")


def test_what_is_granted_can_be_done_from_then_on(it: Town) -> None:
    """And the grant says all that was said, by whom and from when."""
    max_, school = it.user("max"), it.group("School")
    assert isinstance(it.refused(ListGroups(school.id), Principal.of(max_)), NotFound)
    grant = give(it, max_, "groups:write", "groups:read", group=school, until=NOON + HOUR)

    assert [group.id for group in it.ask(ListGroups(school.id), Principal.of(max_))] == [school.id]
    assert (grant.scopes, grant.group, grant.organisation) == (("groups:write",), school.id, it.root.id)
    assert (grant.principal, grant.given_by, grant.since, grant.until) == (max_, it.admin.id, NOON, NOON + HOUR)
    with pytest.raises(NotFound):
        it.kit.ask(ListGroups(school.id), by=Principal.of(max_), at=NOON + HOUR)


@pytest.mark.spec("M-26")
def test_whoever_grants_gives_what_it_may_pass_on_and_no_more(it: Town) -> None:
    """Scopes of a grant with the right to grant in it: no other scope, no wider, no longer."""
    max_, eva, school, hall = it.user("max"), it.user("eva"), it.group("School"), it.group("Hall")
    below = it.group("Class", school)
    give(it, max_, "grants:write", "log:read", "users:manage", group=school, until=NOON + HOUR)
    give(it, max_, "templates:write")
    head = Principal.of(max_)

    assert give(it, eva, "log:read", "users:write", by=head, group=below, until=NOON + HOUR).given_by == max_
    assert give(it, eva, "grants:write", by=head, group=school, until=NOON + HOUR / 2).scopes == ("grants:write",)
    for scopes in (("templates:write",), ("log:read", "messages:write"), ("*:*",), ("users:*",), ("*:read",)):
        assert cannot_give(it, head, eva, *scopes, group=school, until=NOON + HOUR) == NOT_YOURS
    assert cannot_give(it, head, eva, "log:read", group=school) == NOT_YOURS
    assert cannot_give(it, head, eva, "log:read", group=school, until=NOON + 2 * HOUR) == NOT_YOURS
    assert cannot_give(it, head, eva, "log:read", group=hall) == (Forbidden, "forbidden")
    assert cannot_give(it, head, eva, "log:read", until=NOON + HOUR) == (Forbidden, "forbidden")


def test_the_refusal_names_what_is_missing(it: Town) -> None:
    """And nothing of what is held."""
    max_, eva = it.user("max"), it.user("eva")
    give(it, max_, "grants:write", "log:read")
    refused = it.refused(
        GrantScopes(principal=Principal.of(eva), scopes=("log:read", "users:write"), group=it.root.id),
        Principal.of(max_),
    )
    assert refused.facts == {"missing": "users:write"}
    assert "users:write" in refused.message


def test_nobody_raises_itself(it: Town) -> None:
    """Not by a grant to itself, not by naming itself administrator, not by ending another's limits."""
    max_ = it.user("max")
    give(it, max_, "grants:write", "admins:write", "users:read", until=NOON + HOUR)
    head = Principal.of(max_)

    assert cannot_give(it, it.anna, it.admin.id, "log:read") == (Forbidden, "own_rights")
    assert cannot_give(it, head, max_, "users:read", until=NOON + HOUR) == (Forbidden, "own_rights")
    assert cannot_give(it, head, max_, "log:read") == NOT_YOURS
    admins = SetAdmins(group=it.root.id, emails=("anna@ett.se", "max@ett.se"))
    assert why(it.refused(admins, head)) == NOT_YOURS
    it.tell(SetAdmins(group=it.root.id, emails=("anna@ett.se",)), head)


@pytest.mark.parametrize(
    ("scopes", "error"),
    [
        (("tickets:close",), None),
        (("ticket:close",), (Invalid, "unknown_scope")),
        (("*:fly",), (Invalid, "unknown_scope")),
        (("tickets",), (Invalid, "bad_scope")),
        ((), (Invalid, "no_scopes")),
    ],
)
def test_scopes_are_those_that_the_kit_knows(
    it: Town, scopes: tuple[str, ...], error: tuple[type[Refused], str] | None
) -> None:
    """Its own and the application's; a misspelt one is refused when it is granted."""
    max_ = it.user("max")
    if error is None:
        assert give(it, max_, *scopes).scopes == scopes
    else:
        assert cannot_give(it, it.anna, max_, *scopes) == error


@pytest.mark.parametrize("until", [NOON - HOUR, NOON])
def test_a_grant_ends_after_it_begins(it: Town, until: Instant) -> None:
    """One that would never count is a mistake."""
    assert cannot_give(it, it.anna, it.user("max"), "log:read", until=until) == (Invalid, "empty_time")


def test_a_grant_may_begin_later_but_not_in_the_past(it: Town) -> None:
    """What lies behind was not allowed then, and is not made so."""
    max_ = it.user("max")
    assert give(it, max_, "log:read", since=NOON - HOUR).since == NOON
    later = give(it, max_, "groups:read", since=NOON + HOUR)
    assert isinstance(it.refused(ListGroups(it.root.id), Principal.of(max_)), Forbidden)
    assert it.kit.ask(ListGroups(it.root.id), by=Principal.of(max_), at=NOON + HOUR)
    assert later.since == NOON + HOUR


def test_rights_are_given_to_people_of_the_organisation(it: Town) -> None:
    """Users, providers and clients of it; nobody of another, nobody removed, no operator, nobody unknown."""
    _, rolf = rivals(it)
    gone, school = it.user("gone"), it.group("School")
    it.tell(RemoveUsers(group=it.root.id, addresses=("gone@ett.se",)))
    provider = it.tell(AddProvider(organisation=it.root.id, name="P"))
    client = it.tell(AddClient(organisation=it.root.id, name="C", email="c@home.example"))
    for person in (provider.id, client.id, it.user("max")):
        given = it.tell(GrantScopes(principal=Principal.of(person), scopes=("log:read",), group=school.id))
        assert given.principal == person
    strangers = (
        rolf,
        Principal.of(gone),
        OPERATOR,
        Principal.of(mint(ProviderId, NOON)),
        Principal.of(mint(UserId, NOON)),
    )
    for who in strangers:
        command = GrantScopes(principal=who, scopes=("log:read",), group=school.id)
        assert why(it.refused(command)) == (Invalid, "not_a_member")


def test_a_stranger_finds_no_group_to_grant_in(it: Town) -> None:
    """There or not, or removed, it reads alike."""
    _, rolf = rivals(it)
    for group in (it.root.id, mint(GroupId, NOON)):
        command = GrantScopes(principal=rolf, scopes=("log:read",), group=group)
        assert why(it.refused(command, rolf)) == (NotFound, "not_found")


# Customers


def test_a_grant_may_be_bounded_to_a_customer(it: Town) -> None:
    """Whoever has it sees that customer's things, or some of them, and does not find the others."""
    holz, stein = customer(it), customer(it, "Stein")
    mill, yard = (it.tell(AddFacility(customer=holz.id, name=name)) for name in ("Mill", "Yard"))
    orders = {
        place: it.tell(AddOrder(customer=whose.id, title="Saw", facility=where))
        for place, whose, where in (
            ("mill", holz, mill.id), ("yard", holz, yard.id), ("none", holz, None), ("stein", stein, None)
        )
    }  # fmt: skip
    max_ = it.user("max", it.group("School"))
    give(it, max_, "orders:read", customer=holz.id, facilities=(mill.id,), unassigned=False)

    by = Principal.of(max_)
    found = it.ask(ListOrders(organisation=it.root.id), by)
    assert ([one.id for one in found.orders], found.count) == ([orders["mill"].id], 1)
    assert it.ask(GetOrder(orders["mill"].id), by).title == "Saw"
    for place in ("yard", "none", "stein"):
        assert isinstance(it.refused(GetOrder(orders[place].id), by), NotFound)


def test_a_customers_bounds_are_the_customers(it: Town) -> None:
    """A customer and facilities of another are refused, and facilities of nobody."""
    holz, stein, max_ = customer(it), customer(it, "Stein"), it.user("max")
    quarry = it.tell(AddFacility(customer=stein.id, name="Quarry"))
    root, rolf = rivals(it)
    foreign = it.tell(AddCustomer(organisation=root.id, name="R"), rolf)

    for unknown in (foreign.id, mint(CustomerId, NOON)):
        assert cannot_give(it, it.anna, max_, "orders:read", customer=unknown) == (Invalid, "foreign_customer")
    for place in (quarry.id, mint(FacilityId, NOON)):
        bounds = {"customer": holz.id, "facilities": (place,)}
        assert cannot_give(it, it.anna, max_, "orders:read", **bounds) == (Invalid, "foreign_facility")
    assert cannot_give(it, it.anna, max_, "orders:read", facilities=(quarry.id,)) == (Invalid, "boundless_facilities")


@pytest.mark.spec("P-05")
def test_the_right_to_change_customer_rights_is_enough(it: Town) -> None:
    """For what customers are given, at the customer that it is held for, and for nothing else."""
    holz, stein, max_ = customer(it), customer(it, "Stein"), it.user("max", it.group("School"))
    ida, ove = (
        it.tell(AddCustomerUser(customer=whose.id, email=email)).id
        for whose, email in ((holz, "ida@holz.example"), (stein, "ove@stein.example"))
    )
    give(it, max_, "customer_rights:write", customer=holz.id)
    desk = Principal.of(max_)

    def tried(who: Any, *scopes: str, **bounds: Any) -> Any:
        command = GrantScopes(principal=Principal.of(who), scopes=scopes, group=it.root.id, **bounds)
        try:
            return it.tell(command, desk).scopes
        except Refused as refused:
            return type(refused), refused.code

    assert tried(ida, "tickets:read", customer=holz.id) == ("tickets:read",)
    assert tried(ida, "tickets:write", customer=holz.id) == (Forbidden, "not_for_customers")
    assert tried(ida, "customer_rights:write", customer=holz.id) == (Forbidden, "not_for_customers")
    assert tried(ida, "tickets:read") == (NotFound, "not_found")
    assert tried(ove, "tickets:read", customer=holz.id) == (Invalid, "not_a_member")
    assert tried(ove, "tickets:read", customer=stein.id) == (NotFound, "not_found")
    assert tried(it.user("eva"), "tickets:read", customer=holz.id) == (Forbidden, "forbidden")

    (own, *_) = it.ask(ListGrants(group=it.root.id, principal=Principal.of(ida)), Principal.of(ida))
    where = {"group": it.root.id, "customer": holz.id}
    asked = Explain(principal=Principal.of(ida), scope="tickets:read", **where)  # type: ignore[arg-type]
    assert it.ask(asked, Principal.of(ida)).facts["grant"] == own.id
    assert it.tell(RevokeGrant(own.id), desk).until == it.clock.now()
    assert isinstance(it.ask(asked, Principal.of(ida)), Denied)


# Ending


def test_a_grant_is_ended_by_whoever_may_give_it_and_by_its_holder(it: Town) -> None:
    """Once; and whoever may not give it may not take it either."""
    school = it.group("School")
    max_, eva = it.user("max", school), it.user("eva", school)
    give(it, max_, "grants:write", "log:read", group=school, until=NOON + HOUR)
    low, high = give(it, eva, "log:read", group=school), give(it, eva, "log:read", "users:read", group=school)
    above = give(it, eva, "log:read")

    assert why(it.refused(RevokeGrant(high.id), Principal.of(max_))) == NOT_YOURS
    assert why(it.refused(RevokeGrant(above.id), Principal.of(max_))) == (NotFound, "not_found")
    assert it.tell(RevokeGrant(low.id), Principal.of(max_)).until == it.clock.now()
    assert why(it.refused(RevokeGrant(low.id))) == (Conflict, "ended")
    assert it.tell(RevokeGrant(high.id), Principal.of(eva)).until == it.clock.now()
    assert why(it.refused(RevokeGrant(mint(GrantId, NOON)))) == (NotFound, "not_found")
    namesake = Principal.operator(eva)
    assert why(it.refused(RevokeGrant(above.id), namesake)) == (NotFound, "not_found")


def test_the_last_administrator_stays(it: Town) -> None:
    """It cannot be ended, not even by itself, until there is another; one for a customer only does not count."""
    (grant,) = it.ask(ListGrants(group=it.root.id))
    eva = it.user("eva")
    give(it, eva, "*:*", customer=customer(it).id)
    assert why(it.refused(RevokeGrant(grant.id))) == (Conflict, "last_admin")
    it.tell(SetAdmins(group=it.root.id, emails=("anna@ett.se", "eva@ett.se")))
    assert it.tell(RevokeGrant(grant.id)).until == it.clock.now()


@pytest.mark.spec("M-26")
def test_what_is_ended_is_ended_at_once_in_every_process(database_url: str) -> None:
    """A process that was allowed a moment ago is refused as soon as the command to end it has returned, on both databases."""
    with Kit.open(database_url) as kit:
        it = founded(kit, ManualClock(NOON))
        max_ = it.user("max")
        grant = give(it, max_, "groups:write")
    told = race(
        askers.ask_until_revoked, database_url, str(it.root.id), str(max_), str(it.admin.id), str(grant.id), count=3
    )
    assert sorted(told) == [("asked", 20, 0), ("asked", 20, 0), ("revoked", 0, 0)]


# Listing


def test_grants_are_listed_in_pages_as_far_as_one_may_see(it: Town) -> None:
    """Those at a group and below; ended ones when asked for; one's own without a right."""
    max_, eva, school = it.user("max"), it.user("eva"), it.group("School")
    it.clock.advance(TICK)
    made = [
        give(it, max_, "grants:read", group=school),
        give(it, eva, "log:read", group=school),
        give(it, eva, "users:read"),
    ]
    ids = [grant.id for grant in made]
    it.tell(RevokeGrant(ids[1]))

    def listed(by: Principal | None = None, **asked: Any) -> list[str]:
        return [grant.id for grant in it.ask(ListGrants(**{"group": it.root.id, **asked}), by)]

    assert listed()[1:] == [ids[0], ids[2]]
    assert listed(ended=True)[1:] == ids
    assert listed(group=school.id) == [ids[0]]
    assert listed(ended=True, after=ids[0]) == ids[1:]
    assert listed(ended=True, after=ids[0], most=1) == ids[1:2]
    assert listed(principal=Principal.of(eva), ended=True) == ids[1:]
    assert listed(Principal.of(max_), group=school.id) == [ids[0]]
    assert listed(Principal.of(eva), principal=Principal.of(eva)) == [ids[2]]
    assert isinstance(it.refused(ListGrants(group=it.root.id), Principal.of(max_)), (Forbidden, NotFound))
    for most in (0, 1001):
        assert why(it.refused(ListGrants(group=it.root.id, most=most))) == (Invalid, "page_size")


# Explaining


def explained(it: Town, who: UserId, scope: str, group: Group, by: Principal | None = None, **where: Any) -> Decision:
    """Why somebody may do something in a group, or may not."""
    return it.ask(Explain(principal=Principal.of(who), scope=scope, group=group.id, **where), by)


@pytest.mark.spec("P-12")
def test_a_check_is_explained(it: Town) -> None:
    """The grant that decided; or each grant of that right, and why it does not count. In words, and as data."""
    max_, school, hall = it.user("max"), it.group("School"), it.group("Hall")
    here = give(it, max_, "log:read", group=school)
    ended = give(it, max_, "users:manage", group=school)
    later = give(it, max_, "users:write", group=school, since=NOON + HOUR)
    elsewhere = give(it, max_, "users:read", group=hall)
    give(it, max_, "groups:read", group=school)
    it.tell(RevokeGrant(ended.id))

    allowed = explained(it, max_, "log:read", school)
    assert isinstance(allowed, Allowed)
    assert (allowed.facts["grant"], allowed.facts["scope"]) == (here.id, "log:read")
    denied = explained(it, max_, "users:read", school)
    assert isinstance(denied, Denied)
    (one, two, three) = json.loads(json.dumps(denied.facts))["held"]
    assert [(near["grant"], near["why"]) for near in (one, two, three)] == [
        (ended.id, "ended"),
        (later.id, "not begun"),
        (elsewhere.id, "elsewhere"),
    ]
    assert denied.reason == (
        "users:read is granted by nothing here."
        f" Grant {ended.id} would give it, but: ended."
        f" Grant {later.id} would give it, but: not begun."
        f" Grant {elsewhere.id} would give it, but: elsewhere."
    )
    assert explained(it, max_, "users:read", school, Principal.of(max_)) == denied
    assert explained(it, max_, "templates:read", school).facts == {"needs": "templates:read", "held": []}
    assert why(it.refused(Explain(principal=it.anna, scope="ticket:read", group=school.id))) == (
        Invalid,
        "unknown_scope",
    )


@pytest.mark.spec("M-26", "P-12")
def test_an_explanation_shows_nothing_of_what_lies_above(it: Town) -> None:
    """Who reads the grants of a group learns that there is a right from above, and neither which nor where."""
    max_, eva, school, hall = it.user("max"), it.user("eva"), it.group("School"), it.group("Hall")
    give(it, max_, "grants:read", group=school)
    give(it, eva, "log:manage")
    give(it, eva, "users:read", group=hall)
    head = Principal.of(max_)

    above = explained(it, eva, "log:read", school, head)
    assert isinstance(above, Allowed)
    assert above.facts == {"scope": "log:manage"}
    assert "above" in above.reason
    assert explained(it, eva, "users:read", school, head).facts == {"needs": "users:read", "held": []}
    assert isinstance(it.refused(Explain(principal=it.anna, scope="log:read", group=hall.id), head), NotFound)


def test_explaining_tells_a_stranger_nothing(it: Town) -> None:
    """About itself, or about somebody, in a group that is there or not."""
    _, rolf = rivals(it)
    for who in (rolf, it.anna):
        told = [
            it.refused(Explain(principal=who, scope="log:read", group=group), rolf)
            for group in (it.root.id, mint(GroupId, NOON))
        ]
        assert {type(refused) for refused in told} == {NotFound}


# Filters


def test_what_is_visible_follows_the_grants(it: Town) -> None:
    """Everything, groups, customers, or several of them; nothing where no grant gives the right."""
    holz, school = customer(it), it.group("School")
    below = it.group("Class", school)
    max_ = it.user("max", school)
    by = Principal.of(max_)

    def visible(scope: str = "tickets:read", group: Group = it.root) -> object:
        return it.ask(GetVisible(scope=scope, organisation=group.id), by)

    give(it, max_, "log:read", group=school)
    assert visible() == Nothing()
    give(it, max_, "tickets:close", "tickets:read", group=school)
    groups = InGroups(it.root.id, (school.id, below.id))
    assert visible() == groups
    give(it, max_, "tickets:read", customer=holz.id, unassigned=False)
    holzs = OfCustomer(organisation=it.root.id, customer=holz.id, facilities=None, unassigned=False)
    assert visible() == AnyOf((groups, holzs))
    assert visible("tickets:write") == Nothing()
    assert visible(group=school) == Nothing()
    give(it, max_, "*:read")
    assert visible() == Everything(it.root.id)
    assert why(it.refused(GetVisible(scope="ticket:read", organisation=it.root.id), by)) == (Invalid, "unknown_scope")


def test_what_is_visible_tells_a_stranger_nothing(it: Town) -> None:
    """An organisation that is there and one that is not read alike."""
    _, rolf = rivals(it)
    for group in (it.root.id, mint(GroupId, NOON)):
        refused = it.refused(GetVisible(scope="log:read", organisation=group), rolf)
        assert refused.message == f"There is no Group {group}, or you may not see it."


def test_a_user_without_any_right_sees_nothing_and_knows_its_organisation(it: Town) -> None:
    """Its own group is no secret to it."""
    (line,) = it.tell(AddUsers(group=it.root.id, addresses=("eva@ett.se",)))
    assert line.user is not None
    assert it.ask(GetVisible(scope="orders:read", organisation=it.root.id), Principal.of(line.user)) == Nothing()
