"""What vendors tell: delivery reports, texts from mobiles, meetings that are gone, apps that were removed.

A fact is taken in once, however often it is told. A report about a text that is not known (yet) is kept until its hand-over
is recorded: carriers can be faster than their own answers.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.meetings import Meeting, MeetingState
from servicekit.outbox.facts import AppDeauthorized, Fact, MeetingGone, TextReceived, TextReported
from servicekit.usecases.answering import take_text
from servicekit.usecases.delivering_connections import was_removed
from servicekit.usecases.delivering_links import remake_for_class
from servicekit.usecases.planning_meetings import enqueue_meeting, made_anew, tell_again
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
        case AppDeauthorized():
            was_removed(work, fact)


def _gone(work: Work, fact: MeetingGone) -> None:
    """A meeting that is still wanted is made anew; our own removals come back here too and change nothing."""
    for known in work.store.meetings.where(vendor_id=fact.vendor_id):
        if known.in_class is not None:
            scheduled = work.store.classes.hold(known.in_class)
            if _lost(work, known, wanted=not scheduled.cancelled):
                remake_for_class(work, known)
        elif known.booking is not None:
            booking = work.store.bookings.hold(known.booking)
            if _lost(work, known, wanted=booking.obeyed):
                work.store.meetings.save(made_anew(work.store.meetings.hold(known.id)))
                enqueue_meeting(work, booking)
                tell_again(work, booking)


def _lost(work: Work, known: Meeting, *, wanted: bool) -> bool:
    """Whether a meeting that is gone has to be made again."""
    meeting = work.store.meetings.hold(known.id)
    if meeting.state is not MeetingState.MADE or not wanted:
        return False
    if meeting.closes <= work.at:  # it has taken place, and somebody has tidied up
        work.store.meetings.save(evolve(meeting, state=MeetingState.REMOVED))
        return False
    return True
