"""A slow, obvious model of quotas: the log, added up at exact times after every step."""

from __future__ import annotations

from datetime import timedelta

from attrs import define, evolve, field
from hypothesis import strategies as st

from servicekit.groups import Limit, LimitKind, Struck
from servicekit.ids import GroupId, UserId
from servicekit.messages import Message, Status
from servicekit.moments import Instant
from servicekit.ports.store import Transaction
from servicekit.testing.conformance.things import DAY, MINUTE, NOON, TICK, group, message, nth, user

__all__ = ["G1", "G2", "G3", "G4", "STEPS", "U1", "Model", "of_group", "plant", "send", "unsend"]

_BUCKETS = 1440  # of a window

G1, G2, G3, G4 = (nth(GroupId, number) for number in (1, 2, 3, 4))
U1, U2 = nth(UserId, 1), nth(UserId, 2)


def of_group(subject: GroupId, most: int, days: int | None = None) -> Limit:
    """A group's limit."""
    return Limit(LimitKind.GROUP, subject, f"name of {subject}", most, days)


def plant(store: Transaction) -> None:
    """Root 1 with 2 (with 3 below it) and 4; user 1 in 3, user 2 in 4."""
    for made in (group(1), group(2, parent=1), group(3, parent=2), group(4, parent=1)):
        store.groups.add(made)
    store.users.add(user(1, group=G3))
    store.users.add(user(2, group=G4))


def send(store: Transaction, number: int, limits: list[Limit], **more: object) -> Struck | None:
    """Reserve for a message and log it, in one transaction, as a use case does."""
    made = message(number, **more)
    struck = store.quotas.reserve(limits, made.segments, made.made_at)
    if struck is None:
        store.messages.add(made)
    return struck


def unsend(store: Transaction, made: Message, *subjects: str) -> None:
    """A message that never left: it has cost nothing after all."""
    store.messages.save(evolve(store.messages.hold(made.id), segments=0, status=Status.UNSENT))
    store.quotas.refund(subjects, made.segments, made.made_at, under=G1)


@define
class Model:
    """The log, added up at exact times; the tree, and who is where."""

    store: Transaction
    now: Instant = NOON
    log: list[Message] = field(factory=list)
    parents: dict[GroupId, GroupId | None] = field(factory=lambda: {G1: None, G2: G1, G3: G2, G4: G1})
    place: dict[UserId, GroupId] = field(factory=lambda: {U1: G3, U2: G4})
    quotas: dict[str, tuple[int, int | None]] = field(
        factory=lambda: {U1: (6, 1), U2: (9, None), G1: (40, None), G2: (9, 2), G3: (12, 30), G4: (20, 1)}
    )
    made: int = 0

    def path(self, start: GroupId) -> list[GroupId]:
        """From the group to the root."""
        found, here = [], self.parents[start]
        while here is not None:
            found.append(here)
            here = self.parents[here]
        return [start, *found]

    def limits(self, who: UserId) -> list[Limit]:
        """Those on a message of the user, in the order in which they strike."""
        most, days = self.quotas[who]
        found = [Limit(LimitKind.PERSONAL, who, "", most, days)]
        return found + [Limit(LimitKind.GROUP, one, "", *self.quotas[one]) for one in self.path(self.place[who])]

    def spent(self, limit: Limit, since: Instant | None) -> int:
        """What the log has under a limit from an instant on; from the beginning, if None."""
        mine = (
            made
            for made in self.log
            if (
                made.user == limit.subject
                if limit.kind is LimitKind.PERSONAL
                else limit.subject in self.path(made.group)
            )
        )
        return sum(made.segments for made in mine if since is None or made.made_at >= since)

    def exact(self, limit: Limit) -> int:
        """The usage within the window that ends now."""
        return self.spent(limit, None if limit.days is None else self.now - limit.days * DAY + TICK)

    def widest(self, limit: Limit) -> int:
        """The most that may be counted: that within the window and one bucket more."""
        return self.spent(
            limit, None if limit.days is None else self.now - limit.days * DAY - limit.days * DAY / _BUCKETS
        )

    def do(self, step: tuple[str, int, int]) -> None:
        """One step, and a look at every limit."""
        getattr(self, step[0])(*step[1:])
        for who in (U1, U2):
            for limit in self.limits(who):
                assert self.exact(limit) <= self.store.quotas.usage(limit, self.now).used <= self.widest(limit)

    def sends(self, who: int, segments: int) -> None:
        """Granted only within each limit, refused only where one is really near, and the first of them is named."""
        self.made += 1
        sender, segments = (U1, U2)[who % 2], 1 + segments % 4
        limits = self.limits(sender)
        made = message(self.made, user=sender, group=self.place[sender], segments=segments, made_at=self.now)
        struck = self.store.quotas.reserve(limits, segments, self.now)
        if struck is None:
            self.store.messages.add(made)
            self.log.append(made)
            for limit in limits:
                assert self.exact(limit) <= limit.most
            return
        assert self.exact(struck.limit) <= struck.used <= self.widest(struck.limit)
        assert struck.used + segments > struck.limit.most
        for before in limits[: limits.index(struck.limit)]:
            assert self.exact(before) + segments <= before.most

    def refunds(self, pick: int, _: int) -> None:
        """A message never left."""
        if self.log:
            made = self.log.pop(pick % len(self.log))
            assert made.user is not None
            unsend(self.store, made, *self.path(made.group), made.user)

    def waits(self, minutes: int, ticks: int) -> None:
        """Time goes on."""
        self.now += minutes * MINUTE + ticks * TICK

    def waits_for_an_edge(self, pick: int, off: int) -> None:
        """To where a message leaves a window, or at the latest the count, and a microsecond to either side of it."""
        if self.log:
            days = (1, 2, 30)[pick % 3]
            edge = self.log[pick % len(self.log)].made_at + days * DAY
            edge += (timedelta(), days * DAY / _BUCKETS)[off % 2]
            self.now = max(self.now, edge + (off % 3 - 1) * TICK)

    def moves_a_user(self, who: int, to: int) -> None:
        """What it has sent stays where it was sent."""
        mover, there = (U1, U2)[who % 2], (G1, G2, G3, G4)[to % 4]
        self.place[mover] = there
        self.store.users.save(evolve(self.store.users.get(mover), group=there))
        self.store.quotas.forget([mover])

    def moves_a_group(self, _: int, to: int) -> None:
        """Group 3 with all that it has sent."""
        there = (G1, G2, G4)[to % 3]
        changed = {*self.path(G3)}
        self.parents[G3] = there
        self.store.groups.save(evolve(self.store.groups.get(G3), parent=there))
        self.store.quotas.forget(sorted({*changed, *self.path(G3)}))

    def limits_anew(self, whose: int, how: int) -> None:
        """Another number, or another window."""
        subject = sorted(self.quotas)[whose % 6]
        self.quotas[subject] = (how % 13, (None, 1, 2, 30)[how % 4])
        self.store.quotas.forget([subject])


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *["sends"] * 4,
                "refunds",
                "waits",
                "waits_for_an_edge",
                "moves_a_user",
                "moves_a_group",
                "limits_anew",
            ]
        ),
        st.integers(0, 3000),
        st.integers(0, 100),
    ),
    max_size=30,
)
"""What a model does, one step after the other."""
