"""Words that go in their time, and persons who are forgotten: what is gone, what stays, and that it is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from desk import DAY, HOUR, MINUTE, MOBILE, NOON, OPERATOR, OURS, Desk, desk, text_in
from servicekit import Principal
from servicekit.accounts import AddApiKey, ListApiKeys, NoCaller, TakeCall
from servicekit.bookings import AddBranch, AddClient, AddProvider, AddService, Book, Cancel
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound
from servicekit.groups import (
    AddGroup,
    AddUsers,
    ChangeSettings,
    Group,
    ListUsers,
    Quota,
    RemoveGroup,
    SetAdmins,
    Settings,
    SmsLeft,
)
from servicekit.ids import UserId
from servicekit.messages import (
    Blanked,
    BlankTexts,
    Erased,
    ErasePerson,
    HandOver,
    ListThreads,
    LogRow,
    NameThread,
    ReadThread,
    SearchLog,
)
from servicekit.outbox.letters import Letter
from servicekit.ports.store import transact

OTHER = "+46701740606"


@pytest.fixture
def it(database_url: str) -> Iterator[Desk]:
    """A desk, on either database."""
    with desk(database_url) as made:
        yield made


def rows(it: Desk, **more: Any) -> list[LogRow]:
    """The whole log, oldest first."""
    return list(it.kit.ask(SearchLog(group=it.root.id, descending=False, most=1000, **more), by=it.anna).rows)


def words(it: Desk) -> list[str]:
    """What is left of them."""
    return [row.message.text for row in rows(it)]


def letters(it: Desk) -> list[Letter]:
    """Our copies of mails."""
    return sorted(transact(it.kit._storage, lambda store: store.letters.where()), key=lambda one: one.made_at)


def keep(it: Desk, days: int | None, group: Group | None = None) -> None:
    """Say how long."""
    at = (group or it.root).id
    it.kit.perform(ChangeSettings(group=at, change=Settings(texts_kept_days=days)), by=it.anna)


def blank(it: Desk, **more: Any) -> Blanked:
    """One run, by whoever runs the platform."""
    return it.kit.perform(BlankTexts(**more), by=OPERATOR)


def said(it: Desk, *days_ago: float, who: UserId | None = None) -> None:
    """Texts that were handed over so many days ago, and answered an hour later."""
    now = it.clock.now()
    for days in days_ago:
        it.clock.set(now - days * DAY)
        it.send(f"{days:g} days ago", user=who)
        it.kit.deliver()
        it.clock.advance(HOUR)
        it.hear(text_in(f"answer of {days:g}", event=f"{days}"))
        it.kit.deliver()
    it.clock.set(now)


def test_words_go_once_they_are_kept_long_enough(it: Desk) -> None:
    """Of texts, answers and our copies of mails; to the moment; and the rows stay as they are."""
    said(it, 31, 30, 29)
    before = rows(it)
    keep(it, 30)

    assert blank(it) == Blanked(texts=2, letters=1, more=False, digests=3)  # of 30 days ago: not yet
    it.clock.advance(HOUR + MINUTE)
    assert blank(it) == Blanked(texts=2, letters=1, more=False)
    after = rows(it)
    assert [row.message.text for row in after] == ["", "", "", "", "29 days ago", "answer of 29"]
    assert after == [
        evolve(row, message=evolve(row.message, text=now.message.text)) for row, now in zip(before, after, strict=True)
    ]
    assert [bool(one.raw) for one in letters(it)] == [False, False, True]
    assert blank(it) == Blanked(0, 0, more=False)


def test_nothing_goes_where_nobody_says_so(it: Desk) -> None:
    """By default words are kept for ever."""
    said(it, 4000)
    assert blank(it) == Blanked(0, 0, more=False, digests=1)
    assert words(it) == ["4000 days ago", "answer of 4000"]


def test_the_loop_guards_digests_go_once_they_count_no_more(it: Desk) -> None:
    """At 24 hours, so many in a run; those that count stay, and so does what they hold back."""
    for text in ("One", "Two", "Three"):
        it.send(text)
    it.clock.advance(DAY - MINUTE)
    it.send("Four")
    assert blank(it) == Blanked(0, 0, more=False)
    it.clock.advance(MINUTE)
    assert blank(it, most=2) == Blanked(0, 0, more=True, digests=2)
    assert blank(it, most=2) == Blanked(0, 0, more=False, digests=1)
    assert it.send("Four").shown == "sms_already_sent_24H"
    assert it.send("One").shown == "QUEUED"


def test_the_lowest_on_the_path_holds(it: Desk) -> None:
    """A group may keep words for a shorter time than those above, never for longer; also one that was removed."""
    team = it.kit.perform(AddGroup(parent=it.root.id, name="Team"), by=it.anna)
    (max_,) = it.kit.perform(AddUsers(group=team.id, addresses=("max@desk.example",)), by=it.anna)
    keep(it, 5, team)
    said(it, 10)
    said(it, 9, who=max_.user)
    assert blank(it).texts == 1
    assert words(it) == ["10 days ago", "answer of 10", "", "answer of 9"]  # Anna has the number that was answered

    keep(it, 50, team)
    keep(it, 10)
    it.kit.perform(RemoveGroup(group=team.id), by=it.anna)
    it.clock.advance(2 * DAY)
    blank(it)
    assert words(it) == ["", "", "", ""]


def test_a_run_changes_so_many_rows_and_no_more(it: Desk) -> None:
    """Oldest first, mails last; the next run goes on where it ended."""
    said(it, 40, 39)
    keep(it, 30)
    assert blank(it, most=3) == Blanked(3, 0, more=True, digests=2)
    assert words(it) == ["", "", "", "answer of 39"]
    assert blank(it, most=2) == Blanked(1, 1, more=True)
    assert blank(it, most=2) == Blanked(0, 1, more=False)


def test_what_is_on_its_way_keeps_its_words(it: Desk) -> None:
    """It is looked at again with every run, and goes once it has left."""
    said(it, 40, 38)
    it.clock.set(NOON - 39 * DAY)
    waiting = it.send("waiting")
    it.clock.set(NOON)
    keep(it, 30)
    assert blank(it).texts == 4
    assert [row.message.text for row in rows(it, user=it.admin.id) if row.message.text] == ["waiting"]
    assert blank(it).texts == 0

    it.kit.deliver()
    assert it.doves.sent[-1].text == "waiting"
    assert blank(it).texts == 1
    assert next(row.message for row in rows(it) if row.message.id == waiting.id).hand_over is HandOver.DONE


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_a_time_is_some_days(days: int) -> None:
    """Not none, and not more than a century."""
    with pytest.raises(Invalid) as caught:
        Settings(texts_kept_days=days)
    assert caught.value.code == "bad_retention"


@pytest.mark.parametrize("most", [0, 10_001])
def test_a_run_has_a_size(it: Desk, most: int) -> None:
    """And is an operator's."""
    with pytest.raises(Invalid) as caught:
        blank(it, most=most)
    assert caught.value.code == "page_size"
    refused = it.refused(BlankTexts(), it.anna)
    assert (type(refused), refused.code) == (Forbidden, "operators_only")


# Persons


def erase(it: Desk, **who: str) -> Erased:
    """Forget somebody of the organisation."""
    return it.kit.perform(ErasePerson(organisation=it.root.id, **who), by=it.anna)


def kept(erased: Erased) -> dict[str, int]:
    """What stays, by its first two words."""
    assert all(one.why for one in erased.kept)
    return {" ".join(one.what.split()[:2]): one.count for one in erased.kept}


def test_a_number_is_forgotten(it: Desk) -> None:
    """With the words to and from it and its thread; nobody else's are touched, and what counts stays."""
    it.kit.perform(ChangeSettings(group=it.root.id, change=Settings(user_quota=Quota(10))), by=it.anna)
    said(it, 2)
    it.send("to another", OTHER)
    it.kit.deliver()
    it.kit.perform(NameThread(user=it.admin.id, number=MOBILE, name="Eva"), by=it.anna)
    before = rows(it)
    left = it.kit.ask(SmsLeft(it.admin.id), by=it.anna)

    assert kept(erase(it, number=MOBILE)) == {"rows of": 2}
    after = rows(it)
    assert [(row.message.number, row.message.sender, row.message.text) for row in after] == [
        ("erased", OURS[0], ""),
        ("erased", "erased", ""),
        (OTHER, OURS[0], "to another"),
    ]
    gone: dict[str, Any] = {"number": "", "sender": "", "text": ""}
    assert [evolve(row.message, **gone) for row in after] == [evolve(row.message, **gone) for row in before]
    assert it.kit.ask(SmsLeft(it.admin.id), by=it.anna) == left
    assert [line.thread.number for line in it.kit.ask(ListThreads(user=it.admin.id), by=it.anna).lines] == [OTHER]
    assert it.refused(ReadThread(user=it.admin.id, number=MOBILE)).code == "no_thread"
    assert it.refused(ErasePerson(organisation=it.root.id, number=MOBILE)).code == "nobody_known"


def test_what_is_on_its_way_is_named(it: Desk) -> None:
    """It still goes out; asked again, it is forgotten too."""
    it.send("soon")
    assert kept(erase(it, number=MOBILE)) == {"messages on": 1}
    it.kit.deliver()
    assert [sent.text for sent in it.doves.sent] == ["soon"]
    assert kept(erase(it, number=MOBILE)) == {"rows of": 1}
    assert it.kit.ask(ListThreads(user=it.admin.id), by=it.anna).lines == ()


def test_a_user_is_forgotten(it: Desk) -> None:
    """Removed, nameless, without a number, without words; the rows of its log stay, under nobody's address."""
    (max_,) = it.kit.perform(AddUsers(group=it.root.id, addresses=("max@desk.example",)), by=it.anna)
    said(it, 2, who=max_.user)
    it.send("Anna's", OTHER)
    it.kit.deliver()
    assert it.pile.mails

    assert kept(erase(it, email="Max@desk.example")) == {"rows of": 2, "the user's": 1}
    assert [(row.email, row.message.text) for row in rows(it)] == [
        ("erased", ""),
        ("erased", ""),
        (it.admin.email, "Anna's"),
    ]
    assert [user.email for user in it.kit.ask(ListUsers(group=it.root.id), by=it.anna)] == [it.admin.email]
    assert max_.user
    (gone,) = transact(it.kit._storage, lambda store: store.users.where(id=max_.user))
    assert (gone.email, gone.number, gone.removed) == ("erased", None, True)
    assert {(one.recipient, one.raw) for one in letters(it)} == {("erased", b"")}
    assert it.refused(ErasePerson(organisation=it.root.id, email="max@desk.example")).code == "nobody_known"
    (again,) = it.kit.perform(AddUsers(group=it.root.id, addresses=("max@desk.example",)), by=it.anna)
    assert again.user != max_.user


def test_its_api_keys_go_with_a_user(it: Desk) -> None:
    """Good no more, nameless, with what was granted to them; others' stay."""
    (max_,) = it.kit.perform(AddUsers(group=it.root.id, addresses=("max@desk.example",)), by=it.anna)
    his = it.kit.perform(AddApiKey(group=it.root.id, name="Max's till", user=max_.user), by=it.anna)
    hers = it.kit.perform(AddApiKey(group=it.root.id, name="Anna's till"), by=it.anna)
    erase(it, email="max@desk.example")

    assert isinstance(it.kit.perform(TakeCall(his.secret), by=OPERATOR), NoCaller)
    assert it.kit.ask(ListApiKeys(it.root.id), by=it.anna) == (hers.key,)
    with it.kit._storage.read() as store:
        assert store.api_keys.get(his.key.id).name == "erased"
        assert [one.until for one in store.grants.where(principal=his.key.id)] == [it.clock.now()]


def test_clients_are_forgotten(it: Desk) -> None:
    """Name, number and address; the client itself stays for its bookings, and the answer says so."""
    for name, mobile, email in (("Eva", MOBILE, ""), ("Max", "", "MAX@desk.example"), ("Ute", OTHER, "ute@x.example")):
        client = AddClient(organisation=it.root.id, name=name, mobile=mobile, email=email or "eva@home.example")
        it.kit.perform(client, by=it.anna)
    it.kit.perform(AddUsers(group=it.root.id, addresses=("max@desk.example",)), by=it.anna)
    assert kept(erase(it, email="max@desk.example", number=MOBILE)) == {"the user's": 1, "the client's": 2}
    with it.kit._storage.read() as store:
        left = sorted((one.name, one.mobile, one.email) for one in store.clients.where())
    assert left == [("Ute", OTHER, "ute@x.example"), ("erased", "", ""), ("erased", "", "")]
    assert kept(erase(it, email="UTE@x.example")) == {"the client's": 1}
    assert it.refused(ErasePerson(organisation=it.root.id, email="ute@x.example")).code == "nobody_known"


@pytest.mark.parametrize("how", ["to come", "cancelled", "over"])
def test_a_client_is_known_until_its_bookings_are_over(it: Desk, how: str) -> None:
    """Until then the answer says why; a cancelled one does not count."""
    branch = it.kit.perform(AddBranch(organisation=it.root.id, name="Here", zone="UTC"), by=it.anna)
    cut = it.kit.perform(AddService(branch=branch.id, name="Cut", length=HOUR), by=it.anna)
    chair = it.kit.perform(AddProvider(organisation=it.root.id, name="Chair"), by=it.anna)
    ute = it.kit.perform(AddClient(organisation=it.root.id, name="Ute", email="ute@x.example"), by=it.anna)
    book = Book(service=cut.id, provider=chair.id, client=ute.id, starts=it.clock.now() + DAY)
    booking = it.kit.perform(book, by=it.anna)
    if how == "cancelled":
        it.kit.perform(Cancel(booking.id), by=it.anna)
    it.clock.advance(DAY + HOUR - (MINUTE if how == "to come" else 0 * MINUTE))

    gone = how != "to come"
    assert kept(erase(it, email="ute@x.example")) == {"the client's" if gone else "clients of": 1}
    with it.kit._storage.read() as store:
        assert store.clients.get(ute.id).name == ("erased" if gone else "Ute")


@pytest.mark.parametrize(
    ("who", "kind", "code"),
    [
        ({}, Invalid, "nobody_named"),
        ({"number": "erased"}, Invalid, "unsearchable"),
        ({"number": "+46\0"}, Invalid, "unsearchable"),
        ({"email": "anna"}, Invalid, "not_an_address"),
        ({"email": "nobody@desk.example"}, NotFound, "nobody_known"),
        ({"number": "+46701740699"}, NotFound, "nobody_known"),
        ({"email": "anna@desk.example"}, Conflict, "last_admin"),
    ],
)
def test_a_wrong_request_changes_nothing(it: Desk, who: dict[str, str], kind: type[Exception], code: str) -> None:
    """Nor does one that would leave the organisation without an administrator."""
    said(it, 1)
    before = rows(it)
    refused = it.refused(ErasePerson(organisation=it.root.id, **who))
    assert (type(refused), refused.code) == (kind, code)
    assert rows(it) == before


def test_a_right_in_a_group_is_not_enough(it: Desk) -> None:
    """A person is forgotten everywhere in the organisation, or nowhere."""
    team = it.kit.perform(AddGroup(parent=it.root.id, name="Team"), by=it.anna)
    (max_,) = it.kit.perform(AddUsers(group=team.id, addresses=("max@desk.example",)), by=it.anna)
    it.kit.perform(SetAdmins(group=team.id, emails=("max@desk.example",)), by=it.anna)
    said(it, 1)
    assert max_.user
    asks = Principal.of(max_.user)
    assert type(it.refused(ErasePerson(organisation=it.root.id, number=MOBILE), asks)) is NotFound
    assert type(it.refused(ErasePerson(organisation=team.id, number=MOBILE), asks)) is Forbidden
