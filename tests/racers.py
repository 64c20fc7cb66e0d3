"""What the processes of ``tests/races`` do: send under shared limits, give back, move users, change limits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

from attrs import evolve, frozen

from servicekit.adapters.storage import storage_of
from servicekit.adapters.storage.counters import CounterRow, buckets_of
from servicekit.groups import Limit, LimitKind, Quota, limits_of, topmost
from servicekit.ids import GroupId, MessageId, UserId
from servicekit.messages import HandOver, Message, Status
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.runtime.entropy import mint
from servicekit.testing.conformance.things import NOON, effect, message

SECOND = timedelta(seconds=1)


@frozen
class Field:
    """Where they race: a database, its users and the groups that these are moved between (all below the hot path)."""

    url: str
    users: tuple[UserId, ...]
    groups: tuple[GroupId, ...]
    middle: GroupId
    accepted: int
    """How many each shall get accepted, if they are not refused for good before."""


def send(store: Transaction, who: UserId, segments: int, at: Instant) -> Message | None:
    """One message, its effect and what it costs, in one transaction; None where a limit struck."""
    user = store.member(who)
    path = store.path(user.group)
    struck = store.quotas.reserve(limits_of(user, path), segments, at)
    if struck is not None:
        return None
    made = message(
        1,
        id=mint(MessageId, at),
        organisation=user.organisation,
        group=user.group,
        user=who,
        segments=segments,
        made_at=at,
        changed_at=at,
        hand_over=HandOver.PLANNED,
    )
    store.messages.add(made)
    store.effects.enqueue(_effect_of(made, at))
    return made


def _effect_of(made: Message, at: Instant) -> Effect:
    return evolve(
        effect(1),
        id=mint(type(effect(1).id), at),
        organisation=made.organisation,
        kind=EffectKind.TEXT,
        subject=made.id,
    )


def give_back(store: Transaction, made: Message) -> None:
    """It never left: it costs nothing after all, as ``texting.report`` does it."""
    held = store.messages.hold(made.id)
    store.messages.save(evolve(held, segments=0, status=Status.UNSENT, hand_over=HandOver.FAILED))
    path = store.path(held.group)
    subjects: list[str] = [group.id for group in path]
    assert held.user is not None
    under = topmost(limits_of(None, path)) or held.user
    store.quotas.refund([*subjects, held.user], held.segments, held.made_at, under)


def move(store: Transaction, who: UserId, to: GroupId) -> None:
    """A user into another group of the tree."""
    store.hold_tree(to)
    user = store.users.hold(who)
    store.users.save(evolve(user, group=to))
    store.quotas.forget([who])


def change(store: Transaction, group: GroupId, quota: Quota) -> None:
    """Another limit of a group."""
    store.hold_tree(group)
    held = store.groups.hold(group)
    store.groups.save(evolve(held, settings=evolve(held.settings, group_quota=quota)))
    store.quotas.forget([group])


def race(field: Field) -> tuple[int, int]:
    """Send until enough were accepted or nothing more is; how many were accepted and stayed, and how many given back."""
    dice = random.Random()  # noqa: S311 - nothing here is secret
    kept, back, refused, sent = 0, 0, 0, list[Message]()
    with closing(storage_of(field.url)) as storage:
        while kept + back < field.accepted and refused < 40:
            at = NOON + dice.randrange(3600) * SECOND
            who, segments = dice.choice(field.users), dice.choice((1, 1, 2))
            made = transact(storage, lambda store, w=who, n=segments, t=at: send(store, w, n, t))  # type: ignore[misc]
            if made is None:
                refused += 1
                continue
            refused = 0
            kept += 1
            sent.append(made)
            _meanwhile(storage, field, dice)
            if dice.random() < 0.1:
                gone = sent.pop(dice.randrange(len(sent)))
                transact(storage, lambda store, one=gone: give_back(store, one))  # type: ignore[misc]
                kept, back = kept - 1, back + 1
    return kept, back


def _meanwhile(storage: Storage, field: Field, dice: random.Random) -> None:
    """Now and then an administrator changes something."""
    what = dice.random()
    if what < 0.005:
        who, to = dice.choice(field.users), dice.choice(field.groups)
        transact(storage, lambda store: move(store, who, to))
    elif what < 0.0075:
        days = dice.choice((None, 1, 30))
        transact(storage, lambda store: change(store, field.middle, Quota(10**9, days=days)))


def race_until_killed(field: Field) -> None:
    """The same for ever."""
    while True:
        race(evolve(field, accepted=1_000_000))


def bucket_rows(storage: Any) -> list[tuple[str, int, int, int]]:
    """Subject, days, bucket, used: of every bucket, wherever it stands; one may stand in two places."""
    found = rows(storage, "SELECT subject, days, bucket, used FROM quota_buckets")
    columns = "subject, days, used, oldest, head, head_used, tail"
    counters = rows(storage, f"SELECT {columns} FROM quota_counters WHERE days > 0")  # noqa: S608 - names of ours
    for row in (CounterRow(*row) for row in counters):
        found += [(row.subject, row.days, bucket, used) for bucket, used in buckets_of(row).items()]
    return [(subject, days, bucket, used) for subject, days, bucket, used in found]


def rows(storage: Any, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """What an SQL statement gives, read behind the port's back."""
    with storage.read() as store:
        return list(store._execute(sql, values).fetchall())


def limit_of(subject: str, most: int, days: int | None) -> Limit:
    """A group's limit."""
    return Limit(LimitKind.GROUP, subject, "", most, days)


__all__ = [
    "EffectState",
    "Field",
    "change",
    "give_back",
    "limit_of",
    "move",
    "race",
    "race_until_killed",
    "rows",
    "send",
]
