"""What can be asked of the messages' room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import GroupId, MessageId, UserId
from servicekit.messages import Direction, LogPage, Message, SearchLog, SendText, Status
from servicekit.moments import Instant


def message(segments: int) -> Message:
    """A message of the log that cost so many segments."""
    return Message(
        id=MessageId("msg_1"),
        organisation=GroupId("grp_1"),
        group=GroupId("grp_1"),
        user=None,
        direction=Direction.OUT,
        number="+46701740605",
        sender="Salon",
        text="Hej",
        segments=segments,
        status=Status.SENT,
        made_at=Instant(0),
        changed_at=Instant(0),
    )


@given(st.lists(st.integers(0, 9)))
def test_a_page_says_what_it_cost(segments: list[int]) -> None:
    """The segments of a page are the sum over its messages; refused and incoming ones count 0."""
    assert LogPage(tuple(map(message, segments))).segments == sum(segments)


def test_texts_stay_out_of_logs() -> None:
    """A command can be logged without the text that it sends."""
    assert "4711" not in repr(SendText(user=UserId("usr_1"), to="0701740605", text="Your code is 4711"))


def test_a_search_is_open_where_nothing_is_said() -> None:
    """Without narrowing it asks for the hundred newest of the group and below."""
    search = SearchLog(group=GroupId("grp_1"))
    narrowed = (search.since, search.until, search.user, search.number, search.direction, search.status)
    assert narrowed == (None,) * 6
    assert search.most == 100


@pytest.mark.parametrize("kind", [SendText, SearchLog])
def test_everything_is_said_by_name(kind: type) -> None:
    """Recipient and text cannot be swapped unseen: arguments without names are refused."""
    with pytest.raises(TypeError, match="positional argument"):
        kind("usr_1", "0701740605", "Hej")
