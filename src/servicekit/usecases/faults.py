"""Fault reports: filed, told, listed, opened. Unseen is what a reader has not opened."""

from __future__ import annotations

from servicekit.errors import Invalid
from servicekit.ids import FacilityId, FaultReportId
from servicekit.portal import (
    CountUnseenFaults,
    Customer,
    FaultPage,
    FaultReport,
    FaultView,
    FileFaultReport,
    GetFaultReport,
    ListFaultReports,
    OpenFaultReport,
    SeenFault,
    Told,
)
from servicekit.usecases.activity import note
from servicekit.usecases.portal import check_facility
from servicekit.usecases.seeing import by_customer, check_page, reached, visible, written
from servicekit.usecases.technicians import tell_of_fault
from servicekit.usecases.work import Work

__all__ = ["count_unseen_faults", "file_fault_report", "get_fault_report", "list_fault_reports", "open_fault_report"]


def file_fault_report(work: Work, command: FileFaultReport) -> FaultReport:
    """Store it, seen by who files it, and tell whom it concerns."""
    customer = work.store.customers.hold(command.customer)
    facility = _facility(work, customer, command)
    work.owned("fault_reports:write", customer, customer.organisation, customer.id, facility)
    if command.facility is not None:
        check_facility(work, customer, command.facility)
    report = FaultReport(
        id=work.new(FaultReportId),
        organisation=customer.organisation,
        customer=customer.id,
        facility=facility,
        object=command.object,
        text=written(command.text),
        by=work.by.id,
        made_at=work.at,
    )
    work.store.faults.add(report)
    work.store.fault_views.add(SeenFault(report=report.id, reader=work.by.id, at=work.at))
    note(work, customer, "fault report filed", report.id, facility=facility)
    tell_of_fault(work, customer, report)
    return report


def _facility(work: Work, customer: Customer, command: FileFaultReport) -> FacilityId | None:
    """Where it is; of an object that is not the customer's, or that the asker may not see, is said that there is none."""
    if command.object is None:
        return command.facility
    thing = reached(work, "objects:read", work.store.objects.get(command.object))
    if thing.customer != customer.id or command.facility not in {None, thing.facility}:
        raise Invalid(
            f"{customer.name} has no object {thing.id} there: name its own facility, or none.",
            code="foreign_object",
            customer=customer.id,
            object=thing.id,
        )
    return thing.facility


def open_fault_report(work: Work, command: OpenFaultReport) -> FaultView:
    """Have it seen."""
    report = work.store.faults.get(command.report)
    customer = work.store.customers.hold(report.customer)
    reached(work, "fault_reports:read", report)
    unseen = _unseen(work, report)
    if unseen:
        work.store.fault_views.add(SeenFault(report=report.id, reader=work.by.id, at=work.at))
        note(work, customer, "fault report opened", report.id, facility=report.facility)
    return _shown(work, report, unseen=unseen)


def get_fault_report(work: Work, query: GetFaultReport) -> FaultView:
    """One report."""
    report = reached(work, "fault_reports:read", work.store.faults.get(query.report))
    return _shown(work, report, unseen=_unseen(work, report))


def list_fault_reports(work: Work, query: ListFaultReports) -> FaultPage:
    """Those that the asker may see."""
    check_page(query.most)
    shown, _ = visible(work, "fault_reports:read", query.organisation)
    rows, reader = work.store.faults, work.by.id
    some, unseen = rows.unread(shown, reader, containing=query.containing, most=query.most if query.unseen else 0)
    if query.unseen:
        return FaultPage(tuple(_shown(work, report, unseen=True) for report in some), unseen, unseen)
    found, count = rows.seen(shown, containing=query.containing, most=query.most)
    return FaultPage(tuple(_shown(work, report, unseen=_unseen(work, report)) for report in found), count, unseen)


def count_unseen_faults(work: Work, query: CountUnseenFaults) -> int:
    """The number beside the menu."""
    shown, _ = visible(work, "fault_reports:read", query.organisation)
    return work.store.faults.unread(shown, work.by.id, most=0)[1]


def _unseen(work: Work, report: FaultReport) -> bool:
    return not work.store.fault_views.where(report=report.id, reader=work.by.id)


def _shown(work: Work, report: FaultReport, *, unseen: bool) -> FaultView:
    told: tuple[Told, ...] = () if by_customer(work) else work.store.told.where(about=report.id)
    return FaultView(report, unseen=unseen, told=told)
