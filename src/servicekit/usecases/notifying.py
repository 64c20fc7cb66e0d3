"""Notices: once key and meeting are there, the client and the provider are told.

A notice that has been overtaken (the booking was moved or cancelled since) is not sent: the newer one says what holds.
Everything that one occasion gives is enqueued in one transaction, so nobody is told twice.
"""

from __future__ import annotations

from servicekit.bookings import Booking, Client, Provider
from servicekit.ids import MailId
from servicekit.keys import KeyState, planned
from servicekit.mail import plain_mail
from servicekit.meetings import MeetingState, host_link
from servicekit.moments import Instant
from servicekit.notices import DEFAULTS, Channel, Occasion, Rendered, SaveTemplate, Template, check, render
from servicekit.outbox.effects import Effect
from servicekit.usecases.delivering import Done, Step
from servicekit.usecases.texting import submit
from servicekit.usecases.work import Work

__all__ = ["prepare_notice", "save_template"]


def save_template(work: Work, command: SaveTemplate) -> Template:
    """Check a template and store it in place of the one before."""
    root = work.organisation("templates:write", command.organisation)
    template = check(
        Template(
            organisation=root.id,
            occasion=command.occasion,
            channel=command.channel,
            subject=command.subject,
            text=command.text,
        )
    )
    if work.store.templates.where(organisation=root.id, occasion=template.occasion, channel=template.channel):
        work.store.templates.save(template)
    else:
        work.store.templates.add(template)
    return template


def prepare_notice(work: Work, effect: Effect) -> Step:
    """Write what the occasion gives, and enqueue it. Nothing happens outside here."""
    booking = work.store.bookings.hold(effect.subject)
    if effect.revision < booking.revision:
        return Done()
    occasion = Occasion(effect.payload)
    client = work.store.clients.get(booking.client)
    provider = work.store.providers.get(booking.provider)
    values = _values(work, booking, client, provider)
    if work.wiring.mail is not None:
        _mail(work, booking, client.email, _rendered(work, booking, occasion, Channel.CLIENT_MAIL, values))
        if provider.email:
            _mail(work, booking, provider.email, _rendered(work, booking, occasion, Channel.PROVIDER_MAIL, values))
    if work.wiring.texts is not None and client.mobile:
        text = _rendered(work, booking, occasion, Channel.CLIENT_TEXT, values).text
        submit(work, work.store.path(booking.organisation), None, client.mobile, text)
    return Done()


def _rendered(work: Work, booking: Booking, occasion: Occasion, channel: Channel, values: dict[str, str]) -> Rendered:
    saved = work.store.templates.where(organisation=booking.organisation, occasion=occasion, channel=channel)
    if saved:
        return render(saved[0], values)
    subject, text = DEFAULTS[occasion, channel]
    template = Template(
        organisation=booking.organisation, occasion=occasion, channel=channel, subject=subject, text=text
    )
    return render(template, values)


def _values(work: Work, booking: Booking, client: Client, provider: Provider) -> dict[str, str]:
    """What the variables stand for; what does not exist is left out."""

    def shown(instant: Instant) -> str:
        return instant.local(booking.zone).format("YYYY-MM-DD HH:mm")

    values = {
        "booking": booking.id,
        "branch": work.store.branches.get(booking.branch).name,
        "client": client.name,
        "end": shown(booking.ends),
        "provider": provider.name,
        "service": work.store.services.get(booking.service).name,
        "start": shown(booking.starts),
    }
    key = planned(work.store.keys.where(booking=booking.id), booking.revision)
    if key is not None and key.state is KeyState.MADE:
        values |= {"door_from": shown(key.opens), "door_until": shown(key.closes)}
    for meeting in work.store.meetings.where(booking=booking.id):
        if meeting.state is MeetingState.MADE:
            values["online_meeting_link"] = meeting.join_url
            if work.wiring.base_url:
                values["online_meeting_provider_link"] = host_link(work.wiring.base_url, booking.id)
    return values


def _mail(work: Work, booking: Booking, to: str, rendered: Rendered) -> None:
    mail_id = work.new(MailId)
    sender = work.wiring.mail_from
    mail = plain_mail(
        to=to,
        from_address=sender,
        from_name=work.store.groups.get(booking.organisation).name,
        subject=rendered.subject,
        text=rendered.text,
        message_id=f"<{mail_id}@{sender.rpartition('@')[2]}>",
        at=work.at,
    )
    work.post(mail_id, booking.organisation, mail, to=to)
