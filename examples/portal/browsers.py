"""Who is at the other end: the cookie, the form's token, and the headers that go with every answer.

Rules kept here:

* Every browser has a cookie of 32 random bytes, logged in or not; it is a new one after each log-in. Scripts never see it
  (``HttpOnly``), and it comes along from no other site's forms (``SameSite=Lax``).
* A form is taken only with the token that stands in it: an HMAC of the cookie, which another site can not know.
* Who is not logged in is sent to the log-in page, whether or not there is anything behind the address.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Annotated

from attrs import field, frozen
from fastapi import Depends, Request, Response

from servicekit import Kit, Principal
from servicekit.ids import CustomerUserId, GroupId
from servicekit.moments import Clock

from .own import Account, Own

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


class NotLoggedIn(Exception):
    """Nobody is logged in with this browser."""


class BadForm(Exception):
    """A form without the token of the browser that sends it."""


@frozen
class Browser:
    """A browser, and who is logged in with it; ``token`` is what its forms say."""

    cookie: str = field(repr=False)
    token: str = field(repr=False)
    account: Account | None
    address: str

    @property
    def principal(self) -> Principal:
        """Who asks the kit.

        Raises:
            NotLoggedIn: nobody.
        """
        if self.account is None:
            raise NotLoggedIn
        return Principal.of(self.account.who, origin=self.address)

    @property
    def staff(self) -> bool:
        """Whether it is a user of the organisation: the menu shows more. What they may do is the kit's to say."""
        return self.account is not None and not isinstance(self.account.who, CustomerUserId)

    def application(self) -> Principal:
        """The application itself, for what is asked before anybody is logged in."""
        return Principal.operator("portal", origin=self.address)


def portal_of(request: Request) -> Portal:
    """What the pages work on."""
    portal: Portal = request.app.state.portal
    return portal


def browser_of(request: Request) -> Browser:
    """The browser that sends this request."""
    portal = portal_of(request)
    known = request.cookies.get(COOKIE, "")
    account = portal.own.session(known, portal.clock.now()) if known else None
    cookie = known or secrets.token_urlsafe(32)
    token = hmac.new(portal.secret, cookie.encode(), hashlib.sha256).hexdigest()
    return Browser(cookie, token, account, request.client.host if request.client else "")


def log_in(portal: Portal, response: Response, account: Account) -> None:
    """Let the browser that gets this answer be somebody, under a new cookie."""
    cookie = secrets.token_urlsafe(32)
    portal.own.begin_session(cookie, account.email, portal.clock.now())
    keep(portal, response, cookie)


def keep(portal: Portal, response: Response, cookie: str) -> None:
    """Have the browser keep its cookie until it is closed."""
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", secure=portal.secure, path="/")


async def form_of(request: Request, browser: Annotated[Browser, Depends(browser_of)]) -> Mapping[str, str]:
    """The fields of a form, once its token is right; of several of one name the last.

    Raises:
        BadForm: it is not.
    """
    form = await request.form(max_files=0)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not hmac.compare_digest(fields.get("token", ""), browser.token):
        raise BadForm
    return fields
