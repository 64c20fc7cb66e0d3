"""The log as administrators read it: of their subtree alone, page by page while texts arrive, and as a file."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import pytest
from attrs import evolve

from desk import DAY, HOUR, MINUTE, MOBILE, NOON, OPERATOR, Desk, desk, text_in
from servicekit import Principal
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.groups import (
    AddGroup,
    AddUsers,
    ChangeSettings,
    FoundOrganisation,
    Group,
    MoveGroup,
    Quota,
    RemoveGroup,
    RenameGroup,
    SetAdmins,
    Settings,
)
from servicekit.ids import GroupId, MessageId, UserId
from servicekit.messages import Direction, LogColumn, LogGroup, LogPage, LogRow, SearchLog, SendText, Status

OTHER = "+46701740606"


@pytest.fixture
def it(database_url: str) -> Iterator[Desk]:
    """A desk, on either database."""
    with desk(database_url) as made:
        yield made


def log(it: Desk, group: Group | None = None, by: Principal | None = None, **more: Any) -> LogPage:
    """A page of the log, of everything as Anna sees it unless said."""
    return it.kit.ask(SearchLog(group=(group or it.root).id, **more), by=by or it.anna)


def texts(page: LogPage) -> list[str]:
    """The words of its rows."""
    return [one.text for one in page.messages]


def added(it: Desk, name: str, under: Group | None = None) -> tuple[Group, UserId]:
    """A group with a user."""
    group = it.kit.perform(AddGroup(parent=(under or it.root).id, name=name), by=it.anna)
    (line,) = it.kit.perform(AddUsers(group=group.id, addresses=(f"{name.lower()}@salon.example",)), by=it.anna)
    assert line.user
    return group, line.user


def say(it: Desk, text: str, who: UserId | None = None, to: str = MOBILE) -> None:
    """A text, a minute after the one before."""
    it.clock.advance(MINUTE)
    it.send(text, to, user=who)


@pytest.mark.spec("M-30", "M-13")
def test_a_group_s_log_has_everything_below_it(it: Desk) -> None:
    """The group with all its subgroups, or exactly one; each row says what it cost, and a page what all cost."""
    team, max_ = added(it, "Team")
    juniors, eve = added(it, "Juniors", team)
    say(it, "Anna")
    say(it, "Max", max_)
    say(it, "E" * 161, eve)

    assert texts(log(it)) == ["E" * 161, "Max", "Anna"]
    assert texts(log(it, team)) == ["E" * 161, "Max"]
    assert texts(log(it, team, exactly=team.id)) == ["Max"]
    assert texts(log(it, exactly=juniors.id)) == ["E" * 161]
    assert [row.message.segments for row in log(it).rows] == [2, 1, 1]
    assert log(it).segments == 4
    assert [row.email for row in log(it).rows] == ["juniors@salon.example", "team@salon.example", it.admin.email]


@pytest.mark.spec("M-30")
def test_it_is_narrowed_by_everything_that_it_shows(it: Desk) -> None:
    """Dates, group, e-mail, number, direction, status; several at once."""
    team, max_ = added(it, "Team")
    it.kit.perform(ChangeSettings(group=team.id, change=Settings(user_quota=Quota(1))), by=it.anna)
    say(it, "zero", to=OTHER)  # Anna has the first number from now on
    say(it, "one", max_)
    say(it, "two", max_, OTHER)
    say(it, "three")
    it.hear(text_in("four", event="4"))
    made = {row.message.text: row.message for row in log(it).rows}

    assert texts(log(it, since=made["two"].made_at, until=made["four"].made_at)) == ["three", "two"]
    assert texts(log(it, email="TEAM@salon.example")) == ["two", "one"]
    assert texts(log(it, user=max_, status="SENT")) == []
    assert texts(log(it, number=OTHER)) == ["two", "zero"]
    assert texts(log(it, direction=Direction.IN)) == texts(log(it, status=Status.INCOMING)) == ["four"]
    assert texts(log(it, status=Status.PERSONAL)) == texts(log(it, status="Personal:Team")) == ["two"]
    assert texts(log(it, status="Personal:Other")) == []
    assert texts(log(it, direction=Direction.OUT, number=MOBILE, email=it.admin.email)) == ["three"]


@pytest.mark.spec("M-30")
def test_the_values_to_narrow_by_come_with_it(it: Desk) -> None:
    """Those of all pages, and of what it is narrowed to already; only where they are asked for."""
    team, max_ = added(it, "Team")
    say(it, "one", max_)
    say(it, "two", to=OTHER)
    it.hear(text_in("three", event="3"))

    assert log(it).choices is None
    choices = log(it, choices=True, most=1).choices
    assert choices is not None
    assert choices.groups == (LogGroup(it.root.id, it.root.name), LogGroup(team.id, "Team"))
    assert choices.emails == (it.admin.email, "team@salon.example")
    assert choices.numbers == (MOBILE, OTHER)
    assert choices.directions == (Direction.IN, Direction.OUT)
    assert choices.statuses == ("INCOMING", "QUEUED")
    narrowed = log(it, choices=True, number=OTHER).choices
    assert narrowed is not None
    assert (narrowed.emails, narrowed.statuses, narrowed.cut_off) == ((it.admin.email,), ("QUEUED",), ())


@pytest.mark.spec("M-30")
def test_it_is_sorted_by_every_column_both_ways(it: Desk) -> None:
    """One way is the other one turned round."""
    _, max_ = added(it, "team")
    for number, who in enumerate([max_, None, max_, None]):
        say(it, f"{number}" * (1 + 100 * number), who, (MOBILE, OTHER)[number // 2])
    it.hear(text_in("in", event="5"))
    values: dict[LogColumn, Callable[[LogRow], Any]] = {
        LogColumn.GROUP: lambda row: row.message.group_name,
        LogColumn.EMAIL: lambda row: row.email,
        LogColumn.STATUS: lambda row: row.message.shown,
    }
    for column in LogColumn:
        up, down = (log(it, order=column, descending=way) for way in (False, True))
        value = values.get(column, attrgetter(f"message.{column}"))
        assert up.rows == down.rows[::-1]
        assert [value(row) for row in up.rows] == sorted(value(row) for row in up.rows)


@pytest.mark.spec("M-30")
def test_no_page_skips_or_repeats_while_texts_arrive(it: Desk) -> None:
    """Three writers go on all the while: what was there at the start is seen once, and nothing twice."""
    _, max_ = added(it, "Team")
    for number in range(20):
        say(it, f"old {number}", (max_, it.admin.id)[number % 2], f"+4670174{number % 7:04d}")
    for column in (LogColumn.MADE_AT, LogColumn.NUMBER, LogColumn.GROUP):
        for descending in (True, False):
            before = [one.id for one in log(it, most=1000).messages]
            seen = _paged_while_written(it, max_, order=column, descending=descending)
            assert len(seen) == len(set(seen))
            assert set(before) <= set(seen)


def _paged_while_written(it: Desk, who: UserId, **order: Any) -> list[MessageId]:
    """What the pages show, while three others write between them and at the same time."""
    turns, stop = threading.Semaphore(0), threading.Event()

    def write(writer: int) -> None:
        for number in range(4):
            turns.acquire()
            if stop.is_set():
                return
            made = SendText(user=who, to=f"+4670174{number:04d}", text=f"{order} {writer}/{number}")
            at = NOON + (number - 2) * HOUR  # older and newer than those that are there
            it.kit.perform(made, by=Principal.of(who), at=at)

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for thread in writers:
        thread.start()
    seen, page = list[MessageId](), log(it, most=3, **order)
    while True:
        seen += [one.id for one in page.messages]
        turns.release(3)
        if not page.next:
            break
        page = log(it, most=3, after=page.next, **order)
    stop.set()
    turns.release(20)
    for thread in writers:
        thread.join()
    return seen


@pytest.mark.spec("M-30", "M-26")
def test_nobody_sees_more_than_it_administers(it: Desk) -> None:
    """Not above, not beside, not by naming a group exactly, not with somebody else's cursor."""
    team, max_ = added(it, "Team")
    beside, eve = added(it, "Beside")
    say(it, "Anna")
    say(it, "Max", max_)
    say(it, "Eve", eve)
    say(it, "Max again", max_)
    it.kit.perform(SetAdmins(group=team.id, emails=("team@salon.example",)), by=it.anna)
    max_asks = Principal.of(max_)

    assert texts(log(it, team, max_asks)) == ["Max again", "Max"]
    assert type(it.refused(SearchLog(group=it.root.id), max_asks)) is NotFound
    assert type(it.refused(SearchLog(group=beside.id), max_asks)) is NotFound
    assert type(it.refused(SearchLog(group=team.id), Principal.of(eve))) is NotFound
    for exactly in (beside.id, it.root.id, GroupId("grp_0")):
        refused = it.refused(SearchLog(group=team.id, exactly=exactly), max_asks)
        assert (type(refused), refused.facts) == (NotFound, {"kind": "Group", "id": exactly})
    assert texts(log(it, team, max_asks, email="beside@salon.example")) == []
    cursor = log(it, most=1).next
    refused = it.refused(SearchLog(group=team.id, after=cursor), max_asks)
    assert (type(refused), refused.code) == (Invalid, "other_cursor")
    assert type(it.refused(SearchLog(group=beside.id), Principal.of(eve))) is Forbidden


@pytest.mark.spec("M-28", "M-30")
def test_a_group_keeps_the_name_that_it_had(it: Desk) -> None:
    """Renamed, moved and removed: its rows stay where it stood, under the name of their time."""
    team, max_ = added(it, "Team")
    other, _ = added(it, "Other")
    say(it, "first", max_)
    it.kit.perform(RenameGroup(group=team.id, name="Crew"), by=it.anna)
    say(it, "second", max_)
    it.kit.perform(MoveGroup(group=team.id, under=other.id), by=it.anna)
    it.kit.perform(RemoveGroup(group=team.id), by=it.anna)
    say(it, "third", max_)

    page = log(it, other, choices=True)
    assert [(row.message.text, row.message.group_name) for row in page.rows] == [
        ("third", "Other"),
        ("second", "Crew"),
        ("first", "Team"),
    ]
    assert page.choices is not None
    assert page.choices.groups == (LogGroup(team.id, "Crew"), LogGroup(other.id, "Other"), LogGroup(team.id, "Team"))
    assert texts(log(it, team)) == ["second", "first"]
    assert texts(log(it, other, exactly=team.id, order=LogColumn.GROUP)) == ["first", "second"]


def test_an_answer_names_the_group_too(it: Desk) -> None:
    """That of the user whom it answers."""
    team, max_ = added(it, "Team")
    say(it, "Hej", max_)
    it.hear(text_in("Hej!", event="1"))
    assert [(row.message.group, row.message.group_name) for row in log(it).rows] == [(team.id, "Team")] * 2


@pytest.mark.parametrize("most", [0, 1001])
def test_a_page_has_a_size(it: Desk, most: int) -> None:
    """One to a thousand rows."""
    assert it.refused(SearchLog(group=it.root.id, most=most)).code == "page_size"


def test_what_cannot_be_asked_is_refused(it: Desk) -> None:
    """A status that there is not; a cursor that is none, also by an export."""
    assert it.refused(SearchLog(group=it.root.id, status="OK")).code == "unknown_status"
    assert it.refused(SearchLog(group=it.root.id, after="x")).code == "bad_cursor"
    with pytest.raises(Invalid):
        it.kit.export_log(SearchLog(group=it.root.id, number="\0"), io.BytesIO(), by=it.anna)


def test_the_last_page_has_no_next(it: Desk) -> None:
    """Also where it is full."""
    for number in range(4):
        say(it, f"{number}")
    first = log(it, most=2)
    second = log(it, most=2, after=first.next)
    assert (texts(first), texts(second), second.next) == (["3", "2"], ["1", "0"], "")
    assert log(it, since=NOON + DAY).next == ""


@pytest.mark.spec("M-31")
def test_it_is_written_to_a_file(it: Desk) -> None:
    """All rows of the query in its order, cut into no pages, with progress; only what the asker may read."""
    team, max_ = added(it, "Team")
    say(it, "one", max_)
    say(it, "two")
    say(it, "three", max_)
    to, told = io.BytesIO(), list[tuple[int, int]]()
    query = SearchLog(group=it.root.id, order=LogColumn.EMAIL, descending=False, most=1, after="x")
    rows = it.kit.export_log(query, to, texts=True, progress=lambda *so_far: told.append(so_far), by=it.anna)

    assert (rows, told) == (3, [(3, 3)])
    assert [row[-1] for row in csv.reader(io.StringIO(to.getvalue().decode("utf-8-sig")))] == [
        "Text",
        "two",
        "one",
        "three",
    ]
    empty = io.BytesIO()
    with pytest.raises(NotFound):
        it.kit.export_log(query, empty, by=Principal.of(max_))
    assert empty.getvalue() == b""
    assert it.kit.export_log(evolve(query, group=team.id, exactly=team.id), empty, form="xlsx", by=it.anna) == 2


def test_whoever_is_told_may_stop_it(it: Desk) -> None:
    """What the callback raises comes out, and the kit goes on."""
    say(it, "one")

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        it.kit.export_log(SearchLog(group=it.root.id), io.BytesIO(), progress=stop, by=it.anna)
    assert texts(log(it)) == ["one"]


def test_an_organisation_sees_nothing_of_another(it: Desk) -> None:
    """Though both have written to the same number."""
    say(it, "ours")
    founded = it.kit.perform(
        FoundOrganisation(name="Rival", zone="UTC", admin="rolf@rival.example", settings=Settings(sender_name="Rival")),
        by=OPERATOR,
    )
    say(it, "theirs", founded.admin.id)
    assert texts(log(it, number=MOBILE)) == ["ours"]
    assert texts(log(it, founded.root, Principal.of(founded.admin.id), number=MOBILE)) == ["theirs"]
