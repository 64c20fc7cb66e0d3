"""What can be asked of the room."""

from __future__ import annotations

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.ids import BookingId, ClassId, GroupId, ProviderId
from servicekit.meetings.connection import ConnectionView
from servicekit.meetings.meeting import Meeting
from servicekit.moments import Instant

__all__ = [
    "ConnectMeetings",
    "Consent",
    "DisconnectMeetings",
    "FetchClassHostLink",
    "FetchHostLink",
    "FinishConnecting",
    "GetConnection",
    "GetMeeting",
    "ListHosts",
    "MeetingHost",
    "SetMeetingUser",
]


@frozen
class GetMeeting(Query[Meeting]):
    """The meeting of a booking; of a seat in a class, the class's with the client's own link. Rights as for GetBooking.

    Raises:
        NotFound: ``no_meeting`` if the booking has none.
    """

    booking: BookingId


@frozen
class FetchHostLink(Query[str]):
    """A fresh link that opens the booking's meeting as host. Asks the vendor; redirect to it at once, store it nowhere.

    The booking's provider may, and whoever has ``meetings:host``.

    Raises:
        NotFound: ``no_meeting``, or ``meeting_gone`` at the vendor.
        Conflict: ``not_connected``.
        OutsideError: the vendor could not be asked.
    """

    booking: BookingId


@frozen
class FetchClassHostLink(Query[str]):
    """As :class:`FetchHostLink` for the meeting of a class, whether or not anybody has a seat."""

    scheduled: ClassId


@frozen(kw_only=True)
class Consent:
    """Where to send the browser: redirect to ``url`` at once. It is good until ``expires_at``, for one way back."""

    url: str = field(repr=False)
    expires_at: Instant


@frozen
class ConnectMeetings(Command[Consent]):
    """Start to connect the organisation's account at the meeting service. Needs ``meetings:connect``.

    Raises:
        Conflict: ``already_connected``.
        ConfigurationError: the kit's meeting service needs no consent.
    """

    organisation: GroupId


@frozen(kw_only=True)
class FinishConnecting(Command[ConnectionView]):
    """The browser has come back with ``state`` and ``code``. Only who started may finish.

    The tokens are fetched by the relay, within the five minutes that the code lives; ask :class:`GetConnection` then.

    Raises:
        NotFound: ``dead_state`` for one that is unknown, used, too old, or somebody else's.
        Conflict: ``already_connected`` meanwhile.
    """

    state: str = field(repr=False)
    code: str = field(repr=False)


@frozen
class DisconnectMeetings(Command[ConnectionView]):
    """End the connection; the vendor is told by the relay. Meetings stay as they are. Needs ``meetings:connect``.

    Raises:
        NotFound: ``not_connected``.
    """

    organisation: GroupId


@frozen
class GetConnection(Query[ConnectionView]):
    """How the organisation's connection stands. Needs ``meetings:connect``."""

    organisation: GroupId


@frozen(kw_only=True)
class MeetingHost:
    """A user of the account who may host; ``licensed`` ones may hold classes."""

    id: str
    email: str
    name: str
    licensed: bool


@frozen
class ListHosts(Query[tuple[MeetingHost, ...]]):
    """Who of the account can be a provider's host. Asks the vendor. Needs ``meetings:connect``.

    All users where the app is shared with the whole account, else who has consented.

    Raises:
        Conflict: ``not_connected``.
        OutsideError: the vendor could not be asked.
    """

    organisation: GroupId


@frozen(kw_only=True)
class SetMeetingUser(Command[ProviderId]):
    """Say whose meetings a provider's are from now on: a user's id or mail address at the meeting service, or ``me``.

    Meetings that are made stay with their host. Needs ``catalogue:write``.

    Raises:
        Conflict: ``not_shared`` for anybody but who has consented, where the app sees nobody else.
        Invalid: ``nameless``.
    """

    provider: ProviderId
    user: str
