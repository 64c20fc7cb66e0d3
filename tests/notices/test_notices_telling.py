"""Ways against every possibility, and what reminders, plans and preferences refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.ids import GroupId
from servicekit.notices import NoticePlan, Preference, QuietHours, Reader, Reminder, Way, ways

MINUTE = timedelta(minutes=1)
SALON = GroupId("grp_1")
WAYS = st.sets(st.sampled_from(Way))


# Ways


@given(WAYS, WAYS, WAYS)
def test_everybody_is_told_as_offered_and_chosen_and_nobody_is_left_out(
    offered: set[Way], chosen: set[Way], possible: set[Way]
) -> None:
    """Only possible ways; some way wherever one is possible; only chosen ones, and of those only offered ones, if there are."""
    told = set(ways(offered, chosen, possible))
    wishes = chosen or set(Way)

    assert told <= possible
    assert bool(told) == bool(possible)
    if wishes & possible:
        assert told <= wishes
        if wishes & possible & offered:
            assert told == wishes & possible & offered


@pytest.mark.parametrize(
    ("offered", "chosen", "possible", "told"),
    [
        ("mt", "", "mt", "mt"),
        ("m", "", "mt", "m"),
        ("t", "", "m", "m"),  # an SMS reminder for somebody without a mobile
        ("m", "t", "mt", "t"),  # chosen goes before offered
        ("mt", "t", "m", "m"),  # nobody is left out
        ("mt", "t", "mt", "t"),
        ("mt", "mt", "", ""),
    ],
)
def test_by_which_ways_somebody_is_told(offered: str, chosen: str, possible: str, told: str) -> None:
    """m is mail, t is text."""
    one = {"m": Way.MAIL, "t": Way.TEXT}
    found = ways(*([one[letter] for letter in letters] for letters in (offered, chosen, possible)))
    assert found == tuple(one[letter] for letter in told)


# Reminders


@pytest.mark.parametrize("before", [timedelta(0), -MINUTE, timedelta(days=366, microseconds=1), timedelta(days=-1)])
def test_a_reminder_lies_before_the_start(before: timedelta) -> None:
    """By more than nothing and by a leap year at most; an alarm of a calendar likewise."""
    for make in (lambda: Reminder(before), lambda: NoticePlan(id=SALON, organisation=SALON, alarms=(before,))):
        with pytest.raises(Invalid, match="before the start") as caught:
            make()
        assert caught.value.code == "reminder_not_before"
        assert caught.value.facts == {"seconds": before.total_seconds()}
    assert Reminder(timedelta(days=366)).by == (Way.MAIL,)


def test_a_reminder_has_ways_each_once() -> None:
    """In one order, so that equal ones are equal; without any it would reach nobody."""
    assert Reminder(MINUTE, (Way.TEXT, Way.MAIL, Way.TEXT)) == Reminder(MINUTE, (Way.MAIL, Way.TEXT))
    assert Preference(id="cli_1", organisation=SALON, ways=(Way.TEXT, Way.MAIL)).ways == (Way.MAIL, Way.TEXT)
    with pytest.raises(Invalid, match="name a way") as caught:
        Reminder(MINUTE, ())
    assert caught.value.code == "no_way"


def test_a_reminder_is_for_the_client_unless_said_otherwise() -> None:
    """Readers stand once, in one order; for nobody it would be none."""
    assert Reminder(MINUTE).to == (Reader.CLIENT,)
    both = Reminder(MINUTE, to=(Reader.PROVIDER, Reader.CLIENT, Reader.PROVIDER))
    assert both.to == (Reader.CLIENT, Reader.PROVIDER)
    with pytest.raises(Invalid, match="name somebody") as caught:
        Reminder(MINUTE, to=())
    assert caught.value.code == "no_reader"


def test_a_plan_has_ten_reminders_at_most() -> None:
    """Of the organisation's and of the calendar's."""
    ten = tuple(Reminder(n * MINUTE) for n in range(1, 11))
    assert NoticePlan(id=SALON, organisation=SALON, reminders=ten).reminders == ten
    for more in ({"reminders": (*ten, ten[0])}, {"alarms": (MINUTE,) * 11}):
        with pytest.raises(Invalid, match="At most 10") as caught:
            NoticePlan(id=SALON, organisation=SALON, **more)
        assert caught.value.code == "too_many_reminders"


def test_without_a_plan_nothing_is_told_besides() -> None:
    """No reminders, no calendar files, English; whoever has not chosen is told as the organisation does."""
    plan = NoticePlan(id=SALON, organisation=SALON)
    assert (plan.language, plan.calendar, plan.alarms, plan.reminders) == ("", False, (), ())
    assert plan.quiet == QuietHours(begins="21:00", ends="08:00")
    chose = Preference(id="cli_1", organisation=SALON)
    assert (chose.language, chose.ways, chose.reminders, chose.mobile) == ("", (), True, "")


def test_words_of_ways_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(Way) == {"mail", "text"}
    assert set(Reader) == {"client", "provider"}
