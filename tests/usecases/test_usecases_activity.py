"""The activity log in use: who did what when, from where; read as each may, and found broken when a hand has been in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from portals import MINUTE, OPERATOR, Portal
from servicekit import Principal
from servicekit.errors import Invalid, NotFound
from servicekit.ids import CustomerUserId
from servicekit.portal import (
    AcceptInvitation,
    AddComment,
    ChangeCustomerUser,
    FileFaultReport,
    ReadActivity,
    RecordActivity,
    Right,
    VerifyActivity,
)
from servicekit.portal.activity import Break

pytest_plugins = ("portal_fixtures",)


@pytest.mark.spec("P-09")
def test_the_log_says_who_did_what_when_and_from_where(stored: Portal) -> None:
    """Newest first, whoever it was, with the place that the application named."""
    it = stored
    hans = it.user()
    at_home = Principal.of(hans.id, origin="192.0.2.7")
    it.clock.advance(MINUTE)
    it.tell(RecordActivity(customer=it.holz.id, what="logged in", detail="with a password"), at_home)
    report = it.tell(FileFaultReport(customer=it.holz.id, text="It smokes"), at_home)
    page = it.ask(ReadActivity(customer=it.holz.id))

    assert [(entry.what, entry.who, entry.origin, entry.at) for entry in page.entries[:2]] == [
        ("fault report filed", hans.id, "192.0.2.7", it.clock.now()),
        ("logged in", hans.id, "192.0.2.7", it.clock.now()),
    ]
    assert (page.entries[0].about, page.entries[1].detail) == (report.id, "with a password")
    assert page.entries[-1].what == "customer added"
    assert page.count == len(page.entries) == 6
    mine = it.ask(ReadActivity(customer=it.holz.id, user=hans.id, most=1, skip=1))
    assert ([entry.what for entry in mine.entries], mine.count) == (["logged in"], 2)
    assert at_home == Principal.of(hans.id), "where somebody is decides nothing"
    assert Principal.operator("night job", origin="cron").origin == "cron"


def test_a_customer_user_reads_what_it_did_itself(it: Portal) -> None:
    """Nothing of others, nothing internal, nothing where it sees nothing any more; and no number tells how much there is."""
    hans, eva = it.user(), it.user(name="eva")
    by_hans, by_eva = Principal.of(hans.id), Principal.of(eva.id)
    order = it.order("Saw", it.mill)
    it.tell(AddComment(order=order.id, text="Careful with him", internal=True))
    it.tell(AddComment(order=order.id, text="When?"), by_hans)
    it.tell(RecordActivity(customer=it.holz.id, what="logged in"), by_hans)
    it.tell(RecordActivity(customer=it.holz.id, what="logged in"), by_eva)
    page = it.ask(ReadActivity(customer=it.holz.id), by_hans)

    assert [(entry.what, entry.who) for entry in page.entries] == [
        ("logged in", hans.id),
        ("comment written", hans.id),
    ]
    assert page.count == 2
    assert {(entry.number, entry.before, entry.digest) for entry in page.entries} == {(0, "", "")}
    assert it.tell(RecordActivity(customer=it.holz.id, what="called"), by_hans).digest == ""
    nothing = it.ask(ReadActivity(customer=it.holz.id, user=eva.id), by_hans)
    assert (nothing.entries, nothing.count) == ((), 0)
    it.tell(ChangeCustomerUser(user=hans.id, facilities=(), unassigned=False, rights=(Right.COMMENT,)))
    left = it.ask(ReadActivity(customer=it.holz.id, user=hans.id), by_hans)
    assert [entry.what for entry in left.entries] == ["called", "logged in"]


def test_another_customers_log_is_not_there(it: Portal) -> None:
    """To read, to write and to verify; it reads like that of no customer."""
    hans = Principal.of(it.user().id)
    gone = Principal.of(CustomerUserId("cuu_gone"))
    for who in (hans, gone):
        for request in (
            ReadActivity(customer=it.stein.id),
            RecordActivity(customer=it.stein.id, what="looked"),
            VerifyActivity(customer=it.stein.id),
        ):
            refused = it.refused(request, who)
            assert (type(refused), refused.facts) == (NotFound, {"kind": "Customer", "id": it.stein.id})


def test_the_application_writes_entries_of_its_own(it: Portal) -> None:
    """With the right; what is no line is refused, and so is a page that is none."""
    clerk = Principal.of(it.staff("clerk", "activity:write"))
    entry = it.tell(RecordActivity(customer=it.holz.id, what=" moved office "), clerk)
    assert (entry.what, entry.about) == ("moved office", it.holz.id)
    for command, code in (
        (RecordActivity(customer=it.holz.id, what=" "), "nameless"),
        (RecordActivity(customer=it.holz.id, what="two\nlines"), "nameless"),
        (RecordActivity(customer=it.holz.id, what="x" * 201), "long_text"),
        (RecordActivity(customer=it.holz.id, what="x", detail="\0"), "control_character"),
        (ReadActivity(customer=it.holz.id, most=0), "page_size"),
        (ReadActivity(customer=it.holz.id, skip=-1), "page_size"),
    ):
        refused = it.refused(command)
        assert (type(refused), refused.code) == (Invalid, code)


@pytest.mark.parametrize(
    ("by_hand", "broken"),
    [
        ("UPDATE activity SET what = 'nothing' WHERE customer = ? AND number = 2", Break(2, "an entry was changed")),
        ("UPDATE activity SET at = at + 1 WHERE customer = ? AND number = 1", Break(1, "an entry was changed")),
        ("DELETE FROM activity WHERE customer = ? AND number = 3", Break(3, "an entry is missing")),
        ("DELETE FROM activity WHERE customer = ? AND number = 5", Break(5, "an entry is missing")),
        ("DELETE FROM activity WHERE customer = ?", Break(1, "an entry is missing")),
        ("UPDATE activity SET number = 9 WHERE customer = ? AND number = 5", Break(5, "an entry is missing")),
        ("UPDATE activity_heads SET number = 4 WHERE customer = ?", Break(5, "the end was changed")),
        ("DELETE FROM activity_heads WHERE customer = ?", Break(6, "an entry is missing")),
    ],
)
def test_a_hand_in_the_table_is_found(stored: Portal, by_hand: str, broken: Break) -> None:
    """Whether it changes, moves or takes out entries; other customers' logs stay whole."""
    it = stored
    it.order("One")
    it.order("Two")
    whole = it.ask(VerifyActivity(customer=it.holz.id))
    assert whole
    assert whole.head is not None
    assert whole.head.number == 5

    it.sql(by_hand, it.holz.id)
    found = it.ask(VerifyActivity(customer=it.holz.id))
    assert not found
    assert found.broken == broken
    assert it.ask(VerifyActivity(customer=it.stein.id))


def test_a_log_that_was_written_anew_differs_from_a_head_that_was_kept(it: Portal) -> None:
    """Every digest mended, every row in its place: only what is kept elsewhere tells."""
    kept = it.ask(VerifyActivity(customer=it.holz.id)).head
    it.sql("DELETE FROM activity WHERE customer = ?", it.holz.id)
    it.sql("DELETE FROM activity_heads WHERE customer = ?", it.holz.id)
    for number in range(4):
        it.tell(RecordActivity(customer=it.holz.id, what=f"forged {number}"))

    assert it.ask(VerifyActivity(customer=it.holz.id))
    assert it.ask(VerifyActivity(customer=it.holz.id, known=kept)).broken == Break(3, "the log was written anew")
    refused = it.refused(VerifyActivity(customer=it.stein.id, known=kept))
    assert (type(refused), refused.code) == (Invalid, "foreign_head")


def test_a_long_log_is_verified_in_pages(it: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the entries fall on pages: none is passed over and none is read twice."""
    monkeypatch.setattr("servicekit.usecases.activity._AT_ONCE", 2)
    for number in range(4):
        assert it.ask(VerifyActivity(customer=it.holz.id))
        it.tell(RecordActivity(customer=it.holz.id, what=f"call {number}"))
    it.sql("UPDATE activity SET what = 'call 9' WHERE customer = ? AND number = 6", it.holz.id)
    assert it.ask(VerifyActivity(customer=it.holz.id)).broken == Break(6, "an entry was changed")


def test_entries_that_come_at_once_stand_one_after_the_other(stored: Portal) -> None:
    """Eight threads, of whom none knows of the others: no number twice, none left out, the chain whole."""
    it = stored
    users = [Principal.of(it.user(name=f"user{number}").id) for number in range(4)]
    before = it.ask(ReadActivity(customer=it.holz.id)).count

    def write(number: int) -> None:
        it.tell(RecordActivity(customer=it.holz.id, what=f"call {number}"), users[number % 4])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    page = it.ask(ReadActivity(customer=it.holz.id, most=1000))
    assert page.count == before + 40
    assert [entry.number for entry in page.entries] == list(range(page.count, 0, -1))
    assert {entry.what for entry in page.entries[:40]} == {f"call {number}" for number in range(40)}
    assert it.ask(VerifyActivity(customer=it.holz.id))


def test_who_accepts_an_invitation_did_so_itself(it: Portal) -> None:
    """Though the application asked before anybody had logged in: it says from where, and whose link it was."""
    user = it.user()
    token = it.mails("hans@holz.example")[0].partition("/invitation/")[2].split()[0]
    it.tell(AcceptInvitation(token), Principal.operator("log-in page", origin="192.0.2.7"))
    (entry,) = it.ask(ReadActivity(customer=it.holz.id, user=user.id)).entries
    assert (entry.what, entry.who, entry.origin) == ("invitation accepted", user.id, "192.0.2.7")
    assert OPERATOR.origin == ""
