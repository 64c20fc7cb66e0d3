"""Mail domains through the kit: who may set which, whom they bring along, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servicekit import Principal
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from servicekit.groups import (
    AddUsers,
    Domain,
    DomainKind,
    ListDomains,
    ReleaseDomain,
    RemoveGroup,
    RemoveUsers,
    SetSubdomain,
    SetTopDomain,
)
from servicekit.ids import GroupId, UserId
from town import OPERATOR, Town, rivals, town


@pytest.fixture
def it() -> Iterator[Town]:
    """Ettstad."""
    with town() as made:
        yield made


def code(refused: Refused) -> tuple[type[Refused], str]:
    """What kind of refusal it is."""
    return type(refused), refused.code


# Top domains


@pytest.mark.spec("M-25")
def test_a_top_domain_moves_every_user_with_it_into_the_group(it: Town) -> None:
    """From other groups of the organisation and from the free accounts, subdomains too; not who belongs to another customer."""
    free, fred = rivals(it, free=True)
    rival, rolf = rivals(it)

    def elsewhere(email: str, root: GroupId, by: Principal) -> UserId:
        (line,) = it.tell(AddUsers(group=root, addresses=(email,)), by)
        assert line.user is not None
        return line.user

    school, care = it.group("School"), it.group("Care")
    moved = [it.user("eva@skola.se", care), it.user("bo@lag.skola.se"), elsewhere("fia@skola.se", free.id, fred)]
    stays = [it.user("max@evil-skola.se"), it.user("skola.se@ett.se")]
    theirs = elsewhere("ida@skola.se", rival.id, rolf)
    there = it.user("ann@skola.se", school)
    gone = it.user("old@skola.se", care)
    it.tell(RemoveUsers(group=care.id, addresses=("old@skola.se",)))
    done = it.tell(SetTopDomain(group=school.id, domain=" Skola.SE. "), OPERATOR)

    assert done.domain == Domain("skola.se", DomainKind.TOP, school.id)
    assert set(done.moved) == set(moved)
    assert {it.at(user) for user in [*moved, there]} == {school.id}
    assert [it.at(user) for user in [*stays, theirs, gone]] == [it.root.id, it.root.id, rival.id, care.id]
    assert it.ask(ListDomains(school.id)) == (done.domain,)


@pytest.mark.spec("M-25")
def test_only_operators_set_top_domains(it: Town) -> None:
    """So that nobody takes a domain that is not its own."""
    assert code(it.refused(SetTopDomain(group=it.root.id, domain="skola.se"))) == (Forbidden, "operators_only")
    nowhere = SetTopDomain(group=GroupId("grp_nowhere"), domain="skola.se")
    assert code(it.refused(nowhere, OPERATOR)) == (NotFound, "not_found")
    gone = it.group("Gone")
    it.tell(RemoveGroup(group=gone.id))
    assert code(it.refused(SetTopDomain(group=gone.id, domain="skola.se"), OPERATOR)) == (NotFound, "not_found")


@pytest.mark.spec("M-25")
@pytest.mark.parametrize(("name", "expected"), [("gmail.com", "public_domain"), ("se", "not_a_domain")])
def test_what_is_nobodys_domain_is_refused(it: Town, name: str, expected: str) -> None:
    """Public ones, and what is no domain at all; for operators too."""
    it.domain("ett.se")
    assert code(it.refused(SetTopDomain(group=it.root.id, domain=name), OPERATOR)) == (Invalid, expected)
    assert code(it.refused(SetSubdomain(group=it.root.id, domain=name))) == (Invalid, expected)


@pytest.mark.spec("M-25")
def test_a_domain_belongs_to_one_group(it: Town) -> None:
    """A second one is refused without a word of whose it is, in this organisation or another; set again it stays where it is."""
    root, _ = rivals(it)
    school = it.group("School")
    it.domain("skola.se", school)
    it.domain("hr.ett.se", it.root)
    for group, name in ((root, "skola.se"), (it.root, "skola.se"), (school, "hr.ett.se")):
        refused = it.refused(SetTopDomain(group=group.id, domain=name), OPERATOR)
        assert (code(refused), refused.facts) == ((Conflict, "domain_taken"), {"domain": name})
        assert refused.message == f"{name} is taken."
    it.domain("skola.se", school)
    assert [domain.name for domain in it.ask(ListDomains(school.id))] == ["skola.se"]


@pytest.mark.spec("M-25")
def test_a_freed_domain_can_be_anothers(it: Town) -> None:
    """Its users stay where they are until it is set again; only an operator frees a top domain."""
    school, care = it.group("School"), it.group("Care")
    eva = it.user("eva@skola.se")
    it.domain("skola.se", school)
    assert code(it.refused(ReleaseDomain(group=school.id, domain="skola.se"))) == (Forbidden, "top_domain")
    assert code(it.refused(SetTopDomain(group=None, domain="lag.se"), OPERATOR)) == (NotFound, "no_domain")
    freed = it.tell(SetTopDomain(group=None, domain="skola.se"), OPERATOR)

    assert (freed.domain.group, freed.moved, it.at(eva)) == (None, (), school.id)
    assert code(it.refused(SetTopDomain(group=None, domain="skola.se"), OPERATOR)) == (NotFound, "no_domain")
    assert code(it.refused(SetSubdomain(group=school.id, domain="x.skola.se"))) == (Conflict, "domain_not_owned")
    assert it.ask(ListDomains(school.id)) == ()
    it.domain("skola.se", care)
    assert it.at(eva) == care.id


# Subdomains


@pytest.mark.spec("M-25")
def test_a_customer_sets_subdomains_of_its_own_domain(it: Town) -> None:
    """The most specific domain wins: users go from the domain's group to the subdomain's, and come back no more with it."""
    it.domain("ett.se")
    school = it.group("School")
    lesson = it.group("Class", school)
    eva, max_ = it.user("eva@skola.ett.se"), it.user("max@x.klass.skola.ett.se")
    done = it.tell(SetSubdomain(group=school.id, domain="Skola.ett.se"))
    assert done.domain == Domain("skola.ett.se", DomainKind.SUB, school.id)
    assert set(done.moved) == {eva, max_}
    assert it.tell(SetSubdomain(group=lesson.id, domain="klass.skola.ett.se")).moved == (max_,)

    assert (it.at(eva), it.at(max_), it.at(it.admin.id)) == (school.id, lesson.id, it.root.id)
    assert it.tell(SetTopDomain(group=it.root.id, domain="ett.se"), OPERATOR).moved == ()


@pytest.mark.spec("M-25")
def test_a_subdomain_of_what_one_does_not_administer_is_refused(it: Town) -> None:
    """Nobody's, another organisation's, and one of a group above read alike; a domain is no subdomain of its own."""
    root, _ = rivals(it)
    it.domain("rival.se", root)
    it.domain("ett.se")
    school = it.group("School")
    head = it.grant(it.user("head", school), school)
    for name, by in (("x.nobody.se", None), ("x.rival.se", None), ("x.ett.se", head), ("ett.se", None)):
        refused = it.refused(SetSubdomain(group=school.id, domain=name), by)
        assert code(refused) == (Conflict, "domain_not_owned"), name
        assert refused.message == f"{name} is below no domain of your groups: the platform's operator sets top domains."
    it.tell(SetSubdomain(group=school.id, domain="skola.ett.se"))
    assert it.tell(SetSubdomain(group=school.id, domain="lag.skola.ett.se"), head).moved == ()


@pytest.mark.spec("M-25")
def test_a_subdomain_that_is_taken_is_refused(it: Town) -> None:
    """By another group of the same organisation, and by another organisation, though it lies below one's own domain."""
    root, _ = rivals(it)
    it.domain("ett.se")
    it.domain("lag.ett.se", root)
    school, care = it.group("School"), it.group("Care")
    it.tell(SetSubdomain(group=school.id, domain="skola.ett.se"))
    for name in ("skola.ett.se", "lag.ett.se"):
        assert code(it.refused(SetSubdomain(group=care.id, domain=name))) == (Conflict, "domain_taken")


@pytest.mark.spec("M-25", "M-26")
def test_a_subdomain_takes_nobody_out_of_groups_that_one_may_not_change(it: Town) -> None:
    """It is refused as a whole, and the refusal names nobody."""
    school, care = it.group("School"), it.group("Care")
    head = it.grant(it.user("head", school), school)
    it.domain("skola.se", school)
    eva = it.user("eva@lag.skola.se", care)
    refused = it.refused(SetSubdomain(group=school.id, domain="lag.skola.se"), head)

    assert (code(refused), refused.facts) == ((Conflict, "users_elsewhere"), {"domain": "lag.skola.se"})
    assert it.tell(SetSubdomain(group=school.id, domain="lag.skola.se")).moved == (eva,)


@pytest.mark.spec("M-25")
def test_subdomains_are_released_by_administrators(it: Town) -> None:
    """Of their own groups, and only what is there."""
    it.domain("ett.se")
    school = it.group("School")
    it.tell(SetSubdomain(group=school.id, domain="skola.ett.se"))
    missing = it.refused(ReleaseDomain(group=it.root.id, domain="skola.ett.se"))
    assert (code(missing), missing.facts) == ((NotFound, "no_domain"), {"domain": "skola.ett.se"})

    assert it.tell(ReleaseDomain(group=school.id, domain="SKOLA.ett.se")).group is None
    assert code(it.refused(ReleaseDomain(group=school.id, domain="skola.ett.se"))) == (NotFound, "no_domain")
    care = it.group("Care")
    assert it.tell(SetSubdomain(group=care.id, domain="skola.ett.se")).domain.group == care.id
