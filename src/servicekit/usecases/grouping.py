"""Groups listed, renamed, moved, merged and removed."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from servicekit.decisions import require
from servicekit.errors import Conflict, Invalid
from servicekit.groups import (
    Group,
    ListGroups,
    MergeGroup,
    MoveGroup,
    RemoveGroup,
    RenameGroup,
    Tree,
    merged,
    moved,
    removed,
    said,
)
from servicekit.ids import GroupId
from servicekit.usecases.restructuring import end, hold_tree, keep, place
from servicekit.usecases.settings import check_unlocked
from servicekit.usecases.work import Work, named

__all__ = ["list_groups", "merge_group", "move_group", "remove_group", "rename_group"]


def list_groups(work: Work, query: ListGroups) -> tuple[Group, ...]:
    """The living ones, level by level."""
    group = work.allow("groups:read", query.group)[0]
    tree = Tree.of(work.store.groups.where(organisation=group.organisation))
    found = [one for key in tree.below(group.id) if not (one := tree.groups[key]).removed]
    return tuple(sorted(found, key=lambda one: (len(tree.path(one.id)), one.name, one.id)))


def rename_group(work: Work, command: RenameGroup) -> Group:
    """Another name."""
    hold_tree(work, command.group, "groups:write")
    group = evolve(work.allow("groups:write", command.group)[0], name=named(command.name))
    work.store.groups.save(group)
    return group


def move_group(work: Work, command: MoveGroup) -> Group:
    """Under another group; what it leaves and what it comes to is a change in both."""
    if command.under is None:
        raise Invalid("An organisation has one root: name the group to move it under.", code="second_root")
    before = hold_tree(work, command.under, "groups:write")
    under = work.allow("groups:write", command.under)[0]
    group = work.allow("groups:write", command.group)[0]
    if group.organisation != under.organisation:
        raise Conflict("A group stays in its organisation.", code="other_organisation", group=group.id)
    after = moved(before, group.id, under.id)
    _in_parent(work, before, group)
    keep(work, before, after)
    return after.groups[group.id]


def merge_group(work: Work, command: MergeGroup) -> Group:
    """Into its parent, its subgroups keeping what they have."""
    return _end(work, command.group, merged)


def remove_group(work: Work, command: RemoveGroup) -> Group:
    """Out of the tree, but not out of the log."""
    return _end(work, command.group, removed)


def _end(work: Work, group_id: GroupId, ended: Callable[[Tree, GroupId], Tree]) -> Group:
    before = hold_tree(work, group_id, "groups:write")
    path = work.allow("groups:write", group_id)
    group = path[0]
    after = ended(before, group.id)
    _in_parent(work, before, group)
    check_unlocked(work, path, said(group.settings))
    parent = after.groups[path[1].id]
    place(work, work.store.users.where(group=group.id), parent)
    for domain in work.store.domains.where(group=group.id):
        work.store.domains.save(evolve(domain, group=parent.id))
    end(work, work.store.grants.where(group=group.id))
    keep(work, before, after)
    return parent


def _in_parent(work: Work, tree: Tree, group: Group) -> None:
    """Demand the right in the group above as well: it is changed too."""
    require(work.decision("groups:write", tree.path(group.id)[1:]))
