"""Every way of reading the portal, held against the model: lists, counts, search, export, and each thing by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from portal_model import KINDS, NEEDS, Company, Model, Person, Thing
from servicekit import Kit, Principal
from servicekit.errors import Forbidden, NotFound, Refused
from servicekit.portal import (
    CountUnseenFaults,
    ExportPortal,
    GetDocument,
    GetFaultReport,
    GetOrder,
    ListComments,
    ListCustomers,
    ListDocuments,
    ListFacilities,
    ListFaultReports,
    ListInspections,
    ListObjects,
    ListOrders,
    ListReadings,
    PortalThings,
    ReadActivity,
    SearchPortal,
    VerifyActivity,
)


@frozen
class Readers:
    """All who read, through a kit."""

    kit: Kit
    model: Model

    def look(self, *, closely: Iterable[int]) -> None:
        """Everybody, by lists and search; ``closely``: whose turn it is (by number) to ask for each thing by itself as well."""
        turns = frozenset(closely)
        for number, (by, person, company) in enumerate(self.model.writers()):
            if person is not None and person.removed:
                for query in (ListOrders(organisation=company.root), ExportPortal(organisation=company.root)):
                    assert isinstance(self.asked(query, by), NotFound)
                continue
            shown = {kind: self.model.shown(kind, person, company) for kind in KINDS}
            customers = company.customers if person is None else [person.customer]
            assert set(_ids(self.asked(ListCustomers(company.root), by))) == set(customers)
            self.check_lists(by, company, shown)
            self.check_faults(by, person, company, shown["faults"])
            self.check_elsewhere(by, company)
            if number in turns:
                self.check_by_one(by, person, company, shown)

    def check_elsewhere(self, by: Principal, company: Company) -> None:
        """The other company does not exist."""
        other = next(one for one in self.model.companies if one is not company)
        for request in (
            ListCustomers(other.root),
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
            assert _ids(getattr(page, kind)) == _ids(shown[kind][:3])
            assert page.count == len(shown[kind])
        exported = self.asked(ExportPortal(organisation=company.root), by)
        assert _everything(exported) == {kind: _ids(found) for kind, found in shown.items()}
        for words in ("SÄGE", "%", "STRASSE"):
            found = self.asked(SearchPortal(organisation=company.root, containing=words), by)
            wanted = {
                kind: _ids(thing for thing in things if words.casefold() in thing.text.casefold())
                for kind, things in shown.items()
            }
            assert _everything(found) == wanted

    def check_faults(self, by: Principal, person: Person | None, company: Company, faults: list[Thing]) -> None:
        """The list of reports, and the number beside the menu."""
        page = self.asked(ListFaultReports(organisation=company.root), by)
        number = self.asked(CountUnseenFaults(company.root), by)
        if person is not None and not self.model.holds(person, "fault_reports:read"):
            assert isinstance(page, Forbidden)
            assert isinstance(number, Forbidden)
            return
        unseen = [fault.id for fault in faults if (fault.id, by.id) not in self.model.opened]
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
            for thing in self.model.things:
                if thing.kind == kind:
                    assert isinstance(self.asked(query(thing.id), by), Refused) == (thing not in shown[kind])
        for thing in self.model.things:
            if thing.kind == "orders":
                self.check_on(ListComments(order=thing.id), "comments", thing, (by, person, company))  # type: ignore[arg-type]
            if thing.kind == "objects":
                self.check_on(ListReadings(thing.id), "readings", thing, (by, person, company))  # type: ignore[arg-type]
            if thing.kind in {"orders", "objects"}:
                self.check_on(ListInspections(thing.id), "inspections", thing, (by, person, company))  # type: ignore[arg-type]
                self.check_on(ListDocuments(thing.id), "documents", thing, (by, person, company))  # type: ignore[arg-type]
        for one in self.model.companies:
            for customer in one.customers:
                self.check_customer(customer, by, person, company)

    def check_on(self, query: Any, kind: str, place: Thing, reader: tuple[Principal, Person | None, Company]) -> None:
        """What is on one order or object."""
        by, person, company = reader
        answer = self.asked(query, by)
        if not self.model.sees(person, company, place):
            assert isinstance(answer, NotFound)
        elif person is not None and not self.model.holds(person, f"{NEEDS[kind]}:read"):
            assert isinstance(answer, Forbidden)
        else:
            on = {place.id, place.model}
            wanted = {thing.id for thing in self.model.shown(kind, person, company) if thing.about in on}
            assert set(_ids(getattr(answer, kind, answer))) == wanted

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
            assert _ids(places) == there
            assert self.asked(VerifyActivity(customer=customer), by)  # type: ignore[arg-type]
            return
        assert _ids(places) == [one for one in there if person.facilities is None or one in person.facilities]
        assert {entry.who for entry in log.entries} <= {person.id}
        mine = [
            thing.id
            for thing in reversed(self.model.things)
            if thing.by == person.id and self.model.sees(person, company, thing)
        ]
        assert [entry.about for entry in log.entries if "opened" not in entry.what] == mine


def _get_fault(report: Any) -> GetFaultReport:
    return GetFaultReport(report=report)


def _ids(things: Iterable[Any]) -> list[str]:
    """Their ids, in order."""
    return [thing.id for thing in things]


def _everything(found: PortalThings) -> dict[str, list[str]]:
    """The ids of each kind."""
    return {kind: _ids(getattr(found, kind)) for kind in KINDS}
