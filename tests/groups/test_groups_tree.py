"""The tree: settings that inherit, each on its own, and say where they came from."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.groups import Effective, Group, Lock, Quota, Settings, effective, most_segments
from servicekit.groups.tree import DEFAULTS, changed
from servicekit.ids import GroupId

NAMES = [item.name for item in attrs.fields(Settings)]
QUOTAS = st.builds(Quota, st.none() | st.integers(0, 50), st.none() | st.integers(1, 90))
VALUES: dict[str, st.SearchStrategy[object]] = {
    "country_code": st.integers(1, 999),
    "may_receive": st.booleans(),
    "sender_name": st.text(max_size=11),
    "signature": st.text(),
    "most_segments": st.integers(1, 9),
    "user_most_segments": st.integers(1, 9),
    "user_quota": QUOTAS,
    "group_quota": QUOTAS,
    "permissions_lock": st.sampled_from([Lock.LOCKED, Lock.ADMINS]),
    "signature_lock": st.sampled_from(Lock),
}
SETTINGS = st.fixed_dictionaries({}, optional=VALUES)


def path(*said: dict[str, object]) -> list[Group]:
    """A path from a group up to its root; the last of ``said`` is the root's settings."""
    ids = [GroupId(f"grp_{depth}") for depth in range(len(said))]
    return [
        Group(
            id=ids[depth],
            organisation=ids[-1],
            parent=ids[depth + 1] if depth + 1 < len(said) else None,
            name=f"group {depth}",
            zone="Europe/Stockholm",
            settings=Settings(**mine),  # type: ignore[arg-type]
        )
        for depth, mine in enumerate(said)
    ]


@pytest.mark.spec("M-20")
@given(st.lists(SETTINGS, min_size=1, max_size=5), st.sampled_from([name for name in NAMES if name != "most_segments"]))
def test_the_nearest_group_that_sets_it_decides(said: list[dict[str, object]], name: str) -> None:
    """From the group upward, the first that sets the value gives it and is named; where none does, it is the default."""
    groups = path(*said)
    setting = [depth for depth, mine in enumerate(said) if name in mine]
    if setting:
        assert effective(groups, name) == Effective(said[setting[0]][name], groups[setting[0]].id)
    else:
        assert effective(groups, name) == Effective(getattr(DEFAULTS, name), None)


@pytest.mark.spec("M-20")
@pytest.mark.parametrize(
    ("name", "own", "above"), [("may_receive", False, True), ("signature", "", "/Salon"), ("country_code", 41, 46)]
)
def test_empty_and_no_are_not_unset(name: str, own: object, above: object) -> None:
    """A group that says no, or an empty text, has said something: it does not inherit."""
    assert effective(path({name: own}, {name: above}), name) == Effective(own, GroupId("grp_0"))


@given(st.lists(st.none() | st.integers(1, 99), min_size=1, max_size=5))
def test_texts_are_kept_as_long_as_the_shortest_of_a_path_says(said: list[int | None]) -> None:
    """Nobody below keeps them longer than somebody above; the nearest that says the shortest is named."""
    settings: list[dict[str, object]] = [{} if days is None else {"texts_kept_days": days} for days in said]
    groups = path(*settings)
    shortest = min((days for days in said if days is not None), default=None)
    source = None if shortest is None else groups[said.index(shortest)].id
    assert effective(groups, "texts_kept_days") == Effective(shortest, source)


@pytest.mark.spec("M-20", "M-22")
def test_unlimited_is_not_unset() -> None:
    """A group that sets "unlimited" ends the inheritance of a limit from above."""
    groups = path({"user_quota": Quota(None)}, {"user_quota": Quota(10, 30)})
    assert effective(groups, "user_quota") == Effective(Quota(None), groups[0].id)


def test_every_setting_has_a_default() -> None:
    """Whatever no group sets still holds something: Sweden's code, no receiving, no signature, nine segments, no limit, no lock.

    But texts are kept for ever where nobody says how long.
    """
    shown = {name: effective(path({}), name) for name in NAMES}
    assert {name for name, found in shown.items() if found.value is None or found.source is not None} == {
        "texts_kept_days"
    }
    assert [shown[name].value for name in VALUES] == [
        *(46, False, "", "", 9, 9, Quota(None), Quota(None)),
        *(Lock.ADMINS, Lock.ADMINS),
    ]


BOUNDS = st.lists(st.tuples(st.none() | st.integers(1, 12), st.none() | st.integers(1, 12)), min_size=1, max_size=4)


@pytest.mark.spec("M-12", "M-21")
@given(BOUNDS)
def test_the_lowest_bound_on_segments_on_the_path_holds(bounds: list[tuple[int | None, int | None]]) -> None:
    """Of the groups' bounds the lowest, for a user the nearest of users' bounds as well; nine where nobody sets one."""
    said: list[dict[str, object]] = [{"most_segments": group, "user_most_segments": user} for group, user in bounds]
    groups = path(*said)
    of_groups = [group for group, _ in bounds if group is not None]
    of_users = [user for _, user in bounds if user is not None][:1]

    assert most_segments(groups, of_user=False) == min(of_groups, default=9)
    assert most_segments(groups, of_user=True) == min(of_groups + of_users, default=9)
    shown = effective(groups, "most_segments")
    assert shown.value == min(of_groups, default=9)
    assert (shown.source is None) == (not of_groups)
    if of_groups:
        assert shown.source == groups[[group for group, _ in bounds].index(min(of_groups))].id


@given(SETTINGS, SETTINGS)
def test_a_change_sets_what_it_says_and_leaves_the_rest(before: dict[str, object], change: dict[str, object]) -> None:
    """Changing settings is putting one mapping over another."""
    after = changed(Settings(**before), Settings(**change))  # type: ignore[arg-type]
    assert after == Settings(**{**before, **change})  # type: ignore[arg-type]


@pytest.mark.spec("M-20")
@given(SETTINGS, SETTINGS, st.sets(st.sampled_from(NAMES)))
def test_what_is_inherited_again_is_unset(
    before: dict[str, object], change: dict[str, object], again: set[str]
) -> None:
    """Each setting on its own; to set it and to inherit it at once is refused."""
    own, said = Settings(**before), Settings(**change)  # type: ignore[arg-type]
    if again & change.keys():
        with pytest.raises(Invalid) as caught:
            changed(own, said, again)
        assert caught.value.code == "set_and_inherited"
        assert caught.value.facts["setting"] in again & change.keys()
        return
    left = {name: value for name, value in {**before, **change}.items() if name not in again}
    assert changed(own, said, again) == Settings(**left)  # type: ignore[arg-type]


def test_what_is_no_setting_is_not_inherited() -> None:
    """The refusal names it, and those that there are."""
    with pytest.raises(Invalid) as caught:
        changed(Settings(), Settings(), ["colour"])
    assert (caught.value.code, caught.value.facts) == ("unknown_setting", {"setting": "colour"})
    assert "country_code, destinations, group_quota" in caught.value.message


@pytest.mark.spec("M-24")
def test_permissions_are_not_left_to_everyone() -> None:
    """Whoever sends sets no quotas; a signature may be everyone's."""
    with pytest.raises(Invalid) as caught:
        Settings(permissions_lock=Lock.EVERYONE)
    assert caught.value.code == "lock_for_everyone"
    assert Settings(signature_lock=Lock.EVERYONE).signature_lock is Lock.EVERYONE


@pytest.mark.spec("M-22")
@pytest.mark.parametrize(
    ("segments", "days", "code"),
    [
        (-1, None, "negative_quota"),
        (-1, 0, "negative_quota"),
        (5, 0, "empty_quota_window"),
        (None, -7, "empty_quota_window"),
    ],
)
def test_senseless_quotas_are_refused(segments: int | None, days: int | None, code: str) -> None:
    """A quota is not negative, and its window not empty."""
    with pytest.raises(Invalid) as caught:
        Quota(segments, days)
    assert caught.value.code == code


@pytest.mark.spec("M-22")
@pytest.mark.parametrize("segments", [None, 0, 1, 10**9])
@pytest.mark.parametrize("days", [None, 1, 3650])
def test_quotas_are_unlimited_nothing_or_a_number(segments: int | None, days: int | None) -> None:
    """None is unlimited, 0 may not send; a window is a day or more, or none."""
    assert (Quota(segments, days).segments, Quota(segments, days).days) == (segments, days)


@pytest.mark.parametrize("name", ["most_segments", "user_most_segments"])
@pytest.mark.parametrize("most", [0, -1])
def test_a_message_has_a_segment_at_least(name: str, most: int) -> None:
    """A bound below one segment would be a quota in disguise: it is refused when it is set."""
    with pytest.raises(Invalid) as caught:
        Settings(**{name: most})  # type: ignore[arg-type]
    assert caught.value.code == "no_segments"
    assert caught.value.facts == {"most_segments": most}
