"""The tree: settings that inherit, each on its own, and say where they came from."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.groups import Effective, Group, Quota, Settings, effective
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
    "user_quota": QUOTAS,
    "group_quota": QUOTAS,
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
@given(st.lists(SETTINGS, min_size=1, max_size=5), st.sampled_from(NAMES))
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


@pytest.mark.spec("M-20", "M-22")
def test_unlimited_is_not_unset() -> None:
    """A group that sets "unlimited" ends the inheritance of a limit from above."""
    groups = path({"user_quota": Quota(None)}, {"user_quota": Quota(10, 30)})
    assert effective(groups, "user_quota") == Effective(Quota(None), groups[0].id)


def test_every_setting_has_a_default() -> None:
    """Whatever no group sets still holds something: Sweden's code, no receiving, no signature, nine segments, no limit."""
    shown = {name: effective(path({}), name) for name in NAMES}
    assert {name for name, found in shown.items() if found.value is None or found.source is not None} == set()
    assert [shown[name].value for name in VALUES] == [46, False, "", "", 9, Quota(None), Quota(None)]


@given(SETTINGS, SETTINGS)
def test_a_change_sets_what_it_says_and_leaves_the_rest(before: dict[str, object], change: dict[str, object]) -> None:
    """Changing settings is putting one mapping over another."""
    after = changed(Settings(**before), Settings(**change))  # type: ignore[arg-type]
    assert after == Settings(**{**before, **change})  # type: ignore[arg-type]


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


@pytest.mark.parametrize("most", [0, -1])
def test_a_message_has_a_segment_at_least(most: int) -> None:
    """A bound below one segment would be a quota in disguise: it is refused when it is set."""
    with pytest.raises(Invalid) as caught:
        Settings(most_segments=most)
    assert caught.value.code == "no_segments"
    assert caught.value.facts == {"most_segments": most}
