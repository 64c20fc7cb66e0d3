"""What the processes of ``tests/races/test_races_billing.py`` do: close the same months, while texts are refunded and come late."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from multiprocessing.synchronize import Barrier

from attrs import evolve

from servicekit import Instant, Kit, Principal
from servicekit.billing import CloseMonth
from servicekit.ids import GroupId, MessageId
from servicekit.ports.store import Transaction, transact
from servicekit.runtime.entropy import mint
from servicekit.testing.conformance.things import message

__all__ = ["close_all"]

_PATIENCE = 120.0


def close_all(
    url: str, organisations: Sequence[GroupId], months: Sequence[str], at: Instant, together: Barrier
) -> list[tuple[str, str, tuple[int, ...]]]:
    """Close every month of every organisation, in an order of one's own; which numbers each came to have."""
    order = list(organisations)
    dice = random.Random()  # noqa: S311 - no secret
    dice.shuffle(order)
    closed = []
    with Kit.open(url, migrate=False) as kit:
        for month in months:
            for organisation in order:
                transact(kit._storage, partial(_disturb, organisation=organisation, month=month, dice=dice))
                asked = CloseMonth(organisation=organisation, month=month)
                together.wait(_PATIENCE)  # so that all close at the same moment; whoever has died is not waited for
                made = kit.perform(asked, by=Principal.operator("races"), at=at)
                closed.append((str(organisation), month, tuple(one.number for one in made)))
    return closed


def _disturb(store: Transaction, organisation: GroupId, month: str, dice: random.Random) -> None:
    """One text less, and one more that comes late into the log."""
    found = [one for one in store.messages.where(group=organisation) if one.segments]
    if found:
        store.messages.save(evolve(store.messages.hold(dice.choice(found).id), segments=0))
    made_at = Instant.parse(f"{month}-15T12:00:00Z")
    made = message(
        1, id=mint(MessageId, made_at), organisation=organisation, group=organisation, segments=2, made_at=made_at
    )
    store.messages.add(made)
