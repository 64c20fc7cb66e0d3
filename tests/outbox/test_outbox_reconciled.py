"""What a reconciliation finds: the roll, and what its report says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.outbox.reconciled import Difference, Finding, Outcome, Reconciled, Roll, Trouble, Unlisted


def finding(outcome: Outcome, difference: Difference = Difference.STRAY) -> Finding:
    """One difference."""
    return Finding(
        vendor="exivo", place="site", difference=difference, marker="sk:bkg_7:1", vendor_id="v", subject="bkg_7"
    ).ended(outcome)


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_a_roll_is_a_set_of_what_was_not_crossed_off(expected: list[str], listed: list[str]) -> None:
    """Whatever comes, however often, in whatever order."""
    roll = Roll(expected)
    for name in listed:
        roll.cross_off(name)
    left = set(expected) - set(listed)

    assert roll.absences == len(left)
    assert {name for name in {*expected, *listed, "else"} if roll.absent(name)} == left


def test_a_long_roll_is_sorted_in_runs() -> None:
    """However many names there are, each once."""
    names = [str(number) for number in range(3000)]
    roll = Roll([*names, *names])
    for name in names[::2]:
        roll.cross_off(name)
    assert roll.absences == 1500
    assert [name for name in names if roll.absent(name)] == names[1::2]


@pytest.mark.parametrize("outcome", Outcome)
def test_a_report_is_even_when_nothing_is_left_to_do(outcome: Outcome) -> None:
    """A stray that was removed, and what has passed, are all that may be in it."""
    assert Reconciled(findings=(finding(outcome),)).even == (outcome in {Outcome.REMOVED, Outcome.PASSED})


def test_a_report_with_a_trouble_or_more_to_come_is_not_even() -> None:
    """Nobody knows then."""
    assert Reconciled().even
    assert not Reconciled(more=True).even
    assert not Reconciled(troubles=(Trouble(vendor="exivo", place="site", why="away"),)).even


def test_strays_are_picked_out() -> None:
    """The other differences are not among them."""
    stray, other = finding(Outcome.REPORTED), finding(Outcome.HEALING, Difference.MISSING)
    assert Reconciled(findings=(other, stray)).strays == (stray,)


def test_what_lists_nothing_is_no_difference() -> None:
    """No pass could ever compare it."""
    assert Reconciled(unlisted=(Unlisted(vendor="resivo", place="site"),)).even


def test_two_reports_are_one() -> None:
    """Nothing of either is left out."""
    away, silent = Trouble(vendor="exivo", place="site", why="away"), Unlisted(vendor="resivo", place="site")
    one = Reconciled(listed=2, findings=(finding(Outcome.PASSED),), troubles=(away,))
    other = Reconciled(listed=3, findings=(finding(Outcome.FAILED),), unlisted=(silent,), more=True)

    assert one.with_(other) == Reconciled(
        listed=5,
        findings=(finding(Outcome.PASSED), finding(Outcome.FAILED)),
        troubles=(away,),
        unlisted=(silent,),
        more=True,
    )
    assert other.with_(one).more
