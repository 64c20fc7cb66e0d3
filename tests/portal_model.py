"""What the state machine of the portal knows: what was made, and by whom it may be seen as the rules are written down.

Nothing of filters or grants: slow and plain.
"""

from __future__ import annotations

from attrs import define, field, frozen

from servicekit import Principal
from servicekit.ids import CustomerUserId, GroupId, UserId

KINDS = ("orders", "objects", "faults", "comments", "documents", "readings", "inspections")
NEEDS = {"faults": "fault_reports"} | {kind: kind for kind in ("comments", "documents", "readings", "inspections")}


@frozen
class Thing:
    """Something that was made: what it is called, whose it is, where, and what of it is searched in."""

    kind: str
    id: str
    company: GroupId
    customer: str | None
    facility: str | None
    text: str = ""
    internal: bool = False
    about: str = ""
    model: str | None = None
    by: str = ""


@frozen
class Person:
    """A customer user as the model has it."""

    id: CustomerUserId
    email: str
    company: GroupId
    customer: str
    facilities: frozenset[str] | None
    unassigned: bool
    rights: frozenset[str]
    removed: bool = False


@define
class Company:
    """One of the two."""

    root: GroupId
    anna: Principal
    tom: UserId
    team: GroupId
    customers: list[str] = field(factory=list)
    facilities: list[tuple[str, str]] = field(factory=list)
    models: list[str] = field(factory=list)


@define
class Model:
    """All of it. ``opened`` has the fault reports that were opened, by whom."""

    things: list[Thing] = field(factory=list)
    people: list[Person] = field(factory=list)
    opened: set[tuple[str, str]] = field(factory=set)
    companies: list[Company] = field(factory=list)

    def writers(self) -> list[tuple[Principal, Person | None, Company]]:
        """Both administrators and every customer user."""
        staff = [(company.anna, None, company) for company in self.companies]
        return [*staff, *((Principal.of(one.id), one, self.company(one)) for one in self.people)]

    def place(self, pick: int) -> tuple[Company, str, str | None]:
        """A customer, and one of its facilities or none."""
        company = self.companies[pick % 2]
        customer = company.customers[pick // 2 % 2]
        there = [None, *(facility for owner, facility in company.facilities if owner == customer)]
        return company, customer, there[pick // 4 % len(there)]

    def own(self, company: Company, customer: str, picks: tuple[int, ...] | None) -> tuple[str, ...] | None:
        """Facilities of the customer."""
        there = [facility for owner, facility in company.facilities if owner == customer]
        return None if picks is None else tuple(there[pick] for pick in picks if pick < len(there))

    def has(self, kind: str) -> bool:
        """Whether there is one."""
        return any(thing.kind == kind for thing in self.things)

    def one_of(self, kind: str, pick: int) -> Thing:
        """One of the things of a kind."""
        found = [thing for thing in self.things if thing.kind == kind]
        return found[pick % len(found)]

    def company(self, person: Person) -> Company:
        """Whose customer's."""
        return next(company for company in self.companies if company.root == person.company)

    def sees(self, person: Person | None, company: Company, thing: Thing) -> bool:
        """Whether a place is somebody's to see; ``person`` None: the company's administrator."""
        if person is None:
            return thing.company == company.root
        if person.removed or thing.customer != person.customer:
            return False
        if thing.facility is None:
            return person.unassigned
        return person.facilities is None or thing.facility in person.facilities

    def holds(self, person: Person, scope: str) -> bool:
        """Whether a right is on; to write is to read."""
        return scope in person.rights or scope.replace(":read", ":write") in person.rights

    def shown(self, kind: str, person: Person | None, company: Company) -> list[Thing]:
        """All of a kind that somebody is shown, newest first."""
        if person is not None and kind in NEEDS and not self.holds(person, f"{NEEDS[kind]}:read"):
            return []
        found = [
            thing
            for thing in self.things
            if thing.kind == kind
            and not (person is not None and thing.internal)
            and self.reaches(person, company, thing)
        ]
        return found[::-1]

    def reaches(self, person: Person | None, company: Company, thing: Thing) -> bool:
        """Whether it is at a place that is seen, or on a model of which an object is."""
        if thing.kind != "documents" or thing.customer is not None or person is None:
            return self.sees(person, company, thing)
        objects = (one for one in self.things if one.kind == "objects" and one.model == thing.about)
        return any(self.sees(person, company, one) for one in objects)

    def readers_of(self, thing: Thing) -> set[str]:
        """The addresses of the customer users who may read a comment."""
        return {
            one.email
            for one in self.people
            if not one.removed and thing in self.shown("comments", one, self.company(one))
        }
