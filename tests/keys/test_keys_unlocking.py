"""Doors that are asked to open: the words that they are stored by, and how long they are asked for."""

from __future__ import annotations

from datetime import timedelta

from servicekit.ids import BranchId, GroupId, UnlockId
from servicekit.keys import UNLOCK_WITHIN, Unlock, UnlockState
from servicekit.moments import Instant


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(UnlockState) == {"wanted", "asked", "taken", "unknown", "refused", "too late"}


def test_a_door_is_asked_for_before_who_stands_there_has_gone() -> None:
    """Half a minute; a new one has not been asked."""
    made = Unlock(
        id=UnlockId("unl_1"),
        organisation=GroupId("grp_1"),
        branch=BranchId("brn_1"),
        site="site",
        component="main",
        booking=None,
        by="user:usr_1",
        shown="Anna",
        made_at=Instant(0),
    )
    assert timedelta(seconds=30) == UNLOCK_WITHIN
    assert (made.state, made.detail) == (UnlockState.WANTED, "")
