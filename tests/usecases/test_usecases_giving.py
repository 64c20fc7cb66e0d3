"""Who may give a grant: what one may pass on oneself, or what customers' users are given; and what a refusal says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from servicekit import Kit, Principal
from servicekit.errors import Forbidden, NotFound, Refused
from servicekit.ids import CustomerUserId, GroupId
from servicekit.permissions import SCOPES, Grant, GrantScopes
from servicekit.portal import ALL_RIGHTS, AddCustomer, AddCustomerUser, AddFacility, Customer, Right
from servicekit.testing.clock import ManualClock
from town import NOON, Town, founded


@pytest.fixture
def it() -> Iterator[Town]:
    """Ettstad."""
    clock = ManualClock(NOON)
    with Kit.open("sqlite:///:memory:", clock=clock) as kit:
        yield founded(kit, clock)


@pytest.fixture
def holz(it: Town) -> Customer:
    """A customer."""
    return it.tell(AddCustomer(organisation=it.root.id, name="Holz"))


@pytest.fixture
def ida(it: Town, holz: Customer) -> CustomerUserId:
    """Its user, without a right besides."""
    return it.tell(AddCustomerUser(customer=holz.id, email="ida@holz.example")).id


def given(it: Town, by: Principal, who: Any, *scopes: str, **bounds: Any) -> Grant | Refused:
    """The grant, or how it is refused."""
    group: GroupId = bounds.pop("group", it.root.id)
    try:
        return it.tell(GrantScopes(principal=Principal.of(who), scopes=scopes, group=group, **bounds), by)
    except Refused as refused:
        return refused


@pytest.mark.parametrize("right", ALL_RIGHTS)
def test_every_right_of_a_customers_user_can_be_granted_with_customer_rights(
    it: Town, holz: Customer, ida: CustomerUserId, right: Right
) -> None:
    """By whoever changes customers' rights and holds none of them, as its own settings can have it on."""
    desk = it.grant(it.user("max"), it.root, "customer_rights:write")
    assert isinstance(given(it, desk, ida, right.value, customer=holz.id), Grant)


def test_what_is_for_customers_is_their_rights_and_what_all_of_them_see() -> None:
    """The registry's list and the portal's rights are one; nothing slips in by one of them alone."""
    seen_by_all = ("customers:read", "objects:read", "orders:read")
    assert SCOPES.for_customers == SCOPES.checked((*(right.value for right in ALL_RIGHTS), *seen_by_all))


@pytest.mark.parametrize("scope", ["customer_rights:write", "orders:write", "activity:read", "*:read", "*:*"])
def test_more_than_that_is_not_for_customers(it: Town, holz: Customer, ida: CustomerUserId, scope: str) -> None:
    """And it is named what is too much."""
    desk = it.grant(it.user("max"), it.root, "customer_rights:write")
    refused = given(it, desk, ida, "comments:write", scope, customer=holz.id)
    assert isinstance(refused, Forbidden)
    assert (refused.code, refused.facts["missing"]) == ("not_for_customers", scope)


def test_customer_rights_reach_as_far_as_they_are_held(it: Town, holz: Customer, ida: CustomerUserId) -> None:
    """At one facility: what is there, and neither what is elsewhere, nor what is at none."""
    mill, yard = (it.tell(AddFacility(customer=holz.id, name=name)).id for name in ("Mill", "Yard"))
    max_ = it.user("max")
    at_the_mill = {"customer": holz.id, "facilities": (mill,), "unassigned": False}
    it.tell(
        GrantScopes(
            principal=Principal.of(max_), scopes=("customer_rights:write",), group=it.root.id, **at_the_mill  # type: ignore[arg-type]
        )
    )  # fmt: skip
    desk = Principal.of(max_)
    assert isinstance(given(it, desk, ida, "comments:write", **at_the_mill), Grant)
    for wider in ({"facilities": (mill, yard)}, {"facilities": (yard,)}, {"unassigned": True}, {"facilities": None}):
        assert isinstance(given(it, desk, ida, "comments:write", **{**at_the_mill, **wider}), Forbidden)


def test_customer_rights_give_nothing_to_anybody_else(it: Town, holz: Customer) -> None:
    """A user of the organisation is given what the giver may pass on, and no more."""
    desk, eva = it.grant(it.user("max"), it.root, "customer_rights:write"), it.user("eva")
    refused = given(it, desk, eva, "comments:write", customer=holz.id)
    assert isinstance(refused, Forbidden)
    assert (refused.code, refused.facts["needs"]) == ("forbidden", "grants:write")


def test_a_grant_without_a_customer_is_no_customers(it: Town, ida: CustomerUserId) -> None:
    """Customer rights give within a customer; a grant over the organisation is not found for its user."""
    desk = it.grant(it.user("max"), it.root, "customer_rights:write")
    assert isinstance(given(it, desk, ida, "comments:write"), (Forbidden, NotFound))


def test_what_is_missing_is_named(it: Town) -> None:
    """Of what is given, exactly what the giver may not pass on."""
    lead = it.grant(it.user("max"), it.root, "grants:write", "log:read")
    refused = given(it, lead, it.user("eva"), "log:read", "users:write")
    assert isinstance(refused, Forbidden)
    assert (refused.code, refused.facts["missing"]) == ("not_yours_to_give", "users:write")
    assert isinstance(given(it, lead, it.user("ida"), "log:read"), Grant)
