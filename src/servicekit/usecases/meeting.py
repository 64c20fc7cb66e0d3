"""Readings of meetings, links for hosts, whose meetings are whose, and which services have any.

Rules kept here: the host's link is asked of the vendor at the click and returned to whoever may have it; it is written
nowhere. Whom the vendor's account has is asked of the vendor as well.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.bookings import Booking, ScheduledClass, Service, SetOnline
from servicekit.commands import Principal
from servicekit.errors import Conflict, NotFound
from servicekit.ids import ProviderId
from servicekit.meetings import (
    FetchClassHostLink,
    FetchHostLink,
    GetMeeting,
    ListHosts,
    Meeting,
    MeetingHost,
    MeetingState,
    SetMeetingUser,
)
from servicekit.ports.http import HttpFlow
from servicekit.ports.meetings import MeetingApp, VendorUser
from servicekit.usecases.asking import Asked
from servicekit.usecases.booking import seen_booking
from servicekit.usecases.planning_meetings import meeting_of
from servicekit.usecases.reaching import reach_now
from servicekit.usecases.work import Work, named

__all__ = ["fetch_class_host_link", "fetch_host_link", "get_meeting", "list_hosts", "set_meeting_user", "set_online"]


def get_meeting(work: Work, query: GetMeeting) -> Meeting:
    """A booking's meeting, with the link that is the client's."""
    return _known(seen_booking(work, query.booking), work)


def fetch_host_link(work: Work, query: FetchHostLink) -> Asked[str]:
    """The vendor's host link, asked for at this moment."""
    booking = work.store.bookings.get(query.booking)
    _may_host(work, booking)
    if booking.in_class is None:
        return _host_link(work, booking, _known(booking, work))
    return _class_host_link(work, work.store.classes.get(booking.in_class))


def fetch_class_host_link(work: Work, query: FetchClassHostLink) -> Asked[str]:
    """The same for a class."""
    scheduled = work.store.classes.get(query.scheduled)
    _may_host(work, scheduled)
    return _class_host_link(work, scheduled)


def _class_host_link(work: Work, scheduled: ScheduledClass) -> Asked[str]:
    found = work.store.meetings.where(in_class=scheduled.id)
    if not found:
        raise NotFound(f"The class {scheduled.id} has no online meeting.", code="no_meeting", scheduled=scheduled.id)
    return _host_link(work, scheduled, found[0])


def _may_host(work: Work, thing: Booking | ScheduledClass) -> None:
    if work.by != Principal.of(thing.provider):
        work.owned("meetings:host", thing, thing.organisation)


def _known(booking: Booking, work: Work) -> Meeting:
    meeting = meeting_of(work, booking)
    if meeting is None:
        raise NotFound(f"The booking {booking.id} has no online meeting.", code="no_meeting", booking=booking.id)
    return meeting


def _host_link(work: Work, thing: Booking | ScheduledClass, meeting: Meeting) -> Asked[str]:
    facts = {"scheduled" if isinstance(thing, ScheduledClass) else "booking": thing.id}
    if meeting.state is not MeetingState.MADE:
        raise NotFound(f"The meeting of {thing.id} is {meeting.state}.", code="meeting_gone", **facts)
    service, at = reach_now(work, thing.organisation), work.at

    def flow() -> HttpFlow[str]:
        link = yield from service.host_link(meeting.vendor_id, at)
        if link is None:
            raise NotFound(f"The meeting of {thing.id} is gone at {service.name}.", code="meeting_gone", **facts)
        return link

    return Asked(flow)


def list_hosts(work: Work, query: ListHosts) -> Asked[tuple[MeetingHost, ...]]:
    """All users where all may be seen, else who has consented."""
    root = work.organisation("meetings:connect", query.organisation)
    service, at = reach_now(work, root.id), work.at
    connection = work.store.connections.find(root.id)
    alone = isinstance(work.wiring.meetings, MeetingApp) and not (connection is not None and connection.shared)

    def flow() -> HttpFlow[tuple[MeetingHost, ...]]:
        if alone:
            me = yield from service.me(at)
            return (_host(me),)
        users = yield from service.users(at)
        return tuple(map(_host, users))

    return Asked(flow)


def _host(user: VendorUser) -> MeetingHost:
    return MeetingHost(id=user.id, email=user.email, name=user.name, licensed=user.licensed)


def set_meeting_user(work: Work, command: SetMeetingUser) -> ProviderId:
    """Whose meetings a provider's are, from the next one on."""
    provider = work.store.providers.hold(command.provider)
    work.owned("catalogue:write", provider, provider.organisation)
    user = named(command.user)
    connection = work.store.connections.find(provider.organisation)
    if connection is not None and not connection.shared and user not in {"me", connection.user, connection.email}:
        raise Conflict(
            f"The connection of {connection.email} sees no other user of the account: choose 'me', or connect with an app that "
            "is shared with the whole account.",
            code="not_shared",
            provider=provider.id,
        )
    work.store.providers.save(evolve(provider, meeting_user=user))
    return provider.id


def set_online(work: Work, command: SetOnline) -> Service:
    """The service, online or not; what was booked before is as it was (:mod:`~servicekit.usecases.planning_meetings`)."""
    service = work.store.services.hold(command.service)
    work.owned("catalogue:write", service, service.organisation)
    if command.online:
        work.wiring.need(work.wiring.meetings, "meetings")
    service = evolve(service, online=command.online)
    work.store.services.save(service)
    return service
