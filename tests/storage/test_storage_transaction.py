"""One transaction: the tree read upwards and downwards, and a table for each kind of thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import ROOT, booking, empty_store, furnish, group, nth
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.errors import NotFound
from servicekit.groups import Group, Quota, Settings
from servicekit.ids import GroupId
from servicekit.ports import store as ports


def test_it_is_a_transaction_by_the_port() -> None:
    """Every table that the port names is there; those of things can be asked, and are empty."""
    with empty_store() as made:
        store: ports.Transaction = made
        tables = {name: getattr(store, name) for name in ports.Transaction.__annotations__}
        things = {name for name, table in tables.items() if hasattr(table, "where") and table.where() == ()}

    assert tables.keys() - things == {"quotas", "guards", "inbox", "numbers"}


def test_a_path_runs_from_the_group_to_the_root() -> None:
    """With the groups' settings; a root's path is itself; a group that is not there is an error."""
    settings = Settings(signature="/Salon", user_quota=Quota(5, days=30))
    tree = [group(1), group(2, parent=1, settings=settings), group(3, parent=2), group(4, parent=1)]
    with empty_store() as store:
        for one in tree:
            store.groups.add(one)

        assert store.path(nth(GroupId, 3)) == (tree[2], tree[1], tree[0])
        assert store.path(ROOT) == (tree[0],)
        with pytest.raises(NotFound, match=f"There is no Group {nth(GroupId, 9)}, or you may not see it") as caught:
            store.path(nth(GroupId, 9))
    assert caught.value.facts == {"kind": "Group", "id": nth(GroupId, 9)}


@given(st.lists(st.integers(0), min_size=1, max_size=12))
def test_below_is_the_group_and_everything_that_leads_to_it(picks: list[int]) -> None:
    """Held against the parents: a group is below those on its way up, and below no other."""
    tree = [group(1)]
    for number, pick in enumerate(picks, 2):
        tree.append(group(number, parent=1 + pick % (number - 1)))
    with empty_store() as store:
        for one in tree:
            store.groups.add(one)
        for one in tree:
            found = store.below(one.id)
            assert sorted(found) == sorted(other.id for other in tree if one in _way_up(tree, other))
            assert list(store.path(one.id)) == _way_up(tree, one)


def _way_up(tree: list[Group], one: Group) -> list[Group]:
    by_id = {other.id: other for other in tree}
    path = [one]
    while (parent := path[-1].parent) is not None:
        path.append(by_id[parent])
    return path


def test_nothing_is_below_what_is_not_there() -> None:
    """An empty answer, as for a list."""
    with empty_store() as store:
        assert store.below(nth(GroupId, 9)) == ()


def test_two_transactions_over_one_connection_see_the_same() -> None:
    """A transaction holds nothing of its own: what one wrote, another over the same connection reads."""
    with empty_store() as store:
        furnish(store)
        store.bookings.add(booking())

        assert SqlTransaction(store._execute).bookings.get(booking().id) == booking()
