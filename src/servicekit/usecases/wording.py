"""Words and wishes: templates saved and shown beforehand, what is told besides, and how people want to be told."""

from __future__ import annotations

from typing import TypeVar

from attrs import evolve

from servicekit.bookings import Client, Provider
from servicekit.commands import Principal
from servicekit.errors import Invalid
from servicekit.groups import signature_of
from servicekit.ids import BookingId, ClientId, GroupId
from servicekit.keys import components_of
from servicekit.notices import (
    Channel,
    DoorInformation,
    GetPreference,
    NoticePlan,
    PlanNotices,
    Preference,
    Preview,
    PreviewTemplate,
    SaveTemplate,
    SetPreference,
    Template,
    check,
    check_language,
    need_calendar,
    render,
)
from servicekit.notices.telling import PersonId
from servicekit.ports.tables import Table
from servicekit.sms import count_segments, parse_number
from servicekit.usecases.booking import seen_booking
from servicekit.usecases.placing import may_ask
from servicekit.usecases.speaking import door_page, people, plan_of, values_of, words
from servicekit.usecases.work import Work, unseen

__all__ = ["door_information", "get_preference", "plan_notices", "preview_template", "save_template", "set_preference"]

T = TypeVar("T", NoticePlan, Preference)
_TEXTS = frozenset({Channel.CLIENT_TEXT, Channel.PROVIDER_TEXT})
_SAMPLE = {
    "booking": "bkg_0000000000000000000000000",
    "branch": "Zentrum",
    "client": "Eva Example",
    "client_email": "eva@example.com",
    "client_mobile": "+46701740605",
    "date": "2026-11-26",
    "door_from": "2026-11-26 12:45",
    "door_information": "The doors open with your phone.",
    "door_pin": "1234",
    "door_until": "2026-11-26 14:15",
    "end": "2026-11-26 14:00",
    "end_time": "14:00",
    "online_meeting_link": "https://meetings.example/j/123456789",
    "online_meeting_provider_link": "https://salon.example/meetings/bkg_0/host",
    "organisation": "Salon",
    "provider": "Anna Example",
    "reason": "Illness",
    "room": "Room 1",
    "service": "Consultation",
    "start": "2026-11-26 13:00",
    "start_time": "13:00",
    "zone": "Europe/Zurich",
}
"""What a preview shows without a booking."""


def save_template(work: Work, command: SaveTemplate) -> Template:
    """Check a template and store it in place of the one before."""
    root = work.organisation("templates:write", command.organisation)
    template = check(_template(root.id, command))
    table = work.store.templates
    if table.where(
        organisation=root.id,
        occasion=template.occasion,
        channel=template.channel,
        language=template.language,
    ):
        table.save(template)
    else:
        table.add(template)
    return template


def _template(organisation: GroupId, command: SaveTemplate | PreviewTemplate) -> Template:
    return Template(
        organisation=organisation,
        occasion=command.occasion,
        channel=command.channel,
        language=command.language,
        subject=command.subject,
        text=command.text,
    )


def preview_template(work: Work, query: PreviewTemplate) -> Preview:
    """A notice as it would be sent, with a booking's values or with samples."""
    root = work.organisation("templates:read", query.organisation)
    draft = bool(query.text.strip())
    template = check(_template(root.id, query if draft else evolve(query, subject="", text="as it is now")))
    if not draft:
        plan = work.store.notice_plans.find(root.id)
        tags = (query.language, plan.language if plan else "")
        template = words(work, root.id, query.occasion, query.channel, tags)
    rendered = render(
        template, _SAMPLE if query.booking is None else _real(work, root.id, query.booking, query.channel)
    )
    segments = None
    if query.channel in _TEXTS:
        signature = signature_of(None, (root,))
        segments = count_segments(f"{rendered.text}\n{signature}" if signature else rendered.text).segments
    return Preview(rendered.subject, rendered.text, template.language, segments)


def _real(work: Work, organisation: GroupId, booking_id: BookingId, channel: Channel) -> dict[str, str]:
    booking = seen_booking(work, booking_id)
    if booking.organisation != organisation:
        raise unseen(booking)
    return values_of(work, people(work, booking), channel)


def plan_notices(work: Work, command: PlanNotices) -> NoticePlan:
    """What an organisation, or one of its branches or services, tells besides."""
    root = work.organisation("templates:write", command.organisation)
    if command.branch is not None and command.service is not None:
        raise Invalid(
            "A plan is a branch's or a service's: name one of them; a service belongs to its branch.", code="two_places"
        )
    if command.service is not None:
        service = work.store.services.hold(command.service)
        if service.organisation != root.id:
            raise unseen(service)
    if command.branch is not None:
        branch = work.store.branches.hold(command.branch)
        if branch.organisation != root.id:
            raise unseen(branch)
    if command.calendar:
        need_calendar()
    plan = NoticePlan(
        id=command.service or command.branch or root.id,
        organisation=root.id,
        language=command.language and check_language(command.language),
        calendar=command.calendar,
        alarms=command.alarms,
        reminders=command.reminders,
        quiet=command.quiet,
    )
    _put(work.store.notice_plans, plan)
    return plan


def _put(table: Table[T], thing: T) -> None:
    """Store it in place of the one before."""
    if table.find(thing.id):
        table.save(thing)
    else:
        table.add(thing)


# People


def set_preference(work: Work, command: SetPreference) -> Preference:
    """How somebody wants to be told, in place of what they chose before."""
    person = _person(work, command.who, "clients:write")
    if command.mobile and isinstance(person, Client):
        raise Invalid(
            "Texts go to the mobile number that stands with the client: change it there.",
            code="clients_own_mobile",
            client=person.id,
        )
    preference = Preference(
        id=person.id,
        organisation=person.organisation,
        language=command.language and check_language(command.language),
        ways=command.ways,
        reminders=command.reminders,
        mobile=parse_number(command.mobile, command.country_code) if command.mobile else "",
    )
    _put(work.store.preferences, preference)
    return preference


def get_preference(work: Work, query: GetPreference) -> Preference:
    """What somebody has chosen, or what holds for whoever has not."""
    person = _person(work, query.who, "clients:read")
    return work.store.preferences.find(person.id) or Preference(id=person.id, organisation=person.organisation)


def _person(work: Work, who: PersonId, scope: str) -> Client | Provider:
    """A client or a provider, for itself and for whoever holds the scope."""
    person = work.store.clients.get(who) if isinstance(who, ClientId) else work.store.providers.get(who)
    if work.by != Principal.of(who):
        work.owned(scope, person, person.organisation)
    return person


def door_information(work: Work, query: DoorInformation) -> str:
    """What the booking page of a service says of its doors."""
    client = work.store.clients.find(work.by.id)  # first, so that what is not there costs as much
    service = work.store.services.get(query.service)
    may_ask(work, service, client)
    branch = work.store.branches.get(service.branch)
    if not components_of(branch.components, service.components):
        return ""
    plan = plan_of(work, service.organisation, service.branch, service.id)
    tags = (query.language and check_language(query.language), plan.language)
    return door_page(work, service, branch, tags)
