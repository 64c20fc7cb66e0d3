"""dormakaba exivo as door system (API description 1.1.0, 2022): digital keys for mobile phones, and visits with a PIN.

Rules kept here:

* exivo has no idempotency: our marker is the key's ``name``, and ``find`` looks for it in the whole list.
* A key with a PIN is a "visit": exivo sends the phone a link, and never the PIN. Our id of one begins with ``visit:``.
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

from servicekit.adapters.doors.exivo.words import component_of, event_of, key_of, kind_of, text
from servicekit.errors import Invalid, Unreachable
from servicekit.moments import Instant, Window
from servicekit.ports.doors import (
    Component,
    DoorCapabilities,
    DoorEvent,
    KeyOrder,
    KeyPage,
    SiteInfo,
    VendorKey,
)
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, basic, refusal, unreadable

__all__ = ["Exivo"]

_log = logging.getLogger(__name__)

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PAGE = 100
_SECOND = 1_000_000  # microseconds
_AHEAD = timedelta(seconds=10)
_DAY = timedelta(days=1)
_PHONES, _PINS = "digitalKeyVisits", "visit"  # the lists' paths


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
        gateways: ids of components that are gateways whatever exivo calls them.
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
    gateways: frozenset[str] = frozenset()
    base_url: str = "https://api.exivo.io/v1"
    name: str = "exivo"

    def capabilities_at(self, site: str) -> DoorCapabilities:
        """All that the port knows, at every site."""
        del site
        return DoorCapabilities(phone_keys=True, look_up=True, access_log=True, unlock=True, pin_keys=True)

    def info(self, site: str) -> HttpFlow[SiteInfo]:
        """The site; proves key, secret and site id together. A site id that is no UUID is logged as a warning."""
        if not _UUID.fullmatch(site):
            _log.warning("exivo's site ids are UUIDs as a rule, %r is none", site)
        told = yield from self._object(self._url(site, "info"), lacks="a site")
        return SiteInfo(id=text(told, "id") or site, name=text(told, "name"), zone=text(told, "timeZone") or None)

    def components(self, site: str) -> HttpFlow[tuple[Component, ...]]:
        """All devices of the site that have hardware, gateways and alarmed doors marked. One request for each 100."""
        listed = yield from self._pages(self._url(site, "component"))
        return tuple(component_of(item, self.gateway_pattern, self.gateways) for item in listed)

    def create(self, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
        """Make a key: one request, or two where exivo refuses a start that had to be moved to ``at``.

        Raises:
            Invalid: ``no_components``, ``no_mobile_app``, ``bad_pin``, ``window_over``: before any call.
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
        if not text(made, "id"):
            raise unreadable(self.name, request, response, lacks="a key's id")
        return key_of(made, order.pin != "")

    def get(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """The key as it is now; None on 404, whose body is empty."""
        by_pin, own_id = kind_of(vendor_id)
        url = self._url(site, "visit" if by_pin else "digitalKeyVisit", own_id)
        told = yield from self._object(url, lacks="a key", gone=True)
        return key_of({**told, "id": own_id}, by_pin) if told else None

    def find(self, site: str, marker: str, *, by_pin: bool = False) -> HttpFlow[tuple[VendorKey, ...]]:
        """All keys named ``marker``, ended ones included, in exivo's order.

        Costs one request for each 100 keys of the site: exivo has no search, and how long it lists old keys is not known.
        """
        listed = yield from self._pages(self._url(site, _PINS if by_pin else _PHONES))
        return tuple(key_of(item, by_pin) for item in listed if text(item, "name") == marker)

    def list_keys(self, site: str, cursor: str = "") -> HttpFlow[KeyPage]:
        """A hundred keys, and where the next ones are: first those of phones, then those with a PIN.

        The cursor says which list, how far, and with which id the last page began: a page that begins alike means that exivo
        has ignored how far, and ends its list.
        """
        kind, _, place = (cursor or f"{_PHONES} 0 ").partition(" ")
        skip, _, before = place.partition(" ")
        url = self._url(site, kind)
        request = HttpRequest.get(url, headers=self._proof, query={"skip": int(skip), "limit": _PAGE})
        page = self._listed(request, (yield request))
        first = text(page[0], "id") if page else ""
        keys = tuple(key_of(item, kind == _PINS) for item in page if text(item, "id"))
        if page and first == before:
            page, keys = [], ()
        if len(page) >= _PAGE:
            return KeyPage(keys=keys, next=f"{kind} {int(skip) + len(page)} {first}")
        return KeyPage(keys=keys, next="" if kind == _PINS else f"{_PINS} 0 ")

    def revoke(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """End a key for good and read it back: two requests. None where exivo does not know it.

        Raises:
            Rejected: exivo says no and the key still works.
            Unreachable: exivo says yes and the key still works; try again.
        """
        by_pin, own_id = kind_of(vendor_id)
        url = self._url(site, "visit" if by_pin else "digitalKeyVisit", own_id, "revoke")
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

    def unlock(self, site: str, component: str, shown: str) -> HttpFlow[None]:
        """Ask a door to open now: one request. exivo's yes says that it was asked, not that it opened.

        Raises:
            OutcomeUnknown: the answer was lost; perhaps it opened.
            Rejected: exivo's no.
        """
        url = self._url(site, "component", component, "unlock")
        request = HttpRequest.json("POST", url, {"delegatedUser": shown}, headers=self._proof)
        response = yield request
        if not response.ok:
            raise self._refusal(request, response)

    def access_log(self, site: str, window: Window) -> HttpFlow[tuple[DoorEvent, ...]]:
        """What happened at the doors, oldest first; one request for each 100 lines.

        exivo takes days of a zone that nobody documents, and promises no order: a day more is asked for on both sides, and
        sorted and cut here. A line without a time is passed over.
        """
        days = {"from": str(window.opens - _DAY)[:10], "to": str(window.closes + _DAY)[:10]}
        listed = yield from self._pages(self._url(site, "accesslog", "component"), days)
        events = filter(None, map(event_of, listed))
        return tuple(sorted((one for one in events if one.at in window), key=lambda one: (one.at, one.id)))

    def _check(self, order: KeyOrder, at: Instant) -> None:
        if not order.components:
            raise Invalid("A key must open at least one door: name the components.", code="no_components")
        if order.pin:
            if not re.fullmatch("[0-9]{4,6}", order.pin):
                raise Invalid("exivo takes PINs of 4 to 6 digits.", code="bad_pin")
        elif not re.fullmatch("[0-9]+", self.mobile_app_id):
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
        }
        if order.pin:
            wish |= {"code": order.pin, "smsNr": order.mobile}
        else:
            wish |= {
                "formFactor": "ma-phone",
                "publicRegistrationId": order.mobile,
                "mobileApp": {"id": self.mobile_app_id, "name": self.mobile_app_name},
                "installNotification": self.install_notification,
            }
        if order.message:
            wish["message"] = order.message
        url = self._url(site, _PINS if order.pin else _PHONES)
        return HttpRequest.json("POST", url, wish, headers=self._proof)

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

    def _pages(self, url: str, asked: Mapping[str, object] | None = None) -> HttpFlow[Sequence[Mapping[str, Any]]]:
        """A whole list: until a page is short or brings nothing new; each id once."""
        listed: dict[str, Mapping[str, Any]] = {}
        skip = 0
        while True:
            query = {**(asked or {}), "skip": skip, "limit": _PAGE}
            request = HttpRequest.get(url, headers=self._proof, query=query)
            page = self._listed(request, (yield request))
            known = len(listed)
            for item in page:
                if text(item, "id"):
                    listed.setdefault(text(item, "id"), item)
            skip += len(page)
            if len(page) < _PAGE or len(listed) == known:
                return list(listed.values())

    def _listed(self, request: HttpRequest, response: HttpResponse) -> list[Mapping[str, Any]]:
        """One page; what is no object in it reads as an empty one, so that pages keep their length."""
        if not response.ok:
            raise self._refusal(request, response)
        page = response.json()
        if not isinstance(page, list):  # never to be read as "nothing there": a key would be made twice
            raise unreadable(self.name, request, response, lacks="a list")
        return [item if isinstance(item, dict) else {} for item in page]

    def _refusal(self, request: HttpRequest, response: HttpResponse) -> Exception:
        return refusal(self.name, request, response, message=text(response.object(), "message"))

    def _url(self, site: str, *path: str) -> str:
        return "/".join((self.base_url, *(quote(part, safe="") for part in (site, *path))))

    @property
    def _proof(self) -> dict[str, str]:
        return basic(self.api_key, self.api_secret)


def _down(at: Instant) -> Instant:
    return Instant(at.us - at.us % _SECOND)


def _up(at: Instant) -> Instant:
    return Instant(at.us + -at.us % _SECOND)
