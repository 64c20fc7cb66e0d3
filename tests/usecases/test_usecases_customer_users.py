"""Customer users: invited by mail, changed, listed and removed, by whoever may change customers' rights."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from portals import DAY, OPERATOR, Portal, portal
from servicekit import Principal
from servicekit.accounts import LINK_SPAN, digest_of
from servicekit.errors import ConfigurationError, Conflict, Forbidden, Invalid, NotFound, Refused
from servicekit.ids import CustomerUserId, FacilityId
from servicekit.kit import Kit
from servicekit.portal import (
    ALL_RIGHTS,
    AcceptInvitation,
    AddComment,
    AddCustomerUser,
    AddDocument,
    ChangeCustomerUser,
    CustomerUser,
    EnterReading,
    FileFaultReport,
    InviteAgain,
    ListComments,
    ListCustomerUsers,
    ListDocuments,
    ListFaultReports,
    ListInspections,
    ListOrders,
    ListReadings,
    MakeInspection,
    Outcome,
    Point,
    ReadActivity,
    RemoveCustomerUser,
    Right,
)

pytest_plugins = ("portal_fixtures",)

LINK = re.compile(r"https://portal\.example/invitation/([\w-]{43})\b")
TICK = timedelta(microseconds=1)


def tokens(it: Portal, to: str = "hans@holz.example") -> list[str]:
    """The tokens of the links that were mailed there."""
    return [token for mail in it.mails(to) for token in LINK.findall(mail)]


def change(user: CustomerUser, **more: object) -> ChangeCustomerUser:
    """A change to what a user may see and do."""
    values = {"facilities": user.facilities, "unassigned": user.unassigned, "rights": user.rights, **more}
    return ChangeCustomerUser(user=user.id, **values)  # type: ignore[arg-type]


@pytest.mark.spec("P-01")
def test_a_new_customer_user_is_invited_by_mail(stored: Portal) -> None:
    """With a link that works; its token stands in that mail alone, and only its digest in the database."""
    it = stored
    user = it.user()
    second = it.user(name="eva")
    (mail,) = it.mails("hans@holz.example")
    (token,) = LINK.findall(mail)

    assert "Service AB: your log-in" in mail
    assert "Holz GmbH" in mail
    assert "hans@holz.example" in mail
    assert (user.customer, second.customer) == (it.holz.id, it.holz.id)
    stored_rows = str(it.rows())
    assert token not in stored_rows
    assert digest_of(token) in stored_rows
    it.clock.advance(DAY)
    accepted = it.tell(AcceptInvitation(token), OPERATOR)
    assert (accepted.id, accepted.accepted_at) == (user.id, it.clock.now())
    assert token not in repr(AcceptInvitation(token))


@pytest.mark.spec("P-01")
def test_a_link_works_once(it: Portal) -> None:
    """And with it every other link of the same user is used up; each reads like one that never was."""
    user = it.user()
    it.mails("hans@holz.example")
    it.tell(InviteAgain(user.id))
    first, second = tokens(it)
    it.tell(AcceptInvitation(second), OPERATOR)

    for token in (first, second, "x" * 43, ""):
        refused = it.refused(AcceptInvitation(token), OPERATOR)
        assert (type(refused), refused.code, refused.facts) == (NotFound, "dead_link", {})
    assert it.ask(ListCustomerUsers(it.holz.id))[0].accepted_at == it.clock.now()


@pytest.mark.parametrize(("later", "good"), [(LINK_SPAN - TICK, True), (LINK_SPAN, False)])
def test_a_link_runs_out(it: Portal, later: timedelta, *, good: bool) -> None:
    """After seven days, to the microsecond; a new one can be sent then."""
    user = it.user()
    (token,) = tokens(it)
    it.clock.advance(later)
    if good:
        assert it.tell(AcceptInvitation(token), OPERATOR).id == user.id
        return
    assert it.refused(AcceptInvitation(token), OPERATOR).code == "dead_link"
    it.tell(InviteAgain(user.id))
    assert it.tell(AcceptInvitation(tokens(it)[-1]), OPERATOR).id == user.id


def test_who_was_removed_is_not_invited(it: Portal) -> None:
    """A link that was sent is dead, and one that waits to be sent never is."""
    user = it.user()
    (token,) = tokens(it)
    late = it.user(name="late")
    for one in (user, late):
        it.tell(RemoveCustomerUser(one.id))

    assert it.refused(AcceptInvitation(token), OPERATOR).code == "dead_link"
    assert it.mails("late@holz.example") == []


def test_only_the_application_itself_accepts(it: Portal) -> None:
    """Nobody has logged in yet: it is an operator's."""
    it.user()
    (token,) = tokens(it)
    assert it.refused(AcceptInvitation(token)).code == "operators_only"


def test_without_mail_nobody_is_invited() -> None:
    """A user is added all the same; asking for an invitation says what is missing, and half a wiring is refused."""
    with portal(invitation_url="") as it:
        user = it.user()
        assert it.mails("hans@holz.example") == []
        refused = it.refused(InviteAgain(user.id))
    assert (type(refused), refused.code) == (Conflict, "cannot_invite")
    for wrong in ("https://portal.example/invitation", "https://portal.example/{token}"):
        with pytest.raises(ConfigurationError, match="Invitations go out by mail"):
            Kit.open("sqlite:///:memory:", invitation_url=wrong)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        (" Hans@HOLZ.example ", "hans@holz.example"),
        ("hans@BÜCHER.example", "hans@xn--bcher-kva.example"),
        ("hans@straße.example", "hans@xn--strae-oqa.example"),
        ("åsa.öberg@holz.example", "åsa.öberg@holz.example"),
    ],
)
def test_a_user_name_is_an_address_in_one_form(it: Portal, typed: str, known: str) -> None:
    """Small letters, the domain in ASCII as IDNA 2008 has it; so the same person is not added twice."""
    assert it.tell(AddCustomerUser(customer=it.holz.id, email=typed)).email == known
    refused = it.refused(AddCustomerUser(customer=it.stein.id, email=known.upper()))
    assert (type(refused), refused.code) == (Conflict, "address_taken")


def test_an_address_is_free_again_after_its_user_is_removed(stored: Portal) -> None:
    """For another customer as well; the one before stays what it was, and is listed no more."""
    it = stored
    before = it.user()
    it.tell(RemoveCustomerUser(before.id))
    after = it.user(it.stein)

    assert after.id != before.id
    assert it.ask(ListCustomerUsers(it.holz.id)) == ()
    assert it.ask(ListCustomerUsers(it.stein.id)) == (after,)


@pytest.mark.spec("P-05")
def test_changing_rights_needs_that_right_and_no_other(it: Portal) -> None:
    """Whoever holds it is no administrator: it adds no customer; and who holds everything else may not."""
    clerk = Principal.of(it.staff("clerk", "customer_rights:write"))
    other = Principal.of(it.staff("other", "customers:manage", "orders:manage", "users:manage", "comments:manage"))
    user = it.user(rights=())
    changed = it.tell(change(user, rights=(Right.COMMENT,)), clerk)

    assert changed.rights == (Right.COMMENT,)
    assert it.ask(ListCustomerUsers(it.holz.id), clerk) == (changed,)
    refused = it.refused(change(user, rights=ALL_RIGHTS), other)
    assert (type(refused), refused.facts) == (Forbidden, {"needs": "customer_rights:write"})


def test_a_customer_user_does_not_raise_itself(it: Portal) -> None:
    """Whatever rights it has, changing rights is none of them."""
    hans = it.user()
    refused = it.refused(change(hans, facilities=None), Principal.of(hans.id))
    assert (type(refused), refused.code) == (Forbidden, "forbidden")


@pytest.mark.spec("P-09")
def test_customer_users_are_listed_changed_and_removed(stored: Portal) -> None:
    """Each change holds from the next command on; who is removed is not there any more."""
    it = stored
    hans, eva = it.user(), it.user(name="eva", facilities=(it.mill.id,), unassigned=False)
    there = it.order("There", it.mill), it.order("Elsewhere", it.yard), it.order("Nowhere")

    assert it.ask(ListCustomerUsers(it.holz.id)) == (hans, eva)
    seen = it.ask(ListOrders(organisation=it.root), Principal.of(eva.id))
    assert (seen.orders, seen.count) == ((there[0],), 1)
    changed = it.tell(change(eva, facilities=(it.yard.id, it.yard.id), unassigned=True))
    assert changed.facilities == (it.yard.id,)
    assert it.ask(ListOrders(organisation=it.root), Principal.of(eva.id)).orders == (there[2], there[1])
    assert it.tell(RemoveCustomerUser(eva.id)).removed
    assert it.ask(ListCustomerUsers(it.holz.id)) == (hans,)
    assert type(it.refused(ListOrders(organisation=it.root), Principal.of(eva.id))) is NotFound
    for again in (change(eva), RemoveCustomerUser(eva.id), InviteAgain(eva.id)):
        refused = it.refused(again)
        assert (type(refused), refused.facts) == (NotFound, {"kind": "CustomerUser", "id": eva.id})
    log = it.ask(ReadActivity(customer=it.holz.id))
    assert [entry.what for entry in log.entries[:2]] == ["customer user removed", "customer user changed"]


@pytest.mark.spec("P-04")
@pytest.mark.parametrize("right", ALL_RIGHTS)
def test_each_right_is_on_or_off(it: Portal, right: Right) -> None:
    """With one right a customer user can do what it says, and of the rest nothing; without any, nothing."""
    order, thing = it.order(), it.object()
    users = {on: Principal.of(it.user(name=on, rights=(right,) if on == "on" else ()).id) for on in ("on", "off")}
    point = (Point("Blade", Outcome.GOOD),)
    needs: dict[str, Any] = {
        "readings:read": ListReadings(thing.id),
        "readings:write": EnterReading(object=thing.id, operated=timedelta(hours=1)),
        "documents:read": ListDocuments(order.id),
        "documents:write": AddDocument(about=order.id, name="Plan", content=b"x"),
        "inspections:read": ListInspections(thing.id),
        "inspections:write": MakeInspection(about=order.id, title="Safety", points=point),
        "fault_reports:read": ListFaultReports(organisation=it.root),
        "fault_reports:write": FileFaultReport(customer=it.holz.id, text="It smokes"),
        "comments:read": ListComments(order=order.id),
        "comments:write": AddComment(order=order.id, text="When?"),
    }
    reads = right.replace(":write", ":read")
    for scope, request in needs.items():
        for on, user in users.items():
            if on == "on" and scope in {right, reads}:
                (it.tell if scope.endswith("write") else it.ask)(request, user)
            else:
                refused = it.refused(request, user)
                assert (type(refused), refused.facts) == (Forbidden, {"needs": scope})


def test_what_is_no_right_is_refused(it: Portal) -> None:
    """Neither given at first nor later, and the refusal names those that there are."""
    user = it.user(rights=())
    for command in (
        AddCustomerUser(customer=it.holz.id, email="eva@holz.example", rights=("admin:*",)),  # type: ignore[arg-type]
        change(user, rights=("customer_rights:write",)),
    ):
        refused = it.refused(command)
        assert (type(refused), refused.code) == (Invalid, "unknown_right")
        assert "comments:write" in refused.message


def test_rights_are_kept_once_and_in_order(it: Portal) -> None:
    """However they are given."""
    user = it.user(rights=(Right.COMMENT, Right.READ_READINGS, Right.COMMENT))
    assert user.rights == (Right.READ_READINGS, Right.COMMENT)


def test_a_facility_of_another_customer_is_refused_in_a_change(it: Portal) -> None:
    """As when a user is added."""
    user = it.user(it.stein)
    for facility in (it.mill.id, FacilityId("fac_none")):
        refused: Refused = it.refused(change(user, facilities=(facility,)))
        assert (type(refused), refused.code) == (Invalid, "foreign_facility")


def test_nobody_changes_what_is_not_there(it: Portal) -> None:
    """An id of nobody reads like a stranger's."""
    refused = it.refused(RemoveCustomerUser(CustomerUserId("cuu_nobody")))
    assert (type(refused), refused.facts) == (NotFound, {"kind": "CustomerUser", "id": "cuu_nobody"})
