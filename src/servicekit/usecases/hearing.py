"""What vendors tell: delivery reports, texts from mobiles, meetings that are gone.

A fact is taken in once, however often it is told. A report about a text that is not known (yet) is kept until its hand-over
is recorded: carriers can be faster than their own answers.
"""

from __future__ import annotations

import hashlib

from attrs import evolve

from servicekit.codec import dumps
from servicekit.groups import User
from servicekit.ids import MailId, MessageId
from servicekit.mail import answer_mail
from servicekit.meetings import MeetingState
from servicekit.messages import Direction, HandOver, Message, SearchLog, Status
from servicekit.outbox.effects import EffectKind
from servicekit.outbox.facts import Fact, MeetingGone, TextReceived, TextReported
from servicekit.usecases.following import made_anew
from servicekit.usecases.reporting import take_report
from servicekit.usecases.work import Work

__all__ = ["hear"]

_LOOKED_BACK = 20  # messages among which the last one that went out is looked for; the others were refused


def hear(work: Work, fact: Fact) -> None:
    """Take in one fact, once."""
    if not work.store.inbox.first_time(fact.vendor, fact.event_id, work.at):
        return
    match fact:
        case TextReported():
            take_report(work, fact)
        case TextReceived():
            _received(work, fact)
        case MeetingGone():
            _gone(work, fact)


def _received(work: Work, fact: TextReceived) -> None:
    """Into the log of the user whose number it is, and as a mail into the user's mailbox, unless the user was removed."""
    owners = work.store.users.where(number=fact.to)
    if not owners:
        work.store.inbox.keep(fact.vendor, f"to {fact.to}", dumps(fact), work.at)
        return
    user = owners[0]
    message = Message(
        id=work.new(MessageId),
        organisation=user.organisation,
        group=user.group,
        user=user.id,
        direction=Direction.IN,
        number=fact.sender,
        sender=fact.sender,
        text=fact.text,
        segments=0,
        status=Status.INCOMING,
        vendor=fact.vendor,
        vendor_id=fact.vendor_id,
        made_at=work.at,
        changed_at=work.at,
    )
    previous = _last_sent(work, user, fact.sender)
    work.store.messages.add(message)
    if work.wiring.mail is not None and work.wiring.gateway_domain and not user.removed:
        _send_answer(work, user, fact, previous)


def _send_answer(work: Work, user: User, fact: TextReceived, previous: str) -> None:
    mail_id = work.new(MailId)
    mail = answer_mail(
        text=fact.text,
        number=fact.sender,
        to=user.email,
        gateway=work.wiring.gateway_domain,
        thread=hashlib.sha256(f"{user.id}\0{fact.sender}".encode()).hexdigest()[:32],
        message_id=f"<{mail_id}@{work.wiring.gateway_domain}>",
        at=work.at,
        previous=previous,
    )
    work.post(mail_id, user.organisation, mail, to=user.email)


def _last_sent(work: Work, user: User, number: str) -> str:
    query = SearchLog(group=user.organisation, user=user.id, number=number, direction=Direction.OUT, most=_LOOKED_BACK)
    found = work.store.messages.search(query, work.store.below(user.organisation))
    return next((message.text for message in found if message.hand_over is not HandOver.NONE), "")


def _gone(work: Work, fact: MeetingGone) -> None:
    """A meeting that its booking still wants is made anew; our own removals come back here too and change nothing."""
    for known in work.store.meetings.where(vendor_id=fact.vendor_id):
        booking = work.store.bookings.hold(known.booking)
        meeting = work.store.meetings.hold(known.id)
        if meeting.state is not MeetingState.MADE or not booking.obeyed:
            continue
        if meeting.closes <= work.at:  # it has taken place, and somebody has tidied up
            work.store.meetings.save(evolve(meeting, state=MeetingState.REMOVED))
            continue
        work.store.meetings.save(made_anew(meeting))
        work.enqueue(EffectKind.MEETING, booking.id, booking.organisation, revision=booking.revision, about=booking.id)
