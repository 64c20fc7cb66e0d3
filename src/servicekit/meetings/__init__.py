"""Meetings: the online meeting of a booking, and who gets which link.

The rules of this room:

* A booking of an online service has one meeting at the vendor, at the booking's own instant; moving the booking moves that
  meeting, cancelling removes it.
* A meeting that vanished at the vendor is made again where the booking still wants it.
* The client's link leads into the meeting. The provider's is a link of ours that fetches the host's link when it is clicked:
  the vendor's host link is never stored and never mailed.
* A meeting that may exist at the vendor, because an answer was lost, is looked up before anything else is done.
"""

from servicekit.meetings.commands import FetchHostLink, GetMeeting
from servicekit.meetings.meeting import Meeting, MeetingState, host_link
from servicekit.meetings.plan import Create, Drop, LookUp, Move, Remove, Settled, Stuck, next_step

__all__ = [
    "Create",
    "Drop",
    "FetchHostLink",
    "GetMeeting",
    "LookUp",
    "Meeting",
    "MeetingState",
    "Move",
    "Remove",
    "Settled",
    "Stuck",
    "host_link",
    "next_step",
]
