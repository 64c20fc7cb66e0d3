"""dormakaba exivo as door system (API description 1.1.0, 2022): digital keys for mobile phones.

Rules kept here:

* exivo has no idempotency: our marker is the key's ``name``, and ``find`` looks for it in the whole list.
* A revoke counts once it is read back; "already revoked" is success, whatever status exivo gives it.
* Times go out in UTC with ``Z``, to the second, outwards: the start down, the end up, so a window is never shortened and is
  lengthened by less than a second at either side.
* exivo may refuse starts in the past: a start before ``at`` becomes ``at``, up to the second, and where exivo refuses even
  that (its clock is ahead of ours by the way there), 10 seconds later. A 400 says that nothing was made, so this may be repeated.
* Fields may be missing, null or of unknown words; error bodies may be empty, HTML or JSON of any shape.

Refused before any call: a key for no door or for a window that is over, and orders without the id of a mobile app.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from attrs import field, frozen

from servicekit.errors import Invalid, Unreachable
from servicekit.moments import Instant, Window
from servicekit.ports.doors import Component, DoorCapabilities, KeyOrder, SiteInfo, VendorKey
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, basic, refusal, unreadable

__all__ = ["Exivo"]

_log = logging.getLogger(__name__)

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PAGE = 100
_SECOND = 1_000_000  # microseconds
_AHEAD = timedelta(seconds=10)


@frozen
class Exivo:
    """An exivo account: one key pair, any of its sites.

    Args:
        api_key: from customer.exivo.io/credentials.
        api_secret: shown there once.
        mobile_app_id: LEGIC id of the mobile app that holds the keys, digits; exivo asks for it with every key.
        mobile_app_name: the app's name as people know it.
        install_notification: whether exivo texts the person how to install the app.
        gateway_pattern: what a gateway's ``templateIdentifier`` contains, in any case; the word is not documented.
        base_url: of the API.
        name: as used in the log.

    >>> Exivo("key", "secret", "42")  # doctest: +ELLIPSIS
    Exivo(mobile_app_id='42', mobile_app_name='exivo', install_notification=True, ...)
    """

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    mobile_app_id: str
    mobile_app_name: str = "exivo"
    install_notification: bool = True
    gateway_pattern: str = "gateway"
    base_url: str = "https://api.exivo.io/v1"
    name: str = "exivo"

    @property
    def capabilities(self) -> DoorCapabilities:
        """Keys for phones, and a list of them."""
        return DoorCapabilities(phone_keys=True, look_up=True)

    def info(self, site: str) -> HttpFlow[SiteInfo]:
        """The site; proves key, secret and site id together. A site id that is no UUID is logged as a warning."""
        if not _UUID.fullmatch(site):
            _log.warning("exivo's site ids are UUIDs as a rule, %r is none", site)
        told = yield from self._object(self._url(site, "info"), lacks="a site")
        return SiteInfo(id=_text(told, "id") or site, name=_text(told, "name"), zone=_text(told, "timeZone") or None)

    def components(self, site: str) -> HttpFlow[tuple[Component, ...]]:
        """All devices of the site that have hardware, gateways and alarmed doors marked. One request for each 100."""
        listed = yield from self._pages(self._url(site, "component"))
        return tuple(map(self._component, listed))

    def create(self, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
        """Make a key: one request, or two where exivo refuses a start that had to be moved to ``at``.

        Raises:
            Invalid: ``no_components``, ``no_mobile_app``, ``window_over``: before any call.
            OutcomeUnknown: the answer was lost; ``find`` the marker.
            Rejected: exivo's no, its message in the error.
        """
        self._check(order, at)
        opens, closes = _down(order.window.opens), _up(order.window.closes)
        clamped = opens < at
        request = self._order(site, order, _up(at) if clamped else opens, closes)
        response = yield request
        if clamped and response.status == 400 and _up(at + _AHEAD) < closes:  # noqa: PLR2004 - RFC 9110 15.5.1
            request = self._order(site, order, _up(at + _AHEAD), closes)
            response = yield request
        if not response.ok:
            raise self._refusal(request, response)
        made = response.object()
        if not _text(made, "id"):
            raise unreadable(self.name, request, response, lacks="a key's id")
        return _key(made)

    def get(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """The key as it is now; None on 404, whose body is empty."""
        url = self._url(site, "digitalKeyVisit", vendor_id)
        told = yield from self._object(url, lacks="a key", gone=True)
        return _key({**told, "id": vendor_id}) if told else None

    def find(self, site: str, marker: str) -> HttpFlow[tuple[VendorKey, ...]]:
        """All keys named ``marker``, ended ones included, in exivo's order.

        Costs one request for each 100 keys of the site: exivo has no search, and how long it lists old keys is not known.
        """
        listed = yield from self._pages(self._url(site, "digitalKeyVisits"))
        return tuple(_key(item) for item in listed if _text(item, "name") == marker)

    def revoke(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """End a key for good and read it back: two requests. None where exivo does not know it.

        Raises:
            Rejected: exivo says no and the key still works.
            Unreachable: exivo says yes and the key still works; try again.
        """
        url = self._url(site, "digitalKeyVisit", vendor_id, "revoke")
        request = HttpRequest.json("POST", url, {}, headers=self._proof, repeatable=True)
        response = yield request
        key = yield from self.get(site, vendor_id)
        if key is None or not key.works:
            return key
        if not response.ok:
            raise self._refusal(request, response)
        raise Unreachable(
            f"{self.name} took the revoke, but the key still works; try again", vendor=self.name, vendor_id=vendor_id
        )

    def _check(self, order: KeyOrder, at: Instant) -> None:
        if not order.components:
            raise Invalid("A key must open at least one door: name the components.", code="no_components")
        if not re.fullmatch("[0-9]+", self.mobile_app_id):
            raise Invalid(
                "exivo makes keys for a registered mobile app only: set mobile_app_id to its LEGIC id, digits.",
                code="no_mobile_app",
                mobile_app_id=self.mobile_app_id,
            )
        if _up(order.window.closes) <= _up(at):
            raise Invalid(
                f"The key's window ended at {order.window.closes}: there is nothing left to open.",
                code="window_over",
                closes=str(order.window.closes),
                at=str(at),
            )

    def _order(self, site: str, order: KeyOrder, opens: Instant, closes: Instant) -> HttpRequest:
        wish: dict[str, object] = {
            "name": order.marker,
            "validFrom": opens.iso(),
            "validTo": closes.iso(),
            "components": list(order.components),
            "formFactor": "ma-phone",
            "publicRegistrationId": order.mobile,
            "mobileApp": {"id": self.mobile_app_id, "name": self.mobile_app_name},
            "installNotification": self.install_notification,
        }
        if order.message:
            wish["message"] = order.message
        return HttpRequest.json("POST", self._url(site, "digitalKeyVisits"), wish, headers=self._proof)

    def _component(self, told: Mapping[str, Any]) -> Component:
        template = _text(told, "templateIdentifier").casefold()
        ready = told.get("ready")
        return Component(
            id=_text(told, "id"),
            name=" ".join(filter(None, (_text(told, "identifier"), _text(told, "labelling")))) or _text(told, "id"),
            gateway=self.gateway_pattern.casefold() in template,
            alarm="alarm" in template,
            ready=ready if isinstance(ready, bool) else None,
            evidence=told,
        )

    def _object(self, url: str, *, lacks: str, gone: bool = False) -> HttpFlow[dict[str, Any]]:
        """One object; an empty one where ``gone`` allows a 404."""
        request = HttpRequest.get(url, headers=self._proof)
        response = yield request
        if gone and response.status == 404:  # noqa: PLR2004 - RFC 9110 15.5.5
            return {}
        if not response.ok:
            raise self._refusal(request, response)
        if not response.object():
            raise unreadable(self.name, request, response, lacks=lacks)
        return response.object()

    def _pages(self, url: str) -> HttpFlow[Sequence[Mapping[str, Any]]]:
        """A whole list: until a page is short or brings nothing new; each id once."""
        listed: dict[str, Mapping[str, Any]] = {}
        skip = 0
        while True:
            request = HttpRequest.get(url, headers=self._proof, query={"skip": skip, "limit": _PAGE})
            response = yield request
            if not response.ok:
                raise self._refusal(request, response)
            page = response.json()
            if not isinstance(page, list):  # never to be read as "nothing there": a key would be made twice
                raise unreadable(self.name, request, response, lacks="a list")
            known = len(listed)
            for item in page:
                if isinstance(item, dict) and _text(item, "id"):
                    listed.setdefault(_text(item, "id"), item)
            skip += len(page)
            if len(page) < _PAGE or len(listed) == known:
                return list(listed.values())

    def _refusal(self, request: HttpRequest, response: HttpResponse) -> Exception:
        return refusal(self.name, request, response, message=_text(response.object(), "message"))

    def _url(self, site: str, *path: str) -> str:
        return "/".join((self.base_url, *(quote(part, safe="") for part in (site, *path))))

    @property
    def _proof(self) -> dict[str, str]:
        return basic(self.api_key, self.api_secret)


def _key(told: Mapping[str, Any]) -> VendorKey:
    doors = told.get("components")
    return VendorKey(
        vendor_id=_text(told, "id"),
        marker=_text(told, "name"),
        components=tuple(map(str, doors)) if isinstance(doors, list) else (),
        mobile=_text(told, "publicRegistrationId") or None,
        window=_window(told),
        revoked=told.get("revoked") is True,
        expired=told.get("expired") is True,
        evidence=told,
    )


def _window(told: Mapping[str, Any]) -> Window | None:
    try:
        return Window(Instant.parse(_text(told, "validFrom")), Instant.parse(_text(told, "validTo")))
    except Invalid:
        return None


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _down(at: Instant) -> Instant:
    return Instant(at.us - at.us % _SECOND)


def _up(at: Instant) -> Instant:
    return Instant(at.us + -at.us % _SECOND)
