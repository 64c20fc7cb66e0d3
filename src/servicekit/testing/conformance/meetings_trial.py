"""What the suite for meeting services needs to know of one: :class:`MeetingsTrial`, and how a simulator answers it.

Rules kept here: whatever is asked of the vendor besides is asked through the trial, so that a suite may run against a
simulator or a sandbox of the vendor's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from attrs import evolve, frozen

from servicekit.moments import Instant, Window
from servicekit.ports.http import HttpFlow
from servicekit.ports.meetings import MeetingHook, MeetingOrder, Meetings, VendorMeeting
from servicekit.testing.conformance.texts_trial import HookCall, Trouble

__all__ = ["HeldMeeting", "MeetingsTrial"]

T = TypeVar("T")
_HOUR = timedelta(hours=1)


@frozen
class HeldMeeting:
    """A meeting at the vendor that nobody has deleted; ``people`` are the addresses registered to it."""

    vendor_id: str
    marker: str
    window: Window
    people: tuple[str, ...] = ()


class MeetingsTrial(ABC):
    """An adapter connected to a simulator or sandbox, with the hooks that the suite needs. One for each test.

    Attributes:
        adapter: what is tried; it has all its secrets.
        secrets: everything that must appear nowhere (passwords, keys, tokens), as configured.
        at: the present instant, a whole second; also by the vendor's clock.
        until: until when the vendor asks to wait under THROTTLED_UNTIL.
        troubles: what ``provoke`` can do.
        host: a user who may host, as the vendor calls them.
    """

    adapter: Meetings
    secrets: Sequence[str]
    at: Instant
    until: Instant | None = None
    troubles: frozenset[Trouble] = frozenset(Trouble) - {Trouble.STRANGE_WORD}
    host: str = "me"

    @abstractmethod
    def run(self, flow: HttpFlow[T]) -> T:
        """Drive a flow; its result or its error."""

    @abstractmethod
    def provoke(self, trouble: Trouble, method: str) -> None:
        """Let the next request with this HTTP method, but for those for tokens, meet with this."""

    @abstractmethod
    def held(self) -> Sequence[HeldMeeting]:
        """The meetings at the vendor."""

    @abstractmethod
    def clutter(self, count: int) -> None:
        """Let there be so many coming meetings of the host that somebody else has made."""

    @abstractmethod
    def delete(self, vendor_id: str) -> None:
        """Let somebody delete a meeting at the vendor itself."""

    @abstractmethod
    def opens(self, link: str) -> str | None:
        """Which meeting a link leads into, by the vendor's id; None for a link that leads nowhere."""

    @abstractmethod
    def told(self) -> Sequence[HookCall]:
        """The calls that the vendor has made to us since the last time."""

    @abstractmethod
    def prove(self, body: bytes, *, age: timedelta = timedelta(0)) -> HookCall:
        """A call with this body and a right proof of origin, made so long ago."""

    @abstractmethod
    def stranger(self) -> Meetings:
        """The same adapter with wrong credentials."""

    def order(self, number: int = 1, *, hours: int = 24, **more: Any) -> MeetingOrder:
        """An order that the vendor takes, in so many hours."""
        window = Window(self.at + hours * _HOUR, self.at + (hours + 1) * _HOUR)
        order = MeetingOrder(
            marker=f"sk:bkg_{number}:1", host=self.host, topic="Advice, Zürich", window=window, zone="Europe/Zurich"
        )
        return evolve(order, **more)

    def create(self, order: MeetingOrder | None = None) -> VendorMeeting:
        """Make one."""
        return self.run(self.adapter.create(order or self.order(), self.at))

    def read(self, call: HookCall, headers: Mapping[str, str] | None = None) -> MeetingHook:
        """Have the adapter read a call, with lower-case header names as the kit passes them on."""
        told = call.headers if headers is None else headers
        return self.adapter.read({name.lower(): value for name, value in told.items()}, call.body, self.at)
