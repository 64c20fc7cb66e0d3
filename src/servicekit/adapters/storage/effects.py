"""The outbox table: enqueue, claim under a lease, settle under a fence."""

from __future__ import annotations

from collections.abc import Collection

from servicekit.adapters.storage.tables import SqlTable, padded
from servicekit.ids import EffectId, GroupId
from servicekit.moments import Instant
from servicekit.outbox.effects import ALL_KINDS, Effect, EffectKind, EffectState

__all__ = ["EffectTable"]

# Also an expired lease keeps others away: it is claimed anew first, so that its holder's fence moves on.
_FREE = """
    NOT EXISTS (
        SELECT 1 FROM effects AS other
        WHERE other.subject = effects.subject AND other.kind = effects.kind AND other.id <> effects.id
        AND other.state = 'leased'
    )
    AND (stage = 0 OR NOT EXISTS (
        SELECT 1 FROM effects AS deed
        WHERE deed.about = effects.about AND deed.stage < effects.stage AND deed.state IN ('due', 'leased', 'dead')
    ))
"""
_CLAIMABLE = f"state IN ('due', 'leased') AND due_at <= ? AND (state = 'due' OR leased_until <= ?) AND {_FREE}"
_WAITING = "state IN ('due', 'leased')"


class EffectTable(SqlTable[Effect]):
    """Effects; see :class:`servicekit.ports.store.Effects` for what each promises."""

    def enqueue(self, effect: Effect) -> None:
        """Replace what waits for the same subject, then insert."""
        # What is in flight stays as it is, but is held: its outcome is stored before this or after it, and sees it then.
        self.execute(
            "UPDATE effects SET state = CASE state WHEN 'leased' THEN 'leased' ELSE 'replaced' END"
            " WHERE subject = ? AND kind = ? AND state IN ('due', 'leased', 'dead')",
            [effect.subject, effect.kind.value],
        )
        self.add(effect)

    def claim(
        self, at: Instant, until: Instant, *, kinds: Collection[EffectKind] = ALL_KINDS, most: int = 1
    ) -> tuple[Effect, ...]:
        """Lease those that are due first, in one statement."""
        # A list that is made once: PostgreSQL may look into a mere subquery again, and then find others behind locked rows.
        found = self.execute(
            f"WITH first (found) AS MATERIALIZED (SELECT id FROM effects WHERE {_CLAIMABLE} AND {_one_of(kinds)}"  # noqa: S608
            f" ORDER BY due_at, id LIMIT {most:d}{self.dialect.claim})"
            " UPDATE effects SET state = 'leased', leased_until = ?, fence = fence + 1"
            f" WHERE id IN (SELECT found FROM first) RETURNING {self.columns}",
            [at.us, at.us, until.us],
        ).fetchall()
        return tuple(sorted(map(self.rows.thing, found), key=lambda effect: (effect.due_at.us, effect.id)))

    def hold_leases(self, effects: Collection[Effect]) -> bool:
        """Lock the rows, in one order for all, and compare their fences."""
        test, values = _leased(effects)
        found = self.execute(f"SELECT id, fence FROM effects WHERE {test} ORDER BY id{self.dialect.hold}", values)  # noqa: S608
        return _all_ours(effects, found.fetchall())

    def settle(self, effect: Effect) -> bool:
        """Update where the fence is still ours."""
        state = effect.state
        if state in {EffectState.DUE, EffectState.DEAD}:
            if self.dialect.hold:  # before looking for a newer one: who enqueues that holds this, too
                self.select('"id" = ?', [effect.id], lock=self.dialect.hold)
            if self.outstanding(effect.id, effect.kind, effect.subject):
                state = EffectState.REPLACED
        done = self.execute(
            "UPDATE effects SET state = ?, due_at = ?, attempts = ?, leased_until = NULL, trouble = ?"
            " WHERE id = ? AND fence = ? AND state = 'leased'",
            [state.value, effect.due_at.us, effect.attempts, effect.trouble, effect.id, effect.fence],
        )
        return done.rowcount == 1

    def settle_done(self, effects: Collection[Effect]) -> bool:
        """Update them, and compare the fences of what was updated."""
        test, values = _leased(effects)
        found = self.execute(
            f"UPDATE effects SET state = 'done', leased_until = NULL, trouble = '' WHERE {test} RETURNING id, fence",  # noqa: S608
            values,
        )
        return _all_ours(effects, found.fetchall())

    def next_due(self, at: Instant, *, kinds: Collection[EffectKind] = ALL_KINDS) -> Instant | None:
        """The earliest of due times and ends of leases; what waits for another effect comes up with that one.

        The first that is due is read from the index, however many wait for a later day; what is in flight was due before now.
        """
        wanted = f"{_FREE} AND {_one_of(kinds)}"
        (found,) = self.execute(
            "SELECT min(next_at) FROM ("  # noqa: S608
            " SELECT * FROM (SELECT due_at AS next_at FROM effects"
            f" WHERE {_WAITING} AND state = 'due' AND {wanted} ORDER BY due_at LIMIT 1) AS first_due"
            " UNION ALL SELECT CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END FROM effects"
            f" WHERE {_WAITING} AND state = 'leased' AND due_at <= ? AND {wanted}) AS both_kinds",
            [at.us],
        ).fetchone()
        return None if found is None else max(at, Instant(found))

    def in_state(self, organisation: GroupId, state: EffectState, most: int) -> tuple[Effect, ...]:
        """By organisation and state."""
        return self.select("organisation = ? AND state = ?", [organisation, state.value], order="id", most=most)

    def outstanding(self, effect: EffectId, kind: str, subject: str) -> bool:
        """Whether another one waits or is in flight."""
        return (
            self.execute(
                "SELECT 1 FROM effects WHERE subject = ? AND kind = ? AND id <> ? AND state IN ('due', 'leased') LIMIT 1",
                [subject, kind, effect],
            ).fetchone()
            is not None
        )


def _leased(effects: Collection[Effect]) -> tuple[str, list[EffectId]]:
    """The test for their rows, and its values."""
    ids = padded([effect.id for effect in effects])
    return f"state = 'leased' AND id IN ({', '.join('?' * len(ids)) or 'NULL'})", ids


def _all_ours(effects: Collection[Effect], found: list[tuple[str, int]]) -> bool:
    return dict(found) == {effect.id: effect.fence for effect in effects}


def _one_of(kinds: Collection[EffectKind]) -> str:
    """The test for a row's kind; the kinds are our own words, so they may stand in the statement."""
    return f"kind IN ({', '.join(sorted(repr(kind.value) for kind in kinds))})"
