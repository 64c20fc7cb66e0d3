"""The port to services for online meetings.

The host's link makes whoever holds it the host and dies after a short time: it is fetched when somebody clicks, never
stored and never mailed. The marker stands in the meeting at the vendor, so that one whose answer was lost can be found.

A service is reached by credentials of our own (:class:`Meetings` at once), or by the consent of each organisation
(:class:`MeetingApp`, which gives :class:`Meetings` under a token).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from servicekit.moments import Instant, Window, Zone
from servicekit.outbox.facts import AppDeauthorized, Evidence, MeetingGone
from servicekit.ports.http import HookAnswer, HttpFlow

__all__ = [
    "MARKER",
    "MeetingApp",
    "MeetingCapabilities",
    "MeetingHook",
    "MeetingOrder",
    "MeetingPage",
    "Meetings",
    "Person",
    "RegistrantPage",
    "Tokens",
    "VendorMeeting",
    "VendorRegistrant",
    "VendorUser",
]

MARKER = "sk:"
"""What each of our markers begins with."""


@frozen(kw_only=True)
class MeetingCapabilities:
    """What a meeting service can do, as data.

    Attributes:
        look_up: whether meetings can be listed and found by their marker.
        move: whether a meeting can be given another time.
        registrants: whether people can have links of their own to one meeting.
        daily_changes: how often a day (UTC) a host's meetings may be made and moved, all together; None: no such limit.
        daily_additions: how often a day (UTC) one person may be added to one meeting; None: no such limit.
    """

    look_up: bool
    move: bool
    registrants: bool = False
    daily_changes: int | None = None
    daily_additions: int | None = None


@frozen(kw_only=True)
class MeetingOrder:
    """The meeting that is wanted.

    Attributes:
        marker: ours and unique, beginning with :data:`MARKER`.
        host: the vendor's user id, the user's mail address, or ``"me"``.
        registration: whether everybody shall have a link of their own; the shared one then admits nobody.
    """

    marker: str
    host: str
    topic: str
    window: Window
    zone: Zone
    registration: bool = False


@frozen(kw_only=True)
class VendorMeeting:
    """A meeting as the vendor reports it; ``marker`` is ours, and empty for somebody else's."""

    vendor_id: str
    host: str
    join_url: str = field(repr=False)
    window: Window | None
    marker: str = ""
    evidence: Evidence = field(factory=dict, repr=False)


@frozen
class MeetingPage:
    """Some of a host's coming meetings: those that carry a marker of ours.

    Attributes:
        meetings: in the vendor's order; perhaps none although more follow.
        following: what :meth:`Meetings.ours` is to be given for the next page; empty after the last.
    """

    meetings: tuple[VendorMeeting, ...]
    following: str = ""


@frozen(kw_only=True)
class Person:
    """Who shall have a link; ``email`` tells people apart within a meeting and is not written to."""

    email: str
    name: str


@frozen(kw_only=True)
class VendorRegistrant:
    """Somebody with a link of their own.

    Attributes:
        added: whether this call has added them; False where they were there already.
        join_url: empty where the vendor gives them none before somebody approves them there.
    """

    vendor_id: str
    email: str
    join_url: str = field(repr=False)
    added: bool = False


@frozen
class RegistrantPage:
    """Some of those who have a link of their own to a meeting.

    Attributes:
        people: in the vendor's order.
        following: what :meth:`Meetings.registrants` is to be given for the next page; empty after the last.
    """

    people: tuple[VendorRegistrant, ...]
    following: str = ""


@frozen(kw_only=True)
class VendorUser:
    """A user of the vendor's account who may host. ``licensed`` users may have registrants."""

    id: str
    email: str
    name: str
    licensed: bool
    account: str = ""
    """The vendor's id of the account; empty in lists."""


@frozen(kw_only=True)
class MeetingHook:
    """What a call of the vendor to us said, and how to answer it."""

    facts: tuple[MeetingGone | AppDeauthorized, ...]
    answer: HookAnswer = HookAnswer()


@frozen(kw_only=True)
class Tokens:
    """What a consent gives: an access token and the refresh token for the next pair, which serves once.

    Attributes:
        ends: when the access token dies.
        scopes: what was consented to, in the vendor's words.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    ends: Instant
    scopes: tuple[str, ...] = ()


class Meetings(Protocol):
    """A service for online meetings. All flows may first renew the access token, for which they are told the time.

    Everything about a meeting that is gone ends in None or in success where that is said, and otherwise in ``Rejected`` with
    code ``meeting_gone``. A token that died early is ``Unreachable`` with code ``token_refused``: nothing was done.
    """

    @property
    def name(self) -> str:
        """The vendor's name, as used in ``kit.receive(name, ...)``."""
        ...

    @property
    def capabilities(self) -> MeetingCapabilities:
        """What this service can do."""
        ...

    def create(self, order: MeetingOrder, at: Instant) -> HttpFlow[VendorMeeting]:
        """Make a meeting. Not repeatable: a lost answer is ``OutcomeUnknown``; then ``find`` the marker."""
        ...

    def get(self, vendor_id: str, at: Instant) -> HttpFlow[VendorMeeting | None]:
        """The meeting as it is now, or None where it is gone."""
        ...

    def find(self, order: MeetingOrder, at: Instant) -> HttpFlow[tuple[VendorMeeting, ...]]:
        """The host's coming meetings that carry the order's marker."""
        ...

    def ours(self, host: str, at: Instant, *, page: str = "") -> HttpFlow[MeetingPage]:
        """One page of the host's coming meetings that carry any marker of ours; in memory there is only that page."""
        ...

    def move(self, vendor_id: str, window: Window, zone: Zone, at: Instant) -> HttpFlow[VendorMeeting | None]:
        """Give the meeting another time and read it back; None where it is gone. Repeatable.

        Raises:
            Rejected: the vendor kept the old time.
        """
        ...

    def remove(self, vendor_id: str, at: Instant) -> HttpFlow[None]:
        """Delete the meeting; one that is gone already is success. Repeatable."""
        ...

    def register(
        self, vendor_id: str, person: Person, at: Instant, *, may_add: bool = True
    ) -> HttpFlow[VendorRegistrant]:
        """The person's own link. Looks first and adds only who is not there, so a lost answer is made up for by asking again.

        Args:
            vendor_id: of a meeting that was made with registration.
            person: who; one address is one registrant.
            at: the present instant.
            may_add: False where the day's additions of this person are used up: then it only looks.

        Raises:
            Throttled: ``daily_limit``, the person is not there and may not be added today.
            Rejected: ``meeting_gone``, or the vendor's no.
        """
        ...

    def unregister(self, vendor_id: str, email: str, registrant: str, at: Instant) -> HttpFlow[None]:
        """Take the person's link away; who is not there already is success. Repeatable.

        Args:
            vendor_id: of the meeting.
            email: the person's, as they were registered.
            registrant: the vendor's id of the registrant; where it is empty they are looked for by their address.
            at: the present instant.
        """
        ...

    def registrant(self, vendor_id: str, email: str, at: Instant) -> HttpFlow[VendorRegistrant | None]:
        """The person with this address, or None where they have no link to the meeting. Adds nobody.

        Raises:
            Rejected: ``meeting_gone``.
        """
        ...

    def registrants(self, vendor_id: str, at: Instant, *, page: str = "") -> HttpFlow[RegistrantPage]:
        """One page of those whose links open the meeting, ours and others'; in memory there is only that page.

        Raises:
            Rejected: ``meeting_gone``.
        """
        ...

    def host_link(self, vendor_id: str, at: Instant) -> HttpFlow[str | None]:
        """A fresh link that opens the meeting as host, to be redirected to at once; None where the meeting is gone."""
        ...

    def users(self, at: Instant) -> HttpFlow[tuple[VendorUser, ...]]:
        """All active users of the account, over all pages."""
        ...

    def me(self, at: Instant) -> HttpFlow[VendorUser]:
        """The user whose consent, or whose app, this is, with the account's id."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> MeetingHook:
        """Understand a call of the vendor to us. Pure: verifies first, parses second.

        Raises:
            Forged, Stale, Misshapen: nothing of it is to be believed.
        """
        ...


@runtime_checkable
class MeetingApp(Protocol):
    """A service that each organisation connects to by the consent of one of its users (OAuth 2.0 with PKCE, RFC 7636)."""

    @property
    def name(self) -> str:
        """The vendor's name, as used in ``kit.receive(name, ...)``."""
        ...

    @property
    def capabilities(self) -> MeetingCapabilities:
        """What this service can do, once connected."""
        ...

    def consent_url(self, state: str, challenge: str) -> str:
        """Where the user's browser goes. ``challenge`` is the code challenge by S256 (RFC 7636 4.2). Pure."""
        ...

    def exchange(self, code: str, verifier: str, at: Instant) -> HttpFlow[Tokens]:
        """The first pair of tokens, for the code that the browser came back with. The code serves once.

        Raises:
            Rejected: the code is wrong, used or too old.
            OutcomeUnknown: the answer was lost.
        """
        ...

    def refresh(self, refresh: str, at: Instant) -> HttpFlow[Tokens]:
        """The next pair. What was given is dead from now on: store the pair before anything is done with it.

        Raises:
            Rejected: ``invalid_grant``, the consent is gone; a person has to connect again.
            OutcomeUnknown: the answer was lost, and perhaps the pair with it; asking again tells.
        """
        ...

    def revoke(self, token: str) -> HttpFlow[None]:
        """End the consent at the vendor."""
        ...

    def shared(self, tokens: Tokens) -> bool:
        """Whether the consent is over all users of the account, or only over the user's own."""
        ...

    def under(self, access: str) -> Meetings:
        """The service under an access token, which is not renewed there."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> MeetingHook:
        """As :meth:`Meetings.read`."""
        ...
