"""Zoom's registrants: people with a link of their own to one meeting.

Rules kept here:

* Zoom takes a person to one meeting three times a day, so it is looked before anybody is added. What a lost answer left
  behind is found in the same way, by the address.
* Zoom mails registrants nothing, because the meeting was made so (``registrants_confirmation_email`` is false).
* Registering says 404 with code 1001 where the meeting is gone; everything else says 3001. Both are ``meeting_gone`` here.

Refused: nobody before a call. Zoom wants a licensed host (``zoom_200``), and so many registrants at most (``zoom_3043``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicekit.adapters.meetings.zoom_calls import ZoomCalls
from servicekit.adapters.meetings.zoom_words import midnight, word
from servicekit.errors import Rejected, Throttled
from servicekit.moments import Instant
from servicekit.ports.http import HttpFlow, HttpRequest, unreadable
from servicekit.ports.meetings import Person, RegistrantPage, VendorRegistrant

__all__ = ["ZoomRegistrants"]

_NAME = 64  # characters of a first or last name that Zoom takes
_GONE = {"zoom_1001", "zoom_3001"}
_NOT_THERE = "zoom_300"
_STATUSES = ("approved", "pending")  # who is denied or cancelled may be added again


class ZoomRegistrants:
    """Registering to meetings; who derives from it has the way to Zoom."""

    __slots__ = ()

    name: str
    _calls: ZoomCalls

    def register(
        self, vendor_id: str, person: Person, at: Instant, *, may_add: bool = True
    ) -> HttpFlow[VendorRegistrant]:
        """The person's own link: a request for each 300 registrants, and one to add who is not there.

        Raises:
            Throttled: ``daily_limit``, they are not there, and may not be added before 00:00 UTC.
            Rejected: ``meeting_gone``; ``registrant_waits`` for a person to approve them in Zoom; or Zoom's no.
            OutcomeUnknown: the answer was lost; registering again finds them.
        """
        known = yield from self._find(vendor_id, person.email, at)
        if known is not None:
            return self._admitted(known)
        if not may_add:
            raise Throttled(
                f"Zoom takes nobody to a meeting more than three times a day; {vendor_id} waits for tomorrow",
                until=midnight(at),
                code="daily_limit",
                vendor=self.name,
                vendor_id=vendor_id,
            )
        first, _, last = person.name.partition(" ")
        wish = {"email": person.email, "first_name": first[:_NAME], "last_name": last[:_NAME]}
        request = HttpRequest.json("POST", self._url(vendor_id), wish, headers={})
        try:
            response = yield from self._calls.send(request, at)
        except Rejected as error:
            raise _translated(error) from error
        told = response.object()
        if not told.get("registrant_id"):
            raise unreadable(self.name, request, response, lacks="a registrant's id")
        return self._admitted({**told, "id": told["registrant_id"], "email": person.email}, added=True)

    def unregister(self, vendor_id: str, email: str, registrant: str, at: Instant) -> HttpFlow[None]:
        """Take the person's link away: one request, or a look for them besides where their id is not known."""
        known = registrant
        if not known:
            try:
                found = yield from self._find(vendor_id, email, at)
            except Rejected as error:
                if error.code == "meeting_gone":
                    return
                raise
            known = word(found["id"]) if found is not None else ""
        if not known:
            return
        request = HttpRequest(method="DELETE", url=self._url(vendor_id, known), repeatable=True)
        try:
            yield from self._calls.of_known(request, at)
        except Rejected as error:
            # An id that Zoom does not know (any more) and other wrong ids have one code: the list tells them apart.
            if error.code != _NOT_THERE or (yield from self._find(vendor_id, email, at)) is not None:
                raise

    def registrant(self, vendor_id: str, email: str, at: Instant) -> HttpFlow[VendorRegistrant | None]:
        """The person with this address: a request for each 300 registrants. Who waits to be approved has no link."""
        known = yield from self._find(vendor_id, email, at)
        return None if known is None else _registrant(known)

    def registrants(self, vendor_id: str, at: Instant, *, page: str = "") -> HttpFlow[RegistrantPage]:
        """One page of those whose links open the meeting: one request, 300 people at most."""
        listed, following = yield from self._page(vendor_id, "approved", at, page)
        return RegistrantPage(tuple(map(_registrant, listed)), following)

    def _url(self, vendor_id: str, *more: str) -> str:
        return self._calls.url("meetings", vendor_id, "registrants", *more)

    def _find(self, vendor_id: str, email: str, at: Instant) -> HttpFlow[Mapping[str, Any] | None]:
        """The registrant with this address; there is one page in memory at a time."""
        for status in _STATUSES:
            following = ""
            while True:
                listed, following = yield from self._page(vendor_id, status, at, following)
                for told in listed:
                    if word(told.get("email")).lower() == email.lower():
                        return told
                if not following:
                    break
        return None

    def _page(
        self, vendor_id: str, status: str, at: Instant, page: str
    ) -> HttpFlow[tuple[list[Mapping[str, Any]], str]]:
        try:
            return (yield from self._calls.page(self._url(vendor_id), {"status": status}, "registrants", at, page=page))
        except Rejected as error:
            raise _translated(error) from error

    def _admitted(self, told: Mapping[str, Any], *, added: bool = False) -> VendorRegistrant:
        if not told.get("join_url"):
            raise Rejected(
                "Zoom gives the registrant no link before somebody approves them there: set the meeting to automatic approval",
                code="registrant_waits",
                vendor=self.name,
                registrant=word(told["id"]),
            )
        return _registrant(told, added=added)


def _registrant(told: Mapping[str, Any], *, added: bool = False) -> VendorRegistrant:
    return VendorRegistrant(
        vendor_id=word(told["id"]), email=word(told.get("email")), join_url=word(told.get("join_url")), added=added
    )


def _translated(error: Rejected) -> Rejected:
    gone = error.code in _GONE and error.facts.get("status") == 404  # noqa: PLR2004 - RFC 9110 15.5.5
    return Rejected(error.message, code="meeting_gone", **error.facts) if gone else error
