"""Telling the people of a booking: in which words, by which ways, with which values.

Rules kept here:

* Own words go before built-in ones: the reader's language with its shorter tags, then the organisation's language, then the
  template without a language; only then the built-in text in these languages; last the English one.
* What hinders a text holds no mail back: a text that a rule refuses (no sender, a number that is none) gets an effect of its
  own, which a person finds among the dead ones.
* Words that come to nothing are not sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from servicekit.bookings import Booking, Branch, Client, Provider, Service
from servicekit.errors import Invalid
from servicekit.ids import BranchId, GroupId, MailId, ServiceId
from servicekit.keys import KeyState, planned
from servicekit.mail import CalendarPart, plain_mail
from servicekit.meetings import MeetingState, host_link
from servicekit.moments import Instant
from servicekit.notices import (
    BUILT_IN,
    DEFAULTS,
    Channel,
    NoticePlan,
    Occasion,
    Preference,
    Rendered,
    Template,
    Way,
    lookup,
    render,
    ways,
)
from servicekit.outbox.effects import EffectKind
from servicekit.usecases.planning_meetings import meeting_of
from servicekit.usecases.texting import submit
from servicekit.usecases.work import Work

__all__ = [
    "People",
    "address_to",
    "door_page",
    "people",
    "plan_of",
    "post",
    "said",
    "submit_text",
    "tell_by_text",
    "values_of",
    "ways_to",
    "words",
]


@frozen
class People:
    """Whom a booking is about, with what decides how they are told."""

    booking: Booking
    client: Client
    provider: Provider
    plan: NoticePlan
    client_chose: Preference
    provider_chose: Preference

    def language(self, channel: Channel) -> tuple[str, ...]:
        """The tags that the channel's reader goes by, in order."""
        chose = self.client_chose if channel in _TO_CLIENT else self.provider_chose
        return chose.language, self.plan.language


_TO_CLIENT = frozenset({Channel.CLIENT_MAIL, Channel.CLIENT_TEXT})
_BY = {
    Channel.CLIENT_MAIL: Way.MAIL,
    Channel.CLIENT_TEXT: Way.TEXT,
    Channel.PROVIDER_MAIL: Way.MAIL,
    Channel.PROVIDER_TEXT: Way.TEXT,
}


def plan_of(work: Work, organisation: GroupId, branch: BranchId, service: ServiceId) -> NoticePlan:
    """What is told besides of bookings of a service: by its own plan, else its branch's, else its organisation's."""
    plans = work.store.notice_plans
    found = plans.find(service) or plans.find(branch) or plans.find(organisation)
    return found or NoticePlan(id=organisation, organisation=organisation)


def people(work: Work, booking: Booking) -> People:
    """Everybody whom the booking is about."""

    def chose(who: str) -> Preference:
        return work.store.preferences.find(who) or Preference(id=who, organisation=booking.organisation)

    return People(
        booking=booking,
        client=work.store.clients.get(booking.client),
        provider=work.store.providers.get(booking.provider),
        plan=plan_of(work, booking.organisation, booking.branch, booking.service),
        client_chose=chose(booking.client),
        provider_chose=chose(booking.provider),
    )


def ways_to(work: Work, who: People, channels: Iterable[Channel], offered: Iterable[Way]) -> list[Channel]:
    """The channels among these by which somebody is told."""
    of_client = [channel for channel in channels if channel in _TO_CLIENT]
    of_provider = [channel for channel in channels if channel not in _TO_CLIENT]
    told = []
    for own, chose in ((of_client, who.client_chose), (of_provider, who.provider_chose)):
        there = [channel for channel in own if address_to(work, who, channel)]
        taken = ways(tuple(offered), chose.ways, [_BY[channel] for channel in there])
        told += [channel for channel in there if _BY[channel] in taken]
    return told


def address_to(work: Work, who: People, channel: Channel) -> str:
    """Where a channel leads; empty for nowhere."""
    if (work.wiring.mail if _BY[channel] is Way.MAIL else work.wiring.texts) is None:
        return ""
    return {
        Channel.CLIENT_MAIL: who.client.email,
        Channel.CLIENT_TEXT: who.client.mobile,
        Channel.PROVIDER_MAIL: who.provider.email,
        Channel.PROVIDER_TEXT: who.provider_chose.mobile,
    }[channel]


# The words


def words(work: Work, organisation: GroupId, occasion: Occasion, channel: Channel, tags: Iterable[str]) -> Template:
    """The template that a reader of these languages gets."""
    tags = tuple(tags)
    saved = {
        one.language: one
        for one in work.store.templates.where(organisation=organisation, occasion=occasion, channel=channel)
    }
    own = lookup(saved, tags) or saved.get("")
    if own is not None:
        return own
    there = {language: texts[occasion, channel] for language, texts in BUILT_IN.items()}
    subject, text = lookup(there, tags) or DEFAULTS[occasion, channel]
    language = next((one for one, texts in there.items() if texts == (subject, text)), "en")
    return Template(
        organisation=organisation, occasion=occasion, channel=channel, language=language, subject=subject, text=text
    )


def said(work: Work, who: People, occasion: Occasion, channel: Channel) -> Rendered:
    """What the channel's reader is told."""
    template = words(work, who.booking.organisation, occasion, channel, who.language(channel))
    return render(template, values_of(work, who, channel))


def door_page(work: Work, service: Service, branch: Branch, tags: Iterable[str]) -> str:
    """What the organisation says of its doors."""
    template = words(work, service.organisation, Occasion.DOORS, Channel.PAGE, tags)
    values = {
        "branch": branch.name,
        "organisation": work.store.groups.get(service.organisation).name,
        "service": service.name,
        "zone": branch.zone,
    }
    return render(template, values).text


def values_of(work: Work, who: People, channel: Channel) -> dict[str, str]:
    """What the variables stand for in what this channel's reader gets; what does not exist is left out."""
    booking = who.booking
    branch, service = work.store.branches.get(booking.branch), work.store.services.get(booking.service)

    def shown(instant: Instant, form: str = "YYYY-MM-DD HH:mm") -> str:
        return instant.local(booking.zone).format(form)

    values = {
        "booking": booking.id,
        "branch": branch.name,
        "client": who.client.name,
        "date": shown(booking.starts, "YYYY-MM-DD"),
        "end": shown(booking.ends),
        "end_time": shown(booking.ends, "HH:mm"),
        "organisation": work.store.groups.get(booking.organisation).name,
        "provider": who.provider.name,
        "reason": booking.reason,
        "room": work.store.providers.get(booking.room).name if booking.room else "",
        "service": service.name,
        "start": shown(booking.starts),
        "start_time": shown(booking.starts, "HH:mm"),
        "zone": booking.zone,
    }
    key = planned(work.store.keys.where(booking=booking.id), booking.revision)
    if key is not None and key.state is KeyState.MADE:
        values |= {"door_from": shown(key.opens), "door_until": shown(key.closes), "door_pin": key.pin}
        values["door_information"] = door_page(work, service, branch, who.language(channel))
    values |= _links(work, booking)
    if channel not in _TO_CLIENT:
        values |= {"client_email": who.client.email, "client_mobile": who.client.mobile}
        return values
    values.pop("online_meeting_provider_link", None)  # whatever stands in the template
    return values


def _links(work: Work, booking: Booking) -> dict[str, str]:
    """The links into the booking's meeting, where there is one; who has lost the booking, or it is cancelled, has none."""
    meeting = meeting_of(work, booking) if booking.obeyed else None
    if meeting is None or meeting.state is not MeetingState.MADE:
        return {}
    links = {"online_meeting_link": meeting.join_url}
    if work.wiring.base_url:
        links["online_meeting_provider_link"] = host_link(work.wiring.base_url, booking.id)
    return links


# The ways


def post(work: Work, who: People, channel: Channel, rendered: Rendered, calendar: CalendarPart | None = None) -> None:
    """Write a mail, and enqueue its hand-over."""
    if not rendered.text:
        return
    mail_id, booking = work.new(MailId), who.booking
    to, sender = address_to(work, who, channel), work.wiring.mail_from
    mail = plain_mail(
        to=to,
        from_address=sender,
        from_name=work.store.groups.get(booking.organisation).name,
        subject=rendered.subject,
        text=rendered.text,
        message_id=f"<{mail_id}@{sender.rpartition('@')[2]}>",
        at=work.at,
        calendar=calendar,
    )
    work.post(mail_id, booking.organisation, mail, to=to)


def tell_by_text(work: Work, who: People, occasion: Occasion, channel: Channel, *, had: str = "") -> None:
    """Write a text; where a rule refuses it, have an effect of its own find that, and wait for a person.

    ``had``: from when until when the provider had the booking that it has lost; empty for everybody else.
    """
    try:
        submit_text(work, who, occasion, channel)
    except Invalid:  # before anything was written
        work.enqueue(
            EffectKind.NOTICE_TEXT,
            f"{who.booking.id}/{occasion}/{channel}" + (f"/{who.booking.provider}" if had else ""),
            who.booking.organisation,
            revision=who.booking.revision,
            payload=had,
        )


def submit_text(work: Work, who: People, occasion: Occasion, channel: Channel) -> None:
    """Write a text, paid for like every other.

    Raises:
        Invalid: as :func:`servicekit.usecases.texting.submit` does.
    """
    to, text = address_to(work, who, channel), said(work, who, occasion, channel).text
    if to and text:
        submit(work, work.store.path(who.booking.organisation), None, to, text)
