"""Wanted keys against listed ones: every pair of what is known and what is listed has one answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from servicekit.ids import BookingId, KeyId
from servicekit.keys import Key, KeyState
from servicekit.keys.reconcile import ListedKey, compare_key, mended, row_of
from servicekit.moments import Instant, Window
from servicekit.outbox.reconciled import Difference

NOW = Instant.parse("2026-11-25T12:00:00Z")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
D, S = Difference, KeyState


def key(**changed: Any) -> Key:
    """A key that was made, for the next hour but one."""
    made = Key(
        id=KeyId("key_1"),
        booking=BookingId("bkg_7"),
        revision=1,
        site="site",
        components=("main", "room"),
        mobile="+41791234567",
        opens=NOW + HOUR,
        closes=NOW + 2 * HOUR,
        state=S.MADE,
        vendor_id="v",
    )
    return evolve(made, **changed)


def listed(**changed: Any) -> ListedKey:
    """The same as the door system lists it."""
    row = key()
    shown = ListedKey(
        vendor_id="v", marker=row.marker, components=row.components, mobile=row.mobile, window=row.window, works=True
    )
    return evolve(shown, **changed)


@pytest.mark.parametrize("state", KeyState)
@pytest.mark.parametrize("wanted", [1, 2, None])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("works", [True, False])
def test_every_pair_has_one_answer(state: KeyState, wanted: int | None, *, own: bool, works: bool) -> None:
    """By what is known of the row, whether its key is wanted, whether the listed one is its own, and whether that works."""
    found = compare_key(listed(works=works), [key(state=state, vendor_id="v" if own else "w")], wanted, NOW)
    if not works:
        expected = {S.MADE: D.MISSING if wanted == 1 else D.UNWANTED, S.ENDED: D.MISSING if wanted == 1 else None}.get(
            state
        )
        expected = expected if own else None
    elif state is S.MADE:
        expected = (None if wanted == 1 else D.UNWANTED) if own else D.STRAY
    else:
        expected = D.LEFT if wanted == 1 else D.UNWANTED

    assert found is expected


@pytest.mark.parametrize("works", [True, False])
def test_without_a_row_a_key_that_works_is_a_stray(*, works: bool) -> None:
    """No such booking, or no such key of it; one that has ended is nobody's business."""
    for keys in ([], [key(revision=2)]):
        assert compare_key(listed(works=works), keys, 1, NOW) is (D.STRAY if works else None)


@pytest.mark.parametrize(
    "changed",
    [
        {"components": ("room", "main", "main")},
        {"mobile": "0041 79 123 45 67"},
        {"mobile": None},
        {"window": None},
        {"window": Window(NOW + HOUR - SECOND / 2, NOW + 2 * HOUR + SECOND / 2)},
    ],
)
def test_what_does_not_matter_at_a_door_is_no_difference(changed: dict[str, Any]) -> None:
    """Order, spelling, parts of a second, and what the door system does not tell."""
    assert compare_key(listed(**changed), [key()], 1, NOW) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"components": ("main",)},
        {"mobile": "+41791234568"},
        {"window": Window(NOW + HOUR - SECOND, NOW + 2 * HOUR)},
        {"window": Window(NOW + HOUR + SECOND, NOW + 2 * HOUR)},
        {"window": Window(NOW + HOUR, NOW + 2 * HOUR + SECOND)},
    ],
)
def test_what_matters_at_a_door_is_a_difference(changed: dict[str, Any]) -> None:
    """Other doors, another phone, another time; not once it is over."""
    assert compare_key(listed(**changed), [key()], 1, NOW) is D.CHANGED
    assert compare_key(listed(**changed), [key()], 1, NOW + 2 * HOUR) is None
    for state in (S.MADE, S.ENDED):
        assert compare_key(listed(works=False), [key(state=state)], 1, NOW + 2 * HOUR) is None
    assert compare_key(listed(works=False), [key()], None, NOW + 2 * HOUR) is None


def test_a_start_that_was_clamped_is_no_difference_once_it_is_past() -> None:
    """It was ordered late, so it opened when it was ordered."""
    late = listed(window=Window(NOW + HOUR + 60 * SECOND, NOW + 2 * HOUR))
    assert compare_key(late, [key()], 1, NOW + HOUR) is D.CHANGED
    assert compare_key(late, [key()], 1, NOW + HOUR + 60 * SECOND) is None


def test_the_one_made_anew_last_is_wanted() -> None:
    """The one before it should be gone."""
    keys = [key(), key(attempt=2, vendor_id="w")]
    assert compare_key(listed(), keys, 1, NOW) is D.UNWANTED
    assert row_of(keys, "sk:bkg_7:1:2") is keys[1]


def test_rows_are_mended_by_what_was_found() -> None:
    """Missing ones are ended, those left behind are taken as made, others stay."""
    missing = mended(key(), "v", D.MISSING)
    adopted = mended(key(state=S.ENDED, vendor_id="w"), "v", D.UNWANTED)
    assert missing is not None
    assert missing.state is S.ENDED
    assert adopted is not None
    assert (adopted.state, adopted.vendor_id) == (S.MADE, "v")
    assert mended(key(), "v", D.UNWANTED) is mended(key(), "v", D.CHANGED) is None
