"""What the asker may see in the portal: lists and single things are reached by the same rights, and pages and texts have bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from portals import DAY, Portal
from servicekit import Principal
from servicekit.commands import Query
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.groups import AddGroup, FoundOrganisation, RemoveGroup
from servicekit.ids import FacilityId, GroupId, OrderId
from servicekit.portal import (
    ALL_RIGHTS,
    AddComment,
    AddFacility,
    ChooseNotices,
    CountUnseenFaults,
    ExportPortal,
    FaultReport,
    FileFaultReport,
    GetFaultReport,
    GetOrder,
    ListComments,
    ListFaultReports,
    ListOrders,
    ReadActivity,
    RecordActivity,
    RemoveCustomerUser,
    Right,
    SearchPortal,
    Way,
)
from servicekit.ports.store import transact

pytest_plugins = ("portal_fixtures",)

PLACES: dict[str, Callable[[Portal], tuple[FacilityId, ...] | None]] = {
    "all": lambda _: None,
    "none": lambda _: (),
    "the mill": lambda it: (it.mill.id,),
    "both": lambda it: (it.mill.id, it.yard.id),
}
LISTS: list[Callable[[GroupId], Query[Any]]] = [
    lambda group: ListOrders(organisation=group),
    lambda group: ListFaultReports(organisation=group),
    CountUnseenFaults,
    lambda group: SearchPortal(organisation=group, containing="Saw"),
    lambda group: ExportPortal(organisation=group),
]


def orders(it: Portal, by: Principal, group: GroupId | None = None) -> set[OrderId]:
    """Which orders somebody's list has."""
    page = it.ask(ListOrders(organisation=group or it.root), by)
    assert page.count == len(page.orders)
    return {order.id for order in page.orders}


def opens(it: Portal, by: Principal, order: OrderId) -> bool:
    """Whether somebody reaches one order by itself."""
    try:
        return it.ask(GetOrder(order=order), by).id == order
    except NotFound:
        return False


# Lists and single things


@pytest.mark.parametrize("unassigned", [False, True])
@pytest.mark.parametrize("places", PLACES)
def test_a_list_has_exactly_what_can_be_reached_by_itself(it: Portal, places: str, *, unassigned: bool) -> None:
    """For a customer user of any facilities, with what belongs to none of them or without."""
    shown = PLACES[places](it)
    hans = Principal.of(it.user(facilities=shown, unassigned=unassigned).id)
    made = {
        **{where: it.order("Saw", facility) for where, facility in (("mill", it.mill), ("yard", it.yard))},
        "none": it.order("Saw"),
        "another customer": it.order("Saw", customer=it.stein),
    }

    listed = orders(it, hans)
    assert listed == {order.id for order in made.values() if opens(it, hans, order.id)}
    expected = {
        *({"mill"} if shown is None or it.mill.id in shown else set()),
        *({"yard"} if shown is None or it.yard.id in shown else set()),
        *({"none"} if unassigned else set()),
    }
    assert {where for where, order in made.items() if order.id in listed} == expected
    found = it.ask(SearchPortal(organisation=it.root, containing="saw"), hans)
    assert {order.id for order in found.orders} == listed
    assert orders(it, it.anna) == {order.id for order in made.values()}


@pytest.mark.parametrize("ask", LISTS)
def test_an_organisation_that_one_has_nothing_to_do_with_does_not_exist(
    it: Portal, ask: Callable[[GroupId], Query[Any]]
) -> None:
    """A stranger reads the same of it as of one that is not there; nor has the removed group of one's own any list."""
    rival = it.kit.perform(
        FoundOrganisation(name="Rival", zone="UTC", admin="rolf@rival.example"), by=Principal.operator("tests")
    )
    rolf = Principal.of(rival.admin.id)
    there, nowhere = it.refused(ask(it.root), rolf), it.refused(ask(GroupId("grp_none")), rolf)
    assert isinstance(there, NotFound)
    assert isinstance(nowhere, NotFound)
    assert (there.code, there.message.replace(it.root, "?")) == (nowhere.code, nowhere.message.replace("grp_none", "?"))
    gone = it.tell(AddGroup(parent=it.root, name="Field"))
    it.ask(ask(gone.id))
    it.tell(RemoveGroup(group=gone.id))
    assert isinstance(it.refused(ask(gone.id)), NotFound)


def test_the_lists_of_a_group_are_those_of_its_organisation(it: Portal) -> None:
    """What belongs to customers belongs to no group below the root."""
    order = it.order()
    field = it.tell(AddGroup(parent=it.root, name="Field"))
    assert orders(it, it.anna, field.id) == orders(it, it.anna) == {order.id}


def test_who_belongs_there_and_lacks_the_right_is_told_so(it: Portal) -> None:
    """A user without the scope, and a customer user without the right: neither is told that there is nothing."""
    bert = Principal.of(it.staff("bert", "orders:read"))
    hans = Principal.of(it.user(rights=()).id)
    report = it.tell(FileFaultReport(customer=it.holz.id, text="It smokes"))
    for who in (bert, hans):
        assert orders(it, who) == set()
        assert isinstance(it.refused(ListFaultReports(organisation=it.root), who), Forbidden)
        assert isinstance(it.refused(GetFaultReport(report=report.id), who), Forbidden)
        assert it.ask(ExportPortal(organisation=it.root), who).faults == ()


def test_a_customer_user_who_is_removed_has_nothing_to_do_with_it_any_more(it: Portal) -> None:
    """From then on the organisation does not exist for it."""
    user = it.user()
    hans = Principal.of(user.id)
    order = it.order()
    assert orders(it, hans) == {order.id}
    it.tell(RemoveCustomerUser(user=user.id))
    assert isinstance(it.refused(ListOrders(organisation=it.root), hans), NotFound)
    assert not opens(it, hans, order.id)


@pytest.mark.parametrize("ended", [False, True])
def test_a_right_counts_until_it_ends(it: Portal, *, ended: bool) -> None:
    """Over a list and over one thing alike."""
    bert = it.staff("bert", "fault_reports:read")
    report = it.tell(FileFaultReport(customer=it.holz.id, text="It smokes"))

    def end(store: Any) -> None:
        (grant,) = store.grants.where(principal=bert)
        store.grants.save(evolve(grant, until=it.clock.now() + DAY))

    transact(it.kit._storage, end)
    it.clock.advance(DAY if ended else DAY / 2)
    for query in (ListFaultReports(organisation=it.root), GetFaultReport(report=report.id)):
        if ended:
            assert isinstance(it.refused(query, Principal.of(bert)), Forbidden)
        else:
            assert it.ask(query, Principal.of(bert))


# Writing about what is somebody's


def test_nobody_writes_about_a_customer_that_is_not_theirs(it: Portal) -> None:
    """Another customer reads like none; one's own without the right is said."""
    hans = Principal.of(it.user(rights=(Right.REPORT_FAULTS,)).id)
    assert isinstance(it.refused(RecordActivity(customer=it.stein.id, what="left"), hans), NotFound)
    assert isinstance(it.refused(AddFacility(customer=it.stein.id, name="Barn"), hans), NotFound)
    assert isinstance(it.refused(AddFacility(customer=it.holz.id, name="Barn"), hans), Forbidden)
    assert it.tell(AddFacility(customer=it.holz.id, name="Barn")).customer == it.holz.id


@pytest.mark.parametrize("place", ["mill", "yard", ""])
def test_who_is_told_is_who_may_see_it(it: Portal, place: str) -> None:
    """Of a comment only the customer users are told who could read it themselves, each by its own facilities and rights."""
    it.user(name="mill", facilities=(it.mill.id,), unassigned=False)
    it.user(name="all")
    it.user(name="mute", rights=())
    it.user(it.stein, name="stein")
    for name in ("mill", "all", "mute", "stein"):
        it.mails(f"{name}@holz.example")
    it.caught.mails.clear()
    order = it.order("Saw", {"mill": it.mill, "yard": it.yard}.get(place))
    it.tell(AddComment(order=order.id, text="Ready"))

    told = {name for name in ("mill", "all", "mute", "stein") if it.mails(f"{name}@holz.example")}
    assert told == ({"mill", "all"} if place == "mill" else {"all"})


def test_a_subscriber_who_may_not_read_faults_any_more_is_not_told(it: Portal) -> None:
    """Who wants to know of all is asked for its right each time."""
    users = {name: it.staff(name, *scopes) for name, scopes in (("may", ("fault_reports:read",)), ("may.not", ()))}
    for user in users.values():
        it.tell(ChooseNotices(user=user, way=Way.MAIL, all_faults=True))
    it.tell(FileFaultReport(customer=it.holz.id, text="It smokes"))
    assert [bool(it.mails(f"{name}@service.example")) for name in users] == [True, False]


def test_what_is_internal_does_not_exist_for_a_customer_user(it: Portal) -> None:
    """Who of the staff was told of a fault, and what they write among themselves."""
    hans = Principal.of(it.user().id)
    order = it.order()
    it.tell(AddComment(order=order.id, text="He never pays", internal=True))
    it.tell(AddComment(order=order.id, text="Ready"))
    it.tell(ChooseNotices(user=it.staff("bert", "fault_reports:read"), way=Way.MAIL, all_faults=True))
    report: FaultReport = it.tell(FileFaultReport(customer=it.holz.id, text="It smokes"))

    assert [len(it.ask(GetFaultReport(report=report.id), by).told) for by in (it.anna, hans)] == [1, 0]
    shown = [it.ask(ListComments(order=order.id), by) for by in (it.anna, hans)]
    assert [(page.count, len(page.comments)) for page in shown] == [(2, 2), (1, 1)]


# Bounds


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        (lambda it, most: ListOrders(organisation=it.root, most=most), 1000),
        (lambda it, most: ListFaultReports(organisation=it.root, most=most), 1000),
        (lambda it, most: ReadActivity(customer=it.holz.id, most=most), 1000),
        (lambda it, most: ExportPortal(organisation=it.root, most=most), 100_000),
    ],
)
def test_a_page_has_a_row_at_least_and_not_too_many(
    it: Portal, query: Callable[[Portal, int], Query[Any]], limit: int
) -> None:
    """Both ends of what is allowed, and one beyond each; the refusal says what was asked for."""
    for most in (1, limit):
        it.ask(query(it, most))
    for most in (0, -1, limit + 1):
        refused = it.refused(query(it, most))
        assert isinstance(refused, Invalid)
        assert (refused.code, refused.facts) == ("page_size", {"most": most})
        assert f"{limit}" in refused.message


@pytest.mark.parametrize(
    ("text", "code", "facts"),
    [
        ("", "no_text", {}),
        (" \n\t ", "no_text", {}),
        ("x" * 10_001, "long_text", {"length": 10_001, "most": 10_000}),
        ("Smoke\x00", "control_character", {"position": 5}),
        ("\x1b[2J", "control_character", {"position": 0}),
        ("a\x7fb", "control_character", {"position": 1}),
        ("a\ud800", "control_character", {"position": 1}),
        ("a\udfffb", "control_character", {"position": 1}),
    ],
)
def test_a_text_that_nobody_can_read_is_refused(it: Portal, text: str, code: str, facts: dict[str, int]) -> None:
    """Empty, too long, or with characters that show nothing; the place of the first is named."""
    refused = it.refused(FileFaultReport(customer=it.holz.id, text=text))
    assert isinstance(refused, Invalid)
    assert (refused.code, refused.facts) == (code, facts)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  It smokes \n", "It smokes"),
        ("It\tsmokes\r\nand squeaks\n\nbadly", "It\tsmokes\r\nand squeaks\n\nbadly"),
        ("\x1fIt smokes", "It smokes"),
        ("é\u2028\U0001f525\ue000", "é\u2028\U0001f525\ue000"),
        ("x" * 10_000 + "   ", "x" * 10_000),
    ],
)
def test_a_text_is_kept_as_it_was_written(it: Portal, text: str, kept: str) -> None:
    """But for the space around it; its lines stay, and so does every character that can be read."""
    assert it.tell(FileFaultReport(customer=it.holz.id, text=text)).text == kept


def test_what_need_not_be_written_may_be_empty(it: Portal) -> None:
    """And has a bound of its own all the same."""
    assert it.tell(RecordActivity(customer=it.holz.id, what="called", detail="  ")).detail == ""
    refused = it.refused(RecordActivity(customer=it.holz.id, what="called", detail="x" * 201))
    assert (refused.code, refused.facts) == ("long_text", {"length": 201, "most": 200})


def test_every_right_is_one_that_a_customer_user_can_have(it: Portal) -> None:
    """With all of them nothing of its own customer is refused."""
    hans = Principal.of(it.user(rights=ALL_RIGHTS).id)
    for ask in LISTS:
        it.ask(ask(it.root), hans)
