"""Bookings: what can be booked, and every change of a booking with all that follows from it, in one transaction."""

from __future__ import annotations

from servicekit.bookings import (
    Action,
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    BookingState,
    Branch,
    Cancel,
    CheckIn,
    Client,
    Complete,
    Confirm,
    GetBooking,
    MarkNoShow,
    Party,
    Provider,
    Rebook,
    Service,
    act,
    book,
    rebook,
)
from servicekit.commands import Principal
from servicekit.errors import Conflict, Invalid
from servicekit.ids import BookingId, BranchId, ClientId, ProviderId, ServiceId
from servicekit.moments import Window, check_zone
from servicekit.notices import Occasion
from servicekit.sms import parse_number
from servicekit.usecases.following import check_mobile, follow
from servicekit.usecases.work import Work, address_of, named, unseen

__all__ = [
    "add_branch",
    "add_client",
    "add_provider",
    "add_service",
    "book_service",
    "cancel",
    "change_state",
    "get_booking",
    "move",
    "seen_booking",
]


def add_branch(work: Work, command: AddBranch) -> Branch:
    """A branch of an organisation."""
    root = work.organisation("catalogue:write", command.organisation)
    if command.components and not command.site:
        raise Invalid("Doors belong to a site of the door system: set the branch's site.", code="doors_without_site")
    branch = Branch(
        id=work.new(BranchId),
        organisation=root.id,
        name=named(command.name),
        zone=check_zone(command.zone),
        country_code=command.country_code,
        site=command.site,
        components=command.components,
    )
    work.store.branches.add(branch)
    return branch


def add_service(work: Work, command: AddService) -> Service:
    """A service of a branch."""
    branch = work.store.branches.get(command.branch)
    work.owned("catalogue:write", branch, branch.organisation)
    if command.components and not branch.site:
        raise Invalid("Doors belong to a site of the door system: set the branch's site.", code="doors_without_site")
    if command.online:
        work.wiring.need(work.wiring.meetings, "meetings")
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
    )
    work.store.services.add(service)
    return service


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
    )
    work.store.clients.add(client)
    return client


def book_service(work: Work, command: Book) -> Booking:
    """A new booking: confirmed at once, or requested where the service needs approval."""
    service = work.store.services.get(command.service)
    for_itself = work.by == Principal.of(command.client)
    if not for_itself:
        work.owned("bookings:write", service, service.organisation)
    client = work.store.clients.get(command.client)
    if client.organisation != service.organisation:
        raise unseen(service if for_itself else client)
    # Held, so that nobody else looks whether it is taken before this is stored.
    provider = work.store.providers.hold(command.provider)
    if provider.organisation != service.organisation:
        raise unseen(provider)
    branch = work.store.branches.get(service.branch)
    check_mobile(service, branch, client)
    window = Window(command.starts, command.ends or command.starts + service.length)
    booking = book(
        Booking(
            id=work.new(BookingId),
            organisation=service.organisation,
            branch=branch.id,
            service=service.id,
            provider=provider.id,
            client=client.id,
            starts=window.opens,
            ends=window.closes,
            zone=branch.zone,
            state=BookingState.REQUESTED if service.needs_approval else BookingState.CONFIRMED,
        ),
        work.at,
    )
    _refuse_taken(work, booking)
    work.store.bookings.add(booking)
    if booking.obeyed:
        follow(work, booking, Occasion.BOOKED)
    return booking


def move(work: Work, command: Rebook) -> Booking:
    """The booking in another window."""
    before = _mine(work, command.booking)
    window = Window(command.starts, command.ends or command.starts + before.window.length)
    booking = rebook(before, window, work.at)
    if booking is not before:
        work.store.providers.hold(booking.provider)
        _refuse_taken(work, booking)
        work.store.bookings.save(booking)
        if booking.obeyed:
            follow(work, booking, Occasion.MOVED)
    return booking


def cancel(work: Work, command: Cancel) -> Booking:
    """The booking cancelled; the client's own doing is told apart."""
    before = _mine(work, command.booking)
    by = Party.CLIENT if work.by == Principal.of(before.client) else Party.BUSINESS
    booking = act(before, Action.CANCEL, by=by)
    if booking is not before:
        work.store.bookings.save(booking)
        if before.obeyed:
            follow(work, booking, Occasion.CANCELLED)
    return booking


_ACTIONS = {
    Confirm: Action.CONFIRM,
    CheckIn: Action.CHECK_IN,
    Complete: Action.COMPLETE,
    MarkNoShow: Action.MARK_NO_SHOW,
}


def change_state(work: Work, command: Confirm | CheckIn | Complete | MarkNoShow) -> Booking:
    """The other transitions, which only the business makes."""
    before = work.store.bookings.hold(command.booking)
    work.owned("bookings:write", before, before.organisation)
    booking = act(before, _ACTIONS[type(command)])
    if booking is not before:
        work.store.bookings.save(booking)
        if booking.obeyed != before.obeyed:
            follow(work, booking, Occasion.BOOKED if booking.obeyed else None)
    return booking


def get_booking(work: Work, query: GetBooking) -> Booking:
    """One booking."""
    return seen_booking(work, query.booking)


def seen_booking(work: Work, booking_id: BookingId) -> Booking:
    """A booking that the asker may see: its client, its provider, or whoever has ``bookings:read``."""
    booking = work.store.bookings.get(booking_id)
    if work.by not in {Principal.of(booking.client), Principal.of(booking.provider)}:
        work.owned("bookings:read", booking, booking.organisation)
    return booking


def _mine(work: Work, booking_id: BookingId) -> Booking:
    booking = work.store.bookings.hold(booking_id)
    if work.by != Principal.of(booking.client):
        work.owned("bookings:write", booking, booking.organisation)
    return booking


def _refuse_taken(work: Work, booking: Booking) -> None:
    others = [
        other for other in work.store.bookings.overlapping(booking.provider, booking.window) if other.id != booking.id
    ]
    if others:
        raise Conflict(
            f"The provider is taken from {others[0].starts} until {others[0].ends}: choose another time.",
            code="taken",
            provider=booking.provider,
            starts=str(others[0].starts),
            ends=str(others[0].ends),
        )
