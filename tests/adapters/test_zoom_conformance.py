"""Zoom keeps what every meeting service promises, by credentials of its own and by consent."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

import pytest

from servicekit.adapters.meetings.zoom import Zoom
from servicekit.adapters.meetings.zoom_app import ZoomApp
from servicekit.moments import Instant, Window
from servicekit.ports.http import HttpFlow
from servicekit.ports.meetings import Meetings
from servicekit.runtime.http import HttpDriver
from servicekit.testing.conformance import (
    CaughtCalls,
    HeldMeeting,
    HookCall,
    MeetingsConformance,
    MeetingsTrial,
    Trouble,
)
from servicekit.testing.simulators import Fault, ZoomSimulator, transport

T = TypeVar("T")
NOW = Instant.parse("2026-03-28T12:00:00Z")
API = "/v2/"


class ZoomTrial(MeetingsTrial):
    """The simulated Zoom."""

    until = NOW + timedelta(minutes=7)

    def __init__(self) -> None:
        self.at = NOW
        self.caught = CaughtCalls()
        self.zoom = ZoomSimulator(webhook_url="https://salon.example/hooks/zoom", post=self.caught, daily_cap=1000)
        self.zoom.set_clock(NOW)
        self.secrets = [ZoomSimulator.client_secret, ZoomSimulator.webhook_secret]
        self.adapter = self.reached()

    def reached(self, secret: str = ZoomSimulator.client_secret) -> Meetings:
        """The account, with this secret."""
        return Zoom(ZoomSimulator.account_id, ZoomSimulator.client_id, secret, ZoomSimulator.webhook_secret)

    def run(self, flow: HttpFlow[T]) -> T:
        """Over httpx, without a socket."""
        with HttpDriver(transport(self.zoom)) as driver:
            return driver.run(flow)

    def provoke(self, trouble: Trouble, method: str) -> None:
        """By a fault of the simulator."""
        wait = (self.until - NOW).total_seconds()
        faults = {
            Trouble.LOST: lambda: Fault.lost_answer(method, API),
            Trouble.UNDONE: lambda: Fault.no_answer(method, API),
            Trouble.UNREACHABLE: lambda: Fault.refused(method, API),
            Trouble.THROTTLED: lambda: Fault.throttled(method, API, retry_after="none"),
            Trouble.THROTTLED_UNTIL: lambda: Fault.throttled(method, API, after=wait),
            Trouble.FAILED: lambda: Fault.error(method, API, done=True),
            Trouble.FAILED_UNDONE: lambda: Fault.error(method, API),
            Trouble.WRONG_TYPE: lambda: Fault.wrong_type(method, API),
        }
        self.zoom.inject(faults[trouble]())

    def held(self) -> Sequence[HeldMeeting]:
        """As the simulator has them."""
        return [
            HeldMeeting(
                str(one["id"]),
                one["agenda"],
                _window(one["start_time"], one["duration"]),
                tuple(person["email"] for person in one["registrants"]),
            )
            for one in self.zoom.state()["meetings"]
            if not one["deleted"] and one["agenda"]
        ]

    def clutter(self, count: int) -> None:
        """Made under a token of their own."""
        others = Zoom(ZoomSimulator.account_id, ZoomSimulator.client_id, ZoomSimulator.client_secret)
        for number in range(count):
            self.run(others.create(self.order(1000 + number, marker="", hours=25 + number), NOW))

    def delete(self, vendor_id: str) -> None:
        """By hand."""
        self.zoom.delete_meeting(vendor_id)

    def opens(self, link: str) -> str | None:
        """As the simulator knows it."""
        return self.zoom.open_link(link)

    def told(self) -> Sequence[HookCall]:
        """What it has called."""
        self.zoom.deliver_webhooks()
        return self.caught.taken()

    def prove(self, body: bytes, *, age: timedelta = timedelta(0)) -> HookCall:
        """By the app's secret token."""
        stamp = str((NOW - age).us // 1_000_000)
        mark = hmac.new(
            ZoomSimulator.webhook_secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256
        ).hexdigest()
        return HookCall({"X-Zm-Request-Timestamp": stamp, "X-Zm-Signature": f"v0={mark}"}, body)

    def stranger(self) -> Meetings:
        """With another secret."""
        return self.reached("guess")


class ConsentTrial(ZoomTrial):
    """The same by consent."""

    def reached(self, secret: str = ZoomSimulator.client_secret) -> Meetings:
        """Under a token of a user's."""
        app = ZoomApp(ZoomSimulator.client_id, ZoomSimulator.client_secret, "https://b", ZoomSimulator.webhook_secret)
        if secret != ZoomSimulator.client_secret:
            return app.under(secret)
        code = self.zoom.tokens.authorize("https://b", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        tokens = self.run(app.exchange(code, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", NOW))
        self.secrets = [*self.secrets, tokens.access, tokens.refresh]
        return app.under(tokens.access)


def _window(start: str, minutes: int) -> Window:
    opens = Instant.parse(start)
    return Window(opens, opens + timedelta(minutes=minutes))


class TestZoom(MeetingsConformance):
    """By credentials of its own."""

    @pytest.fixture
    def trial(self) -> MeetingsTrial:
        """A fresh account."""
        return ZoomTrial()


class TestZoomConsent(MeetingsConformance):
    """By consent."""

    @pytest.fixture
    def trial(self) -> MeetingsTrial:
        """A fresh consent."""
        return ConsentTrial()
