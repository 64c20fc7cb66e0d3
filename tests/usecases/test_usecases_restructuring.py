"""Counters after a change of the tree, of limits or of users' groups: forgotten where they would be wrong, kept where not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve

from servicekit.errors import NotFound
from servicekit.groups import AddUsers, Group, MoveGroup, Quota, RemoveGroup, RemoveUsers, SetAdmins, SetTopDomain
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant
from servicekit.ports.store import transact
from servicekit.usecases.restructuring import hold_tree, place
from town import NOON, OPERATOR, Town, rivals, town

QUOTA = Quota(100, 30)


@pytest.fixture
def it() -> Iterator[Town]:
    """Ettstad, where everything is limited."""
    with town(group_quota=QUOTA, user_quota=QUOTA) as made:
        yield made


def counted(it: Town) -> set[str]:
    """Of whom there is a counter."""
    return {str(row[0]) for row in it.rows()["counters"]}


def furnished(it: Town) -> tuple[Group, Group, Group, UserId, UserId]:
    """North with a school, and South; a user of school and one of South, both of whom have sent."""
    north, south = it.group("North", group_quota=QUOTA), it.group("South", group_quota=QUOTA)
    school = it.group("School", north, group_quota=QUOTA)
    eva, max_ = it.user("eva", school), it.user("max", south)
    it.send(eva)
    it.send(max_)
    assert counted(it) == {it.root.id, north.id, south.id, school.id, eva, max_}
    return north, south, school, eva, max_


@pytest.mark.spec("M-29")
def test_a_move_forgets_the_groups_on_either_side_and_nobody_else(it: Town) -> None:
    """What lies below them is another thing now; below the root, the moved group and for each user it is the same."""
    _, south, school, eva, max_ = furnished(it)
    it.tell(MoveGroup(group=school.id, under=south.id))
    assert counted(it) == {it.root.id, school.id, eva, max_}


@pytest.mark.spec("M-29")
def test_a_change_of_settings_forgets_what_it_counts_in_another_way(it: Town) -> None:
    """A window, for the group or for each user that it reaches; not a number, and nothing else."""
    north, south, school, eva, max_ = furnished(it)
    everything = counted(it)
    it.set(it.root, signature="/E", group_quota=Quota(99, 30), user_quota=Quota(98, 30))
    assert counted(it) == everything
    it.set(north, group_quota=Quota(99, 7))
    assert counted(it) == everything - {north.id}
    it.set(north, user_quota=Quota(99, 7))
    assert counted(it) == {it.root.id, south.id, school.id, max_}
    it.set(it.root, user_quota=Quota(None))
    assert counted(it) == {it.root.id, south.id, school.id}
    assert eva not in counted(it)


@pytest.mark.spec("M-28", "M-29")
def test_a_removed_group_forgets_itself_and_its_users(it: Town) -> None:
    """What it has sent counts above as before, so those counters stay."""
    north, south, school, _, max_ = furnished(it)
    it.tell(RemoveGroup(group=school.id))
    assert counted(it) == {it.root.id, north.id, south.id, max_}


@pytest.mark.spec("M-27", "M-29")
def test_a_user_who_comes_into_a_group_is_counted_anew(it: Town) -> None:
    """However it comes: added, added again, brought along by its domain. Going alone changes nothing."""
    north, south, school, eva, max_ = furnished(it)
    everything = counted(it)
    it.tell(AddUsers(group=south.id, addresses=("eva@ett.se",)))
    assert counted(it) == everything - {eva}
    it.tell(RemoveUsers(group=south.id, addresses=("max@ett.se",)))
    assert counted(it) == everything - {eva}
    it.tell(AddUsers(group=south.id, addresses=("max@ett.se",)))
    assert counted(it) == everything - {eva, max_}
    it.send(eva)
    it.tell(SetTopDomain(group=north.id, domain="ett.se"), OPERATOR)
    assert counted(it) == everything - {eva, max_}
    assert school.id in counted(it)


def test_free_accounts_are_held_where_there_are_any(it: Town) -> None:
    """A domain reaches them; without an organisation of free accounts there is nothing to hold."""
    it.domain("a.example")
    root, fred = rivals(it, free=True)
    (line,) = it.tell(AddUsers(group=root.id, addresses=("eva@b.example",)), fred)
    it.domain("b.example")
    assert line.user is not None
    assert it.at(line.user) == it.root.id


def test_rights_end_once(it: Town) -> None:
    """Those that have ended already keep the time at which they did; those that would end later end now."""
    school = it.group("School")
    eva = it.user("eva", school)
    it.tell(SetAdmins(group=school.id, emails=("eva@ett.se",)))
    it.tell(SetAdmins(group=school.id, emails=()))
    it.grant(eva, school, "log:read")

    def limit(until: Instant) -> None:
        def changed(store: object) -> None:
            grants = store.grants  # type: ignore[attr-defined]
            (grant,) = grants.where(principal=eva, scopes=("log:read",))
            grants.save(evolve(grant, until=until))

        transact(it.kit._storage, changed)

    later = Instant.parse("2027-01-01T00:00:00Z")
    limit(later)
    it.clock.set(Instant.parse("2026-12-01T00:00:00Z"))
    it.tell(RemoveGroup(group=school.id))

    ends = {grant.scopes: grant.until for grant in it.rows()["grants"] if grant.principal == eva}
    assert ends == {("*:*",): NOON, ("log:read",): it.clock.now()}


def test_a_tree_that_does_not_exist_cannot_be_held(it: Town) -> None:
    """It reads as everywhere; and placing nobody forgets nothing."""
    before = it.rows()

    def tried(store: object) -> None:
        work = it.kit._work(store, OPERATOR, None)  # type: ignore[arg-type]
        assert place(work, (), it.root) == ()
        with pytest.raises(NotFound, match="There is no Group grp_nowhere"):
            hold_tree(work, GroupId("grp_nowhere"), "groups:write")

    transact(it.kit._storage, tried)
    assert it.rows() == before


def test_many_users_are_forgotten_at_once(it: Town) -> None:
    """More than one statement takes."""
    school = it.group("School")
    names = tuple(f"u{number}@ett.se" for number in range(501))
    it.tell(AddUsers(group=school.id, addresses=names))
    it.send(it.user("u0", school))
    it.send(it.user("u500", school))
    it.set(school, user_quota=Quota(5, 7))
    assert counted(it) == {it.root.id}
