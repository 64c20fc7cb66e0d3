"""A state machine over a town's tree, held against a model that adds up the whole log at exact times.

It runs on any kit: ``machine(opens)`` takes a function that opens one on a database; each run founds a town of its own there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

from attrs import define, field
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from servicekit import Kit, Principal
from servicekit.adapters.storage.counters import CounterRow, buckets_of
from servicekit.groups import (
    AddGroup,
    AddUsers,
    ChangeSettings,
    GetSettings,
    ListGroups,
    MergeGroup,
    MoveGroup,
    Quota,
    RemoveGroup,
    RemoveUsers,
    Settings,
    SmsLeft,
)
from servicekit.ids import GroupId, MessageId, UserId
from servicekit.messages import Message, Status
from servicekit.moments import Instant
from servicekit.testing.clock import ManualClock
from town import NOON, founded

TICK, MINUTE, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(days=1)
DEFAULTS: Mapping[str, Any] = {
    "country_code": 46,
    "most_segments": 9,
    "user_most_segments": 9,
    "user_quota": Quota(None),
    "group_quota": Quota(None),
}
QUOTAS = st.builds(Quota, st.sampled_from([None, 0, 2, 5, 9, 15, 25]), st.sampled_from([None, 1, 2, 30]))
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "country_code": st.sampled_from([41, 46, 47]),
        "most_segments": st.integers(1, 9),
        "user_most_segments": st.integers(1, 9),
        "user_quota": QUOTAS,
        "group_quota": QUOTAS,
    },
)
PICK = st.integers(0, 10_000)
_towns = count()


@define
class Node:
    """A group of the model."""

    name: str
    parent: GroupId | None
    said: dict[str, Any]
    removed: bool = False


@define
class Person:
    """A user of the model."""

    email: str
    group: GroupId
    removed: bool = False


@define
class Sent:
    """A message of the model's log that has cost something."""

    message: MessageId
    user: UserId
    group: GroupId
    segments: int
    at: Instant
    latest: Instant = field(init=False)
    """The latest that the clock has shown since. What had left a window then may stay outside, though the clock jumps back."""

    def __attrs_post_init__(self) -> None:
        self.latest = self.at


@define
class Bound:
    """A limit of the model: what it is called, whose messages it counts, and how many within how many days."""

    shown: str
    mine: Callable[[Sent], bool]
    most: int
    days: int | None


@define
class Model:
    """The town as anybody would keep it on paper."""

    nodes: dict[GroupId, Node] = field(factory=dict)
    people: dict[UserId, Person] = field(factory=dict)
    log: list[Sent] = field(factory=list)

    def path(self, group: GroupId) -> list[GroupId]:
        """The group and those above it."""
        parent = self.nodes[group].parent
        return [group, *(self.path(parent) if parent else [])]

    def living(self) -> list[GroupId]:
        """Groups that are not removed."""
        return [key for key, node in self.nodes.items() if not node.removed]

    def holds(self, group: GroupId, name: str) -> tuple[Any, GroupId | None]:
        """A setting with its source."""
        said = [(self.nodes[one].said[name], one) for one in self.path(group) if name in self.nodes[one].said]
        if name == "most_segments":
            said.sort(key=lambda one: int(one[0]))
        return said[0] if said else (DEFAULTS[name], None)

    def longest(self, group: GroupId) -> int:
        """How many segments a user's message may have."""
        said = [
            value for value, source in (self.holds(group, n) for n in ("most_segments", "user_most_segments")) if source
        ]
        return min(said, default=9)

    def bounds(self, user: UserId) -> list[Bound]:
        """All limits on a user, in the order in which they strike."""
        group = self.people[user].group
        found = []
        own, _ = self.holds(group, "user_quota")
        if own.segments is not None:
            found.append(
                Bound(f"Personal:{self.nodes[group].name}", lambda sent: sent.user == user, own.segments, own.days)
            )
        for above in self.path(group):
            quota = self.nodes[above].said.get("group_quota")
            if quota is not None and quota.segments is not None:
                found.append(Bound(f"Group:{self.nodes[above].name}", self._under(above), quota.segments, quota.days))
        return found

    def _under(self, above: GroupId) -> Callable[[Sent], bool]:
        return lambda sent: above in self.path(sent.group)

    def used(self, bound: Bound, now: Instant, *, bucket: bool) -> int:
        """What a limit's window holds now: exactly, or with the bucket more that may still be counted."""
        mine = [sent for sent in self.log if bound.mine(sent)]
        if bound.days is None:
            return sum(sent.segments for sent in mine)
        if bucket:
            return sum(sent.segments for sent in mine if sent.at > now - bound.days * (DAY + MINUTE) - TICK)
        return sum(sent.segments for sent in mine if sent.at > max(now, sent.latest) - bound.days * DAY)


class TownMachine(RuleBasedStateMachine):
    """Builds, rebuilds, sends, refunds and waits; see :func:`machine`."""

    opens: Callable[[ManualClock], Kit]

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(NOON)
        self.kit = type(self).opens(self.clock)
        self.home = f"town{next(_towns)}.example"
        self.town = founded(self.kit, self.clock, admin=f"anna@{self.home}", destinations=("SE",))
        self.names = count()
        self.model = Model()
        self.model.nodes[self.town.root.id] = Node("Ettstad", None, {})
        self.model.people[self.town.admin.id] = Person(f"anna@{self.home}", self.town.root.id)

    @initialize(said=st.lists(st.tuples(QUOTAS, QUOTAS, PICK), min_size=3, max_size=5))
    def build(self, said: list[tuple[Quota, Quota, int]]) -> None:
        """A few groups with quotas, and texts of their users."""
        for of_group, of_user, pick in said:
            self.add_group(pick, {"group_quota": of_group, "user_quota": of_user})
        for person in range(len(said) + 1):
            self.send(person, 1)

    def group(self, pick: int) -> GroupId:
        """One of the living groups."""
        living = self.model.living()
        return living[pick % len(living)]

    def user(self, pick: int) -> UserId:
        """One of the users who are not removed."""
        present = [key for key, person in self.model.people.items() if not person.removed]
        return present[pick % len(present)]

    # The tree

    @rule(pick=PICK, said=SETTINGS)
    def add_group(self, pick: int, said: dict[str, Any]) -> None:
        """Below another, with settings, and with a user of its own."""
        parent, name = self.group(pick), f"G{next(self.names)}"
        made = self.town.tell(AddGroup(parent=parent, name=name, settings=Settings(**said)))
        self.model.nodes[made.id] = Node(name, parent, dict(said))
        self._join(made.id, f"u{next(self.names)}@{self.home}")

    @rule(pick=PICK, said=SETTINGS, again=st.sets(st.sampled_from(sorted(DEFAULTS)), max_size=2))
    def change_settings(self, pick: int, said: dict[str, Any], again: set[str]) -> None:
        """Set some, inherit others again."""
        group, inherit = self.group(pick), again - said.keys()
        self.town.tell(ChangeSettings(group=group, change=Settings(**said), inherit=tuple(inherit)))
        node = self.model.nodes[group]
        node.said = {name: value for name, value in {**node.said, **said}.items() if name not in inherit}

    @rule(pick=PICK, other=PICK)
    def move_group(self, pick: int, other: int) -> None:
        """Under another, where that is possible."""
        group, under = self.group(pick), self.group(other)
        command = MoveGroup(group=group, under=under)
        if group == self.town.root.id or group in self.model.path(under):
            assert self.town.refused(command).code in {"root_stays", "cycle"}
            return
        self.town.tell(command)
        self.model.nodes[group].parent = under

    @precondition(lambda self: len(self.model.living()) > 1)
    @rule(pick=PICK, merge=st.booleans())
    def end_group(self, pick: int, *, merge: bool) -> None:
        """Remove it, or merge it into its parent."""
        living = self.model.living()[1:]
        group = living[pick % len(living)]
        node = self.model.nodes[group]
        assert node.parent is not None
        self.town.tell(MergeGroup(group=group) if merge else RemoveGroup(group=group))
        for child in self.model.nodes.values():
            if child.parent == group:
                child.parent = node.parent
                if merge and not child.removed:
                    self._inherit(child, node)
        for person in self.model.people.values():
            if person.group == group:
                person.group = node.parent
        node.said, node.removed = {}, True

    def _inherit(self, child: Node, node: Node) -> None:
        left = {name: value for name, value in node.said.items() if name != "group_quota"}
        if "most_segments" in child.said and "most_segments" in left:
            child.said["most_segments"] = min(child.said["most_segments"], left["most_segments"])
        child.said = {**left, **child.said}

    # Users

    def _join(self, group: GroupId, email: str) -> None:
        (line,) = self.town.tell(AddUsers(group=group, addresses=(email,)))
        assert line.user is not None
        self.model.people[line.user] = Person(email, group)

    @rule(pick=PICK, person=PICK)
    def move_user(self, pick: int, person: int) -> None:
        """Into a group; who was removed comes back as the same."""
        people = list(self.model.people.items())
        user, known = people[person % len(people)]
        (line,) = self.town.tell(AddUsers(group=self.group(pick), addresses=(known.email,)))
        assert line.user == user
        known.group, known.removed = self.group(pick), False

    @precondition(lambda self: len(self.model.people) > 1)
    @rule(person=PICK)
    def remove_user(self, person: int) -> None:
        """Anybody but the administrator."""
        people = list(self.model.people.values())[1:]
        gone = people[person % len(people)]
        self.town.tell(RemoveUsers(group=self.town.root.id, addresses=(gone.email,)))
        gone.removed = True

    @rule(person=PICK, other=PICK, windows=st.tuples(QUOTAS, QUOTAS))
    def go_elsewhere_and_send(self, person: int, other: int, windows: tuple[Quota, Quota]) -> None:
        """A user sends before and after it comes under another quota; then the first one holds again."""
        people = list(self.model.people)
        first, then = windows
        self._limit(self.group(other), first)
        self.move_user(other, person)
        for quota in (then, first):
            self._send(people[person % len(people)], 1)
            self._limit(self.group(other), quota)
        self.move_user(other + 1, person)
        self._send(people[person % len(people)], 1)

    def _limit(self, group: GroupId, quota: Quota) -> None:
        self.town.tell(ChangeSettings(group=group, change=Settings(user_quota=quota)))
        self.model.nodes[group].said["user_quota"] = quota

    # Texts

    @rule(person=PICK, segments=st.integers(1, 3))
    def send(self, person: int, segments: int) -> None:
        """Accepted only within every limit; refused only where the limit that is named is really near."""
        self._send(self.user(person), segments)

    def _send(self, user: UserId, segments: int) -> None:
        bounds, now = self.model.bounds(user), self.clock.now()
        message = self.town.send(user, segments)
        if segments > self.model.longest(self.model.people[user].group):
            assert message.status is Status.TOO_LONG
        elif message.status is Status.QUEUED:
            self._accepted(message, user, bounds)
        else:
            struck = [bound.shown for bound in bounds].index(message.shown)
            assert self.model.used(bounds[struck], now, bucket=True) + segments > bounds[struck].most
            for bound in bounds[:struck]:
                assert self.model.used(bound, now, bucket=False) + segments <= bound.most

    def _accepted(self, message: Message, user: UserId, bounds: list[Bound]) -> None:
        now = self.clock.now()
        assert message.group == self.model.people[user].group
        self.model.log.append(Sent(message.id, user, message.group, message.segments, now))
        for bound in bounds:
            assert self.model.used(bound, now, bucket=False) <= bound.most, bound.shown

    @precondition(lambda self: self.model.log)
    @rule(pick=PICK)
    def fail(self, pick: int) -> None:
        """A message never left: it costs nothing any more."""
        sent = self.model.log.pop(pick % len(self.model.log))
        self.town.fail(sent.message)

    @rule(person=PICK)
    def ask_what_is_left(self, person: int) -> None:
        """Between what the exact sum leaves and what a bucket more does, over all limits."""
        user = self.user(person)
        bounds, now = self.model.bounds(user), self.clock.now()
        left = self.town.ask(SmsLeft(user), Principal.of(user))
        if not bounds:
            assert (left.segments, left.limit, left.more_at) == (None, None, None)
            return
        assert left.segments is not None
        least, most = (
            min(max(0, bound.most - self.model.used(bound, now, bucket=bucket)) for bound in bounds)
            for bucket in (True, False)
        )
        assert least <= left.segments <= most
        assert left.limit is not None
        assert left.limit.status in {bound.shown for bound in bounds}
        assert left.more_at is None or left.more_at > now

    # Time

    @rule(span=st.timedeltas(timedelta(), timedelta(hours=5)) | st.timedeltas(timedelta(), timedelta(days=2)))
    def wait(self, span: timedelta) -> None:
        """Time goes on."""
        self._show(self.clock.now() + span)

    @rule(span=st.timedeltas(timedelta(), timedelta(hours=5)) | st.timedeltas(timedelta(), timedelta(days=40)))
    def jump_back(self, span: timedelta) -> None:
        """The clock is set to an earlier time: nothing that counts is freed by it, whatever was spent "later" included."""
        self._show(self.clock.now() - span)

    @precondition(lambda self: self.model.log)
    @rule(pick=PICK, days=st.sampled_from([1, 2, 30]), off=st.integers(-1, 1), bucket=st.booleans())
    def wait_for_an_edge(self, pick: int, days: int, off: int, *, bucket: bool) -> None:
        """To where a message leaves a window, or at the latest the count, and a microsecond to either side of it."""
        edge = self.model.log[pick % len(self.model.log)].at + days * DAY + (days * MINUTE if bucket else timedelta())
        self._show(max(self.clock.now(), edge + off * TICK))

    def _show(self, at: Instant) -> None:
        self.clock.set(at)
        for sent in self.model.log:
            sent.latest = max(sent.latest, at)

    # What always holds

    @rule(pick=PICK)
    def ask_for_settings(self, pick: int) -> None:
        """Each holds as walking up the tree finds it, and says where."""
        group = self.group(pick)
        shown = self.town.ask(GetSettings(group))
        for name in DEFAULTS:
            assert (shown[name].value, shown[name].source) == self.model.holds(group, name), name

    @invariant()
    def groups_and_users_are_those_of_the_model(self) -> None:
        """Removed ones too, each in its place; the list has only the living."""
        rows = self.town.rows()
        groups = {group.id: (group.parent, group.removed) for group in rows["groups"] if group.id in self.model.nodes}
        assert groups == {key: (node.parent, node.removed) for key, node in self.model.nodes.items()}
        users = {user.id: (user.group, user.removed) for user in rows["users"] if user.id in self.model.people}
        assert users == {key: (person.group, person.removed) for key, person in self.model.people.items()}
        listed = {group.id for group in self.town.ask(ListGroups(self.town.root.id))}
        assert listed == set(self.model.living())

    @invariant()
    def counters_say_what_the_log_says(self) -> None:
        """Each is the sum of its buckets; what is not wholly outside its window is what the log has, or a bucket more."""
        rows = self.town.rows()
        for subject, days, used, *more in rows["counters"]:
            if subject not in self.model.nodes and subject not in self.model.people:
                continue  # of another town in the same database
            bound = Bound("", self._counts(subject), 0, days or None)
            if not days:
                assert used == self.model.used(bound, self.clock.now(), bucket=False)
                continue
            mine = [row for row in rows["buckets"] if row[:2] == (subject, days)]
            standing = buckets_of(CounterRow(subject, days, used, *more))
            mine += [(subject, days, bucket, count) for bucket, count in standing.items()]
            assert used == sum(row[3] for row in mine)
            assert all(row[3] >= 0 for row in mine)
            inside = (self.clock.now() - days * (DAY + MINUTE)).us
            kept = sum(row[3] for row in mine if row[2] >= inside)
            least, most = (self.model.used(bound, self.clock.now(), bucket=bucket) for bucket in (False, True))
            assert least <= kept <= most

    def _counts(self, subject: str) -> Callable[[Sent], bool]:
        return lambda sent: subject == sent.user or subject in self.model.path(sent.group)

    def teardown(self) -> None:
        """Let go of the database."""
        self.kit.close()


def machine(opening: Callable[[ManualClock], Kit]) -> type[TownMachine]:
    """The machine over kits that ``opening`` opens by a clock; they may share a database."""

    class Machine(TownMachine):
        opens = staticmethod(opening)

    return Machine
