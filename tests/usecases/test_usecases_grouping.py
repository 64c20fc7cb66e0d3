"""Groups through the kit: listed, renamed, moved, merged and removed, with what becomes of users, rights, logs and quotas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from servicekit import Principal
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from servicekit.groups import (
    AddGroup,
    AddUsers,
    ChangeSettings,
    GetSettings,
    Group,
    ListAdmins,
    ListDomains,
    ListGroups,
    Lock,
    MergeGroup,
    MoveGroup,
    Quota,
    RemoveGroup,
    RenameGroup,
    SetAdmins,
    Settings,
    SetTopDomain,
)
from servicekit.ids import GroupId
from servicekit.messages import SearchLog, Status
from town import OPERATOR, Town, rivals, town

DAY = timedelta(days=1)


@pytest.fixture
def it() -> Iterator[Town]:
    """Ettstad."""
    with town() as made:
        yield made


def code(refused: Refused) -> tuple[type[Refused], str]:
    """What kind of refusal it is."""
    return type(refused), refused.code


def names(it: Town, group: Group, by: Principal | None = None) -> list[str]:
    """The living groups of a tree, by name, level by level."""
    return [one.name for one in it.ask(ListGroups(group.id), by)]


def log(it: Town, group: Group) -> list[str]:
    """The texts of a group's log with everything below it, newest first."""
    return [message.text for message in it.ask(SearchLog(group=group.id)).messages]


# Lists and names


@pytest.mark.spec("M-20", "M-26")
def test_groups_are_listed_level_by_level_as_far_as_one_may_see(it: Town) -> None:
    """A group with everything below it; nothing above, nothing beside."""
    school = it.group("School")
    it.group("Class B", school)
    it.group("Class A", school)
    it.group("Care")
    head = it.grant(it.user("head", school), school)

    assert names(it, it.root) == ["Ettstad", "Care", "School", "Class A", "Class B"]
    assert names(it, school, head) == ["School", "Class A", "Class B"]
    assert code(it.refused(ListGroups(it.root.id), head)) == (NotFound, "not_found")


@pytest.mark.spec("M-28")
def test_a_group_gets_another_name(it: Town) -> None:
    """It is the same group: its log stays, and new refusals carry the new name."""
    school = it.group("School", user_quota=Quota(0))
    eva = it.user("eva", school)
    before = it.send(eva)
    renamed = it.tell(RenameGroup(group=school.id, name=" Gymnasium "))

    assert (renamed.id, renamed.name) == (school.id, "Gymnasium")
    assert (before.shown, it.send(eva).shown) == ("Personal:School", "Personal:Gymnasium")
    assert len(log(it, school)) == 2
    assert code(it.refused(RenameGroup(group=school.id, name=" "))) == (Invalid, "nameless")


# Moving


@pytest.mark.spec("M-20", "M-28")
def test_a_moved_group_inherits_from_its_new_path(it: Town) -> None:
    """With everything below it; it keeps its own settings, users, administrators and domains."""
    north, south = it.group("North", signature="/N"), it.group("South", signature="/S")
    school = it.group("School", north, country_code=47)
    lesson = it.group("Class", school)
    eva = it.user("eva", school)
    it.tell(SetAdmins(group=school.id, emails=("eva@ett.se",)))
    it.tell(SetTopDomain(group=school.id, domain="skola.se"), OPERATOR)
    moved = it.tell(MoveGroup(group=school.id, under=south.id))

    assert moved == it.find(school)
    assert (moved.parent, moved.settings) == (south.id, school.settings)
    assert it.ask(GetSettings(lesson.id))["signature"].value == "/S"
    assert it.at(eva) == school.id
    assert [one.email for one in it.ask(ListAdmins(school.id))] == ["eva@ett.se"]
    assert [one.name for one in it.ask(ListDomains(school.id))] == ["skola.se"]
    assert names(it, north) == ["North"]


@pytest.mark.spec("M-23", "M-28", "M-29")
def test_what_a_moved_group_has_sent_counts_where_it_stands_now(it: Town) -> None:
    """In the groups that it came to from the beginning, in those that it left no more; a refund follows it."""
    north = it.group("North", group_quota=Quota(5, 30))
    south = it.group("South", group_quota=Quota(5, 30))
    school, care = it.group("School", north), it.group("Care", north)
    eva, max_, ida = it.user("eva", school), it.user("max", care), it.user("ida", south)
    texts = [it.send(eva) for _ in range(4)]
    assert it.send(max_).status is Status.QUEUED
    assert it.send(max_).shown == "Group:North"
    assert it.send(ida).status is Status.QUEUED

    it.tell(MoveGroup(group=school.id, under=south.id))

    assert it.send(ida).shown == "Group:South"
    for _ in range(4):
        assert it.send(max_).status is Status.QUEUED
    assert it.send(max_).shown == "Group:North"
    it.fail(texts[0].id)
    assert it.send(ida).status is Status.QUEUED
    assert it.send(max_).shown == "Group:North"


@pytest.mark.spec("M-23", "M-29")
def test_users_of_a_moved_group_come_under_another_quota_with_what_they_have_used(it: Town) -> None:
    """Another window is counted from the log, also what was sent when nothing was counted."""
    north, south = it.group("North"), it.group("South", user_quota=Quota(3, 2))
    school = it.group("School", north)
    eva = it.user("eva", school)
    it.send(eva)
    it.clock.advance(3 * DAY)
    it.send(eva, 2)
    it.tell(MoveGroup(group=school.id, under=south.id))

    assert it.send(eva, 2).shown == "Personal:School"
    assert it.send(eva).status is Status.QUEUED
    it.tell(MoveGroup(group=school.id, under=north.id))
    it.send(eva, 3)
    it.tell(MoveGroup(group=school.id, under=south.id))
    assert it.send(eva).shown == "Personal:School"
    it.clock.advance(2 * DAY + timedelta(minutes=3))
    assert it.send(eva, 3).status is Status.QUEUED


@pytest.mark.spec("M-20")
def test_where_a_group_cannot_go(it: Town) -> None:
    """Below itself, beside the root, the root anywhere, into another organisation."""
    school = it.group("School")
    lesson = it.group("Class", school)
    root, _ = rivals(it)
    it.grant(it.admin.id, root)

    def tried(group: Group, under: GroupId | None) -> tuple[type[Refused], str]:
        return code(it.refused(MoveGroup(group=group.id, under=under)))

    assert tried(school, lesson.id) == (Conflict, "cycle")
    assert tried(school, school.id) == (Conflict, "cycle")
    assert tried(school, None) == (Invalid, "second_root")
    assert tried(it.root, school.id) == (Conflict, "root_stays")
    assert tried(school, root.id) == (Conflict, "other_organisation")
    assert tried(school, GroupId("grp_nowhere")) == (NotFound, "not_found")


@pytest.mark.spec("M-26")
def test_moving_is_a_change_in_both_places(it: Town) -> None:
    """An administrator moves groups within its own tree; its own group stands where those above have put it."""
    north, south = it.group("North"), it.group("South")
    school, lesson = it.group("School", north), it.group("Class", north)
    head = it.grant(it.user("head", north), north)

    assert it.tell(MoveGroup(group=lesson.id, under=school.id), head).parent == school.id
    assert code(it.refused(MoveGroup(group=lesson.id, under=south.id), head)) == (NotFound, "not_found")
    it.grant(it.user("head", north), south)
    refused = it.refused(MoveGroup(group=north.id, under=south.id), head)
    assert (code(refused), refused.facts) == ((Forbidden, "forbidden"), {"needs": "groups:write"})


# Merging and removing


@pytest.mark.spec("M-28")
@pytest.mark.parametrize("end", [MergeGroup, RemoveGroup])
def test_what_a_group_had_goes_to_its_parent_and_its_log_stays(it: Town, end: type[MergeGroup | RemoveGroup]) -> None:
    """Users, subgroups and domains go up, rights on it end; messages keep their group, which keeps its name."""
    school = it.group("School", group_quota=Quota(9, 30), signature="/School")
    lesson = it.group("Class", school)
    head, eva = it.user("head", school), it.user("eva", school)
    it.tell(SetAdmins(group=school.id, emails=("head@ett.se",)))
    it.tell(SetTopDomain(group=school.id, domain="skola.se"), OPERATOR)
    text = it.send(eva)

    assert it.tell(end(group=school.id)) == it.find(it.root)
    assert (it.at(head), it.at(eva)) == (it.root.id, it.root.id)
    assert it.find(lesson).parent == it.root.id
    assert [one.name for one in it.ask(ListDomains(it.root.id))] == ["skola.se"]
    assert names(it, it.root) == ["Ettstad", "Class"]
    gone = it.find(school)
    assert (gone.name, gone.parent, gone.removed, gone.settings) == ("School", it.root.id, True, Settings())
    assert log(it, it.root) == log(it, school) == [text.text]
    assert it.ask(SearchLog(group=school.id)).messages[0].group == school.id
    refused = it.refused(ChangeSettings(group=it.root.id, change=Settings(signature="/H")), Principal.of(head))
    assert code(refused) == (Forbidden, "forbidden")


@pytest.mark.spec("M-28")
def test_the_subgroups_of_a_merged_group_keep_what_they_inherited_and_those_of_a_removed_one_do_not(it: Town) -> None:
    """Users of the group itself come under the parent's settings either way."""
    shown = {}
    for end in (MergeGroup, RemoveGroup):
        school = it.group("School", signature="/School", user_quota=Quota(3, 1), group_quota=Quota(9))
        lesson = it.group("Class", school)
        it.tell(end(group=school.id))
        shown[end] = it.find(lesson).settings
        assert it.ask(GetSettings(lesson.id))["group_quota"].value == Quota(None)

    assert shown[MergeGroup] == Settings(signature="/School", user_quota=Quota(3, 1))
    assert shown[RemoveGroup] == Settings()


@pytest.mark.spec("M-28", "M-29")
@pytest.mark.parametrize("end", [MergeGroup, RemoveGroup])
def test_what_an_ended_group_has_sent_counts_above_as_before(it: Town, end: type[MergeGroup | RemoveGroup]) -> None:
    """To the segment, and a late refund comes back to the groups above."""
    it.set(it.root, group_quota=Quota(5, 30))
    school = it.group("School", group_quota=Quota(4, 30))
    eva = it.user("eva", school)
    texts = [it.send(eva) for _ in range(4)]
    assert it.send(eva).shown == "Group:School"
    it.tell(end(group=school.id))

    assert it.send(eva).group == it.root.id
    assert it.send(eva).shown == "Group:Ettstad"
    it.fail(texts[0].id)
    assert it.send(eva).status is Status.QUEUED
    assert it.send(eva).shown == "Group:Ettstad"


@pytest.mark.spec("M-28")
def test_an_ended_group_takes_nothing_any_more(it: Town) -> None:
    """It reads as if it did not exist, but for the log; ended once, it cannot end again."""
    school, care = it.group("School"), it.group("Care")
    it.tell(RemoveGroup(group=school.id))
    for request in (
        AddGroup(parent=school.id, name="X"),
        AddUsers(group=school.id, addresses=("max@ett.se",)),
        RenameGroup(group=school.id, name="X"),
        MoveGroup(group=care.id, under=school.id),
        MoveGroup(group=school.id, under=care.id),
        RemoveGroup(group=school.id),
        MergeGroup(group=school.id),
        GetSettings(school.id),
    ):
        refused = it.refused(request)
        assert code(refused) == (NotFound, "not_found"), request
        assert refused.message == f"There is no Group {school.id}, or you may not see it."
    assert code(it.refused(SetTopDomain(group=school.id, domain="ett.se"), OPERATOR)) == (NotFound, "not_found")


@pytest.mark.spec("M-28")
def test_ended_groups_go_up_with_the_rest_when_their_parent_ends(it: Town) -> None:
    """So no log ever hangs below nothing."""
    school = it.group("School")
    lesson = it.group("Class", school)
    eva = it.user("eva", lesson)
    it.send(eva)
    it.tell(RemoveGroup(group=lesson.id))
    it.tell(RemoveGroup(group=school.id))

    assert it.find(lesson).parent == it.root.id
    assert it.at(eva) == it.root.id
    assert len(log(it, it.root)) == len(log(it, lesson)) == 1
    assert log(it, school) == []


@pytest.mark.spec("M-26", "M-28")
@pytest.mark.parametrize("end", [MergeGroup, RemoveGroup])
def test_who_may_end_a_group(it: Town, end: type[MergeGroup | RemoveGroup]) -> None:
    """Administrators of its parent; neither its own, nor those from outside; and never the root."""
    school, care = it.group("School"), it.group("Care")
    head = it.grant(it.user("head", school), school)
    nurse = it.grant(it.user("nurse", care), care)

    refused = it.refused(end(group=school.id), head)
    assert (code(refused), refused.facts) == ((Forbidden, "forbidden"), {"needs": "groups:write"})
    assert code(it.refused(end(group=school.id), nurse)) == (NotFound, "not_found")
    assert code(it.refused(end(group=it.root.id))) == (Conflict, "root_stays")


@pytest.mark.spec("M-24", "M-28")
@pytest.mark.parametrize("end", [MergeGroup, RemoveGroup])
def test_a_group_whose_settings_are_locked_is_not_ended_from_below(
    it: Town, end: type[MergeGroup | RemoveGroup]
) -> None:
    """Else ending it would change them; one that sets nothing may end."""
    school = it.group("School")
    head = it.grant(it.user("head", school), school)
    bound, free = it.group("Bound", school, group_quota=Quota(5)), it.group("Free", school)
    it.set(it.root, permissions_lock=Lock.LOCKED)

    assert code(it.refused(end(group=bound.id), head)) == (Forbidden, "locked")
    assert it.tell(end(group=free.id), head).id == school.id


@pytest.mark.spec("M-26")
def test_groups_from_outside_read_as_if_they_did_not_exist(it: Town) -> None:
    """For an administrator of a group beside them, who is a user of the organisation too: the same words, but for the id."""
    school, care = it.group("School"), it.group("Care")
    head = it.grant(it.user("head", it.root), school)
    nowhere = GroupId("grp_nowhere")
    for make in (
        lambda group: ChangeSettings(group=group, change=Settings(signature="/X")),
        lambda group: AddGroup(parent=group, name="X"),
        lambda group: AddUsers(group=group, addresses=("x@ett.se",)),
        lambda group: MoveGroup(group=school.id, under=group),
        lambda group: RemoveGroup(group=group),
        lambda group: SetAdmins(group=group, emails=()),
        ListGroups,
        lambda group: SearchLog(group=group),
    ):
        there, absent = it.refused(make(care.id), head), it.refused(make(nowhere), head)
        assert code(there) == code(absent) == (NotFound, "not_found")
        assert there.message.replace(care.id, nowhere) == absent.message
