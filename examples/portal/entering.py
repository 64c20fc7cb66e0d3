"""Log-in and log-out, and choosing a password by a link that was mailed.

Passwords, links and sessions are the kit's, and so is what slows down whoever guesses. These pages only show what it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from servicekit.accounts import ForgotPassword, LoggedIn, LogIn, LogOut, NotLoggedIn, SetPassword, WhyNot
from servicekit.commands import PrincipalKind
from servicekit.errors import Invalid, NotFound
from servicekit.portal import OpenLoginPage, RecordActivity, brand_in

from .browsers import Browser, application_at, browser_of, form_of, portal_of, set_cookie
from .pages import menu_for, render, see

router = APIRouter()
Here = Annotated[Browser, Depends(browser_of)]
Form = Annotated[Mapping[str, str], Depends(form_of)]

_WRONG = "This address and password do not fit together: try again, or ask for a new password."
_TOO_OFTEN = "That was tried too often. Wait some minutes and try again."


@router.get("/")
def front(request: Request, browser: Here) -> Response:
    """Where everybody begins: at the first entry of its menu."""
    if browser.somebody is None:
        return see("/login")
    menu = menu_for(portal_of(request), browser)
    if menu:
        return see(menu[0][0])
    message = "You have no right to anything here any more: ask whoever invited you."
    return render(request, "refused.html", title="Nothing here", message=message)


@router.get("/login")
def show_login(request: Request, browser: Here) -> Response:
    """The log-in page, under the company's name where its address says one that is known."""
    return _login(request, browser, {})


@router.post("/login")
def take_login(request: Request, browser: Here, form: Form) -> Response:
    """Log in, or be told that it was not right."""
    command = LogIn(email=form.get("email", ""), password=form.get("password", ""), kind=_kind(form))
    outcome = portal_of(request).kit.perform(command, by=application_at(browser.address))
    if isinstance(outcome, LoggedIn):
        return _entered(request, outcome)
    return _login(request, browser, form, outcome)


def _login(request: Request, browser: Browser, form: Mapping[str, str], refused: NotLoggedIn | None = None) -> Response:
    brand = portal_of(request).kit.ask(OpenLoginPage(brand_in(str(request.url))), by=application_at(browser.address))
    if refused is None:
        return render(request, "login.html", brand=brand, form=form, why="")
    slow = refused.why is WhyNot.SLOW_DOWN
    status = HTTPStatus.TOO_MANY_REQUESTS if slow else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "login.html", status=status, brand=brand, form=form, why=_TOO_OFTEN if slow else _WRONG)


def _entered(request: Request, entered: LoggedIn) -> Response:
    """To the front page, under the session's cookie; a customer's log has it."""
    portal, answer = portal_of(request), see("/")
    set_cookie(portal, answer, entered.token)
    person = portal.own.person(entered.session.user)
    if person is not None and person.customer is not None:
        portal.kit.perform(RecordActivity(customer=person.customer, what="logged in"), by=entered.principal)
    return answer


def _kind(form: Mapping[str, str]) -> PrincipalKind:
    return PrincipalKind.USER if form.get("kind") == "staff" else PrincipalKind.CUSTOMER_USER


@router.post("/logout")
def take_logout(request: Request, browser: Here, _form: Form) -> Response:
    """End the session; the cookie is worth nothing after it."""
    portal_of(request).kit.perform(LogOut(browser.cookie), by=application_at(browser.address))
    return see("/login")


@router.get("/forgotten")
def show_forgotten(request: Request) -> Response:
    """Ask whose password is forgotten."""
    return render(request, "forgotten.html", asked=False)


@router.post("/forgotten")
def take_forgotten(request: Request, browser: Here, form: Form) -> Response:
    """Mail a link, if the address is known. What is shown does not tell."""
    command = ForgotPassword(email=form.get("email", ""), kind=_kind(form))
    try:
        portal_of(request).kit.perform(command, by=application_at(browser.address))
    except Invalid as refused:
        return render(request, "forgotten.html", asked=False, refused=refused)
    return render(request, "forgotten.html", asked=True)


@router.get("/password/{token}")
def show_password(request: Request, token: str) -> Response:
    """Ask for a password. The link is not used up by looking at it: programs that check mails look, too."""
    return render(request, "password.html", action=f"/password/{token}")


@router.post("/password/{token}")
def take_password(request: Request, browser: Here, token: str, form: Form) -> Response:
    """Use the link, keep the password, and be logged in."""
    password = form.get("password", "")
    try:
        _check_twice(password, form.get("again", ""))
        command = SetPassword(token=token, password=password)
        entered = portal_of(request).kit.perform(command, by=application_at(browser.address))
    except (Invalid, NotFound) as refused:
        return render(request, "password.html", action=f"/password/{token}", refused=refused)
    return _entered(request, entered)


def _check_twice(password: str, again: str) -> None:
    if password != again:
        raise Invalid("You typed two different passwords: type the same one twice.", code="two_passwords")
