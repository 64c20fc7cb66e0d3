"""Statements, their numbers, and the sums that they are made from. Part of ``StorageConformance``."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from servicekit.billing import BillingAddress, Closing, CurrentSeller, GroupAddress, Prices
from servicekit.errors import NotFound, StorageError
from servicekit.ids import GroupId, StatementId
from servicekit.messages import Direction
from servicekit.moments import Window
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.things import HOUR, NOON, ROOT, TICK, at_once, group, message, nth, statement, user

__all__ = ["Billing"]

_OTHER = nth(GroupId, 9)


def _furnish(store: Transaction) -> None:
    store.groups.add(group())
    store.groups.add(group(2, parent=1))
    store.groups.add(group(9, organisation=_OTHER))


class Billing:
    """What the tables of billing promise."""

    def test_a_statement_comes_back_as_it_was(self, store: Transaction) -> None:
        """With its lines and amounts, to the last decimal, and typed."""
        _furnish(store)
        store.statements.add(statement())

        found = store.statements.get(statement().id)
        assert found == statement()
        assert str(found.lines[0].amount.amount) == "10.000"
        assert (type(found.due_on), type(found.payer), type(found.total.amount)) == (date, GroupId, Decimal)
        with pytest.raises(NotFound):
            store.statements.get(nth(StatementId, 2))

    def test_seller_prices_addresses_and_closings_come_back_by_their_keys(self, store: Transaction) -> None:
        """A changed one takes the place of the one with its key."""
        _furnish(store)
        seller = CurrentSeller(statement().seller)
        store.sellers.add(seller)
        store.sellers.save(evolve(seller, seller=evolve(seller.seller, terms=10)))
        prices = [
            Prices(since=day, segment=Decimal("0.4850"), receiver=Decimal(1), currency="SEK", vat=Decimal("12.5"))
            for day in (date(2026, 11, 1), date(2026, 9, 1))
        ]
        for one in (*prices, evolve(prices[0], organisation=ROOT)):
            store.prices.add(one)
        store.prices.save(evolve(prices[0], segment=Decimal("0.10")))
        address = BillingAddress(name="Å", street="Ö", city="Ä", country="SE")
        store.billing_addresses.add(GroupAddress(group=ROOT, organisation=ROOT, address=address))
        store.billing_addresses.save(GroupAddress(group=ROOT, organisation=ROOT, address=None))
        closings = [Closing(organisation=ROOT, month=month, closed_at=NOON) for month in ("2026-11", "2026-10")]
        for closing in closings:
            store.closings.add(closing)

        (kept,) = store.sellers.where()
        assert kept.seller.terms == 10
        assert store.prices.where(organisation="") == (prices[1], evolve(prices[0], segment=Decimal("0.10")))
        assert str(store.prices.where(organisation="")[0].segment) == "0.4850"
        assert store.billing_addresses.where(organisation=ROOT) == (
            GroupAddress(group=ROOT, organisation=ROOT, address=None),
        )
        assert store.closings.where(organisation=ROOT) == (closings[1], closings[0])

    def test_closed_months_are_listed_in_order(self, store: Transaction) -> None:
        """Of one organisation, or of any, each once."""
        _furnish(store)
        for organisation, month in ((ROOT, "2026-11"), (ROOT, "2026-10"), (_OTHER, "2026-11"), (_OTHER, "2026-12")):
            store.closings.add(Closing(organisation=organisation, month=month, closed_at=NOON))

        assert store.statements.closed(ROOT) == ("2026-10", "2026-11")
        assert store.statements.closed(None) == ("2026-10", "2026-11", "2026-12")
        assert store.statements.closed(nth(GroupId, 2)) == ()

    def test_statements_are_found_by_month_and_by_payer(self, store: Transaction) -> None:
        """From a month on, by number; of a payer newest first, in pages."""
        _furnish(store)
        assert store.statements.last_number() == 0
        team = nth(GroupId, 2)
        rows = [
            statement(1, month="2026-09"),
            statement(2),
            statement(3, month="2026-11", payer=team),
            statement(4, month="2026-11"),
            statement(5, organisation=_OTHER, payer=_OTHER),
        ]
        for one in reversed(rows):
            store.statements.add(one)

        assert store.statements.last_number() == 5
        assert store.statements.from_month(ROOT, "2026-10") == tuple(rows[1:4])
        assert store.statements.of_payer(ROOT, None, 2) == (rows[3], rows[1])
        assert store.statements.of_payer(ROOT, 4, 5) == (rows[1], rows[0])
        assert store.statements.of_payer(team, None, 5) == (rows[2],)

    def test_two_statements_of_one_number_are_an_error(self, storage: Storage) -> None:
        """Never silent, and the first stays as it is."""

        def add() -> None:
            with storage.write() as store:
                store.statements.add(evolve(statement(2), number=1))

        transact(storage, _furnish)
        transact(storage, lambda store: store.statements.add(statement()))
        with pytest.raises(StorageError):
            add()
        with storage.read() as store:
            assert store.statements.where() == (statement(),)

    def test_what_was_sent_is_summed_by_group(self, store: Transaction) -> None:
        """From the window's opening until its closing, which is no longer inside; outgoing alone; of one organisation."""
        _furnish(store)
        team, window = nth(GroupId, 2), Window(NOON, NOON + HOUR)
        rows = [
            message(1, made_at=NOON, segments=1),
            message(2, made_at=NOON + HOUR - TICK, segments=20),
            message(3, made_at=NOON - TICK, segments=300),
            message(4, made_at=NOON + HOUR, segments=300),
            message(5, made_at=NOON, segments=300, direction=Direction.IN),
            message(6, made_at=NOON, segments=7, group=team),
            message(7, made_at=NOON, segments=300, group=_OTHER, organisation=_OTHER),
        ]
        for one in rows:
            store.messages.add(one)

        assert store.statements.sent(ROOT, window) == {ROOT: 21, team: 7}
        assert store.statements.sent(_OTHER, window) == {_OTHER: 300}
        assert store.statements.sent(team, window) == {}

    def test_members_are_counted_by_group(self, store: Transaction) -> None:
        """Without those removed."""
        _furnish(store)
        for number in range(1, 5):
            store.users.add(user(number, removed=number == 1))
        store.users.add(user(5, group=nth(GroupId, 2)))
        store.users.add(user(6, group=_OTHER, organisation=_OTHER))

        assert store.statements.members(ROOT) == {ROOT: 3, nth(GroupId, 2): 1}

    def test_numbers_are_given_out_one_after_the_other(self, storage: Storage) -> None:
        """Whoever holds the books reads the last number; eight at once leave no gap, also where every other gives up."""

        class GivenUp(Exception):
            pass

        def number(store: Transaction, who: int) -> None:
            store.statements.hold_books()
            last = store.statements.last_number()
            store.statements.add(evolve(statement(who + 1), number=last + 1))
            if who % 2:
                raise GivenUp

        def body(who: int) -> None:
            try:
                transact(storage, lambda store: number(store, who))
            except GivenUp:
                assert who % 2

        transact(storage, _furnish)
        at_once(8, body)
        with storage.read() as store:
            assert sorted(one.number for one in store.statements.where()) == [1, 2, 3, 4]

    def test_the_books_are_held_until_the_end(self, storage: Storage) -> None:
        """A second one waits, and then reads what the first wrote."""
        transact(storage, _furnish)
        held, seen = threading.Event(), list[int]()

        def second() -> None:
            held.wait()
            with storage.write() as store:
                store.statements.hold_books()
                seen.append(store.statements.last_number())

        other = threading.Thread(target=second)
        other.start()
        with storage.write() as store:
            store.statements.hold_books()
            held.set()
            other.join(timedelta(milliseconds=200).total_seconds())
            store.statements.add(statement())
            assert not seen
        other.join()
        assert seen == [1]
