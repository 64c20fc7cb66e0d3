"""Who holds what: stored grants, what a customer's user holds by its settings, and who belongs to an organisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portals import MINUTE, Portal, portal
from servicekit import Principal
from servicekit.accounts import AddApiKey
from servicekit.bookings import AddClient, AddProvider
from servicekit.groups import FoundOrganisation, RemoveUsers
from servicekit.ids import ApiKeyId, ClientId, CustomerUserId, ProviderId, UserId
from servicekit.permissions import Grant, GrantScopes, ListGrants
from servicekit.portal import AddCustomer, ChangeCustomerUser, RemoveCustomerUser, Right
from servicekit.runtime.entropy import mint
from servicekit.usecases.holders import belongs, grants_of, is_customer_user

SEEN_BY_ALL = {"customers:read", "objects:read", "orders:read"}


@pytest.fixture
def it() -> Iterator[Portal]:
    """Service AB."""
    with portal() as made:
        yield made


def held(it: Portal, who: Principal) -> tuple[Grant, ...]:
    """What a principal holds."""
    with it.kit._storage.read() as store:
        return grants_of(store, who)


def granted(it: Portal, who: Any, *scopes: str, **bounds: Any) -> Grant:
    """A grant over the organisation, unless said."""
    return it.tell(GrantScopes(principal=Principal.of(who), scopes=scopes, group=it.root, **bounds))


def is_of(it: Portal, who: Principal, customer: Any = None) -> bool:
    """Whether somebody is of the company."""
    with it.kit._storage.read() as store:
        return belongs(store, who, it.root, customer)


def test_a_user_holds_its_stored_grants_in_order_of_making(it: Portal) -> None:
    """Whenever they count."""
    tom = it.staff("tom")
    grants = []
    for scope in ("log:read", "orders:read"):
        it.clock.advance(MINUTE)
        grants.append(granted(it, tom, scope))
    assert held(it, Principal.of(tom)) == tuple(grants)


def test_an_operator_holds_nothing_also_under_a_users_id(it: Portal) -> None:
    """A name is no id."""
    assert held(it, Principal.of(UserId(it.anna.id))) != ()
    assert held(it, Principal.operator(it.anna.id)) == ()


def test_a_customers_user_holds_what_its_settings_say(it: Portal) -> None:
    """As one grant within its customer and its facilities; changed with them."""
    hans = it.user(facilities=(it.mill.id,), unassigned=False, rights=(Right.COMMENT,))
    (own,) = held(it, Principal.of(hans.id))
    assert set(own.scopes) == SEEN_BY_ALL | {"comments:write"}
    assert (own.customer, own.facilities, own.unassigned) == (it.holz.id, (it.mill.id,), False)

    it.tell(ChangeCustomerUser(user=hans.id, facilities=None, unassigned=True, rights=()))
    (own,) = held(it, Principal.of(hans.id))
    assert (set(own.scopes), own.facilities, own.unassigned) == (SEEN_BY_ALL, None, True)


def test_no_grant_lets_it_see_more_of_its_customer(it: Portal) -> None:
    """A wider one is narrowed to its places, and one that is elsewhere altogether counts nowhere."""
    hans = it.user(facilities=(it.mill.id,), unassigned=False, rights=())
    granted(it, hans.id, "log:read", customer=it.holz.id)
    it.clock.advance(MINUTE)  # so that ids are in order
    granted(it, hans.id, "log:read", customer=it.holz.id, facilities=(it.yard.id,), unassigned=False)
    _, *more = held(it, Principal.of(hans.id))
    assert [(one.facilities, one.unassigned) for one in more] == [((it.mill.id,), False), ((), False)]


def test_who_was_removed_or_never_was_holds_nothing(it: Portal) -> None:
    """A customer's user with a stored grant, too."""
    hans = it.user()
    granted(it, hans.id, "comments:write", customer=it.holz.id)
    it.tell(RemoveCustomerUser(hans.id))
    assert held(it, Principal.of(hans.id)) == ()
    assert held(it, Principal.of(mint(CustomerUserId, it.clock.now()))) == ()


def test_its_own_grant_is_told_apart_from_stored_ones(it: Portal) -> None:
    """It is not among those that can be listed and ended; its id begins as grants' do."""
    hans = it.user()
    (own,) = held(it, Principal.of(hans.id))
    assert own.id.startswith("gnt_")
    assert own.id not in {grant.id for grant in it.ask(ListGrants(group=it.root))}


def test_what_is_a_customers_user_is_told_by_its_id(it: Portal) -> None:
    """Whoever it is."""
    assert is_customer_user(it.user().id)
    assert not is_customer_user(it.anna.id)


def test_users_belong_until_they_are_removed(it: Portal) -> None:
    """To their own organisation."""
    tom = it.staff("tom")
    assert is_of(it, Principal.of(tom))
    assert not is_of(it, Principal.of(mint(UserId, it.clock.now())))
    rolf = it.kit.perform(
        FoundOrganisation(name="Rival", zone="UTC", admin="rolf@rival.example"), by=Principal.operator("tests")
    ).admin
    assert not is_of(it, Principal.of(rolf.id))
    it.tell(RemoveUsers(group=it.root, addresses=("tom@service.example",)))
    assert not is_of(it, Principal.of(tom))


def test_a_customers_user_belongs_to_its_customer(it: Portal) -> None:
    """And to no other, nor to the organisation at large."""
    other = it.tell(AddCustomer(organisation=it.root, name="Third"))
    hans = it.user()
    who = Principal.of(hans.id)
    assert (is_of(it, who, it.holz.id), is_of(it, who, other.id), is_of(it, who)) == (True, False, False)
    it.tell(RemoveCustomerUser(hans.id))
    assert not is_of(it, who, it.holz.id)
    assert not is_of(it, Principal.of(mint(CustomerUserId, it.clock.now())), it.holz.id)


def test_providers_and_clients_belong_to_their_organisation(it: Portal) -> None:
    """Operators to none."""
    bea = it.tell(AddProvider(organisation=it.root, name="Bea"))
    eva = it.tell(AddClient(organisation=it.root, name="Eva", email="eva@home.example"))
    assert is_of(it, Principal.of(bea.id))
    assert is_of(it, Principal.of(eva.id))
    assert not is_of(it, Principal.of(mint(ProviderId, it.clock.now())))
    assert not is_of(it, Principal.of(mint(ClientId, it.clock.now())))
    assert not is_of(it, Principal.operator("tests"))


def test_an_api_key_belongs_where_it_was_made(it: Portal) -> None:
    """And holds what is granted to it."""
    made = it.tell(AddApiKey(group=it.root, name="ERP", scopes=("log:read",), user=it.staff("tom")))
    who = Principal.of(made.key.id)
    assert is_of(it, who)
    assert [grant.scopes for grant in held(it, who)] == [("log:read",)]
    assert not is_of(it, Principal.of(mint(ApiKeyId, it.clock.now())))
