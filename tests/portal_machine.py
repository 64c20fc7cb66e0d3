"""A state machine over the portal: two companies, customers, facilities, users whose rights come and go, held against a model.

The model knows what was made, by whom it may be seen as the rules are written down, and nothing of filters or grants. It
runs on any kit: ``machine(opens)`` takes a function that opens one on a database; each run founds its companies there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from attrs import define, evolve, field, frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from portals import MINUTE, NOON, OPERATOR, Caught
from servicekit import Kit, Principal
from servicekit.errors import Forbidden, NotFound, Refused
from servicekit.groups import FoundOrganisation
from servicekit.ids import CustomerUserId, GroupId, UserId
from servicekit.portal import (
    ALL_RIGHTS,
    AddComment,
    AddCustomer,
    AddCustomerUser,
    AddDocument,
    AddFacility,
    AddModel,
    AddObject,
    AddOrder,
    AssignTechnician,
    ChangeCustomerUser,
    ChooseNotices,
    CountUnseenFaults,
    EnterReading,
    ExportPortal,
    FileFaultReport,
    GetDocument,
    GetFaultReport,
    GetOrder,
    ListComments,
    ListDocuments,
    ListFacilities,
    ListFaultReports,
    ListObjects,
    ListOrders,
    ListReadings,
    OpenFaultReport,
    PortalThings,
    ReadActivity,
    RemoveCustomerUser,
    Right,
    SearchPortal,
    VerifyActivity,
    Way,
)
from servicekit.testing.clock import ManualClock

WORDS = st.sampled_from(["Säge", "SÄGE klemmt", "Kran 100%", "kran_1", "Straße"])
PICK = st.integers(0, 10_000)
RIGHTS = st.lists(st.sampled_from(ALL_RIGHTS), unique=True).map(tuple)
KINDS = ("orders", "objects", "faults", "comments", "documents", "readings")
NEEDS = {"faults": "fault_reports", "comments": "comments", "documents": "documents", "readings": "readings"}
_runs = count()


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
    customers: list[str] = field(factory=list)
    facilities: list[tuple[str, str]] = field(factory=list)
    models: list[str] = field(factory=list)


def machine(opens: Callable[[ManualClock, Caught], Kit]) -> type[RuleBasedStateMachine]:  # noqa: C901 - the rules of one machine
    """The state machine on kits that ``opens`` gives."""

    class PortalMachine(RuleBasedStateMachine):
        """Whoever reads, by whatever way, sees what the model says."""

        def __init__(self) -> None:
            super().__init__()
            self.clock, self.caught = ManualClock(NOON), Caught()
            self.kit = opens(self.clock, self.caught)
            self.things = list[Thing]()
            self.people = list[Person]()
            self.opened = set[tuple[str, str]]()
            self.companies = list[Company]()
            self.mailed = 0

        def teardown(self) -> None:
            """Let go of the database."""
            self.kit.close()

        @initialize()
        def found(self) -> None:
            """Two companies with two customers each, one with two facilities; an order each, so that there is something."""
            for name in ("north", "south"):
                mark = f"{name}{next(_runs)}"
                made = self.kit.perform(
                    FoundOrganisation(name=name, zone="UTC", admin=f"anna@{mark}.example"), by=OPERATOR
                )
                anna = Principal.of(made.admin.id)
                self.kit.perform(ChooseNotices(user=made.admin.id, way=Way.MAIL, all_faults=True), by=anna)
                company = Company(made.root.id, anna, made.admin.id)
                for customer in ("one", "two"):
                    one = self.kit.perform(AddCustomer(organisation=made.root.id, name=customer), by=anna)
                    company.customers.append(one.id)
                    for facility in ("mill", "yard")[: 2 if customer == "one" else 1]:
                        self.clock.advance(MINUTE)
                        there = self.kit.perform(AddFacility(customer=one.id, name=facility), by=anna)
                        company.facilities.append((one.id, there.id))
                company.models.append(self.kit.perform(AddModel(organisation=made.root.id, name="S 100"), by=anna).id)
                self.companies.append(company)
            for pick in range(8):  # something of every kind at every place, for everybody to see or not to see
                self.add_order(pick, "Säge")
                self.add_object(pick, "kran_1", with_model=pick % 3 == 0)
            for pick in range(4):
                self.add_person(pick, None, ALL_RIGHTS, loose=True)
            for who, pick in ((0, 0), (1, 1)):
                for internal in (True, False):
                    self.comment(pick, who, "SÄGE klemmt", internal=internal)
                    self.document(pick, who, "Straße", internal=internal)
                    self.document(pick + 4, who, "Kran 100%", internal=internal)
                self.comment(pick, 2 + pick, "Straße", internal=False)
                self.report(pick, 2 + pick, "Kran 100%")

        # --- what is made

        def place(self, pick: int) -> tuple[Company, str, str | None]:
            """A customer, and one of its facilities or none."""
            company = self.companies[pick % 2]
            customer = company.customers[pick // 2 % 2]
            there = [None, *(facility for owner, facility in company.facilities if owner == customer)]
            return company, customer, there[pick // 4 % len(there)]

        def one_of(self, kind: str, pick: int) -> Thing:
            """One of the things of a kind."""
            found = [thing for thing in self.things if thing.kind == kind]
            return found[pick % len(found)]

        def made(self, thing: Any, kind: str, text: str, **more: Any) -> None:
            """Remember it."""
            self.things.append(
                Thing(
                    kind,
                    thing.id,
                    thing.organisation,
                    thing.customer,
                    thing.facility,
                    text,
                    by=getattr(thing, "by", ""),
                    **more,
                )
            )

        def has(self, kind: str) -> bool:
            """Whether there is one."""
            return any(thing.kind == kind for thing in self.things)

        @rule(pick=PICK, title=WORDS)
        def add_order(self, pick: int, title: str) -> None:
            """By the company."""
            company, customer, facility = self.place(pick)
            self.clock.advance(MINUTE)
            command = AddOrder(customer=customer, title=title, facility=facility)  # type: ignore[arg-type]
            self.made(self.kit.perform(command, by=company.anna), "orders", title)

        @rule(pick=PICK, name=WORDS, with_model=st.booleans())
        def add_object(self, pick: int, name: str, *, with_model: bool) -> None:
            """By the company; perhaps of a model."""
            company, customer, facility = self.place(pick)
            self.clock.advance(MINUTE)
            model = company.models[0] if with_model else None
            command = AddObject(customer=customer, name=name, facility=facility, model=model)  # type: ignore[arg-type]
            self.made(self.kit.perform(command, by=company.anna), "objects", name, model=model)

        @rule(pick=PICK, facilities=st.sampled_from([None, (), (0,), (1,), (0, 1)]), loose=st.booleans(), rights=RIGHTS)
        def add_person(
            self, pick: int, facilities: tuple[int, ...] | None, rights: tuple[Right, ...], *, loose: bool
        ) -> None:
            """A customer user, bound to what it is bound to."""
            company, customer, _ = self.place(pick)
            email = f"user{next(_runs)}@home.example"
            own = self.own(company, customer, facilities)
            user = self.kit.perform(
                AddCustomerUser(customer=customer, email=email, facilities=own, unassigned=loose, rights=rights),  # type: ignore[arg-type]
                by=company.anna,
            )
            self.people.append(Person(user.id, email, company.root, customer, _set(own), loose, frozenset(rights)))

        def own(self, company: Company, customer: str, picks: tuple[int, ...] | None) -> tuple[str, ...] | None:
            """Facilities of the customer."""
            there = [facility for owner, facility in company.facilities if owner == customer]
            return None if picks is None else tuple(there[pick] for pick in picks if pick < len(there))

        @precondition(lambda self: self.people)
        @rule(pick=PICK, facilities=st.sampled_from([None, (), (0,), (1,)]), loose=st.booleans(), rights=RIGHTS)
        def change_person(
            self, pick: int, facilities: tuple[int, ...] | None, rights: tuple[Right, ...], *, loose: bool
        ) -> None:
            """Rights and places come and go."""
            person = self.people[pick % len(self.people)]
            company = self.company(person)
            own = self.own(company, person.customer, facilities)
            command = ChangeCustomerUser(user=person.id, facilities=own, unassigned=loose, rights=rights)  # type: ignore[arg-type]
            if person.removed:
                assert isinstance(self.outcome(command, company.anna), NotFound)
                return
            self.kit.perform(command, by=company.anna)
            changed = evolve(person, facilities=_set(own), unassigned=loose, rights=frozenset(rights))
            self.people[self.people.index(person)] = changed

        @precondition(lambda self: self.people)
        @rule(pick=PICK)
        def remove_person(self, pick: int) -> None:
            """For good."""
            person = self.people[pick % len(self.people)]
            if not person.removed:
                self.kit.perform(RemoveCustomerUser(person.id), by=self.company(person).anna)
                self.people[self.people.index(person)] = evolve(person, removed=True)

        @rule(pick=PICK)
        def assign(self, pick: int) -> None:
            """The one who has chosen all reports as well."""
            company, customer, _ = self.place(pick)
            self.kit.perform(AssignTechnician(customer=customer, technician=company.tom), by=company.anna)  # type: ignore[arg-type]

        # --- what customer users and the company write, where they may

        def writers(self) -> list[tuple[Principal, Person | None, Company]]:
            """Both administrators and every customer user."""
            staff = [(company.anna, None, company) for company in self.companies]
            return [*staff, *((Principal.of(one.id), one, self.company(one)) for one in self.people)]

        def outcome(self, command: Any, by: Principal) -> Any:
            """What it gives, or the refusal."""
            try:
                return self.kit.perform(command, by=by)
            except Refused as refused:
                return refused

        def judged(self, outcome: Any, place: Thing, person: Person | None, company: Company, scope: str) -> bool:
            """Whether it was done; that, and how it was refused, is as the model has it."""
            if not self.sees(person, company, place):
                assert isinstance(outcome, NotFound), outcome
                return False
            if person is not None and not self.holds(person, scope):
                assert isinstance(outcome, Forbidden), outcome
                assert outcome.facts == {"needs": scope}
                return False
            assert not isinstance(outcome, Refused), outcome
            return True

        @precondition(lambda self: self.has("orders"))
        @rule(pick=PICK, who=PICK, text=WORDS, internal=st.booleans())
        def comment(self, pick: int, who: int, text: str, *, internal: bool) -> None:
            """On any order, by anybody; told to whom it may be shown."""
            order = self.one_of("orders", pick)
            by, person, company = self.writers()[who % len(self.writers())]
            hidden = internal and person is None
            self.clock.advance(MINUTE)
            made = self.outcome(AddComment(order=order.id, text=text, internal=hidden), by)  # type: ignore[arg-type]
            if self.judged(made, order, person, company, "comments:write"):
                self.made(made, "comments", text, internal=hidden, about=order.id)
                told = set() if person is not None or hidden else self.readers_of(self.things[-1])
                self.check_mailed("new comment", told)

        @rule(pick=PICK, who=PICK, text=WORDS)
        def report(self, pick: int, who: int, text: str) -> None:
            """A fault, anywhere, by anybody; the administrator is told once, though it is assigned and has chosen all."""
            company, customer, facility = self.place(pick)
            by, person, own = self.writers()[who % len(self.writers())]
            self.clock.advance(MINUTE)
            made = self.outcome(FileFaultReport(customer=customer, text=text, facility=facility), by)  # type: ignore[arg-type]
            where = Thing("place", "", company.root, customer, facility)
            if self.judged(made, where, person, own, "fault_reports:write"):
                self.made(made, "faults", text)
                self.opened.add((made.id, by.id))
                self.check_mailed("fault reported", set(), staff=True)

        @precondition(lambda self: self.has("faults"))
        @rule(pick=PICK, who=PICK)
        def open(self, pick: int, who: int) -> None:
            """A report, by anybody."""
            fault = self.one_of("faults", pick)
            by, person, company = self.writers()[who % len(self.writers())]
            made = self.outcome(OpenFaultReport(report=fault.id), by)  # type: ignore[arg-type]
            if self.judged(made, fault, person, company, "fault_reports:read"):
                assert made.unseen == ((fault.id, by.id) not in self.opened)
                self.opened.add((fault.id, by.id))

        @precondition(lambda self: self.has("orders") or self.has("objects"))
        @rule(pick=PICK, who=PICK, name=WORDS, internal=st.booleans())
        def document(self, pick: int, who: int, name: str, *, internal: bool) -> None:
            """On any order or object, by anybody; on a model by its company."""
            places = [thing for thing in self.things if thing.kind in {"orders", "objects"}]
            place = places[pick % len(places)]
            by, person, company = self.writers()[who % len(self.writers())]
            hidden = internal and person is None
            about = company.models[0] if person is None and pick % 3 == 0 else place.id
            self.clock.advance(MINUTE)
            made = self.outcome(AddDocument(about=about, name=name, content=b"x", internal=hidden), by)  # type: ignore[arg-type]
            if about != place.id or self.judged(made, place, person, company, "documents:write"):
                self.made(made, "documents", name, internal=hidden, about=about)

        @precondition(lambda self: self.has("objects"))
        @rule(pick=PICK, who=PICK)
        def read_meter(self, pick: int, who: int) -> None:
            """Of any object, by anybody."""
            thing = self.one_of("objects", pick)
            by, person, company = self.writers()[who % len(self.writers())]
            self.clock.advance(MINUTE)
            made = self.outcome(EnterReading(object=thing.id, operated=MINUTE * 5), by)  # type: ignore[arg-type]
            if self.judged(made, thing, person, company, "readings:write"):
                self.made(made, "readings", "", about=thing.id)

        # --- who may see what, as the rules say it

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

        def check_mailed(self, what: str, expected: set[str], *, staff: bool = False) -> None:
            """Who was written to since the last time about this; nobody twice."""
            mails = [mail for mail in self.letters()[self.mailed :] if what in mail[1]]
            self.mailed = len(self.letters())
            told = sorted(to for to, _ in mails)
            if staff:
                assert len(told) == 1
                assert told[0].startswith("anna@")
                return
            assert [to for to in told if not to.startswith("anna@")] == sorted(expected)
            assert len(told) <= len(expected) + 1

        def letters(self) -> list[tuple[str, str]]:
            """What was put into the post, in order: to whom, and what it says."""
            with self.kit._storage.read() as store:
                mine = (letter for one in self.companies for letter in store.letters.where(organisation=one.root))
                found = sorted(mine, key=lambda letter: (letter.made_at, letter.id))
            return [(letter.recipient, letter.raw.decode("ascii")) for letter in found]

        # --- every way of reading agrees

        @invariant()
        def all_readers_agree(self) -> None:
            """Lists, counts, search, export and each thing by itself: what the model says, and nothing else."""
            for by, person, company in self.writers():
                if person is not None and person.removed:
                    for query in (ListOrders(organisation=company.root), ExportPortal(organisation=company.root)):
                        assert isinstance(self.asked(query, by), NotFound)
                    continue
                shown = {kind: self.shown(kind, person, company) for kind in KINDS}
                self.check_lists(by, company, shown)
                self.check_faults(by, person, company, shown["faults"])
                self.check_by_one(by, person, company, shown)
                other = next(one for one in self.companies if one is not company)
                for request in (
                    ListOrders(organisation=other.root),
                    ListObjects(organisation=other.root),
                    ExportPortal(organisation=other.root),
                    CountUnseenFaults(other.root),
                ):
                    assert isinstance(self.asked(request, by), NotFound)

        def asked(self, query: Any, by: Principal) -> Any:
            """The answer, or the refusal."""
            try:
                return self.kit.ask(query, by=by)
            except Refused as refused:
                return refused

        def check_lists(self, by: Principal, company: Company, shown: dict[str, list[Thing]]) -> None:
            """Lists with their counts, the export, and searches in any case."""
            for query, kind in (
                (ListOrders(organisation=company.root, most=3), "orders"),
                (ListObjects(organisation=company.root, most=3), "objects"),
            ):
                page = self.asked(query, by)
                assert ids(getattr(page, kind)) == ids(shown[kind][:3])
                assert page.count == len(shown[kind])
            exported = self.asked(ExportPortal(organisation=company.root), by)
            assert everything(exported) == {kind: ids(found) for kind, found in shown.items()}
            for words in ("SÄGE", "%", "STRASSE"):
                found = self.asked(SearchPortal(organisation=company.root, containing=words), by)
                wanted = {
                    kind: ids(thing for thing in things if words.casefold() in thing.text.casefold())
                    for kind, things in shown.items()
                }
                assert everything(found) == wanted

        def check_faults(self, by: Principal, person: Person | None, company: Company, faults: list[Thing]) -> None:
            """The list of reports, and the number beside the menu."""
            page = self.asked(ListFaultReports(organisation=company.root), by)
            number = self.asked(CountUnseenFaults(company.root), by)
            if person is not None and not self.holds(person, "fault_reports:read"):
                assert isinstance(page, Forbidden)
                assert isinstance(number, Forbidden)
                return
            unseen = [fault.id for fault in faults if (fault.id, by.id) not in self.opened]
            assert [(view.report.id, view.unseen) for view in page.reports] == [
                (fault.id, fault.id in unseen) for fault in faults
            ]
            assert (page.count, page.unseen, number) == (len(faults), len(unseen), len(unseen))

        def check_by_one(
            self, by: Principal, person: Person | None, company: Company, shown: dict[str, list[Thing]]
        ) -> None:
            """Each thing asked for by its id; what is on an order or object by that; facilities; and the activity log."""
            by_id: dict[str, Any] = {"orders": GetOrder, "faults": _get_fault, "documents": GetDocument}
            for kind, query in by_id.items():
                for thing in self.things:
                    if thing.kind == kind:
                        assert isinstance(self.asked(query(thing.id), by), Refused) == (thing not in shown[kind])
            for thing in self.things:
                if thing.kind == "orders":
                    self.check_on(ListComments(order=thing.id), "comments", thing, (by, person, company))  # type: ignore[arg-type]
                if thing.kind == "objects":
                    self.check_on(ListReadings(thing.id), "readings", thing, (by, person, company))  # type: ignore[arg-type]
                if thing.kind in {"orders", "objects"}:
                    self.check_on(ListDocuments(thing.id), "documents", thing, (by, person, company))  # type: ignore[arg-type]
            for one in self.companies:
                for customer in one.customers:
                    self.check_customer(customer, by, person, company)

        def check_on(
            self, query: Any, kind: str, place: Thing, reader: tuple[Principal, Person | None, Company]
        ) -> None:
            """What is on one order or object."""
            by, person, company = reader
            answer = self.asked(query, by)
            if not self.sees(person, company, place):
                assert isinstance(answer, NotFound)
            elif person is not None and not self.holds(person, f"{NEEDS[kind]}:read"):
                assert isinstance(answer, Forbidden)
            else:
                on = {place.id, place.model}
                wanted = {thing.id for thing in self.shown(kind, person, company) if thing.about in on}
                assert set(ids(getattr(answer, kind, answer))) == wanted

        def check_customer(self, customer: str, by: Principal, person: Person | None, company: Company) -> None:
            """Its facilities, and of its log what the asker did itself; the company reads and verifies all of it."""
            log = self.asked(ReadActivity(customer=customer, most=1000), by)  # type: ignore[arg-type]
            places = self.asked(ListFacilities(customer), by)  # type: ignore[arg-type]
            if customer not in company.customers or (person is not None and person.customer != customer):
                assert isinstance(log, NotFound)
                assert isinstance(places, NotFound)
                return
            there = [facility for owner, facility in company.facilities if owner == customer]
            if person is None:
                assert ids(places) == there
                assert self.asked(VerifyActivity(customer=customer), by)  # type: ignore[arg-type]
                return
            assert ids(places) == [one for one in there if person.facilities is None or one in person.facilities]
            assert {entry.who for entry in log.entries} <= {person.id}
            mine = [
                thing.id
                for thing in reversed(self.things)
                if thing.by == person.id and self.sees(person, company, thing)
            ]
            assert [entry.about for entry in log.entries if "opened" not in entry.what] == mine

    return PortalMachine


def _get_fault(report: Any) -> GetFaultReport:
    return GetFaultReport(report=report)


def _set(facilities: Iterable[str] | None) -> frozenset[str] | None:
    return None if facilities is None else frozenset(facilities)


def ids(things: Iterable[Any]) -> list[str]:
    """Their ids, in order."""
    return [thing.id for thing in things]


def everything(found: PortalThings) -> dict[str, list[str]]:
    """The ids of each kind."""
    return {kind: ids(getattr(found, kind)) for kind in KINDS}
