"""What belongs to whoever is logged in: orders with their comments, fault reports, bookings with their links and keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from attrs import frozen
from fastapi import APIRouter, Depends, Request, Response

from servicekit import Kit, Principal
from servicekit.bookings import Booking, BookingState, Cancel, GetBooking
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from servicekit.ids import BookingId, ClientId, CommentId, FaultReportId, ObjectId, OrderId
from servicekit.keys import Key, KeyState, ListKeys
from servicekit.meetings import GetMeeting
from servicekit.notices import GetCalendarFile
from servicekit.portal import (
    AddComment,
    FileFaultReport,
    GetOrder,
    ListComments,
    ListFaultReports,
    ListObjects,
    ListOrders,
    OpenFaultReport,
)

from .browsers import Browser, browser_of, form_of, portal_of
from .pages import render, see

router = APIRouter()
Here = Annotated[Browser, Depends(browser_of)]
Form = Annotated[Mapping[str, str], Depends(form_of)]


# Orders


@router.get("/orders")
def show_orders(request: Request, browser: Here) -> Response:
    """The orders that whoever is logged in may see."""
    portal = portal_of(request)
    page = portal.kit.ask(ListOrders(organisation=portal.organisation), by=browser.principal)
    return render(request, "orders.html", page=page)


@router.get("/orders/{order}")
def show_order(request: Request, browser: Here, order: str) -> Response:
    """One order, with its comments."""
    return _order(request, browser, OrderId(order))


@router.post("/orders/{order}/comments")
def take_comment(request: Request, browser: Here, order: str, form: Form) -> Response:
    """Comment on an order, or answer a comment."""
    answers = CommentId(form["answers"]) if form.get("answers") else None
    command = AddComment(
        order=OrderId(order), text=form.get("text", ""), answers=answers, internal=form.get("internal") == "on"
    )
    try:
        portal_of(request).kit.perform(command, by=browser.principal)
    except (Invalid, Conflict) as refused:
        return _order(request, browser, OrderId(order), refused)
    return see(f"/orders/{order}#comments")


def _order(request: Request, browser: Browser, order: OrderId, refused: Refused | None = None) -> Response:
    kit, by = portal_of(request).kit, browser.principal
    found = kit.ask(GetOrder(order), by=by)
    try:
        comments = kit.ask(ListComments(order=order), by=by).comments
    except Forbidden:  # the right to read them is off: the page is one without
        return render(request, "order.html", order=found, comments=None, refused=refused)
    return render(request, "order.html", order=found, comments=tuple(reversed(comments)), refused=refused)


# Fault reports


@router.get("/faults")
def show_faults(request: Request, browser: Here) -> Response:
    """The fault reports, what is new marked; and a form for a customer's user."""
    return _faults(request, browser)


@router.post("/faults")
def take_fault(request: Request, browser: Here, form: Form) -> Response:
    """Report a fault of one's own customer's."""
    customer = browser.person.customer
    if customer is None:
        raise NotFound("There is no such page.")
    thing = ObjectId(form["object"]) if form.get("object") else None
    command = FileFaultReport(customer=customer, object=thing, text=form.get("text", ""))
    try:
        portal_of(request).kit.perform(command, by=browser.principal)
    except Invalid as refused:
        return _faults(request, browser, refused, form.get("text", ""))
    return see("/faults")


@router.get("/faults/{report}")
def show_fault(request: Request, browser: Here, report: str) -> Response:
    """One report, which is seen from now on."""
    view = portal_of(request).kit.perform(OpenFaultReport(report=FaultReportId(report)), by=browser.principal)
    return render(request, "fault.html", view=view)


def _faults(request: Request, browser: Browser, refused: Refused | None = None, text: str = "") -> Response:
    portal, by = portal_of(request), browser.principal
    page = portal.kit.ask(ListFaultReports(organisation=portal.organisation), by=by)
    things = () if browser.staff else portal.kit.ask(ListObjects(organisation=portal.organisation), by=by).objects
    return render(request, "faults.html", page=page, objects=things, text=text, refused=refused)


# Bookings


@frozen
class Line:
    """A booking as its client reads it.

    Attributes:
        key: how its key stands, in words; empty where it opens no doors.
        link: where its meeting is; empty while it has none.
    """

    booking: Booking
    key: str
    link: str

    @property
    def ahead(self) -> bool:
        """Whether it can still be cancelled."""
        return self.booking.state in (BookingState.REQUESTED, BookingState.CONFIRMED)


_KEYS: Mapping[KeyState, str] = {
    KeyState.PLANNED: "is being made",
    KeyState.ASKED: "is being made",
    KeyState.MADE: "works",
    KeyState.ENDED: "works no more",
    KeyState.DROPPED: "works no more",
    KeyState.FAILED: "could not be made: please call us",
}


@router.get("/bookings")
def show_bookings(request: Request, browser: Here) -> Response:
    """One's own bookings."""
    return _bookings(request, browser)


@router.post("/bookings/{booking}/cancel")
def take_cancel(request: Request, browser: Here, booking: str, _form: Form) -> Response:
    """Cancel one; its key ends and its meeting goes."""
    try:
        portal_of(request).kit.perform(Cancel(BookingId(booking)), by=_client(browser))
    except Conflict as refused:
        return _bookings(request, browser, refused)
    return see("/bookings")


@router.get("/bookings/{booking}/booking.ics")
def send_calendar(request: Request, browser: Here, booking: str) -> Response:
    """One as a file for a calendar."""
    document = portal_of(request).kit.ask(GetCalendarFile(BookingId(booking)), by=_client(browser))
    headers = {"Content-Disposition": f'attachment; filename="{document.name}"'}
    return Response(document.content, media_type=document.media_type, headers=headers)


def _bookings(request: Request, browser: Browser, refused: Refused | None = None) -> Response:
    portal, by = portal_of(request), _client(browser)
    lines = [_line(portal.kit, booking, by) for booking in portal.own.bookings(ClientId(by.id))]
    lines.sort(key=lambda line: line.booking.starts)
    return render(request, "bookings.html", lines=lines, refused=refused)


def _line(kit: Kit, booking: BookingId, by: Principal) -> Line:
    found = kit.ask(GetBooking(booking), by=by)
    keys = kit.ask(ListKeys(booking), by=by)
    try:
        link = kit.ask(GetMeeting(booking), by=by).join_url
    except NotFound:  # it is no meeting
        link = ""
    return Line(found, _key(keys[-1]) if keys else "", link if found.obeyed else "")


def _key(key: Key) -> str:
    return _KEYS[key.state]


def _client(browser: Browser) -> Principal:
    """The client that somebody books as.

    Raises:
        NotFound: none.
    """
    client = browser.person.client
    if client is None:
        raise NotFound("There is no such page.")
    return Principal.of(client, origin=browser.address)
