"""Whoever can log in, by address and by id."""

from __future__ import annotations

import pytest

from samples import NOON, empty_store, group, user
from servicekit.commands import PrincipalKind
from servicekit.errors import Invalid
from servicekit.ids import CustomerUserId
from servicekit.portal import CustomerUser
from servicekit.runtime.entropy import mint
from servicekit.testing.conformance.things import customer
from servicekit.usecases.people import person, person_at
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Work
from world import OPERATOR


def test_people_are_found_by_kind_and_by_id() -> None:
    """The same address may be a user's and a customer's user's; whoever was removed is found by id alone."""
    with empty_store() as store:
        work = Work(store, NOON, OPERATOR, Wiring(), mint)
        anna, gone = user(1, email="anna@salon.example"), user(2, email="gone@salon.example", removed=True)
        store.groups.add(group())
        bau = customer()
        store.customers.add(bau)
        ida = CustomerUser(
            id=CustomerUserId("cuu_1"), organisation=bau.organisation, customer=bau.id, email="anna@salon.example"
        )
        for one in (anna, gone):
            store.users.add(one)
        store.customer_users.add(ida)

        assert person_at(work, PrincipalKind.USER, "anna@salon.example") == anna
        assert person_at(work, PrincipalKind.CUSTOMER_USER, "anna@salon.example") == ida
        assert person_at(work, PrincipalKind.USER, "gone@salon.example") is None
        assert [person(work, key) for key in (anna.id, gone.id, ida.id, "usr_9", "prv_1", "x")] == [
            *(anna, gone, ida),
            *(None, None, None),
        ]


@pytest.mark.parametrize("kind", [PrincipalKind.CLIENT, PrincipalKind.OPERATOR, PrincipalKind.API_KEY])
def test_others_do_not_log_in(kind: PrincipalKind) -> None:
    """Whatever the address."""
    with empty_store() as store, pytest.raises(Invalid) as refused:
        person_at(Work(store, NOON, OPERATOR, Wiring(), mint), kind, "anna@salon.example")
    assert refused.value.code == "no_log_in"
