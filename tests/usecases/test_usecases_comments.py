"""Comments and answers; internal ones are shown to no customer, whichever way it reads."""

from __future__ import annotations

import pytest

from portals import MINUTE, Portal
from servicekit import Principal
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.ids import CommentId
from servicekit.portal import (
    AddComment,
    AssignTechnician,
    ChangeCustomerUser,
    ChooseNotices,
    Comment,
    ExportPortal,
    ListComments,
    Order,
    ReadActivity,
    Right,
    SearchPortal,
    Way,
)

pytest_plugins = ("portal_fixtures",)


def comment(it: Portal, order: Order, text: str, by: Principal | None = None, **more: object) -> Comment:
    """A comment, a minute after what was before."""
    it.clock.advance(MINUTE)
    return it.tell(AddComment(order=order.id, text=text, **more), by)  # type: ignore[arg-type]


@pytest.mark.spec("P-08")
def test_customer_and_company_comment_and_answer(stored: Portal) -> None:
    """Newest first, with what each answers; a search finds words in any case."""
    it = stored
    hans, order = Principal.of(it.user().id), it.order()
    asked = comment(it, order, "When will it be done?", hans)
    answer = comment(it, order, "TISDAG i Örebro", answers=asked.id)
    page = it.ask(ListComments(order=order.id), hans)

    assert (page.comments, page.count) == ((answer, asked), 2)
    assert (asked.by, asked.answers, answer.answers) == (hans.id, None, asked.id)
    assert it.ask(ListComments(order=order.id, containing="tisdag i ö"), hans).comments == (answer,)
    assert it.ask(ListComments(order=order.id, containing="%"), hans).comments == ()
    assert it.ask(ListComments(order=order.id, most=1), hans).comments == (answer,)


@pytest.mark.spec("P-08")
def test_an_internal_comment_is_shown_to_no_customer(stored: Portal) -> None:
    """Not in a list, a count, a search, an export, a mail or the activity log; and an answer to it reads like one to none."""
    it = stored
    user = it.user()
    hans, order = Principal.of(user.id), it.order()
    shown = comment(it, order, "Secret no more")
    hidden = comment(it, order, "Secret: he never pays", internal=True)
    nested = comment(it, order, "Secret indeed", internal=True, answers=hidden.id)

    page = it.ask(ListComments(order=order.id), hans)
    assert (page.comments, page.count) == ((shown,), 1)
    found = it.ask(ListComments(order=order.id, containing="secret"), hans)
    assert (found.comments, found.count) == ((shown,), 1)
    assert it.ask(SearchPortal(organisation=it.root, containing="secret"), hans).comments == (shown,)
    assert it.ask(ExportPortal(organisation=it.root), hans).comments == (shown,)
    assert it.mails("hans@holz.example")[1:] == ["Holz GmbH: new comment\nSecret no more\n"]
    assert it.ask(ReadActivity(customer=it.holz.id), hans).entries == ()
    missing = CommentId("com_none")
    told = [it.refused(AddComment(order=order.id, text="x", answers=one), hans) for one in (hidden.id, missing)]
    assert [type(refused) for refused in told] == [NotFound, NotFound]
    assert told[0].message.replace(hidden.id, missing) == told[1].message

    everything = it.ask(ListComments(order=order.id))
    assert (everything.comments, everything.count) == ((nested, hidden, shown), 3)
    assert it.ask(SearchPortal(organisation=it.root, containing="secret")).comments == (nested, hidden, shown)


@pytest.mark.spec("P-08")
def test_the_technician_is_told_of_a_customers_comment(stored: Portal) -> None:
    """By its channel, and of no comment of the company's own; customer users are told of those, as they may read them."""
    it = stored
    tom = it.staff("tom", "comments:read")
    it.tell(ChooseNotices(user=tom, way=Way.SMS, mobile="+46701740605"))
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    hans = Principal.of(it.user().id)
    it.user(name="silent", rights=())
    it.user(name="away", facilities=(it.yard.id,), unassigned=False)
    order = it.order("Saw", it.mill)
    comment(it, order, "When?", hans)
    comment(it, order, "Soon")
    it.kit.deliver()

    assert [text.text for text in it.elks.handset("+46701740605")] == ["Holz GmbH: new comment\nWhen?"]
    assert it.mails("hans@holz.example")[1:] == ["Holz GmbH: new comment\nSoon\n"]
    assert len(it.mails("silent@holz.example")) == len(it.mails("away@holz.example")) == 1, "their invitations"


def test_nobody_is_told_where_there_is_no_technician(it: Portal) -> None:
    """The comment stands all the same."""
    hans, order = Principal.of(it.user().id), it.order()
    assert comment(it, order, "When?", hans).text == "When?"
    assert it.sql("SELECT * FROM told") == []


def test_an_answer_shows_no_internal_comment(it: Portal) -> None:
    """It is internal as well, or refused; and it stays on the order of what it answers."""
    order, other = it.order(), it.order("Crane")
    hidden, shown = comment(it, order, "x", internal=True), comment(it, order, "y")
    refused = it.refused(AddComment(order=order.id, text="z", answers=hidden.id))
    assert (type(refused), refused.code) == (Invalid, "answer_shows_internal")
    for answered in (hidden, shown):
        refused = it.refused(AddComment(order=other.id, text="z", answers=answered.id, internal=True))
        assert (type(refused), refused.facts) == (NotFound, {"kind": "Comment", "id": answered.id})
    assert comment(it, order, "z", answers=shown.id, internal=True).internal


def test_a_customer_user_writes_nothing_internal(it: Portal) -> None:
    """Nor anything on an order that it may not see, nor without the right, nor nothing at all."""
    user, order = it.user(), it.order("Saw", it.mill)
    hans = Principal.of(user.id)
    refused = it.refused(AddComment(order=order.id, text="x", internal=True), hans)
    assert (type(refused), refused.code) == (Forbidden, "internal_is_for_staff")
    for text, code in (("", "no_text"), ("x" * 10_001, "long_text"), ("\x07", "control_character")):
        refused = it.refused(AddComment(order=order.id, text=text), hans)
        assert (type(refused), refused.code) == (Invalid, code)
    it.tell(ChangeCustomerUser(user=user.id, facilities=(it.yard.id,), unassigned=True, rights=(Right.COMMENT,)))
    refused = it.refused(AddComment(order=order.id, text="x"), hans)
    assert (type(refused), refused.facts) == (NotFound, {"kind": "Order", "id": order.id})
