"""Registrants: in a class every client has a link of its own, and all lead to the same meeting.

Rules kept here: one registrant for each seat, under an address that no other seat of the meeting has; leaving takes away
one's own link only; who moves with the class, or finds the meeting made anew, is looked for before being added again.
"""

from __future__ import annotations

from collections.abc import Collection

from attrs import evolve, field, frozen

from servicekit.ids import BookingId, ClientId, MeetingId, RegistrantId
from servicekit.meetings.meeting import Meeting, MeetingState
from servicekit.meetings.plan import Settled, Stuck
from servicekit.moments import Instant

__all__ = [
    "Await",
    "Forget",
    "Register",
    "Registrant",
    "Registration",
    "Unregister",
    "added_today",
    "address_in",
    "count_addition",
    "next_registration",
]

_DAY = 86_400 * 1_000_000  # microseconds


@frozen(kw_only=True)
class Registrant:
    """The link of one seat.

    Attributes:
        email: under which the vendor knows the person; see :func:`address_in`.
        state: what is known of the link at the vendor; ``ASKED``, ``MADE`` and ``FAILED`` are about ``at_meeting``: a meeting that
            was made anew is asked for anew.
        at_meeting: the vendor's id of the meeting that it leads to.
        for_opens: the meeting's start when the link was last seen: after a move it is looked at again.
        day, additions: how often the vendor was asked to add them on that day (UTC, days since 1970).
    """

    id: RegistrantId
    meeting: MeetingId
    booking: BookingId
    email: str
    name: str
    state: MeetingState = MeetingState.PLANNED
    at_meeting: str = ""
    for_opens: Instant | None = None
    vendor_id: str = ""
    join_url: str = field(default="", repr=False)
    day: int = 0
    additions: int = 0
    detail: str = ""


@frozen
class Await:
    """The meeting is not in place yet."""


@frozen
class Register:
    """See that the vendor has them, and what their link is."""

    registrant: Registrant


@frozen
class Unregister:
    """Have the vendor take the link away."""

    registrant: Registrant


@frozen
class Forget:
    """There is no link at the vendor and none is wanted: note it as ``state``, nothing to call."""

    registrant: Registrant
    state: MeetingState


Registration = Await | Register | Unregister | Forget | Settled | Stuck


def next_registration(registrant: Registrant, meeting: Meeting, *, wanted: bool, held: bool) -> Registration:
    """What to do next about one seat's link.

    Args:
        registrant: as it is known.
        meeting: the class's.
        wanted: whether the booking still wants a link.
        held: whether the class still takes place; if not, the meeting goes, and all links with it.
    """
    there = registrant.at_meeting == meeting.vendor_id and registrant.state in {MeetingState.ASKED, MeetingState.MADE}
    if not wanted:
        if there and held and meeting.state is MeetingState.MADE:
            return Unregister(registrant)
        if registrant.state in {MeetingState.ASKED, MeetingState.MADE}:
            return Forget(registrant, MeetingState.REMOVED)
        return Forget(registrant, MeetingState.DROPPED) if registrant.state is MeetingState.PLANNED else Settled()
    if meeting.state is MeetingState.FAILED:
        return Stuck(meeting)
    if meeting.state is not MeetingState.MADE or not meeting.in_place:
        return Await()
    if registrant.state is MeetingState.FAILED and registrant.at_meeting == meeting.vendor_id:
        return Stuck(meeting)
    if there and registrant.state is MeetingState.MADE and registrant.for_opens == meeting.opens:
        return Settled()
    return Register(registrant)


def address_in(email: str, client: ClientId, others: Collection[str]) -> str:
    """The address under which a client is registered: its own, or with a tag where another seat of the meeting has that.

    >>> address_in("eva@home.example", ClientId("cli_7"), ["eva@home.example"])
    'eva+cli_7@home.example'
    """
    if email not in others:
        return email
    local, _, domain = email.rpartition("@")
    return f"{local}+{client}@{domain}"


def added_today(registrants: Collection[Registrant], at: Instant) -> int:
    """How often the vendor was asked today (UTC) to add the person whom these are."""
    return sum(one.additions for one in registrants if one.day == at.us // _DAY)


def count_addition(registrant: Registrant, at: Instant, by: int = 1) -> Registrant:
    """The registrant with one more addition today; with one less where it was none after all (``by=-1``)."""
    today = at.us // _DAY
    before = registrant.additions if registrant.day == today else 0
    return evolve(registrant, day=today, additions=max(0, before + by))
