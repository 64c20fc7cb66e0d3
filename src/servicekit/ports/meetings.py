"""The port to services for online meetings.

The host's link makes whoever holds it the host and dies after a short time: it is fetched when somebody clicks, never
stored and never mailed. The marker stands in the meeting at the vendor, so that one whose answer was lost can be found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import field, frozen

from servicekit.moments import Instant, Window, Zone
from servicekit.outbox.facts import AppDeauthorized, Evidence, MeetingGone
from servicekit.ports.http import HookAnswer, HttpFlow

__all__ = ["MeetingCapabilities", "MeetingHook", "MeetingOrder", "Meetings", "VendorMeeting", "VendorUser"]


@frozen(kw_only=True)
class MeetingCapabilities:
    """What a meeting service can do, as data."""

    look_up: bool
    move: bool
    registrants: bool = False


@frozen(kw_only=True)
class MeetingOrder:
    """The meeting that is wanted: ``host`` is the vendor's user id or ``"me"``, ``marker`` ours and unique."""

    marker: str
    host: str
    topic: str
    window: Window
    zone: Zone


@frozen(kw_only=True)
class VendorMeeting:
    """A meeting as the vendor reports it."""

    vendor_id: str
    host: str
    join_url: str = field(repr=False)
    window: Window | None
    evidence: Evidence = field(factory=dict, repr=False)


@frozen(kw_only=True)
class VendorUser:
    """A user of the vendor's account who may host. ``licensed`` users may have registrants."""

    id: str
    email: str
    name: str
    licensed: bool


@frozen(kw_only=True)
class MeetingHook:
    """What a call of the vendor to us said, and how to answer it."""

    facts: tuple[MeetingGone | AppDeauthorized, ...]
    answer: HookAnswer = HookAnswer()


class Meetings(Protocol):
    """A service for online meetings. All flows may first renew the access token, for which they are told the time."""

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

    def move(self, vendor_id: str, window: Window, zone: Zone, at: Instant) -> HttpFlow[VendorMeeting | None]:
        """Give the meeting another time and read it back; None where it is gone. Repeatable.

        Raises:
            Rejected: the vendor kept the old time.
        """
        ...

    def remove(self, vendor_id: str, at: Instant) -> HttpFlow[None]:
        """Delete the meeting; one that is gone already is success. Repeatable."""
        ...

    def host_link(self, vendor_id: str, at: Instant) -> HttpFlow[str | None]:
        """A fresh link that opens the meeting as host, to be redirected to at once; None where the meeting is gone."""
        ...

    def users(self, at: Instant) -> HttpFlow[tuple[VendorUser, ...]]:
        """All active users of the account, over all pages."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> MeetingHook:
        """Understand a call of the vendor to us. Pure: verifies first, parses second.

        Raises:
            Forged, Stale, Misshapen: nothing of it is to be believed.
        """
        ...
