"""Meetings: the online meeting of a booking or of a class, who gets which link, and whose account it is in.

The rules of this room:

* A booking of an online service has one meeting at the vendor, at the booking's own instant; moving the booking moves that
  meeting, cancelling removes it. So has a scheduled class, and every client in it has a link of its own.
* A meeting that vanished at the vendor is made again where it is still wanted, with the links that lead to it.
* The client's link leads into the meeting. The provider's is a link of ours that fetches the host's link when it is clicked:
  the vendor's host link is never stored and never mailed.
* A meeting that may exist at the vendor, because an answer was lost, is looked up before anything else is done.
* An organisation connects its account by the consent of one of its users; ending that touches no meeting.
"""

from servicekit.meetings.commands import (
    ConnectMeetings,
    Consent,
    DisconnectMeetings,
    FetchClassHostLink,
    FetchHostLink,
    FinishConnecting,
    GetConnection,
    GetMeeting,
    ListHosts,
    MeetingHost,
    SetMeetingUser,
)
from servicekit.meetings.connection import (
    ATTEMPT_SPAN,
    EARLY,
    SECRET_BYTES,
    ConnectAttempt,
    Connection,
    ConnectionState,
    ConnectionView,
    challenge_of,
    check_attempt,
    dropped,
    may_connect,
    other_account,
    secret_of,
    state_digest,
)
from servicekit.meetings.meeting import Meeting, MeetingState, host_link
from servicekit.meetings.plan import (
    Create,
    Drop,
    LookUp,
    Move,
    Remove,
    RemoveFormer,
    Replace,
    Settled,
    Stuck,
    next_step,
)
from servicekit.meetings.registrant import (
    Await,
    Forget,
    Register,
    Registrant,
    Unregister,
    added_today,
    address_in,
    count_addition,
    next_registration,
)
from servicekit.meetings.report import LinkState, MeetingMark, MeetingReport, MeetingRow, ReportMeetings, link_state

__all__ = [
    "ATTEMPT_SPAN",
    "EARLY",
    "SECRET_BYTES",
    "Await",
    "ConnectAttempt",
    "ConnectMeetings",
    "Connection",
    "ConnectionState",
    "ConnectionView",
    "Consent",
    "Create",
    "DisconnectMeetings",
    "Drop",
    "FetchClassHostLink",
    "FetchHostLink",
    "FinishConnecting",
    "Forget",
    "GetConnection",
    "GetMeeting",
    "LinkState",
    "ListHosts",
    "LookUp",
    "Meeting",
    "MeetingHost",
    "MeetingMark",
    "MeetingReport",
    "MeetingRow",
    "MeetingState",
    "Move",
    "Register",
    "Registrant",
    "Remove",
    "RemoveFormer",
    "Replace",
    "ReportMeetings",
    "SetMeetingUser",
    "Settled",
    "Stuck",
    "Unregister",
    "added_today",
    "address_in",
    "challenge_of",
    "check_attempt",
    "count_addition",
    "dropped",
    "host_link",
    "link_state",
    "may_connect",
    "next_registration",
    "next_step",
    "other_account",
    "secret_of",
    "state_digest",
]
