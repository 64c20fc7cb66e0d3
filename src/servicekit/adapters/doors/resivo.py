"""dormakaba resivo, exivo's successor, as door system: keys with a PIN. UNVERIFIED, and its capabilities say so.

No description of its interface is published. What stands here was read from public code that calls it; the paths' prefixes
and the words for states are guesses, and settings or read tolerantly. Try it on a site of your own before people depend on it.

Rules kept here:

* Only what that code shows is used: no keys for phones, no list, no log, no unlocking. Each of them is ``Unsupported``.
* Without a list a lost answer cannot be looked up: a person has to look.
* A revoke counts once it is read back. Times go out in UTC with ``Z``, as exivo wants them; a start before now becomes now.
* An access token is asked for once a call, never stored.

Refused before any call: a key without a PIN, for no door, or for a window that is over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import evolve, field, frozen

from servicekit.errors import Invalid, Unreachable, Unsupported
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
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, refusal, unreadable

__all__ = ["Resivo"]

_SECOND = 1_000_000  # microseconds
_OVER = frozenset({"revoked", "deleted", "inactive", "blocked"})


@frozen
class Resivo:
    """A resivo account.

    Args:
        client_id: of the credentials.
        client_secret: shown once.
        gateways: ids of components that open nothing; the list does not tell.
        sites_path: before a site's id where the site itself is asked for.
        path: before a site's id everywhere else.
        base_url: of the API and of the token.
        name: as used in the log.

    >>> Resivo("client", "secret").capabilities_at("site").verified
    False
    """

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    gateways: frozenset[str] = frozenset()
    sites_path: str = "v8/sites/"
    path: str = ""
    base_url: str = "https://api.resivo.io"
    name: str = "resivo"

    def capabilities_at(self, site: str) -> DoorCapabilities:
        """Keys with a PIN, and no more; not verified."""
        del site
        return DoorCapabilities(phone_keys=False, pin_keys=True, look_up=False, verified=False)

    def info(self, site: str) -> HttpFlow[SiteInfo]:
        """The site; proves the credentials. Its zone is not told."""
        url = f"{self.base_url}/{self.sites_path}{quote(site, safe='')}"
        told = yield from self._object(HttpRequest.get(url, headers=(yield from self._proof())), lacks="a site")
        return SiteInfo(id=site, name=_text(told, "displayName"), zone=None)

    def components(self, site: str) -> HttpFlow[tuple[Component, ...]]:
        """All devices of the site; which of them are gateways only ``gateways`` tells."""
        url = self._url(site, "components")
        request = HttpRequest.get(url, headers=(yield from self._proof()), query={"scope": "all"})
        response = yield request
        if not response.ok:
            raise self._refusal(request, response)
        listed = response.json()
        if not isinstance(listed, list):
            raise unreadable(self.name, request, response, lacks="a list")
        return tuple(
            Component(
                id=_text(one, "id"),
                name=_text(one, "displayName") or _text(one, "id"),
                gateway=_text(one, "id") in self.gateways,
                evidence=one,
            )
            for one in listed
            if isinstance(one, dict) and _text(one, "id")
        )

    def create(self, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
        """Make a key with a PIN.

        Raises:
            Unsupported: a key without a PIN; before any call.
            Invalid: ``no_components``, ``window_over``, ``bad_pin``: before any call.
            OutcomeUnknown: the answer was lost, and nobody can look it up but a person.
        """
        window = self._checked(order, at)
        wish: dict[str, object] = {
            "displayName": order.marker,
            "pinCodes": [{"pinCode": order.pin, "displayName": order.marker}],
            "componentIds": list(order.components),
            "restrictions": {"validFrom": window.opens.iso(), "validTo": window.closes.iso()},
        }
        if order.message:
            wish["accessRequestMessage"] = order.message
        url = self._url(site, "authorizations", "pin-access")
        told = yield from self._object(
            HttpRequest.json("POST", url, wish, headers=(yield from self._proof())), lacks="a key's id"
        )
        return VendorKey(
            vendor_id=_text(told, "id"),
            marker=order.marker,
            components=order.components,
            mobile=None,
            window=window,
            revoked=False,
            expired=False,
            evidence={"id": _text(told, "id")},
        )

    def get(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """The key as far as it is told: whether it works, but neither its doors nor its marker."""
        return (yield from self._read(site, vendor_id, (yield from self._proof())))

    def find(self, site: str, marker: str, *, by_pin: bool = False) -> HttpFlow[tuple[VendorKey, ...]]:
        """Not known to be possible."""
        del site, marker, by_pin
        raise self._unsupported("a list of its keys")
        yield  # which makes it a flow all the same

    def list_keys(self, site: str, cursor: str = "") -> HttpFlow[KeyPage]:
        """Not known to be possible."""
        del site, cursor
        raise self._unsupported("a list of its keys")
        yield

    def revoke(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """End a key for good and read it back. None where resivo does not know it.

        Raises:
            Rejected: resivo says no and the key still works.
            Unreachable: resivo says yes and the key still works; try again.
        """
        proof = yield from self._proof()
        url = self._url(site, "authorizations", vendor_id, "revoke")
        request = HttpRequest.json("DELETE", url, {}, headers=proof, repeatable=True)
        response = yield request
        key = yield from self._read(site, vendor_id, proof)
        if key is None or not key.works:
            return key
        if not response.ok:
            raise self._refusal(request, response)
        raise Unreachable(
            f"{self.name} took the revoke, but the key still works; try again", vendor=self.name, vendor_id=vendor_id
        )

    def unlock(self, site: str, component: str, shown: str) -> HttpFlow[None]:
        """Not known to be possible."""
        del site, component, shown
        raise self._unsupported("a way to open a door at once")
        yield

    def access_log(self, site: str, window: Window) -> HttpFlow[tuple[DoorEvent, ...]]:
        """Not known to be possible."""
        del site, window
        raise self._unsupported("an access log")
        yield

    def _checked(self, order: KeyOrder, at: Instant) -> Window:
        """The window that goes out: whole seconds, not begun before now."""
        if not order.pin:
            raise self._unsupported("keys for phones; make the key with a PIN")
        if not re.fullmatch("[0-9]{4,6}", order.pin):
            raise Invalid("A PIN has 4 to 6 digits.", code="bad_pin")
        if not order.components:
            raise Invalid("A key must open at least one door: name the components.", code="no_components")
        opens, closes = max(order.window.opens, at), order.window.closes
        up = _up if order.window.opens < at else _down
        if _up(closes) <= up(opens):
            raise Invalid(
                f"The key's window ended at {closes}: there is nothing left to open.",
                code="window_over",
                closes=str(closes),
                at=str(at),
            )
        return Window(up(opens), _up(closes))

    def _read(self, site: str, vendor_id: str, proof: Mapping[str, str]) -> HttpFlow[VendorKey | None]:
        request = HttpRequest.get(self._url(site, "authorizations", vendor_id), headers=proof)
        response = yield request
        if response.status == 404:  # noqa: PLR2004 - RFC 9110 15.5.5
            return None
        if not response.ok:
            raise self._refusal(request, response)
        told = response.object()
        if not _text(told, "status"):  # a page that is no key is never taken for one that has ended
            raise unreadable(self.name, request, response, lacks="a key's status")
        credentials = [one for one in _list(told.get("credentials")) if isinstance(one, dict)]
        return VendorKey(
            vendor_id=vendor_id,
            marker="",
            components=(),
            mobile=None,
            window=None,
            revoked=_text(told, "status").casefold() in _OVER,
            expired=bool(credentials) and all(one.get("isExpired") is True for one in credentials),
            evidence={"status": told["status"]},
        )

    def _proof(self) -> HttpFlow[dict[str, str]]:
        """The header with a fresh token (RFC 6749 4.4)."""
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        url = f"{self.base_url}/oauth2/token"
        told = yield from self._object(
            HttpRequest.form("POST", url, fields, headers={}, repeatable=True), lacks="a token", key="access_token"
        )
        return {"authorization": f"Bearer {told['access_token']}"}

    def _object(self, request: HttpRequest, *, lacks: str, key: str = "") -> HttpFlow[dict[str, Any]]:
        """One object that has ``key``, or ``id`` where something was made."""
        key = key or ("id" if request.method == "POST" else "")
        response = yield request
        if not response.ok:
            raise self._refusal(request, response)
        told = response.object()
        if not told or (key and not _text(told, key)):
            raise unreadable(self.name, request, response, lacks=lacks)
        return told

    def _refusal(self, request: HttpRequest, response: HttpResponse) -> Exception:
        # Of what was asked with a PIN or a secret, nothing that it is answered with is shown.
        shown = evolve(response, body=b"")
        return refusal(self.name, request, shown, message=_text(response.object(), "message"))

    def _unsupported(self, what: str) -> Unsupported:
        return Unsupported(f"resivo is not known to have {what}.", vendor=self.name)

    def _url(self, site: str, *path: str) -> str:
        return f"{self.base_url}/{self.path}" + "/".join(quote(part, safe="") for part in (site, *path))


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _down(at: Instant) -> Instant:
    return Instant(at.us - at.us % _SECOND)


def _up(at: Instant) -> Instant:
    return Instant(at.us + -at.us % _SECOND)
