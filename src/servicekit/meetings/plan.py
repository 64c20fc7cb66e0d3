"""The plan: from what a booking wants and what is known of its meeting, the one next step. Pure and total.

No meeting can be given to another host: one that shall have another is made anew there, and the former one goes after it, so
that there is a link at every moment.
"""

from __future__ import annotations

from attrs import frozen

from servicekit.meetings.meeting import Meeting, MeetingState

__all__ = [
    "Create",
    "Drop",
    "LookUp",
    "Move",
    "Remove",
    "RemoveFormer",
    "Replace",
    "Settled",
    "Step",
    "Stuck",
    "next_step",
]


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
class Replace:
    """Note that another is to be made with the next host, and this one to go after that; nothing to call."""

    meeting: Meeting


@frozen
class RemoveFormer:
    """Have the vendor delete the one that it has taken the place of."""

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


Step = LookUp | Create | Move | Remove | Replace | RemoveFormer | Drop | Settled | Stuck


def next_step(meeting: Meeting, *, wanted: bool) -> Step:
    """What to do next about the meeting of one booking; ``wanted``: whether the booking still wants one."""
    if meeting.state is MeetingState.ASKED:
        return LookUp(meeting)
    if meeting.former and (not wanted or meeting.state is MeetingState.MADE):
        return RemoveFormer(meeting)
    if not wanted:
        if meeting.state is MeetingState.MADE:
            return Remove(meeting)
        return Drop(meeting) if meeting.state is MeetingState.PLANNED else Settled()
    if meeting.state is MeetingState.PLANNED:
        return Create(meeting)
    if meeting.next_host and meeting.state in {MeetingState.MADE, MeetingState.FAILED}:
        return Replace(meeting)
    if meeting.state is MeetingState.MADE:
        return Settled() if meeting.in_place else Move(meeting)
    return Stuck(meeting)
