"""Mails that became nothing, and password links, as rows of both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import product

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samples import NOON, group, user
from servicekit.accounts import link_for
from servicekit.adapters.storage import storage_of
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.errors import StorageError
from servicekit.mail import KEPT_DAYS, IgnoredMails, WhyIgnored
from servicekit.ports.store import Storage, transact

FIRST = IgnoredMails(
    group="grp_1", sender="a@x.se", why=WhyIgnored.UNPROVEN, day=20_000, mails=1, detail="no", peer="", last_at=NOON
)


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    """A database of either kind."""
    with closing(storage_of(database_url)) as opened:
        yield opened


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "grp_1", "grp_2"]),
            st.sampled_from(["a@x.se", "b@x.se"]),
            st.sampled_from(WhyIgnored),
            st.integers(20_000, 20_002),
        ),
        max_size=12,
    )
)
def test_a_row_counts_what_came(storage: Storage, came: list[tuple[str, str, WhyIgnored, int]]) -> None:
    """One for each group, sender, reason and day, with the detail of the latest; the latest first."""
    model: dict[tuple[str, str, WhyIgnored, int], IgnoredMails] = {}
    with storage.write() as store:
        for start in ("", "grp_1", "grp_2"):
            assert store.ignored_mails.of([start], 1000) == (), "the database is not empty"
        for number, (where, sender, why, day) in enumerate(came):
            at = NOON + timedelta(seconds=number)
            mails = evolve(
                FIRST,
                group=where,
                sender=sender,
                why=why,
                day=day,
                detail=str(number),
                peer=f"10.0.0.{number}",
                last_at=at,
            )
            store.ignored_mails.count(mails)
            before = model.get((where, sender, why, day))
            model[where, sender, why, day] = evolve(mails, mails=1 + (before.mails if before else 0))
        for groups, most in product((["grp_1"], ["", "grp_2"], ["grp_3"]), (1, 1000)):
            wanted = sorted((row for row in model.values() if row.group in groups), key=lambda row: row.last_at)
            assert list(store.ignored_mails.of(groups, most)) == wanted[::-1][:most]
        store.ignored_mails.count(evolve(FIRST, day=10**6))  # sweeps all others away
        assert [row.day for row in store.ignored_mails.of(["", "grp_1", "grp_2"], 1000)] == [10**6]
        assert isinstance(store, SqlTransaction)
        store._execute("DELETE FROM ignored_mails", [])  # for the next example; nothing else deletes


def test_rows_are_kept_for_90_days(storage: Storage) -> None:
    """A new row sweeps away what is older, and nothing younger."""
    with storage.write() as store:
        for day in (FIRST.day, FIRST.day + 1):
            store.ignored_mails.count(evolve(FIRST, day=day))
        store.ignored_mails.count(evolve(FIRST, day=FIRST.day + KEPT_DAYS))
        assert [row.day for row in store.ignored_mails.of(["grp_1"], 9)] == [20_000, 20_001, 20_090]
        store.ignored_mails.count(evolve(FIRST, day=FIRST.day + KEPT_DAYS + 1))
        assert sorted(row.day for row in store.ignored_mails.of(["grp_1"], 9)) == [20_001, 20_090, 20_091]


def test_a_link_is_found_by_its_digest(storage: Storage) -> None:
    """And stored once; it stays its user's."""
    with storage.write() as store:
        store.groups.add(group())
        store.users.add(user(1))
        link = link_for(user(1).id, "token", NOON)
        store.password_links.add(link)
        assert store.password_links.where(digest=link.digest) == (link,)
        assert store.password_links.where(user=link.user, used_at=None) == (link,)
        store.password_links.save(evolve(link, used_at=NOON))
    with storage.read() as store:
        assert store.password_links.where(used_at=None) == ()
    with pytest.raises(StorageError):
        transact(storage, lambda store: store.password_links.add(link))
