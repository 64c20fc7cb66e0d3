"""What can be booked, where, with whom and by whom: added, and given hours and rules."""

from __future__ import annotations

from typing import TypeVar

from attrs import evolve

from servicekit.bookings import (
    Absence,
    AbsenceAdded,
    AddAbsence,
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    BookingRules,
    Branch,
    Client,
    EndAbsence,
    Provider,
    ProviderKind,
    Service,
    SetBookingRules,
    SetOpeningHours,
    SetWorkingHours,
)
from servicekit.errors import Invalid
from servicekit.ids import AbsenceId, BranchId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Window, check_zone
from servicekit.sms import parse_number
from servicekit.usecases.doors import Listing, check_new_branch, check_new_service
from servicekit.usecases.work import Work, address_of, named, unseen

__all__ = [
    "add_absence",
    "add_branch",
    "add_client",
    "add_provider",
    "add_service",
    "end_absence",
    "set_booking_rules",
    "set_opening_hours",
    "set_working_hours",
]

T = TypeVar("T", Branch, Provider, Service, Absence)


def add_branch(work: Work, command: AddBranch, listing: Listing | None = None) -> Branch:
    """A branch of an organisation."""
    root = work.organisation("catalogue:write", command.organisation)
    check_new_branch(command, listing)
    branch = Branch(
        id=work.new(BranchId),
        organisation=root.id,
        name=named(command.name),
        zone=check_zone(command.zone),
        country_code=command.country_code,
        site=command.site,
        components=command.components,
        service_components=command.service_components,
        opening=command.opening,
    )
    work.store.branches.add(branch)
    return branch


def add_service(work: Work, command: AddService, listing: Listing | None = None) -> Service:
    """A service of a branch."""
    branch = work.store.branches.hold(command.branch)  # so that its doors stay while the service's are checked
    work.owned("catalogue:write", branch, branch.organisation)
    check_new_service(branch, command, listing)
    if command.online:
        work.wiring.need(work.wiring.meetings, "meetings")
    _check_rules(work, command.rules, branch.organisation)
    service = Service(
        id=work.new(ServiceId),
        organisation=branch.organisation,
        branch=branch.id,
        name=named(command.name),
        length=command.length,
        components=command.components,
        online=command.online,
        needs_approval=command.needs_approval,
        opens_before=command.opens_before,
        closes_after=command.closes_after,
        rules=command.rules,
    )
    work.store.services.add(service)
    return service


def _check_rules(work: Work, rules: BookingRules, organisation: GroupId) -> None:
    """See that everybody whom the rules name is there, and that rooms are rooms."""
    for key in (*rules.providers, *rules.rooms):
        provider = work.store.providers.get(key)
        if provider.organisation != organisation:
            raise unseen(provider)
        if key in rules.rooms and provider.kind is not ProviderKind.ROOM:
            raise Invalid(f"{provider.name} is no room: name rooms only.", code="not_a_room", provider=key)


def add_provider(work: Work, command: AddProvider) -> Provider:
    """A person or a room."""
    root = work.organisation("catalogue:write", command.organisation)
    provider = Provider(
        id=work.new(ProviderId),
        organisation=root.id,
        name=named(command.name),
        kind=command.kind,
        email=address_of(command.email) if command.email else "",
        meeting_user=command.meeting_user,
        works=command.works,
        capacity=command.capacity,
    )
    work.store.providers.add(provider)
    return provider


def add_client(work: Work, command: AddClient) -> Client:
    """Somebody who books."""
    root = work.organisation("clients:write", command.organisation)
    client = Client(
        id=work.new(ClientId),
        organisation=root.id,
        name=named(command.name),
        email=address_of(command.email),
        mobile=parse_number(command.mobile, command.country_code) if command.mobile else "",
        by_pin=command.by_pin,
    )
    work.store.clients.add(client)
    return client


def _mine(work: Work, thing: T) -> T:
    return work.owned("catalogue:write", thing, thing.organisation)


def set_opening_hours(work: Work, command: SetOpeningHours) -> Branch:
    """When the branch is open."""
    branch = evolve(_mine(work, work.store.branches.hold(command.branch)), opening=command.opening)
    work.store.branches.save(branch)
    return branch


def set_working_hours(work: Work, command: SetWorkingHours) -> Provider:
    """When a person or a room can be booked."""
    provider = evolve(_mine(work, work.store.providers.hold(command.provider)), works=command.works)
    work.store.providers.save(provider)
    return provider


def set_booking_rules(work: Work, command: SetBookingRules) -> Service:
    """What holds for bookings of a service from now on."""
    service = evolve(_mine(work, work.store.services.hold(command.service)), rules=command.rules)
    _check_rules(work, service.rules, service.organisation)
    work.store.services.save(service)
    return service


def add_absence(work: Work, command: AddAbsence) -> AbsenceAdded:
    """A time at which nobody is there; and what is booked then, in order of start."""
    provider = _mine(work, work.store.providers.hold(command.provider))
    window = Window(command.starts, command.ends)
    absence = Absence(
        id=work.new(AbsenceId),
        organisation=provider.organisation,
        provider=provider.id,
        starts=window.opens,
        ends=window.closes,
        reason=command.reason,
    )
    in_the_way = work.store.bookings.overlapping(provider.id, window)
    work.store.absences.add(absence)
    return AbsenceAdded(absence, in_the_way)


def end_absence(work: Work, command: EndAbsence) -> Absence:
    """It is as if it had never been said."""
    absence = evolve(_mine(work, work.store.absences.hold(command.absence)), ended=True)
    work.store.absences.save(absence)
    return absence
