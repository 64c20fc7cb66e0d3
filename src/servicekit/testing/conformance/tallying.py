"""Counts of a vendor's calls a day, and the rows of meetings. Part of ``StorageConformance``."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from servicekit.ids import GroupId
from servicekit.meetings import ConnectAttempt, Connection, ConnectionState
from servicekit.moments import Instant
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.things import NOON, ROOT, at_once, furnish, nth

__all__ = ["Tallying"]

_MIDNIGHT = Instant.parse("2026-11-26T00:00:00Z")
_TICK = timedelta(microseconds=1)


class Tallying:
    """What tallies promise, and tables with a key of their own."""

    def test_so_many_calls_a_day_and_no_more(self, store: Transaction) -> None:
        """Each thing by itself; at 00:00 UTC it begins anew; none at all where none is allowed."""
        assert [store.tallies.spend("a", 2, NOON) for _ in range(3)] == [True, True, False]
        assert store.tallies.spend("b", 1, NOON)
        assert not store.tallies.spend("c", 0, NOON)
        assert not store.tallies.spend("a", 2, _MIDNIGHT - _TICK)
        assert [store.tallies.spend("a", 2, _MIDNIGHT) for _ in range(3)] == [True, True, False]

    def test_a_clock_that_is_behind_gets_nothing_back(self, store: Transaction) -> None:
        """What was counted today counts for whoever believes that it is yesterday."""
        store.tallies.spend("a", 1, _MIDNIGHT)

        assert not store.tallies.spend("a", 1, NOON)
        assert not store.tallies.spend("a", 1, _MIDNIGHT)

    def test_what_the_vendor_calls_used_up_is_so_until_the_day_ends(self, store: Transaction) -> None:
        """Whatever was counted before; a word of yesterday does not count today."""
        store.tallies.exhaust("a", 5, NOON)
        store.tallies.spend("b", 5, NOON)
        store.tallies.exhaust("b", 5, NOON)
        assert not store.tallies.spend("a", 5, NOON)
        assert not store.tallies.spend("b", 5, NOON)
        assert store.tallies.spend("a", 5, _MIDNIGHT)
        store.tallies.exhaust("a", 5, NOON)
        assert store.tallies.spend("a", 5, _MIDNIGHT)

    def test_writers_at_once_spend_no_more_than_there_is(self, storage: Storage) -> None:
        """Eight at a time, of five."""
        spent = at_once(8, lambda _: transact(storage, lambda store: store.tallies.spend("a", 5, NOON)))

        assert sorted(spent) == [False] * 3 + [True] * 5

    def test_a_thing_is_found_by_its_own_key(self, store: Transaction) -> None:
        """Connections by organisation, ways to the vendor by digest; both come back as they went in."""
        furnish(store)
        connection = Connection(
            organisation=ROOT,
            state=ConnectionState.CONNECTED,
            since=NOON,
            access="a",
            refresh="r",
            renewed_at=NOON,
            ends=_MIDNIGHT,
        )
        attempt = ConnectAttempt(digest="d", organisation=ROOT, by="user usr_1", verifier="v", expires_at=NOON)
        store.connections.add(connection)
        store.connect_attempts.add(attempt)
        changed = evolve(connection, state=ConnectionState.LOST, access="", ends=None)
        store.connections.save(changed)

        assert store.connections.find(ROOT) == store.connections.hold(ROOT) == changed
        assert store.connections.find(nth(GroupId, 99)) is None
        assert (store.connect_attempts.find("d"), store.connect_attempts.find("e")) == (attempt, None)

    def test_ways_that_have_run_out_are_forgotten(self, store: Transaction) -> None:
        """From the very instant on at which they do; the others stay."""
        furnish(store)
        later = evolve(
            ConnectAttempt(digest="d", organisation=ROOT, by="user usr_1", verifier="v", expires_at=NOON),
            digest="e",
            expires_at=_MIDNIGHT,
        )
        store.connect_attempts.add(evolve(later, digest="d", expires_at=NOON))
        store.connect_attempts.add(later)
        store.connect_attempts.forget(Instant(NOON.us - 1))
        assert len(store.connect_attempts.where()) == 2
        store.connect_attempts.forget(NOON)
        assert store.connect_attempts.where() == (later,)
