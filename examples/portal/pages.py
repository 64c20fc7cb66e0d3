"""Templates become answers: every page has the same head, menu and headers, and nothing in it is markup but what we wrote."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from servicekit import Instant
from servicekit.errors import Forbidden, NotFound, Refused
from servicekit.permissions import GetVisible, Nothing
from servicekit.portal import CountUnseenFaults

from .browsers import Browser, Portal, browser_of, keep, portal_of

__all__ = ["FOLDER", "MENU", "menu_for", "render", "see", "status_of"]

FOLDER = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)

MENU = (
    ("/orders", "Orders", "orders:read"),
    ("/bookings", "Bookings", ""),
    ("/faults", "Fault reports", "fault_reports:read"),
    ("/customers", "Customers", "customer_rights:read"),
    ("/groups", "Groups", "groups:read"),
    ("/quotas", "Quotas", "groups:read"),
    ("/log", "Log", "log:read"),
)
"""Where each entry leads, and the right that it takes."""


def render(
    request: Request, template: str, *, status: int = 200, refused: Refused | None = None, **values: object
) -> HTMLResponse:
    """A page. One that shows a refusal has the refusal's status."""
    portal, browser = portal_of(request), browser_of(request)
    page = _TEMPLATES.get_template(template).render(
        browser=browser,
        company=portal.company,
        menu=menu_for(portal, browser),
        unseen=_unseen(portal, browser),
        here=f"/{request.url.path.split('/')[1]}",
        refused=refused,
        shown=lambda at: _shown(portal, at),
        **values,
    )
    answer = HTMLResponse(page, status_of(refused) if refused is not None else status)
    keep(portal, answer, browser)
    return answer


def see(address: str) -> RedirectResponse:
    """Look there now: what answers a form that was carried out, so that to reload sends nothing again."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def status_of(refused: Refused) -> int:
    """The HTTP status of a refusal. What may not be seen is not found: the kit says both alike."""
    if isinstance(refused, NotFound):
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.FORBIDDEN if isinstance(refused, Forbidden) else HTTPStatus.UNPROCESSABLE_ENTITY


def menu_for(portal: Portal, browser: Browser) -> list[tuple[str, str]]:
    """The entries behind which there is something for whoever is logged in; bookings are for who books."""
    if browser.somebody is None:
        return []
    books = browser.person.client is not None
    return [(to, name) for to, name, right in MENU if (_sees(portal, browser, right) if right else books)]


def _sees(portal: Portal, browser: Browser, right: str) -> bool:
    """Whether the right lets it see anything at all."""
    query = GetVisible(organisation=portal.organisation, scope=right)
    try:
        return portal.kit.ask(query, by=browser.principal) != Nothing()
    except NotFound:  # somebody without any right, or who was removed
        return False


def _unseen(portal: Portal, browser: Browser) -> int:
    """The number beside the menu's fault reports."""
    if browser.somebody is None:
        return 0
    try:
        return portal.kit.ask(CountUnseenFaults(portal.organisation), by=browser.principal)
    except (Forbidden, NotFound):  # has no right to read them, or may log in no more
        return 0


def _shown(portal: Portal, at: Instant) -> str:
    """A time as people in the portal's zone read it."""
    return at.local(portal.zone).format("D MMMM YYYY, HH:mm")
