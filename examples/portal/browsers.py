"""Who is at the other end: the cookie, the form's token, and the headers that go with every answer.

Rules kept here:

* The cookie of whoever is logged in is the kit's token of the session; anybody else's is random, so that its forms can be told
  from other sites'. Scripts never see it (``HttpOnly``), and it comes along from no other site's forms (``SameSite=Lax``).
* A form is taken only with the token that stands in it: an HMAC of the session, which another site can not know.
* Who is not logged in is sent to the log-in page, whether or not there is anything behind the address.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from attrs import field, frozen
from fastapi import Depends, Request, Response

from servicekit import Kit, Principal
from servicekit.accounts import CheckSession, ListedSession, LoggedIn, RenewSession
from servicekit.ids import GroupId
from servicekit.moments import Clock

from .own import Own, Person

COOKIE = "portal"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' https:; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # an invitation's token stands in its address
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer: nothing runs in these pages, and nobody frames them."""
_FRESH = timedelta(hours=1)  # before a session's token is changed for the next one


@frozen
class Portal:
    """What the pages work on.

    Attributes:
        company: its name, as every page shows it.
        zone: in which times are shown.
        secret: what the tokens of forms are made with.
        secure: whether it is reached by https, so that the cookie goes no other way.
    """

    kit: Kit
    own: Own
    organisation: GroupId
    clock: Clock
    company: str
    zone: str
    secret: bytes = field(repr=False)
    secure: bool = False


class NobodyLoggedIn(Exception):
    """Nobody is logged in with this browser."""


class BadForm(Exception):
    """A form without the token of the browser that sends it."""


@frozen
class Browser:
    """A browser, and who is logged in with it.

    Attributes:
        token: what its forms say.
        address: where it is.
    """

    cookie: str = field(repr=False)
    token: str = field(repr=False)
    address: str
    session: ListedSession | None = None
    somebody: Person | None = None

    @property
    def person(self) -> Person:
        """Who is logged in.

        Raises:
            NobodyLoggedIn: nobody is.
        """
        if self.somebody is None:
            raise NobodyLoggedIn
        return self.somebody

    @property
    def principal(self) -> Principal:
        """Who asks the kit; raises as :attr:`person` does."""
        return Principal.of(self.person.who, origin=self.address)

    @property
    def staff(self) -> bool:
        """Whether it is a user of the organisation. What those may do is the kit's to say."""
        return self.somebody is not None and self.somebody.customer is None


def application_at(address: str) -> Principal:
    """The application itself, for what is asked before anybody is logged in."""
    return Principal.operator("portal", origin=address)


def portal_of(request: Request) -> Portal:
    """What the pages work on."""
    portal: Portal = request.app.state.portal
    return portal


def browser_of(request: Request) -> Browser:
    """The browser that sends this request."""
    portal = portal_of(request)
    cookie = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    address = request.client.host if request.client else ""
    session = portal.kit.ask(CheckSession(cookie), by=application_at(address))
    if session is None:
        return Browser(cookie, _token(portal, cookie), address)
    return Browser(cookie, _token(portal, session.id), address, session, portal.own.person(session.user))


def keep(portal: Portal, response: Response, browser: Browser) -> None:
    """Have the browser keep its cookie until it is closed; now and then its session's next one."""
    session = browser.session
    if session is None or portal.clock.now() < session.used_at + _FRESH:
        set_cookie(portal, response, browser.cookie)
        return
    renewed = portal.kit.perform(RenewSession(browser.cookie), by=application_at(browser.address))
    if isinstance(renewed, LoggedIn):
        set_cookie(portal, response, renewed.token)


def set_cookie(portal: Portal, response: Response, cookie: str) -> None:
    """In the browser that gets this answer."""
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", secure=portal.secure, path="/")


def _token(portal: Portal, of: str) -> str:
    return hmac.new(portal.secret, of.encode(), hashlib.sha256).hexdigest()


async def form_of(request: Request, browser: Annotated[Browser, Depends(browser_of)]) -> Mapping[str, str]:
    """The fields of a form, once its token is right; of several of one name the last.

    Raises:
        BadForm: it is not.
    """
    form = await request.form(max_files=0)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not hmac.compare_digest(fields.get("token", "").encode(), browser.token.encode()):
        raise BadForm
    return fields
