"""Targets and events as values: which holds, how long they rest, what they are signed with."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import GroupId, MessageId, PushId, UserId
from servicekit.moments import Instant
from servicekit.push import (
    LANES,
    PUSH_RETRY,
    PushEvent,
    PushTarget,
    failed,
    lane_of,
    nearest,
    refused,
    rotated,
    secrets_at,
)

NOON = Instant.parse("2026-11-25T12:00:00Z")
HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
ROOT, TEAM, DESK = GroupId("grp_root"), GroupId("grp_team"), GroupId("grp_desk")
TARGET = PushTarget(owner=ROOT, organisation=ROOT, url="https://example.com/?key=hidden", secret="whsec_hidden")
EVENT = PushEvent(
    id=PushId("psh_1"),
    organisation=ROOT,
    target=ROOT,
    lane=0,
    message=MessageId("msg_1"),
    number=1,
    status="SENT",
    made_at=NOON,
    due_at=NOON,
)


def test_the_nearest_group_decides() -> None:
    """Its own target, else that of the nearest above; none where nobody has one."""
    path = (DESK, TEAM, ROOT)
    assert nearest(None, path, {ROOT, TEAM}) == TEAM
    assert nearest(None, path, {ROOT, TEAM, DESK}) == DESK
    assert nearest(None, path, {ROOT}) == ROOT
    assert nearest(None, path, set()) is None


def test_a_user_comes_before_its_group() -> None:
    """Its own target where it has one; without, its group's as for everybody."""
    path, user = (DESK, ROOT), UserId("usr_1")
    assert nearest(user, path, {DESK, user}) == user
    assert nearest(user, path, {DESK}) == DESK
    assert nearest(None, path, {user}) is None


@given(st.text(alphabet="0123456789abcdefghjkmnpqrstvwxyz", min_size=1).map(lambda text: MessageId(f"msg_{text}")))
def test_a_message_stays_in_its_lane(message: MessageId) -> None:
    """The same in every process."""
    assert 0 <= lane_of(message) == lane_of(MessageId(str(message))) < LANES


def test_messages_are_spread_over_all_lanes() -> None:
    """So that they do not wait for one another."""
    assert {lane_of(MessageId(f"msg_{number}")) for number in range(100)} == set(range(LANES))


def test_no_secret_is_shown() -> None:
    """Neither a target's nor what may stand in its URL."""
    assert "hidden" not in repr(rotated(TARGET, "whsec_new", DAY, NOON))
    assert "whsec" not in repr(rotated(TARGET, "whsec_new", DAY, NOON))


def test_both_secrets_hold_while_they_overlap() -> None:
    """The newer first; to the moment; and of three only the last two."""
    once = rotated(TARGET, "whsec_b", DAY, NOON)
    assert secrets_at(TARGET, NOON) == ("whsec_hidden",)
    assert secrets_at(once, NOON + DAY - TICK) == ("whsec_b", "whsec_hidden")
    assert secrets_at(once, NOON + DAY) == ("whsec_b",)
    assert secrets_at(rotated(once, "whsec_c", DAY, NOON), NOON) == ("whsec_c", "whsec_b")
    assert secrets_at(rotated(TARGET, "whsec_b", timedelta(0), NOON), NOON) == ("whsec_b",)


def test_the_pauses_of_a_receiver_grow_until_it_is_given_up() -> None:
    """For about three days; afterwards it is still left alone for the longest pause after each try."""
    target, at, given_up, pauses = TARGET, NOON, False, []
    while not given_up:
        target, given_up = failed(target, "away", at)
        assert target.paused_until is not None
        pauses.append(target.paused_until - at)
        at = target.paused_until

    assert pauses[0] < timedelta(seconds=7)
    assert max(pauses) <= PUSH_RETRY.longest * 5 / 4
    assert target.failures == len(pauses) == PUSH_RETRY.attempts
    assert 2.5 * DAY < at - NOON < 4 * DAY
    assert target.trouble == "away"
    after, again = failed(target, "away", at)
    assert (again, after.paused_until) == (True, at + PUSH_RETRY.longest)


@pytest.mark.parametrize(("asked", "kept"), [(HOUR, HOUR), (3 * DAY, PUSH_RETRY.longest)], ids=["soon", "much later"])
def test_a_receiver_is_believed_when_it_asks_to_wait(asked: timedelta, kept: timedelta) -> None:
    """As far as the longest pause; and never for less than it would have been left alone anyway."""
    assert failed(TARGET, "away", NOON, NOON + asked)[0].paused_until == NOON + kept
    alone, _ = failed(TARGET, "away", NOON)
    assert failed(TARGET, "away", NOON, NOON - HOUR)[0].paused_until == alone.paused_until


def test_the_pauses_of_an_event_grow_until_it_is_held() -> None:
    """As long as those of a receiver."""
    event, tries = EVENT, 0
    while not event.held:
        before = event.due_at
        event = refused(event, "answered 500", event.due_at)
        tries += 1
        assert event.held or event.due_at > before

    assert (tries, event.attempts, event.trouble) == (PUSH_RETRY.attempts, PUSH_RETRY.attempts, "answered 500")
    assert 2.5 * DAY < event.due_at - NOON < 4 * DAY
