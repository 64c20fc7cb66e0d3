"""Users as administrators list them, and who is at a mail domain."""

from __future__ import annotations

import pytest

from samples import ROOT, empty_store, group, nth, user
from servicekit.groups import User
from servicekit.ids import GroupId


def emails(users: tuple[User, ...]) -> list[str]:
    """Their addresses, in the order given."""
    return [one.email for one in users]


@pytest.mark.spec("M-27")
def test_a_list_is_of_the_groups_named_filtered_and_paged() -> None:
    """By address; those removed are not in it; a sign that SQL knows stands for itself."""
    with empty_store() as store:
        store.groups.add(group())
        store.groups.add(group(2, parent=1))
        there = ("c@x.se", "a_a@x.se", "aba@x.se", "a%b@x.se", "a!b@x.se")
        for number, email in enumerate(there, 1):
            store.users.add(user(number, email=email))
        store.users.add(user(8, email="gone@x.se", removed=True))
        store.users.add(user(9, email="below@x.se", group=nth(GroupId, 2)))
        every = sorted(there)

        assert emails(store.users.listed([ROOT], "", "", 100)) == every
        assert emails(store.users.listed([ROOT, nth(GroupId, 2)], "", "", 100)) == sorted([*there, "below@x.se"])
        assert emails(store.users.listed([ROOT], "", every[1], 2)) == every[2:4]
        for containing, found in (("A_", ["a_a@x.se"]), ("%", ["a%b@x.se"]), ("!", ["a!b@x.se"]), ("zz", [])):
            assert emails(store.users.listed([ROOT], containing, "", 100)) == found


@pytest.mark.spec("M-25")
def test_who_is_at_a_domain_is_at_it_or_below_it() -> None:
    """Whole labels only, only behind the ``@``, and nobody who was removed."""
    with empty_store() as store:
        store.groups.add(group())
        there = ("a@ett.se", "b@x.ett.se", "c@y.x.ett.se")
        elsewhere = ("d@evil-ett.se", "e@ett.se.example", "ett.se@two.se", "f.ett.se@two.se", "g@ettxse")
        for number, email in enumerate((*there, *elsewhere), 1):
            store.users.add(user(number, email=email))
        store.users.add(user(20, email="gone@ett.se", removed=True))

        assert emails(store.users.at_domain("ett.se")) == list(there)


def test_an_address_is_free_again_once_its_user_is_removed() -> None:
    """Two users of one address are never there at once, but any number of removed ones."""
    with empty_store() as store:
        store.groups.add(group())
        for number in (1, 2):
            store.users.add(user(number, email="a@ett.se", removed=True))
        store.users.add(user(3, email="a@ett.se"))

        assert [one.id for one in store.users.where(email="a@ett.se", removed=False)] == [user(3).id]
