"""The log's query: cursors that belong to it, statuses as they are shown, what no row can have."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from samples import NOON, ROOT, message, nth
from servicekit.errors import Invalid
from servicekit.ids import GroupId, UserId
from servicekit.messages import (
    Direction,
    LogColumn,
    LogPage,
    LogRow,
    LogStatus,
    Mark,
    SearchLog,
    Status,
    check_narrowing,
    cursor_after,
    mark_of,
    status_of,
)

QUERY = SearchLog(group=ROOT)
ROW = LogRow(
    message(5, group_name="Åsa", number="Bank", status=Status.GROUP, struck="Zoë", segments=3), "anna@salon.example"
)
KEYS: dict[LogColumn, str | int] = {
    LogColumn.MADE_AT: ROW.message.made_at.us,
    LogColumn.GROUP: "Åsa",
    LogColumn.EMAIL: "anna@salon.example",
    LogColumn.NUMBER: "Bank",
    LogColumn.DIRECTION: "out",
    LogColumn.STATUS: "Group:Zoë",
    LogColumn.SEGMENTS: 3,
}
OTHERS: dict[str, Any] = {
    "group": nth(GroupId, 2),
    "since": NOON,
    "until": NOON,
    "exactly": ROOT,
    "user": nth(UserId, 1),
    "email": "anna@salon.example",
    "number": "+46701740605",
    "direction": Direction.IN,
    "status": "SENT",
    "order": LogColumn.NUMBER,
    "descending": False,
}


@pytest.mark.spec("M-30")
@pytest.mark.parametrize("column", LogColumn)
def test_a_cursor_leads_behind_its_row(column: LogColumn) -> None:
    """In every order: the value that sorts, and the id; URLs take it as it is."""
    query = evolve(QUERY, order=column)
    cursor = cursor_after(query, ROW)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert mark_of(evolve(query, after=cursor)) == Mark(KEYS[column], ROW.message.id)
    assert mark_of(query) is None


def test_pages_may_differ_in_size() -> None:
    """A cursor does not mind, nor whether the values to narrow by are wanted."""
    cursor = cursor_after(QUERY, ROW)
    assert mark_of(evolve(QUERY, after=cursor, most=7, choices=True)) is not None


@pytest.mark.parametrize("name", OTHERS)
def test_a_cursor_of_another_query_is_refused(name: str) -> None:
    """Whatever else is asked for, but the size of the page."""
    with pytest.raises(Invalid) as caught:
        mark_of(evolve(QUERY, after=cursor_after(QUERY, ROW), **{name: OTHERS[name]}))
    assert caught.value.code == "other_cursor"


def _forged(*parts: object) -> str:
    (signature, *_) = json.loads(urlsafe_b64decode(cursor_after(QUERY, ROW) + "=="))
    return urlsafe_b64encode(json.dumps([signature, *parts]).encode()).decode()


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "åäö",
        "W10",
        "bnVsbA",
        urlsafe_b64encode(b"[" * 100_000).decode(),
        _forged("text", "msg_1"),
        _forged(1.5, "msg_1"),
        _forged(2**63, "msg_1"),
        _forged(1, 2),
        _forged(1, "msg_\0"),
        _forged(1, "msg_\ud800"),
        _forged(1, "msg_1", "more"),
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_cursor_is_refused(after: str) -> None:
    """Whoever makes one up is told so, and the database is not asked."""
    with pytest.raises(Invalid) as caught:
        mark_of(evolve(QUERY, after=after))
    assert caught.value.code == "bad_cursor"


@given(st.text(), st.sampled_from(LogColumn))
def test_no_text_breaks_the_reading_of_a_cursor(after: str, column: LogColumn) -> None:
    """It is a mark, nothing, or a refusal."""
    try:
        mark = mark_of(evolve(QUERY, after=after, order=column))
    except Invalid as refused:
        assert refused.code in {"bad_cursor", "other_cursor"}  # noqa: PT017 - whether it is raised is not known
    else:
        assert (mark is None) == (after == "")


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("DELIVERED", LogStatus(Status.DELIVERED)),
        (Status.GROUP, LogStatus(Status.GROUP)),
        ("Group:Stylists: late", LogStatus(Status.GROUP, "Stylists: late")),
        ("Personal:", LogStatus(Status.PERSONAL, "")),
        ("sms_already_sent_24H", LogStatus(Status.ALREADY_SENT)),
    ],
)
def test_a_status_is_read_as_it_is_shown(shown: str, read: LogStatus) -> None:
    """With the group whose quota struck, or for all of them."""
    assert status_of(shown) == read


def test_a_status_that_there_is_not_is_refused() -> None:
    """It is never an empty log."""
    with pytest.raises(Invalid) as caught:
        check_narrowing(evolve(QUERY, status="delivered"))
    assert caught.value.code == "unknown_status"


@pytest.mark.parametrize("name", ["email", "number", "status"])
@pytest.mark.parametrize("text", ["a\0", "a\ud800"])
def test_what_no_row_can_have_is_refused(name: str, text: str) -> None:
    """Not every database takes such a text."""
    narrowed: dict[str, Any] = {name: text}
    with pytest.raises(Invalid) as caught:
        check_narrowing(evolve(QUERY, **narrowed))
    assert caught.value.code == "unsearchable"


@given(st.lists(st.integers(0, 9)))
def test_a_page_says_what_it_cost(segments: list[int]) -> None:
    """The segments of a page are the sum over its messages; refused and incoming ones count 0."""
    rows = tuple(evolve(ROW, message=evolve(ROW.message, segments=count)) for count in segments)
    page = LogPage(rows)
    assert page.messages == tuple(row.message for row in rows)
    assert page.segments == sum(segments)


def test_a_search_is_open_where_nothing_is_said() -> None:
    """Without narrowing it asks for the hundred newest of the group and below."""
    search = SearchLog(group=GroupId("grp_1"))
    narrowed = (search.since, search.until, search.user, search.number, search.direction, search.status)
    assert narrowed == (None,) * 6
    assert search.most == 100
