"""Locks: what they bind, and whose signature stands below a text."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.groups import Group, Lock, Settings, User, held_by, said, signature_of, signs_itself
from servicekit.groups.locks import PERMISSIONS, SIGNATURE
from servicekit.ids import GroupId, UserId

NAMES = frozenset(item.name for item in attrs.fields(Settings))
LOCKS = st.tuples(st.sampled_from([None, Lock.LOCKED, Lock.ADMINS]), st.sampled_from([None, *Lock]))


def group(number: int, **settings: object) -> Group:
    """A group of its number."""
    key = GroupId(f"grp_{number}")
    return Group(
        id=key,
        organisation=GroupId("grp_9"),
        parent=None,
        name=f"Group {number}",
        zone="UTC",
        settings=Settings(**settings),  # type: ignore[arg-type]
    )


@pytest.mark.spec("M-24")
@given(st.lists(LOCKS, max_size=4), st.sets(st.sampled_from(sorted(NAMES))))
def test_the_nearest_lock_on_what_shall_change_is_named(
    locks: list[tuple[Lock | None, Lock | None]], names: set[str]
) -> None:
    """Permissions and signature are locked apart; only "locked" binds; the sender name is never locked."""
    above = [group(n, permissions_lock=mine, signature_lock=sign) for n, (mine, sign) in enumerate(locks)]
    binding = []
    for one in above:
        bound = set()
        if one.settings.permissions_lock == "locked":
            bound |= names - {"sender_name", "signature", "signature_lock"}
        if one.settings.signature_lock == "locked":
            bound |= names & {"signature", "signature_lock"}
        if bound:
            binding.append((one, bound))

    held = held_by(above, names)
    if not binding:
        assert held is None
        return
    assert held is not None
    assert (held.group, set(held.settings)) == binding[0]


def test_every_setting_but_the_sender_name_can_be_locked() -> None:
    """By exactly one of the two locks."""
    assert NAMES - {"sender_name"} == PERMISSIONS | SIGNATURE
    assert not PERMISSIONS & SIGNATURE


def test_what_settings_say_is_what_is_not_inherited() -> None:
    """Also "no", an empty text and unlimited are said."""
    assert said(Settings(may_receive=False, signature="")) == {"may_receive", "signature"}
    assert said(Settings()) == frozenset()


@pytest.mark.spec("M-14", "M-24")
@pytest.mark.parametrize("lock", [None, *Lock])
@pytest.mark.parametrize("own", [None, "", "/Eva"])
def test_a_user_signs_for_itself_where_everyone_may(lock: Lock | None, own: str | None) -> None:
    """Its own signature, or none; elsewhere, and for the organisation's texts, the group's."""
    path = [group(1), group(2, signature="/Salon", signature_lock=lock)]
    user = User(id=UserId("usr_1"), organisation=path[1].id, group=path[0].id, email="eva@salon.example", signature=own)

    free = lock is Lock.EVERYONE
    assert signs_itself(path) is free
    assert signature_of(user, path) == (own if free and own is not None else "/Salon")
    assert signature_of(None, path) == "/Salon"
