"""Log-in, invitation and log-out.

The passwords are this application's own (``own.py``). A wrong password and an unknown user name read alike and cost the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from servicekit.errors import Invalid, NotFound
from servicekit.portal import AcceptInvitation, OpenLoginPage, RecordActivity, brand_in

from .browsers import Browser, browser_of, form_of, log_in, portal_of
from .pages import menu_for, render, see

router = APIRouter()
_SHORTEST = 12  # characters of a password
_ABSENT = "This user name and password do not fit together: try again, or ask for a new invitation."

Here = Annotated[Browser, Depends(browser_of)]
Form = Annotated[Mapping[str, str], Depends(form_of)]


@router.get("/")
def front(request: Request, browser: Here) -> Response:
    """Where everybody begins: at the first entry of its menu."""
    if browser.account is None:
        return see("/login")
    menu = menu_for(portal_of(request), browser)
    if menu:
        return see(menu[0][0])
    message = "You have no right to anything here any more: ask whoever invited you."
    return render(request, "refused.html", title="Nothing here", message=message)


@router.get("/login")
def show_login(request: Request, browser: Here) -> Response:
    """The log-in page, under the company's name where its address says one that is known."""
    page = portal_of(request).kit.ask(OpenLoginPage(brand_in(str(request.url))), by=browser.application())
    return render(request, "login.html", brand=page, email="")


@router.post("/login")
def take_login(request: Request, browser: Here, form: Form) -> Response:
    """Log in, or be told that it was not right."""
    portal = portal_of(request)
    account = portal.own.log_in(form.get("email", ""), form.get("password", ""))
    if account is None:
        page = portal.kit.ask(OpenLoginPage(brand_in(str(request.url))), by=browser.application())
        refused = Invalid(_ABSENT, code="wrong_password")
        return render(request, "login.html", brand=page, email=form.get("email", ""), refused=refused)
    answer = see("/")
    log_in(portal, answer, account)
    if account.customer is not None:
        logged_in = Browser("", "", account, browser.address).principal
        portal.kit.perform(RecordActivity(customer=account.customer, what="logged in"), by=logged_in)
    return answer


@router.post("/logout")
def take_logout(request: Request, browser: Here, _form: Form) -> Response:
    """End the session; the cookie is worth nothing after it."""
    portal_of(request).own.end_session(browser.cookie)
    return see("/login")


@router.get("/invitation/{token}")
def show_invitation(request: Request, token: str) -> Response:
    """Ask for a password. The link is not used up by looking at it: programs that check mails look, too."""
    return render(request, "invitation.html", action=f"/invitation/{token}")


@router.post("/invitation/{token}")
def take_invitation(request: Request, browser: Here, token: str, form: Form) -> Response:
    """Use the link and keep the password: both or neither, in one transaction of the application's and the kit's."""
    portal, password = portal_of(request), form.get("password", "")
    try:
        _check_password(password, form.get("again", ""))
        with portal.own.transaction() as connection:
            user = portal.kit.perform(AcceptInvitation(token), by=browser.application(), within=connection)
            portal.own.add_login(connection, user.email, user.id, password, user.customer)
    except (Invalid, NotFound) as refused:
        return render(request, "invitation.html", action=f"/invitation/{token}", refused=refused)
    return see("/login")


def _check_password(password: str, again: str) -> None:
    if len(password) < _SHORTEST:
        raise Invalid(f"A password has at least {_SHORTEST} characters: choose a longer one.", code="short_password")
    if password != again:
        raise Invalid("You typed two different passwords: type the same one twice.", code="two_passwords")
