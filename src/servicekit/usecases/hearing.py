"""What vendors tell: delivery reports, texts from mobiles, meetings that are gone.

A fact is taken in once, however often it is told. A report about a text that is not known (yet) is kept until its hand-over
is recorded: carriers can be faster than their own answers.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.meetings import MeetingState
from servicekit.outbox.effects import EffectKind
from servicekit.outbox.facts import Fact, MeetingGone, TextReceived, TextReported
from servicekit.usecases.answering import take_text
from servicekit.usecases.following import made_anew
from servicekit.usecases.reporting import take_report
from servicekit.usecases.work import Work

__all__ = ["hear"]


def hear(work: Work, fact: Fact) -> None:
    """Take in one fact, once."""
    if not work.store.inbox.first_time(fact.vendor, fact.event_id, work.at):
        return
    match fact:
        case TextReported():
            take_report(work, fact)
        case TextReceived():
            take_text(work, fact)
        case MeetingGone():
            _gone(work, fact)


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
