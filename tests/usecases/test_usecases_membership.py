"""Users and administrators through the kit: added, moved, listed, removed; and what a user has left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from servicekit import Principal
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from servicekit.groups import (
    Added,
    AddUsers,
    ChangeSettings,
    FoundOrganisation,
    Group,
    Limit,
    LimitKind,
    ListAdmins,
    ListGroups,
    ListUsers,
    Quota,
    RemoveGroup,
    RemoveUsers,
    SetAdmins,
    Settings,
    SmsLeft,
    UserRemoved,
)
from servicekit.ids import UserId
from servicekit.messages import SearchLog, SendText, Status
from servicekit.testing.simulators import MailboxSimulator
from town import MOBILE, OPERATOR, Town, rivals, town
from world import envelope, mail, opened

pytest_plugins = ("world_fixtures",)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def it() -> Iterator[Town]:
    """Ettstad."""
    with town() as made:
        yield made


def code(refused: Refused) -> tuple[type[Refused], str]:
    """What kind of refusal it is."""
    return type(refused), refused.code


def added(it: Town, group: Group, *addresses: str, by: Principal | None = None) -> list[Added]:
    """The outcomes of adding addresses."""
    return [line.outcome for line in it.tell(AddUsers(group=group.id, addresses=addresses), by)]


def listed(it: Town, group: Group, **said: object) -> list[str]:
    """The addresses of a group's users."""
    return [user.email for user in it.ask(ListUsers(group=group.id, **said))]  # type: ignore[arg-type]


# Adding and moving


@pytest.mark.spec("M-27")
def test_many_addresses_are_added_at_once_with_a_line_of_report_each(it: Town) -> None:
    """In the order given: added, moved, already there, no address, somebody else's."""
    school, care = it.group("School"), it.group("Care")
    rivals(it)
    it.user("max", care)
    lines = ("Eva@Ett.se", "max@ett.se", "eva@ett.se", "nobody", "rolf@rival.example", " ida@räka.se ")

    assert added(it, school, *lines) == [
        *(Added.ADDED, Added.MOVED, Added.ALREADY_THERE, Added.NOT_AN_ADDRESS, Added.TAKEN, Added.ADDED),
    ]
    assert listed(it, school) == ["eva@ett.se", "ida@xn--rka-qla.se", "max@ett.se"]
    assert added(it, care, "ida@xn--rka-qla.se") == [Added.MOVED]


@pytest.mark.spec("M-26", "M-27")
def test_a_user_of_groups_that_one_may_not_see_belongs_to_others(it: Town) -> None:
    """As one of another organisation does; the line tells neither where it is nor of whom."""
    school, care = it.group("School"), it.group("Care")
    head = it.grant(it.user("head", school), school)
    max_ = it.user("max", care)
    rivals(it)

    assert added(it, school, "max@ett.se", "rolf@rival.example", by=head) == [Added.TAKEN, Added.TAKEN]
    assert it.at(max_) == care.id


@pytest.mark.spec("M-27")
def test_taking_a_user_from_a_group_that_one_sees_needs_the_right_there(it: Town) -> None:
    """Else the whole command is refused."""
    school, care = it.group("School"), it.group("Care")
    user = it.user("head", school)
    it.grant(user, care, "users:read")
    it.user("max", care)
    refused = it.refused(AddUsers(group=school.id, addresses=("new@ett.se", "max@ett.se")), it.grant(user, school))

    assert (code(refused), refused.facts) == ((Forbidden, "forbidden"), {"needs": "users:write"})


@pytest.mark.spec("M-23", "M-27", "M-29")
def test_a_moved_user_takes_along_what_it_has_used_and_its_log_stays(it: Town) -> None:
    """The new group's quota for its users counts from the user's whole log; the groups count what was sent in them."""
    school = it.group("School", group_quota=Quota(3, 30))
    care = it.group("Care", user_quota=Quota(4, 30), group_quota=Quota(2, 30))
    eva = it.user("eva", school)
    for _ in range(3):
        it.send(eva)
    assert it.send(eva).shown == "Group:School"
    added(it, care, "eva@ett.se")

    assert it.send(eva).status is Status.QUEUED
    assert it.send(eva).shown == "Personal:Care"
    assert it.send(it.user("ida", care)).status is Status.QUEUED
    assert it.send(it.user("ida", care)).shown == "Group:Care"
    added(it, school, "eva@ett.se")
    assert it.send(eva).shown == "Group:School"
    assert len(it.ask(SearchLog(group=care.id)).messages) == 4


@pytest.mark.spec("M-27")
def test_a_free_account_is_added_like_anybody(it: Town) -> None:
    """It is outside every customer's organisation until somebody adds it; what it has sent stays out there."""
    root, rolf = rivals(it, free=True)
    it.tell(ChangeSettings(group=root.id, change=Settings(sender_name="Free")), rolf)
    (line,) = it.tell(AddUsers(group=root.id, addresses=("eva@ett.se",)), rolf)
    assert line.user is not None
    it.send(line.user)
    school = it.group("School")

    assert added(it, school, "eva@ett.se") == [Added.MOVED]
    assert it.at(line.user) == school.id
    assert it.send(line.user).organisation == it.root.id
    assert len(it.ask(SearchLog(group=it.root.id)).messages) == 1
    assert [line.outcome for line in it.tell(AddUsers(group=root.id, addresses=("eva@ett.se",)), rolf)] == [Added.TAKEN]


def test_free_accounts_have_one_organisation(it: Town) -> None:
    """A second one is refused."""
    rivals(it, free=True)
    second = FoundOrganisation(name="X", zone="UTC", admin="x@x.example", free=True)
    assert code(it.refused(second, OPERATOR)) == (Conflict, "second_free")


# Lists


@pytest.mark.spec("M-27")
def test_users_are_listed_with_or_without_subgroups_and_filtered(it: Town) -> None:
    """By address, page by page; capitals make no difference, and no sign has a meaning of its own."""
    school = it.group("School")
    lesson = it.group("Class", school)
    for name in ("cleo", "bo", "a_a", "a!b"):
        it.user(name, school)
    it.user("adam", lesson)

    assert listed(it, school) == ["a!b@ett.se", "a_a@ett.se", "bo@ett.se", "cleo@ett.se"]
    assert listed(it, school, below=True, containing="A") == ["a!b@ett.se", "a_a@ett.se", "adam@ett.se"]
    assert listed(it, school, containing="a_") == ["a_a@ett.se"]
    assert listed(it, school, containing="!") == ["a!b@ett.se"]
    assert listed(it, school, containing="%") == []
    assert listed(it, school, most=2) == ["a!b@ett.se", "a_a@ett.se"]
    assert listed(it, school, most=2, after="a_a@ett.se") == ["bo@ett.se", "cleo@ett.se"]
    for most in (0, 1001):
        assert code(it.refused(ListUsers(group=school.id, most=most))) == (Invalid, "page_size")


# Removing


@pytest.mark.spec("M-27")
def test_a_removed_user_may_nothing_and_its_log_stays(it: Town) -> None:
    """Its rights end with it; an address that is none, or of no user there, has a line without one."""
    school, care = it.group("School", group_quota=Quota(1)), it.group("Care")
    eva, max_ = it.user("eva", school), it.user("max", care)
    by = it.grant(eva, school)
    it.send(eva)
    report = it.tell(RemoveUsers(group=school.id, addresses=("Eva@ett.se", "max@ett.se", "nobody", "eva@ett.se")))

    assert report == (
        UserRemoved("Eva@ett.se", eva),
        UserRemoved("max@ett.se", None),
        UserRemoved("nobody", None),
        UserRemoved("eva@ett.se", None),
    )
    assert it.tell(RemoveUsers(group=it.root.id, addresses=("eva@ett.se",)))[0].user is None
    assert listed(it, it.root, below=True) == ["anna@ett.se", "max@ett.se"]
    assert it.at(max_) == care.id
    assert len(it.ask(SearchLog(group=school.id, user=eva)).messages) == 1
    for request in (SmsLeft(eva), ListGroups(school.id)):
        assert code(it.refused(request, by)) == (NotFound, "not_found")
    assert code(it.refused(SendText(user=eva, to=MOBILE, text="Hi"), by)) == (NotFound, "not_found")
    assert it.send(it.user("ida", school)).shown == "Group:School"


@pytest.mark.spec("M-27", "M-29")
def test_who_is_added_again_is_the_same_user_with_what_it_has_used(it: Town) -> None:
    """So that nobody gets a new quota by leaving; in another organisation it is somebody new."""
    school = it.group("School", user_quota=Quota(1))
    eva = it.user("eva", school)
    it.send(eva)
    it.tell(RemoveUsers(group=it.root.id, addresses=("eva@ett.se",)))
    root, rolf = rivals(it)
    (elsewhere,) = it.tell(AddUsers(group=root.id, addresses=("eva@ett.se",)), rolf)
    assert (elsewhere.outcome, elsewhere.user == eva) == (Added.ADDED, False)
    it.tell(RemoveUsers(group=root.id, addresses=("eva@ett.se",)), rolf)

    assert it.user("eva", school) == eva
    assert it.send(eva).shown == "Personal:School"
    assert added(it, it.root, "eva@ett.se") == [Added.MOVED]


@pytest.mark.spec("M-28")
def test_removed_users_go_up_with_the_rest_when_their_group_ends(it: Town) -> None:
    """And come back wherever they are added."""
    school = it.group("School")
    eva = it.user("eva", school)
    it.tell(RemoveUsers(group=school.id, addresses=("eva@ett.se",)))
    it.tell(RemoveGroup(group=school.id))

    assert it.at(eva) == it.root.id
    assert it.user("eva", it.group("Care")) == eva


@pytest.mark.spec("M-05", "M-27")
def test_answers_to_a_removed_user_stand_in_the_log_and_are_mailed_to_nobody(
    tmp_path: Path, postbox: MailboxSimulator
) -> None:
    """Its number is nobody else's either, and its mail is refused as an unknown sender's."""
    with opened(tmp_path, mailbox=postbox, settings=Settings(country_code=46, may_receive=True)) as world:
        (line,) = world.ask(AddUsers(group=world.root.id, addresses=("eva@salon.example",)))
        sent = world.ask(SendText(user=line.user, to=MOBILE, text="Hi"))
        world.kit.deliver()
        world.ask(RemoveUsers(group=world.root.id, addresses=("eva@salon.example",)))
        world.elks.answer_from_mobile(MOBILE, sent.sender, "Thanks")
        world.elks.deliver_webhooks()

        texts = world.ask(SearchLog(group=world.root.id, user=line.user)).messages
        assert {message.status for message in texts} == {Status.INCOMING, Status.DELIVERED}
        world.settle()
        assert world.mails("eva@salon.example") == ()
        with pytest.raises(NotFound, match="no user here"):
            world.kit.receive("mail", envelope("eva@salon.example", MOBILE), mail("Hi", sender="eva@salon.example"))


# Administrators


def admins(it: Town, group: Group, by: Principal | None = None) -> list[str]:
    """A group's administrators."""
    return [user.email for user in it.ask(ListAdmins(group.id), by)]


@pytest.mark.spec("M-26")
def test_administrators_are_set_all_at_once(it: Town) -> None:
    """Who is named is one from then on, who is not named no more; other rights are left alone."""
    school = it.group("School")
    lesson = it.group("Class", school)
    eva, max_ = it.user("eva", school), it.user("max", it.root)
    it.grant(eva, school, "log:read")
    assert [user.email for user in it.tell(SetAdmins(group=school.id, emails=("Max@ett.se", "eva@ett.se")))] == [
        "eva@ett.se",
        "max@ett.se",
    ]
    assert admins(it, school) == ["eva@ett.se", "max@ett.se"]
    assert admins(it, lesson) == []
    it.set(lesson, signature="/L", by=Principal.of(max_))
    it.tell(SetAdmins(group=school.id, emails=("max@ett.se",)), Principal.of(eva))

    assert admins(it, school) == ["max@ett.se"]
    refused = it.refused(ChangeSettings(group=lesson.id, change=Settings(signature="/M")), Principal.of(eva))
    assert code(refused) == (Forbidden, "forbidden")
    assert it.ask(SearchLog(group=lesson.id), Principal.of(eva)).messages == ()
    it.tell(SetAdmins(group=school.id, emails=()))
    assert admins(it, school) == []


@pytest.mark.spec("M-26")
@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("nobody", "not_an_address"),
        ("stranger@ett.se", "not_a_member"),
        ("rolf@rival.example", "not_a_member"),
        ("gone@ett.se", "not_a_member"),
    ],
)
def test_an_administrator_is_a_user_of_the_organisation(it: Town, email: str, expected: str) -> None:
    """Not a stranger, not another organisation's, not one that was removed; then nothing changes."""
    rivals(it)
    it.user("gone")
    it.tell(RemoveUsers(group=it.root.id, addresses=("gone@ett.se",)))
    assert code(it.refused(SetAdmins(group=it.root.id, emails=("anna@ett.se", email)))) == (Invalid, expected)


@pytest.mark.spec("M-26")
def test_an_administrator_names_whom_it_may_see(it: Town) -> None:
    """Others of the organisation read like strangers; but whom those above have named may stay."""
    school, care = it.group("School"), it.group("Care")
    head = it.grant(it.user("head", school), school)
    it.user("max", care)
    it.user("eva", school)
    refused = it.refused(SetAdmins(group=school.id, emails=("head@ett.se", "max@ett.se")), head)
    assert code(refused) == (Invalid, "not_a_member")
    it.tell(SetAdmins(group=school.id, emails=("head@ett.se", "max@ett.se")))
    it.tell(SetAdmins(group=school.id, emails=("head@ett.se", "max@ett.se", "eva@ett.se")), head)

    assert admins(it, school, head) == ["eva@ett.se", "head@ett.se", "max@ett.se"]
    assert code(it.refused(ListAdmins(it.root.id), head)) == (NotFound, "not_found")


@pytest.mark.spec("M-26")
def test_an_organisation_keeps_an_administrator(it: Town) -> None:
    """The last one over all of it is neither unnamed nor removed."""
    eva = it.user("eva")
    assert code(it.refused(SetAdmins(group=it.root.id, emails=()))) == (Conflict, "last_admin")
    assert code(it.refused(RemoveUsers(group=it.root.id, addresses=("anna@ett.se",)))) == (Conflict, "last_admin")
    it.tell(SetAdmins(group=it.root.id, emails=("anna@ett.se", "eva@ett.se")))
    it.tell(RemoveUsers(group=it.root.id, addresses=("anna@ett.se",)))
    assert admins(it, it.root, Principal.of(eva)) == ["eva@ett.se"]


# What is left


def left(it: Town, user: UserId, by: Principal | None = None) -> tuple[int | None, str]:
    """How much, and by which limit."""
    found = it.ask(SmsLeft(user), by)
    return found.segments, found.limit.status if found.limit else ""


@pytest.mark.spec("M-34")
def test_what_is_left_is_the_smallest_remainder(it: Town) -> None:
    """Over the user's own limit, its group's and those above; which one it is, and unlimited where there is none."""
    school = it.group("School")
    eva, max_ = it.user("eva", school), it.user("max", it.root)
    assert left(it, eva, Principal.of(eva)) == (None, "")
    it.set(it.root, group_quota=Quota(5))
    it.set(school, user_quota=Quota(3, 30), group_quota=Quota(9, 30))

    assert left(it, eva) == (3, "Personal:School")
    it.send(max_, 3)
    assert left(it, eva) == (2, "Group:Ettstad")
    it.send(eva)
    assert left(it, eva) == (1, "Group:Ettstad")
    it.set(it.root, group_quota=Quota(4))
    assert left(it, eva) == (0, "Group:Ettstad")
    it.set(it.root, group_quota=Quota(1))
    assert left(it, eva) == (0, "Group:Ettstad")


@pytest.mark.spec("M-34")
def test_when_more_comes_back(it: Town) -> None:
    """At that instant it is there at the latest; nothing comes back of a limit without a window."""
    school = it.group("School", user_quota=Quota(2, 1))
    eva = it.user("eva", school)
    start = it.clock.now()
    assert it.ask(SmsLeft(eva)).more_at is None
    it.send(eva)
    it.clock.advance(timedelta(hours=5))
    it.send(eva)
    found = it.ask(SmsLeft(eva))

    assert found.limit == Limit(LimitKind.PERSONAL, eva, "School", 2, 1)
    assert found.more_at is not None
    assert start + DAY <= found.more_at <= start + DAY + MINUTE * 2
    it.clock.set(found.more_at)
    assert it.ask(SmsLeft(eva)).segments == 1
    it.set(school, user_quota=Quota(2))
    assert it.ask(SmsLeft(eva)).more_at is None


def test_what_a_user_has_left_is_its_own_and_its_administrators_affair(it: Town) -> None:
    """Another user of the group is refused, a stranger finds nobody."""
    eva, max_ = it.user("eva"), it.user("max")
    _, rolf = rivals(it)
    assert code(it.refused(SmsLeft(eva), Principal.of(max_))) == (Forbidden, "forbidden")
    assert code(it.refused(SmsLeft(eva), rolf)) == (NotFound, "not_found")
