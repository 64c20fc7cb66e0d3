"""The tree as a value: moved, merged and removed groups, against sets counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Conflict
from servicekit.groups import Group, Lock, Quota, Settings, Tree, effective, merged, moved, recounted, removed
from servicekit.ids import GroupId

ROOT = GroupId("grp_0")
QUOTAS = st.none() | st.builds(Quota, st.none() | st.integers(0, 3), st.none() | st.integers(1, 2))
SETTINGS = st.builds(
    Settings,
    signature=st.none() | st.sampled_from(["", "/S"]),
    most_segments=st.none() | st.integers(1, 9),
    texts_kept_days=st.none() | st.integers(1, 9),
    user_quota=QUOTAS,
    group_quota=QUOTAS,
    permissions_lock=st.sampled_from([None, Lock.LOCKED]),
    signature_lock=st.sampled_from([None, *Lock]),
)


def nth(number: int) -> GroupId:
    """The id of a number."""
    return GroupId(f"grp_{number}")


def tree(*parents: int, **settings: Settings) -> Tree:
    """A root, and below it for each of ``parents`` a group under that number; ``grp_1=`` sets something."""
    above: list[GroupId | None] = [None, *map(nth, parents)]
    return Tree.of(
        Group(
            id=nth(number),
            organisation=ROOT,
            parent=parent,
            name=f"Group {number}",
            zone="UTC",
            settings=settings.get(nth(number), Settings()),
        )
        for number, parent in enumerate(above)
    )


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Up to eight groups with settings, some of them removed."""
    parents = [draw(st.integers(0, number)) for number in range(draw(st.integers(1, 7)))]
    settings = {nth(number): draw(SETTINGS) for number in range(len(parents) + 1)}
    made = tree(*parents, **settings)
    leaves = [one for one in made.groups.values() if one.parent and not made.children(one.id)]
    gone = draw(st.sets(st.sampled_from(leaves), max_size=2)) if leaves else set()
    return made.put(*(evolve(one, settings=Settings(), removed=True) for one in gone))


def above(whole: Tree, group: GroupId) -> set[GroupId]:
    """The group and those above it, step by step."""
    parent = whole.groups[group].parent
    return {group} | (above(whole, parent) if parent else set())


@given(trees())
def test_paths_and_subtrees_say_the_same(whole: Tree) -> None:
    """A path runs up to the root; a group is below all that are on it."""
    for group in whole.groups:
        assert {one.id for one in whole.path(group)} == above(whole, group)
        assert whole.path(group)[-1].id == ROOT
        assert whole.below(group) == {one for one in whole.groups if group in above(whole, one)}


@pytest.mark.spec("M-20", "M-28")
@given(trees(), st.integers(0), st.integers(0))
def test_a_moved_group_stands_under_another_with_all_below_it(whole: Tree, one: int, other: int) -> None:
    """Nothing else changes; the root stays, and nothing comes to stand below itself."""
    keys = list(whole.groups)
    group, under = keys[one % len(keys)], keys[other % len(keys)]
    if group == ROOT or group in above(whole, under):
        with pytest.raises(Conflict) as caught:
            moved(whole, group, under)
        assert caught.value.code == ("root_stays" if group == ROOT else "cycle")
        return
    after = moved(whole, group, under)
    assert after.groups[group] == evolve(whole.groups[group], parent=under)
    assert {key: after.groups[key] for key in keys if key != group} == {
        key: whole.groups[key] for key in keys if key != group
    }
    assert after.below(group) == whole.below(group)


@pytest.mark.spec("M-28")
@given(trees(), st.integers(0), st.sampled_from([removed, merged]))
def test_a_group_that_ends_stays_in_the_log(whole: Tree, one: int, ended: Callable[[Tree, GroupId], Tree]) -> None:
    """Without settings, below its parent, which also gets its subgroups: so for every group above, all below is the same."""
    keys = list(whole.groups)
    group = keys[one % len(keys)]
    if group == ROOT:
        with pytest.raises(Conflict, match="root is the organisation"):
            ended(whole, group)
        return
    after = ended(whole, group)
    parent = whole.groups[group].parent

    assert after.groups[group] == evolve(whole.groups[group], settings=Settings(), removed=True)
    assert {child.id for child in whole.children(group)} <= {child.id for child in after.children(parent or ROOT)}
    assert after.below(group) == {group}
    for over in above(whole, group) - {group}:
        assert after.below(over) == whole.below(over)


@pytest.mark.spec("M-28")
@given(trees(), st.integers(0))
def test_the_subgroups_of_a_merged_group_lose_nothing(whole: Tree, one: int) -> None:
    """What holds in them and below them is what held before, but for the quota of the group as a whole and its lock."""
    keys = list(whole.groups)[1:]
    group = keys[one % len(keys)]
    after = merged(whole, group)

    for below in whole.below(group) - {group}:
        if whole.groups[below].removed:
            assert after.groups[below].settings == Settings()
            continue
        for name in ("signature", "user_quota", "signature_lock", "most_segments", "texts_kept_days"):
            before = effective(whole.path(below), name).value
            assert effective(after.path(below), name).value == before, name
        assert after.groups[below].settings.group_quota == whole.groups[below].settings.group_quota
        assert after.groups[below].settings.permissions_lock == whole.groups[below].settings.permissions_lock


# Whose counters are made anew


def test_only_what_a_counter_counts_makes_it_anew() -> None:
    """Another window, or none; not another number, another name, nor a limit where there was none."""
    before = tree(0, 0, grp_0=Settings(user_quota=Quota(5, 1)), grp_1=Settings(group_quota=Quota(9, 30)))

    def after(number: int, **settings: object) -> Tree:
        return before.put(evolve(before.groups[nth(number)], name="New", settings=Settings(**settings)))  # type: ignore[arg-type]

    def affected(changed: Tree) -> tuple[set[GroupId], set[GroupId]]:
        found = recounted(before, changed)
        return set(found.groups), set(found.users_of)

    assert affected(after(1, group_quota=Quota(3, 30))) == (set(), set())
    assert affected(after(1, group_quota=Quota(9, 31))) == ({nth(1)}, set())
    assert affected(after(1, group_quota=Quota(9))) == ({nth(1)}, set())
    assert affected(after(1, group_quota=Quota(None))) == ({nth(1)}, set())
    assert affected(after(1)) == ({nth(1)}, set())
    assert affected(after(2, group_quota=Quota(9, 1))) == (set(), set())
    assert affected(after(2, user_quota=Quota(2, 1))) == (set(), set())
    assert affected(after(2, user_quota=Quota(5, 2))) == (set(), {nth(2)})
    assert affected(after(0, user_quota=Quota(5, 2))) == (set(), {nth(0), nth(1), nth(2)})
    assert affected(after(0)) == (set(), {nth(0), nth(1), nth(2)})


@pytest.mark.spec("M-28", "M-29")
def test_a_move_changes_what_the_groups_on_either_side_count() -> None:
    """Those that it leaves and those that it comes to, not those above both, nor itself."""
    quota = Settings(group_quota=Quota(9, 30))
    before = tree(0, 1, 0, 3, 2, grp_0=quota, grp_1=quota, grp_2=quota, grp_3=quota, grp_4=quota, grp_5=quota)
    found = recounted(before, moved(before, nth(5), nth(4)))

    assert found.groups == {nth(1), nth(2), nth(3), nth(4)}
    assert found.users_of == set()
