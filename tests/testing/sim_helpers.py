"""Callers and recorders that the simulators' tests share."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.testing.simulators import ExivoSimulator, FortySixElksSimulator, Simulator, ZoomSimulator

NOON = Instant.parse("2026-11-25T12:00:00Z")
PHONE = "+41791234567"


def noon() -> Instant:
    """A clock that stands."""
    return NOON


@define
class Caller:
    """Calls a simulator in process, as an API client would over HTTP."""

    simulator: Simulator
    base: str
    headers: dict[str, str]

    def get(self, path: str, **query: object) -> HttpResponse:
        """GET below the base."""
        return self.simulator.handle(HttpRequest.get(self.base + path, headers=self.headers, query=query))

    def send(self, method: str, path: str, value: object = None) -> HttpResponse:
        """A request with a JSON body, or none."""
        if value is None:
            return self.simulator.handle(HttpRequest(method=method, url=self.base + path, headers=self.headers))
        return self.simulator.handle(HttpRequest.json(method, self.base + path, value, headers=self.headers))

    def form(self, path: str, **fields: str) -> HttpResponse:
        """POST a form; a trailing underscore of a name is dropped."""
        told = {name.rstrip("_"): value for name, value in fields.items()}
        return self.simulator.handle(HttpRequest.form("POST", self.base + path, told, headers=self.headers))


@define
class Hooks:
    """Stands for our application: records the vendor's calls and answers them."""

    answers: list[HttpResponse | None] = field(factory=list)
    calls: list[HttpRequest] = field(factory=list)

    def __call__(self, request: HttpRequest) -> HttpResponse | None:
        """Answer as told, 204 when nothing is."""
        self.calls.append(request)
        return self.answers.pop(0) if self.answers else HttpResponse(status=204)


def elks_caller(elks: FortySixElksSimulator) -> Caller:
    """A caller with the right credentials."""
    return Caller(elks, "https://api.46elks.com/a1", basic(elks.api_user, elks.api_password))


def exivo_caller(exivo: ExivoSimulator) -> Caller:
    """A caller with the right credentials, below the site."""
    return Caller(exivo, f"https://api.exivo.io/v1/{exivo.site_id}", basic(exivo.api_key, exivo.api_secret))


def zoom_token(zoom: ZoomSimulator, **changed: str) -> HttpResponse:
    """The token endpoint's answer."""
    desk = Caller(zoom, "https://zoom.us/oauth", basic(zoom.client_id, zoom.client_secret))
    return desk.form("/token", **{"grant_type": "account_credentials", "account_id": zoom.account_id, **changed})


def zoom_caller(zoom: ZoomSimulator) -> Caller:
    """A caller with a fresh token."""
    token = zoom_token(zoom).object()["access_token"]
    return Caller(zoom, "https://api.zoom.us/v2", {"authorization": f"Bearer {token}"})


def key_order(**changed: Any) -> dict[str, Any]:
    """A wish for a key that exivo takes, from 13:00 to 14:00 for the main door."""
    order = {
        "name": "sk:booking-1:1",
        "validFrom": "2026-11-25T13:00:00Z",
        "validTo": "2026-11-25T14:00:00Z",
        "components": ["c0000000-0000-4000-8000-000000000001"],
        "formFactor": "ma-phone",
        "publicRegistrationId": PHONE,
        "mobileApp": {"id": "42", "name": "Salon"},
        "installNotification": False,
    }
    return {name: value for name, value in {**order, **changed}.items() if value is not None}
