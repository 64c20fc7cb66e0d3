"""The whole tree of an organisation as a value: groups moved, merged into their parent, removed.

Rules kept here:

* There is one root and it stays one; no group stands below itself.
* A removed group's subgroups go to its parent. It stays in the log, without settings, below that parent: what was sent in it
  counts for the groups above as before.
* A group merged into its parent ends like a removed one, but its subgroups lose nothing: what they inherited from it, they now
  set themselves. Its group quota ends, and so does its lock on permissions.
* Counters say what the log says: whose must be made anew after a change is the difference of two trees, and no more.

Refused, as `Conflict`: ``root_stays``, ``cycle``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve, frozen

from servicekit.errors import Conflict
from servicekit.groups.locks import said
from servicekit.groups.tree import Group, Quota, Settings, effective
from servicekit.ids import GroupId

__all__ = ["Recount", "Tree", "merged", "moved", "recounted", "removed"]

_ENDS = frozenset({"group_quota", "permissions_lock"})


@frozen
class Tree:
    """All groups of an organisation, removed ones too, by id."""

    groups: Mapping[GroupId, Group]

    @classmethod
    def of(cls, groups: Iterable[Group]) -> Tree:
        """From its groups, in any order."""
        return cls({group.id: group for group in groups})

    def path(self, group: GroupId) -> tuple[Group, ...]:
        """The group and those above it, up to the root."""
        found = [self.groups[group]]
        while (parent := found[-1].parent) is not None:
            found.append(self.groups[parent])
        return tuple(found)

    def below(self, group: GroupId) -> frozenset[GroupId]:
        """The group and all below it."""
        return self.subtrees()[group]

    def subtrees(self) -> Mapping[GroupId, frozenset[GroupId]]:
        """For each group, that group and all below it. Costs one path for each group of the tree."""
        found: dict[GroupId, set[GroupId]] = {group: set() for group in self.groups}
        for group in self.groups:
            for above in self.path(group):
                found[above.id].add(group)
        return {group: frozenset(below) for group, below in found.items()}

    def children(self, group: GroupId) -> tuple[Group, ...]:
        """Those directly below it."""
        return tuple(one for one in self.groups.values() if one.parent == group)

    def put(self, *groups: Group) -> Tree:
        """With these in place of what was there under their ids."""
        return Tree({**self.groups, **{group.id: group for group in groups}})


def moved(tree: Tree, group: GroupId, under: GroupId) -> Tree:
    """With ``group``, and all below it, under another one.

    Raises:
        Conflict: ``root_stays``, ``cycle``.
    """
    _below_another(tree, group)
    if any(above.id == group for above in tree.path(under)):
        raise Conflict(
            "A group cannot stand below itself: name one that is not below it.", code="cycle", group=group, under=under
        )
    return tree.put(evolve(tree.groups[group], parent=under))


def removed(tree: Tree, group: GroupId) -> Tree:
    """With ``group`` only in the log any more, and its subgroups under its parent.

    Raises:
        Conflict: ``root_stays``.
    """
    parent = _below_another(tree, group)
    ended = evolve(tree.groups[group], settings=Settings(), removed=True)
    return tree.put(ended, *(evolve(child, parent=parent) for child in tree.children(group)))


def merged(tree: Tree, group: GroupId) -> Tree:
    """As :func:`removed`, but each subgroup now sets itself what it inherited from ``group``.

    Raises:
        Conflict: ``root_stays``.
    """
    settings = tree.groups[group].settings
    after = removed(tree, group)
    heirs = (child for child in tree.children(group) if not child.removed)
    return after.put(*(evolve(after.groups[heir.id], settings=_inheriting(heir.settings, settings)) for heir in heirs))


def _inheriting(own: Settings, above: Settings) -> Settings:
    left = {name: getattr(above, name) for name in said(above) - said(own) - _ENDS}
    for name in ("most_segments", "texts_kept_days"):  # of which the lowest holds
        bounds = (getattr(own, name), getattr(above, name))
        if None not in bounds:
            left[name] = min(bounds)
    return evolve(own, **left)


def _below_another(tree: Tree, group: GroupId) -> GroupId:
    parent = tree.groups[group].parent
    if parent is None:
        raise Conflict(
            "The root is the organisation: it cannot be moved, merged or removed.", code="root_stays", group=group
        )
    return parent


@frozen
class Recount:
    """Whose counters no longer say what the log says: those of ``groups``, and of each user of the groups ``users_of``."""

    groups: frozenset[GroupId]
    users_of: frozenset[GroupId]


def recounted(before: Tree, after: Tree) -> Recount:
    """What a change of the tree does to counters.

    A group's counter is another one when its window changes or what lies below it does; a user's, when the window of its
    quota does. A quota that was unlimited had no counter; a mere change of the number leaves the counter right.
    """
    was_below, is_below = before.subtrees(), after.subtrees()
    groups = frozenset(
        group
        for group, was in before.groups.items()
        if (window := _window(was.settings.group_quota))
        and (window != _window(after.groups[group].settings.group_quota) or was_below[group] != is_below[group])
    )
    users_of = frozenset(
        group
        for group in before.groups
        if (window := _window(effective(before.path(group), "user_quota").value))
        and window != _window(effective(after.path(group), "user_quota").value)
    )
    return Recount(groups, users_of)


def _window(quota: Quota | None) -> Any:
    """What tells one counter of a subject from another; None where there is nothing to count."""
    return None if quota is None or quota.segments is None else ("days", quota.days)
