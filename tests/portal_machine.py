"""A state machine over the portal: two companies, customers, facilities, users whose rights come and go, held against a model.

Customer users' rights are set; those of a company's own users, in it or in its group, are granted, run out and are ended.

It runs on any kit: ``machine(opens)`` takes a function that opens one on a database; each run founds its companies there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from portal_model import Company, Model, Person, Thing
from portal_readers import Readers
from portal_staff import SCOPES, Given, Staff, StaffReaders
from portals import MINUTE, NOON, OPERATOR, Caught
from servicekit import Kit, Principal
from servicekit.errors import Forbidden, NotFound, Refused
from servicekit.groups import AddGroup, AddUsers, FoundOrganisation
from servicekit.permissions import GrantScopes, RevokeGrant
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
    EnterReading,
    FileFaultReport,
    MakeInspection,
    OpenFaultReport,
    Outcome,
    Point,
    RemoveCustomerUser,
    Right,
    Way,
)
from servicekit.testing.clock import ManualClock

WORDS = st.sampled_from(["Säge", "SÄGE klemmt", "Kran 100%", "kran_1", "Straße"])
PICK = st.integers(0, 10_000)
POINTS = (Point("Blade", Outcome.GOOD),)
RIGHTS = st.lists(st.sampled_from(ALL_RIGHTS), unique=True).map(tuple)
_runs = count()


def machine(opens: Callable[[ManualClock, Caught], Kit]) -> type[RuleBasedStateMachine]:  # noqa: C901 - the rules of one machine
    """The state machine on kits that ``opens`` gives."""

    class PortalMachine(RuleBasedStateMachine):
        """Whoever reads, by whatever way, sees what the model says."""

        def __init__(self) -> None:
            super().__init__()
            self.clock, self.caught = ManualClock(NOON), Caught()
            self.kit = opens(self.clock, self.caught)
            self.model = Model()
            self.readers = Readers(self.kit, self.model)
            self.staff: list[Staff] = []
            self.staff_readers = StaffReaders(self.kit, self.model)
            self.turns = count()
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
                team = self.kit.perform(AddGroup(parent=made.root.id, name="team"), by=anna).id
                company = Company(made.root.id, anna, made.admin.id, team)
                for customer in ("one", "two"):
                    one = self.kit.perform(AddCustomer(organisation=made.root.id, name=customer), by=anna)
                    company.customers.append(one.id)
                    for facility in ("mill", "yard")[: 2 if customer == "one" else 1]:
                        self.clock.advance(MINUTE)
                        there = self.kit.perform(AddFacility(customer=one.id, name=facility), by=anna)
                        company.facilities.append((one.id, there.id))
                company.models.append(self.kit.perform(AddModel(organisation=made.root.id, name="S 100"), by=anna).id)
                self.model.companies.append(company)
            for pick in range(8):  # something of every kind at every place, for everybody to see or not to see
                self.add_order(pick, "Säge")
                self.add_object(pick, "kran_1", with_model=pick % 3 == 0)
            for pick in range(4):
                self.add_person(pick, None, ALL_RIGHTS, loose=True)
            for pick in range(2):
                self.hire(pick, team=bool(pick))
                self.give(pick, pick, None, tuple(SCOPES.values()), team=False, loose=True, brief=False)
            for who, pick in ((0, 0), (1, 1)):
                for internal in (True, False):
                    self.comment(pick, who, "SÄGE klemmt", internal=internal)
                    self.document(pick, who, "Straße", internal=internal)
                    self.document(pick + 4, who, "Kran 100%", internal=internal)
                    self.inspect(pick + 8 * internal, who, "SÄGE klemmt")
                self.comment(pick, 2 + pick, "Straße", internal=False)
                self.report(pick, 2 + pick, "Kran 100%")

        # --- what is made

        def made(self, thing: Any, kind: str, text: str, **more: Any) -> None:
            """Remember it."""
            self.model.things.append(
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

        @rule(pick=PICK, title=WORDS)
        def add_order(self, pick: int, title: str) -> None:
            """By the company."""
            company, customer, facility = self.model.place(pick)
            self.clock.advance(MINUTE)
            command = AddOrder(customer=customer, title=title, facility=facility)  # type: ignore[arg-type]
            self.made(self.kit.perform(command, by=company.anna), "orders", title)

        @rule(pick=PICK, name=WORDS, with_model=st.booleans())
        def add_object(self, pick: int, name: str, *, with_model: bool) -> None:
            """By the company; perhaps of a model."""
            company, customer, facility = self.model.place(pick)
            self.clock.advance(MINUTE)
            model = company.models[0] if with_model else None
            command = AddObject(customer=customer, name=name, facility=facility, model=model)  # type: ignore[arg-type]
            self.made(self.kit.perform(command, by=company.anna), "objects", name, model=model)

        @rule(pick=PICK, facilities=st.sampled_from([None, (), (0,), (1,), (0, 1)]), loose=st.booleans(), rights=RIGHTS)
        def add_person(
            self, pick: int, facilities: tuple[int, ...] | None, rights: tuple[Right, ...], *, loose: bool
        ) -> None:
            """A customer user, bound to what it is bound to."""
            company, customer, _ = self.model.place(pick)
            email = f"user{next(_runs)}@home.example"
            own = self.model.own(company, customer, facilities)
            user = self.kit.perform(
                AddCustomerUser(customer=customer, email=email, facilities=own, unassigned=loose, rights=rights),  # type: ignore[arg-type]
                by=company.anna,
            )
            self.model.people.append(
                Person(user.id, email, company.root, customer, _set(own), loose, frozenset(rights))
            )

        @precondition(lambda self: self.model.people)
        @rule(pick=PICK, facilities=st.sampled_from([None, (), (0,), (1,)]), loose=st.booleans(), rights=RIGHTS)
        def change_person(
            self, pick: int, facilities: tuple[int, ...] | None, rights: tuple[Right, ...], *, loose: bool
        ) -> None:
            """Rights and places come and go."""
            person = self.model.people[pick % len(self.model.people)]
            company = self.model.company(person)
            own = self.model.own(company, person.customer, facilities)
            command = ChangeCustomerUser(user=person.id, facilities=own, unassigned=loose, rights=rights)  # type: ignore[arg-type]
            if person.removed:
                assert isinstance(self.outcome(command, company.anna), NotFound)
                return
            self.kit.perform(command, by=company.anna)
            changed = evolve(person, facilities=_set(own), unassigned=loose, rights=frozenset(rights))
            self.model.people[self.model.people.index(person)] = changed

        @precondition(lambda self: self.model.people)
        @rule(pick=PICK)
        def remove_person(self, pick: int) -> None:
            """For good."""
            person = self.model.people[pick % len(self.model.people)]
            if not person.removed:
                self.kit.perform(RemoveCustomerUser(person.id), by=self.model.company(person).anna)
                self.model.people[self.model.people.index(person)] = evolve(person, removed=True)

        @rule(pick=PICK)
        def assign(self, pick: int) -> None:
            """The one who has chosen all reports as well."""
            company, customer, _ = self.model.place(pick)
            self.kit.perform(AssignTechnician(customer=customer, technician=company.tom), by=company.anna)  # type: ignore[arg-type]

        @precondition(lambda self: len(self.staff) < 4)
        @rule(pick=PICK, team=st.booleans())
        def hire(self, pick: int, *, team: bool) -> None:
            """A user of the company, or of its team, who wants to know of every report and may nothing yet."""
            company = self.model.companies[pick % 2]
            email = f"staff{next(_runs)}@firm.example"
            (line,) = self.kit.perform(
                AddUsers(group=company.team if team else company.root, addresses=(email,)), by=company.anna
            )
            assert line.user is not None
            one = Staff(line.user, email, company, team)
            self.kit.perform(ChooseNotices(user=line.user, way=Way.MAIL, all_faults=True), by=one.principal)
            self.staff.append(one)

        @precondition(lambda self: self.staff)
        @rule(
            who=PICK,
            pick=PICK,
            facilities=st.sampled_from([None, (0,), (0, 1)]),
            scopes=st.lists(st.sampled_from(sorted(SCOPES.values())), unique=True, min_size=1).map(tuple),
            team=st.booleans(),
            loose=st.booleans(),
            brief=st.booleans(),
        )
        def give(
            self,
            who: int,
            pick: int,
            facilities: tuple[int, ...] | None,
            scopes: tuple[str, ...],
            *,
            team: bool,
            loose: bool,
            brief: bool,
        ) -> None:
            """Rights over the company, its team, or a customer and some of its places; for ever or for three minutes."""
            one = self.staff[who % len(self.staff)]
            company = one.company
            customer = [None, *company.customers][pick % 3]
            own = self.model.own(company, customer, facilities) if customer is not None else None
            loose = loose or customer is None  # facilities are a customer's
            until = self.clock.now() + MINUTE * 3 if brief else None
            command = GrantScopes(
                principal=one.principal,
                scopes=scopes,
                group=company.team if team else company.root,
                customer=customer,  # type: ignore[arg-type]
                facilities=own,  # type: ignore[arg-type]
                unassigned=loose,
                until=until,
            )
            made = self.kit.perform(command, by=company.anna)
            one.grants.append(Given(made.id, frozenset(scopes), not team, customer, _set(own), loose, until))

        @precondition(lambda self: any(one.grants for one in self.staff))
        @rule(who=PICK, pick=PICK)
        def take(self, who: int, pick: int) -> None:
            """One of somebody's grants ends; one that has run out is over already."""
            holders = [one for one in self.staff if one.grants]
            one = holders[who % len(holders)]
            given = one.grants.pop(pick % len(one.grants))
            over = given.until is not None and self.clock.now() >= given.until
            assert isinstance(self.outcome(RevokeGrant(given.id), one.company.anna), Refused) == over

        # --- what customer users and the company write, where they may

        def outcome(self, command: Any, by: Principal) -> Any:
            """What it gives, or the refusal."""
            try:
                return self.kit.perform(command, by=by)
            except Refused as refused:
                return refused

        def judged(self, outcome: Any, place: Thing, person: Person | None, company: Company, scope: str) -> bool:
            """Whether it was done; that, and how it was refused, is as the model has it."""
            if not self.model.sees(person, company, place):
                assert isinstance(outcome, NotFound), outcome
                return False
            if person is not None and not self.model.holds(person, scope):
                assert isinstance(outcome, Forbidden), outcome
                assert outcome.facts == {"needs": scope}
                return False
            assert not isinstance(outcome, Refused), outcome
            return True

        @precondition(lambda self: self.model.has("orders"))
        @rule(pick=PICK, who=PICK, text=WORDS, internal=st.booleans())
        def comment(self, pick: int, who: int, text: str, *, internal: bool) -> None:
            """On any order, by anybody; told to whom it may be shown."""
            order = self.model.one_of("orders", pick)
            by, person, company = self.model.writers()[who % len(self.model.writers())]
            hidden = internal and person is None
            self.clock.advance(MINUTE)
            made = self.outcome(AddComment(order=order.id, text=text, internal=hidden), by)  # type: ignore[arg-type]
            if self.judged(made, order, person, company, "comments:write"):
                self.made(made, "comments", text, internal=hidden, about=order.id)
                told = set() if person is not None or hidden else self.model.readers_of(self.model.things[-1])
                self.check_mailed("new comment", told)

        @rule(pick=PICK, who=PICK, text=WORDS)
        def report(self, pick: int, who: int, text: str) -> None:
            """A fault, anywhere, by anybody; the administrator is told once, though it is assigned and has chosen all."""
            company, customer, facility = self.model.place(pick)
            by, person, own = self.model.writers()[who % len(self.model.writers())]
            self.clock.advance(MINUTE)
            made = self.outcome(FileFaultReport(customer=customer, text=text, facility=facility), by)  # type: ignore[arg-type]
            where = Thing("place", "", company.root, customer, facility)
            if self.judged(made, where, person, own, "fault_reports:write"):
                self.made(made, "faults", text)
                self.model.opened.add((made.id, by.id))
                now = self.clock.now()
                seers = {one.email for one in self.staff if one.sees(SCOPES["faults"], self.model.things[-1], now)}
                self.check_mailed("fault reported", seers, staff=True)

        @precondition(lambda self: self.model.has("faults"))
        @rule(pick=PICK, who=PICK)
        def open(self, pick: int, who: int) -> None:
            """A report, by anybody."""
            fault = self.model.one_of("faults", pick)
            by, person, company = self.model.writers()[who % len(self.model.writers())]
            made = self.outcome(OpenFaultReport(report=fault.id), by)  # type: ignore[arg-type]
            if self.judged(made, fault, person, company, "fault_reports:read"):
                assert made.unseen == ((fault.id, by.id) not in self.model.opened)
                self.model.opened.add((fault.id, by.id))

        @precondition(lambda self: self.model.has("orders") or self.model.has("objects"))
        @rule(pick=PICK, who=PICK, name=WORDS, internal=st.booleans())
        def document(self, pick: int, who: int, name: str, *, internal: bool) -> None:
            """On any order or object, by anybody; on a model by its company."""
            places = [thing for thing in self.model.things if thing.kind in {"orders", "objects"}]
            place = places[pick % len(places)]
            by, person, company = self.model.writers()[who % len(self.model.writers())]
            hidden = internal and person is None
            about = company.models[0] if person is None and pick % 3 == 0 else place.id
            self.clock.advance(MINUTE)
            made = self.outcome(AddDocument(about=about, name=name, content=b"x", internal=hidden), by)  # type: ignore[arg-type]
            if about != place.id or self.judged(made, place, person, company, "documents:write"):
                self.made(made, "documents", name, internal=hidden, about=about)

        @precondition(lambda self: self.model.has("objects"))
        @rule(pick=PICK, who=PICK)
        def read_meter(self, pick: int, who: int) -> None:
            """Of any object, by anybody."""
            thing = self.model.one_of("objects", pick)
            by, person, company = self.model.writers()[who % len(self.model.writers())]
            self.clock.advance(MINUTE)
            made = self.outcome(EnterReading(object=thing.id, operated=MINUTE * 5), by)  # type: ignore[arg-type]
            if self.judged(made, thing, person, company, "readings:write"):
                self.made(made, "readings", "", about=thing.id)

        @rule(pick=PICK, who=PICK, title=WORDS)
        def inspect(self, pick: int, who: int, title: str) -> None:
            """Any order or object, by anybody."""
            places = [thing for thing in self.model.things if thing.kind in {"orders", "objects"}]
            place = places[pick % len(places)]
            by, person, company = self.model.writers()[who % len(self.model.writers())]
            self.clock.advance(MINUTE)
            made = self.outcome(MakeInspection(about=place.id, title=title, points=POINTS), by)  # type: ignore[arg-type]
            if self.judged(made, place, person, company, "inspections:write"):
                self.made(made, "inspections", title, about=place.id)

        def check_mailed(self, what: str, expected: set[str], *, staff: bool = False) -> None:
            """Who was written to since the last time about this; nobody twice."""
            mails = [mail for mail in self.letters()[self.mailed :] if what in mail[1]]
            self.mailed = len(self.letters())
            told = sorted(to for to, _ in mails)
            assert [to for to in told if not to.startswith("anna@")] == sorted(expected)
            if staff:
                assert len(told) == len(expected) + 1
                return
            assert len(told) <= len(expected) + 1

        def letters(self) -> list[tuple[str, str]]:
            """What was put into the post, in order: to whom, and what it says."""
            with self.kit._storage.read() as store:
                mine = (letter for one in self.model.companies for letter in store.letters.where(organisation=one.root))
                found = sorted(mine, key=lambda letter: (letter.made_at, letter.id))
            return [(letter.recipient, letter.raw.decode("ascii")) for letter in found]

        # --- every way of reading agrees

        @invariant()
        def everybody_reads(self) -> None:
            """What the model says, and nothing else; one of them in turn asks for each thing by itself as well."""
            turn = next(self.turns)
            self.staff_readers.look(self.staff, self.clock.now(), closely=turn % 4 == 0)
            if self.model.people:
                self.readers.look(closely=[turn % len(self.model.writers())])

        @rule()
        def everybody_reads_closely(self) -> None:
            """All of them ask for each thing by itself."""
            self.readers.look(closely=range(len(self.model.writers())))

    return PortalMachine


def _set(facilities: Iterable[str] | None) -> frozenset[str] | None:
    return None if facilities is None else frozenset(facilities)
