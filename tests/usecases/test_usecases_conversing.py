"""Threads: made with their first message, named by their user, listed and read page by page, by whom they concern."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from desk import GATEWAY, MINUTE, MOBILE, OPERATOR, OURS, Desk, desk, text_in
from servicekit import Principal
from servicekit.commands import Command, Query
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.groups import AddGroup, AddUsers, ChangeSettings, Group, ProvideNumbers, Quota, Settings
from servicekit.ids import GrantId, MessageId, UserId
from servicekit.messages import ListThreads, NameThread, ReadThread, SearchLog, SendText, Thread, ThreadPage
from servicekit.permissions import Grant
from servicekit.ports.store import transact
from servicekit.runtime.entropy import mint

OTHER = "+46701740606"


@pytest.fixture
def it(database_url: str) -> Iterator[Desk]:
    """A desk, on either database."""
    with desk(database_url) as made:
        yield made


def threads(it: Desk, who: UserId | None = None, by: Principal | None = None, **more: Any) -> ThreadPage:
    """A user's threads, Anna's unless said, as the user itself sees them."""
    user = who or it.admin.id
    return it.kit.ask(ListThreads(user=user, **more), by=by or Principal.of(user))


def read(
    it: Desk, number: str = MOBILE, who: UserId | None = None, by: Principal | None = None, **more: Any
) -> list[str]:
    """A thread's texts."""
    user = who or it.admin.id
    page = it.kit.ask(ReadThread(user=user, number=number, **more), by=by or Principal.of(user))
    return [message.text for message in page]


def say(it: Desk, text: str, to: str = MOBILE, who: UserId | None = None) -> None:
    """A text, a minute after the one before."""
    it.clock.advance(MINUTE)
    it.send(text, to, user=who)


def told(it: Desk, text: str, sender: str = MOBILE, to: str = OURS[0]) -> None:
    """A text from a mobile, a minute later."""
    it.clock.advance(MINUTE)
    it.hear(text_in(text, event=text, sender=sender, to=to))


def member(it: Desk, name: str, group: Group | None = None) -> UserId:
    """A user."""
    (line,) = it.kit.perform(AddUsers(group=(group or it.root).id, addresses=(f"{name}@desk.example",)), by=it.anna)
    assert line.user is not None
    return line.user


def team(it: Desk, name: str) -> Group:
    """A group below the root."""
    return it.kit.perform(AddGroup(parent=it.root.id, name=name), by=it.anna)


def granted(it: Desk, who: UserId, group: Group, scope: str) -> Principal:
    """A user who may do one thing in a group."""
    grant = Grant(
        id=mint(GrantId, it.clock.now()), organisation=it.root.id, principal=who, scopes=(scope,), group=group.id
    )
    transact(it.kit._storage, lambda store: store.grants.add(grant))
    return Principal.of(who)


@pytest.mark.spec("M-19")
def test_there_is_a_thread_for_each_user_and_number_from_the_first_message_on(it: Desk) -> None:
    """To it or from it, also one that was refused; the latest first, each with its last message, texts in order of time."""
    assert threads(it) == ThreadPage((), None)
    say(it, "Hej")
    told(it, "Who is this?", OTHER)
    told(it, "Hej själv")
    it.kit.perform(ChangeSettings(group=it.root.id, change=Settings(user_quota=Quota(1))), by=it.anna)
    say(it, "For nobody", "+46701740607")
    bo = member(it, "bo")
    say(it, "From Bo", who=bo)

    lines = threads(it).lines
    assert [(line.thread.number, line.last.text, line.last.shown) for line in lines] == [
        ("+46701740607", "For nobody", "Personal:Desk"),
        (MOBILE, "Hej själv", "INCOMING"),
        (OTHER, "Who is this?", "INCOMING"),
    ]
    assert [line.thread.last_at for line in lines] == [line.last.made_at for line in lines]
    assert read(it) == ["Hej", "Hej själv"]
    assert read(it, who=bo) == ["From Bo"]


def test_texts_of_the_organisation_itself_are_in_nobodys_thread(it: Desk) -> None:
    """What comes to its own number is in the log."""
    own = "+46766861009"
    it.kit.perform(ProvideNumbers(numbers=(own,), organisation=it.root.id), by=OPERATOR)
    told(it, "Tack", to=own)

    assert threads(it).lines == ()
    assert [message.text for message in it.kit.ask(SearchLog(group=it.root.id), by=it.anna).messages] == ["Tack"]


@pytest.mark.spec("M-19")
def test_a_thread_has_a_name_of_its_users_choice(it: Desk) -> None:
    """It is shown in the list and in the mails that bring answers, and stays with every message; an empty one ends it."""
    say(it, "Hej")
    named = it.kit.perform(NameThread(user=it.admin.id, number=MOBILE, name=" Görans jobbmobil "), by=it.anna)
    assert named == Thread(user=it.admin.id, number=MOBILE, name="Görans jobbmobil", last_at=it.clock.now())
    told(it, "Ja")
    it.kit.deliver()

    assert threads(it).lines[0].thread.shown == "Görans jobbmobil"
    assert b"Jobbmobil" not in it.pile.mails[0].raw
    from email import message_from_bytes
    from email.policy import default

    (sender,) = message_from_bytes(it.pile.mails[0].raw, policy=default)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Görans jobbmobil", f"{MOBILE}@{GATEWAY}")
    assert it.kit.perform(NameThread(user=it.admin.id, number=MOBILE, name=""), by=it.anna).shown == MOBILE


@pytest.mark.spec("M-19")
@pytest.mark.parametrize("name", ["x" * 81, "Eva\r\nBcc: x@y.example", "a\x00"])
def test_a_name_that_could_become_a_header_is_refused(it: Desk, name: str) -> None:
    """And the one before stays."""
    say(it, "Hej")
    it.kit.perform(NameThread(user=it.admin.id, number=MOBILE, name="Eva"), by=it.anna)
    refused = it.refused(NameThread(user=it.admin.id, number=MOBILE, name=name))

    assert (type(refused), refused.code) == (Invalid, "bad_thread_name")
    assert threads(it).lines[0].thread.name == "Eva"


@pytest.mark.parametrize(
    "ask", [NameThread(user=UserId("usr_"), number=OTHER, name="Eva"), ReadThread(user=UserId("usr_"), number=OTHER)]
)
def test_a_thread_that_was_never_begun_is_not_found(it: Desk, ask: NameThread | ReadThread) -> None:
    """It is named as what it is: no message yet."""
    refused = it.refused(evolve(ask, user=it.admin.id))
    assert (type(refused), refused.code, refused.facts["number"]) == (NotFound, "no_thread", OTHER)
    assert "there was no message yet" in refused.message


def test_lists_and_threads_are_read_page_by_page(it: Desk) -> None:
    """Each row once, also where new ones come meanwhile."""
    numbers = [f"+4670174060{digit}" for digit in range(5)]
    for to in numbers:
        say(it, f"to {to}", to)
    for text in ("One", "Two", "Three"):
        say(it, text, numbers[0])

    first = threads(it, most=2)
    told(it, "New", numbers[1])
    second = threads(it, most=2, before=first.next)
    third = threads(it, most=2, before=second.next)
    assert [[line.thread.number[-1] for line in page.lines] for page in (first, second, third)] == [
        ["0", "4"],
        ["3", "2"],
        [],
    ]
    assert third.next is None

    end = it.kit.ask(ReadThread(user=it.admin.id, number=numbers[0], most=3), by=it.anna)
    assert [message.text for message in end] == ["One", "Two", "Three"]
    assert read(it, numbers[0], before=end[0].id, most=3) == [f"to {numbers[0]}"]


def test_a_place_in_a_thread_is_one_of_its_messages(it: Desk) -> None:
    """Another's is as absent as one that never was."""
    say(it, "Hej")
    say(it, "Hello", OTHER)
    elsewhere = it.kit.ask(ReadThread(user=it.admin.id, number=OTHER), by=it.anna)[0].id
    for before in (elsewhere, MessageId("msg_unknown")):
        refused = it.refused(ReadThread(user=it.admin.id, number=MOBILE, before=before))
        assert (type(refused), refused.code) == (NotFound, "not_found")


@pytest.mark.parametrize("most", [0, 1001])
@pytest.mark.parametrize("kind", [ListThreads, ReadThread])
def test_a_page_has_1_to_1000_rows(it: Desk, kind: type, most: int) -> None:
    """More is refused."""
    facts = {"number": MOBILE} if kind is ReadThread else {}
    refused = it.refused(kind(user=it.admin.id, most=most, **facts))
    assert (type(refused), refused.code) == (Invalid, "page_size")


# Who may


def asked(user: UserId) -> dict[str, list[Command[Any] | Query[Any]]]:
    """What can be asked about a user's threads, by the right that it needs."""
    return {
        "log:read": [ListThreads(user=user), ReadThread(user=user, number=MOBILE)],
        "messages:write": [NameThread(user=user, number=MOBILE, name="Eva")],
    }


@pytest.mark.parametrize("scope", ["log:read", "messages:write"])
def test_threads_are_their_users_and_whose_who_hold_the_right(it: Desk, scope: str) -> None:
    """A colleague without it sees that there is a user; a stranger not even that."""
    bo, cia, dan = (member(it, name) for name in ("bo", "cia", "dan"))
    say(it, "Hej", who=bo)
    holder = granted(it, dan, it.root, scope)
    for request in asked(bo)[scope]:
        assert type(it.refused(request, Principal.of(cia))) is Forbidden
        for who in (Principal.of(bo), holder):
            if isinstance(request, Command):
                it.kit.perform(request, by=who)
            else:
                assert it.kit.ask(request, by=who)
    outside = member(it, "eva", team(it, "Elsewhere"))
    for request in asked(bo)[scope]:
        assert type(it.refused(request, Principal.of(outside))) is NotFound


def test_others_see_of_a_thread_what_the_log_shows_them(it: Desk) -> None:
    """What a user sent in a group whose log they may not read stays the user's; the user itself sees all of it."""
    first, second = team(it, "First"), team(it, "Second")
    bo = member(it, "bo", first)
    say(it, "In First", who=bo)
    say(it, "Also in First", OTHER, who=bo)
    member(it, "bo", second)
    say(it, "In Second", who=bo)
    say(it, "Again in Second", "+46701740607", who=bo)
    it.clock.advance(MINUTE)
    head = granted(it, member(it, "cia", second), second, "log:read")

    assert [line.last.text for line in threads(it, bo).lines] == ["Again in Second", "In Second", "Also in First"]
    assert [line.last.text for line in threads(it, bo, head).lines] == ["Again in Second", "In Second"]
    assert read(it, who=bo) == ["In First", "In Second"]
    assert read(it, who=bo, by=head) == ["In Second"]
    assert it.refused(ReadThread(user=bo, number=OTHER), head).code == "no_thread"
    assert read(it, OTHER, bo, it.anna) == ["Also in First"]


def test_names_are_not_in_what_is_logged() -> None:
    """Nor are texts in what asks for them."""
    assert "Eva" not in repr(NameThread(user=UserId("usr_1"), number=MOBILE, name="Eva"))
    assert "secret" not in repr(SendText(user=UserId("usr_1"), to=MOBILE, text="secret"))
