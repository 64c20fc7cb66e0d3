"""The plan: from what a booking wants and what is known of its meeting, the one next step. Pure and total."""

from __future__ import annotations

from attrs import frozen

from servicekit.meetings.meeting import Meeting, MeetingState

__all__ = ["Create", "Drop", "LookUp", "Move", "Remove", "Settled", "Step", "Stuck", "next_step"]


@frozen
class LookUp:
    """An answer was lost: search the host's meetings for the marker."""

    meeting: Meeting


@frozen
class Create:
    """Have the vendor make it."""

    meeting: Meeting


@frozen
class Move:
    """Have the vendor move it to the wanted window, and read it back."""

    meeting: Meeting


@frozen
class Remove:
    """Have the vendor delete it."""

    meeting: Meeting


@frozen
class Drop:
    """Never made and not wanted any more: note it, nothing to call."""

    meeting: Meeting


@frozen
class Settled:
    """The vendor holds exactly what is wanted."""


@frozen
class Stuck:
    """The vendor refused: a person has to look."""

    meeting: Meeting


Step = LookUp | Create | Move | Remove | Drop | Settled | Stuck


def next_step(meeting: Meeting, *, wanted: bool) -> Step:
    """What to do next about the meeting of one booking; ``wanted``: whether the booking still wants one."""
    if meeting.state is MeetingState.ASKED:
        return LookUp(meeting)
    if not wanted:
        if meeting.state is MeetingState.MADE:
            return Remove(meeting)
        return Drop(meeting) if meeting.state is MeetingState.PLANNED else Settled()
    if meeting.state is MeetingState.PLANNED:
        return Create(meeting)
    if meeting.state is MeetingState.MADE:
        return Settled() if meeting.in_place else Move(meeting)
    return Stuck(meeting)
