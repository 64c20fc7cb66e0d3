"""Grants as they are listed, on both databases."""

from __future__ import annotations

from contextlib import closing

from attrs import evolve

from samples import ROOT, group, nth
from servicekit.adapters.storage import storage_of
from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions import Grant


def test_a_list_is_of_groups_filtered_and_paged(database_url: str) -> None:
    """By group, principal and end; in order of ids, from one on; every field as it was stored."""
    below = nth(GroupId, 2)
    first = Grant(id=nth(GrantId, 1), organisation=ROOT, principal="usr_1", scopes=("log:read", "*:*"), group=ROOT)
    bounded = evolve(
        first,
        id=nth(GrantId, 2),
        principal="usr_2",
        group=below,
        since=Instant(1),
        until=Instant(5),
        customer=CustomerId("cus_1"),
        facilities=(FacilityId("fac_1"),),
        unassigned=False,
        given_by="usr_1",
    )
    last = evolve(first, id=nth(GrantId, 3), until=Instant(4))
    with closing(storage_of(database_url)) as storage, storage.write() as store:
        store.groups.add(group())
        store.groups.add(group(2, parent=1))
        for grant in (last, bounded, first):
            store.grants.add(grant)
        listed = store.grants.listed

        assert listed([ROOT, below], None, None, None, 9) == (first, bounded, last)
        assert listed([ROOT], None, None, None, 9) == (first, last)
        assert listed([below], None, None, None, 9) == (bounded,)
        assert listed([ROOT, below], "usr_2", None, None, 9) == (bounded,)
        assert listed([ROOT, below], None, Instant(4), None, 9) == (first, bounded)
        assert listed([ROOT, below], None, Instant(3), first.id, 9) == (bounded, last)
        assert listed([ROOT, below], None, None, None, 2) == (first, bounded)
