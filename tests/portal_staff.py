"""Users of a company whose rights are granted and taken away, as the portal's state machine knows and reads them.

Beside :mod:`portal_model` and :mod:`portal_readers`, which know administrators and customer users. As plain: somebody sees a
thing of a kind where one of its grants says so by its words.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen

from portal_model import KINDS, Company, Model, Thing
from servicekit import Instant, Kit, Principal
from servicekit.errors import Forbidden, NotFound, Refused
from servicekit.ids import GrantId
from servicekit.permissions import Explain
from servicekit.portal import (
    CountUnseenFaults,
    ExportPortal,
    GetFaultReport,
    GetOrder,
    ListCustomers,
    ListFaultReports,
    ListObjects,
    ListOrders,
    SearchPortal,
)

SCOPES = {
    "orders": "orders:read",
    "objects": "objects:read",
    "faults": "fault_reports:read",
    "comments": "comments:read",
    "readings": "readings:read",
}
"""The kinds that are granted here, each with its right. Of documents these people see none."""


@frozen
class Given:
    """A grant as it was asked for; ``root``: in the company itself and not in a group below it."""

    id: GrantId
    scopes: frozenset[str]
    root: bool
    customer: str | None
    facilities: frozenset[str] | None
    unassigned: bool
    until: Instant | None

    def says(self, scope: str, customer: str | None, facility: str | None, at: Instant) -> bool:
        """Whether it gives the right there and then. What belongs to customers is the company's own, and no group's."""
        if scope not in self.scopes or not self.root or (self.until is not None and at >= self.until):
            return False
        if self.customer is None:
            return True
        if customer != self.customer:
            return False
        return self.unassigned if facility is None else self.facilities is None or facility in self.facilities


@define
class Staff:
    """A user of a company, or of its team, and what was granted to it and not taken away."""

    id: str
    email: str
    company: Company
    of_team: bool
    grants: list[Given] = field(factory=list)

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return Principal.of(self.id)  # type: ignore[arg-type]

    def refusal(self, at: Instant) -> type[Refused]:
        """What it is told where it lacks a right: one of the team that was given nothing but there does not know the company."""
        live = [given for given in self.grants if given.until is None or at < given.until]
        knows = not self.of_team or any(given.root or given.customer is not None for given in live)
        return Forbidden if knows else NotFound

    def sees(self, scope: str, thing: Thing, at: Instant) -> bool:
        """Whether it holds the right where the thing is."""
        here = thing.company == self.company.root
        return here and any(given.says(scope, thing.customer, thing.facility, at) for given in self.grants)

    def shown(self, model: Model, at: Instant) -> dict[str, list[Thing]]:
        """All that it is shown of each kind, newest first."""
        found: dict[str, list[Thing]] = {kind: [] for kind in KINDS}
        for thing in reversed(model.things):
            if thing.kind in SCOPES and self.sees(SCOPES[thing.kind], thing, at):
                found[thing.kind].append(thing)
        return found

    def holds(self, scope: str, at: Instant) -> bool:
        """Whether it holds the right anywhere among what is customers'."""
        return any(given.says(scope, given.customer, place, at) for given in self.grants for place in _places(given))


def _places(given: Given) -> list[str | None]:
    return [None, *(given.facilities or ())] if given.facilities is not None else [None, "any"]


@frozen
class StaffReaders:
    """All of them read, through a kit."""

    kit: Kit
    model: Model

    def look(self, staff: list[Staff], at: Instant, *, closely: bool) -> None:
        """Everybody, by every way that there is; ``closely``: also thing by thing, and by the check itself."""
        for one in staff:
            shown = one.shown(self.model, at)
            self.check_lists(one, shown, at)
            self.check_faults(one, shown["faults"], at)
            self.check_elsewhere(one)
            if closely:
                self.check_by_one(one, at)

    def asked(self, query: Any, by: Principal) -> Any:
        """The answer, or the refusal."""
        try:
            return self.kit.ask(query, by=by)
        except Refused as refused:
            return refused

    def check_lists(self, one: Staff, shown: dict[str, list[Thing]], at: Instant) -> None:
        """Lists with their counts, the export and a search; without the right they are forbidden, to somebody of the house."""
        root, by = one.company.root, one.principal
        for query, kind in (
            (ListOrders(organisation=root, most=3), "orders"),
            (ListObjects(organisation=root, most=3), "objects"),
        ):
            page = self.asked(query, by)
            if not one.holds(SCOPES[kind], at):
                assert type(page) is one.refusal(at), page
                continue
            assert _ids(getattr(page, kind)) == _ids(shown[kind][:3])
            assert page.count == len(shown[kind])
        exported = self.asked(ExportPortal(organisation=root), by)
        found = self.asked(SearchPortal(organisation=root, containing="STRASSE"), by)
        if not one.holds(SCOPES["orders"], at):
            assert type(exported) is type(found) is one.refusal(at)
            return
        for kind, things in shown.items():
            assert _ids(getattr(exported, kind)) == _ids(things)
            wanted = [thing for thing in things if "strasse" in thing.text.casefold()]
            assert _ids(getattr(found, kind)) == _ids(wanted)

    def check_faults(self, one: Staff, faults: list[Thing], at: Instant) -> None:
        """The list of reports, and the number beside the menu. These people open none."""
        page = self.asked(ListFaultReports(organisation=one.company.root), one.principal)
        number = self.asked(CountUnseenFaults(one.company.root), one.principal)
        if not one.holds(SCOPES["faults"], at):
            assert type(page) is type(number) is one.refusal(at)
            return
        assert [(view.report.id, view.unseen) for view in page.reports] == [(fault.id, True) for fault in faults]
        assert page.count == page.unseen == number == len(faults)

    def check_elsewhere(self, one: Staff) -> None:
        """The other company does not exist."""
        other = next(company for company in self.model.companies if company is not one.company)
        for query in (
            ListCustomers(other.root),
            ListOrders(organisation=other.root),
            ExportPortal(organisation=other.root),
            CountUnseenFaults(other.root),
        ):
            assert isinstance(self.asked(query, one.principal), NotFound)

    def check_by_one(self, one: Staff, at: Instant) -> None:
        """Each order and report by its id; and the check with its reason, of every right at every place."""
        ways: dict[str, Any] = {"orders": GetOrder, "faults": lambda report: GetFaultReport(report=report)}
        for thing in self.model.things:
            if thing.kind in ways:
                answer = self.asked(ways[thing.kind](thing.id), one.principal)
                assert isinstance(answer, Refused) != one.sees(SCOPES[thing.kind], thing, at)
                assert isinstance(answer, NotFound) or thing.company == one.company.root
        places = {(thing.customer, thing.facility) for thing in self.model.things if thing.company == one.company.root}
        for customer, facility in places:
            for scope in SCOPES.values():
                query = Explain(
                    principal=one.principal,
                    scope=scope,
                    group=one.company.root,
                    customer=customer,  # type: ignore[arg-type]
                    facility=facility,  # type: ignore[arg-type]
                )
                expected = any(given.says(scope, customer, facility, at) for given in one.grants)
                decision = self.kit.ask(query, by=one.company.anna)
                assert bool(decision) == expected, (decision, one.grants)
                if decision:
                    assert decision.facts["grant"] in {given.id for given in one.grants}


def _ids(things: Any) -> list[str]:
    return [thing.id for thing in things]
