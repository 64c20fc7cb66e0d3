"""A town that is invoiced, month by month: the world of billing's tests."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from attrs import evolve

from servicekit import Kit
from servicekit.billing import (
    BillingAddress,
    CloseMonth,
    Draft,
    DraftStatements,
    Prices,
    Seller,
    SetBillingAddress,
    SetPrices,
    Statement,
    first_day,
    following,
    start_of,
)
from servicekit.groups import Group
from servicekit.ids import GroupId, MessageId
from servicekit.messages import Message
from servicekit.moments import Instant
from servicekit.ports.store import transact
from servicekit.runtime.entropy import mint
from servicekit.testing.conformance.things import message
from town import OPERATOR, Town

ZONE = "Europe/Stockholm"
SELLER = Seller(name="Sms-operatören AB", street="Storgatan 5", city="Umeå", country="SE", terms=20)
ADDRESS = BillingAddress(name="Ettstads kommun", street="Rådhuset", city="Ettstad", country="SE")
HALF = Decimal("0.485")


def price(kit: Kit, organisation: GroupId | None = None, **changed: Any) -> Prices:
    """Half a krona a segment since 2026, or as said."""
    said = {"since": date(2026, 1, 1), "segment": HALF, "receiver": Decimal(1), "currency": "SEK", "vat": Decimal(25)}
    return kit.perform(SetPrices(organisation=organisation, **{**said, **changed}), by=OPERATOR)


def address(it: Town, group: Group | None = None, one: BillingAddress | None = ADDRESS, **changed: Any) -> None:
    """Give a group, the root unless said, an address."""
    said = evolve(one, **changed) if one is not None else None
    it.tell(SetBillingAddress(group=(group or it.root).id, address=said))


def close(it: Town, month: str, organisation: GroupId | None = None) -> tuple[Statement, ...]:
    """Close a month as soon as it is over."""
    ends = start_of(first_day(following(month)), ZONE)
    asked = CloseMonth(organisation=organisation or it.root.id, month=month)
    return it.kit.perform(asked, by=OPERATOR, at=max(ends, it.clock.now()))


def draft(it: Town, month: str) -> tuple[Draft, ...]:
    """The dry run."""
    return it.kit.ask(DraftStatements(organisation=it.root.id, month=month), by=OPERATOR)


def log(it: Town, group: Group, at: Instant | str, segments: int = 1, **more: Any) -> Message:
    """A text in the log, sent by a group at an instant."""
    made_at = Instant.parse(at) if isinstance(at, str) else at
    made = message(
        1,
        id=mint(MessageId, made_at),
        organisation=group.organisation,
        group=group.id,
        segments=segments,
        made_at=made_at,
        **more,
    )
    transact(it.kit._storage, lambda store: store.messages.add(made))
    return made
