"""Who logs in for the company's customers: invited, changed, removed; and what they did. For whoever may change customer rights.

Nobody has to be an administrator for it. Which customers, which facilities and whose log is shown is the kit's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from attrs import evolve, field, frozen
from fastapi import APIRouter, Depends, Request, Response

from servicekit import Kit, Principal
from servicekit.errors import Conflict, Invalid, NotFound, Refused
from servicekit.ids import CustomerId, CustomerUserId, FacilityId
from servicekit.portal import (
    ALL_RIGHTS,
    Activity,
    AddCustomerUser,
    ChangeCustomerUser,
    Customer,
    CustomerUser,
    Facility,
    InviteAgain,
    ListCustomers,
    ListCustomerUsers,
    ListFacilities,
    ReadActivity,
    RemoveCustomerUser,
    Right,
    VerifyActivity,
)

from .browsers import Browser, browser_of, form_of, portal_of
from .own import Own, Person
from .pages import render, see

router = APIRouter()
Here = Annotated[Browser, Depends(browser_of)]
Form = Annotated[Mapping[str, str], Depends(form_of)]

RIGHTS: Mapping[Right, str] = {
    Right.READ_READINGS: "read operating times",
    Right.ENTER_READINGS: "enter operating times",
    Right.SEE_DOCUMENTS: "see documents",
    Right.UPLOAD_DOCUMENTS: "upload documents",
    Right.SEE_INSPECTIONS: "see self-inspections",
    Right.MAKE_INSPECTIONS: "make self-inspections",
    Right.REPORT_FAULTS: "report faults",
    Right.COMMENT: "comment on orders",
}
"""What each right is called on the pages."""
_PAGE = 50  # entries of a log


@frozen
class Choice:
    """What a form shows, or has sent: where somebody may see what, and its rights."""

    email: str = ""
    facilities: tuple[FacilityId, ...] | None = None
    unassigned: bool = True
    rights: tuple[Right, ...] = ()

    @classmethod
    def of(cls, user: CustomerUser) -> Choice:
        """As it stands."""
        return cls(user.email, user.facilities, user.unassigned, user.rights)

    @classmethod
    def sent(cls, form: Mapping[str, str]) -> Choice:
        """As it was filled in. A box that is empty is not sent at all."""
        chosen = tuple(FacilityId(name.removeprefix("at-")) for name in form if name.startswith("at-"))
        rights = tuple(right for right in ALL_RIGHTS if f"may-{right}" in form)
        facilities = chosen if form.get("where") == "chosen" else None
        return cls(form.get("email", ""), facilities, "unassigned" in form, rights)


@frozen
class Desk:
    """One customer, as whoever is logged in may look after it."""

    kit: Kit = field(repr=False)
    by: Principal
    customer: Customer
    facilities: tuple[Facility, ...]
    users: tuple[CustomerUser, ...]

    def user(self, user_id: str) -> CustomerUser:
        """One of its users.

        Raises:
            NotFound: it is none, or was removed.
        """
        found = next((user for user in self.users if user.id == user_id), None)
        if found is None:
            raise NotFound("There is no such page.")
        return found

    def where(self, user: CustomerUser) -> str:
        """Where a user sees something, in words."""
        names = [one.name for one in self.facilities if user.facilities is None or one.id in user.facilities]
        there = ["all facilities"] if user.facilities is None else names
        return ", ".join([*there, *(["not assigned"] if user.unassigned else [])]) or "nowhere"


def _desk(request: Request, browser: Browser, customer: str) -> Desk:
    portal, by = portal_of(request), browser.principal
    _check_staff(browser)
    known = portal.kit.ask(ListCustomers(portal.organisation), by=by)
    found = next((one for one in known if one.id == customer), None)
    if found is None:
        raise NotFound("There is no such page.")
    users = portal.kit.ask(ListCustomerUsers(found.id), by=by)
    return Desk(portal.kit, by, found, portal.kit.ask(ListFacilities(found.id), by=by), users)


def _check_staff(browser: Browser) -> None:
    """A customer's user knows its own customer, and has no page about it."""
    if browser.person.customer is not None:
        raise NotFound("There is no such page.")


@router.get("/customers")
def show_customers(request: Request, browser: Here) -> Response:
    """The customers, to go on from."""
    portal = portal_of(request)
    _check_staff(browser)
    return render(
        request, "customers.html", customers=portal.kit.ask(ListCustomers(portal.organisation), by=browser.principal)
    )


@router.get("/customers/{customer}")
def show_customer(request: Request, browser: Here, customer: str) -> Response:
    """Its users, and a form that invites another one."""
    return _customer(request, _desk(request, browser, customer), Choice())


@router.post("/customers/{customer}/users")
def take_user(request: Request, browser: Here, customer: str, form: Form) -> Response:
    """Invite somebody by mail; the application notes whose user it is, in the same transaction."""
    desk, choice = _desk(request, browser, customer), Choice.sent(form)
    try:
        _invite(desk, portal_of(request).own, choice)
    except (Invalid, Conflict) as refused:
        return _customer(request, desk, choice, refused)
    return see(f"/customers/{customer}")


def _invite(desk: Desk, own: Own, choice: Choice) -> None:
    command = AddCustomerUser(
        customer=desk.customer.id,
        email=choice.email,
        facilities=choice.facilities,
        unassigned=choice.unassigned,
        rights=choice.rights,
    )
    with own.transaction() as connection:
        user = desk.kit.perform(command, by=desk.by, within=connection)
        own.note_person(connection, Person(user.id, user.email, user.customer))


def _customer(request: Request, desk: Desk, choice: Choice, refused: Refused | None = None) -> Response:
    return render(request, "customer.html", desk=desk, choice=choice, rights=RIGHTS, refused=refused)


@router.get("/customers/{customer}/users/{user}")
def show_user(request: Request, browser: Here, customer: str, user: str) -> Response:
    """What one of its users may see and do."""
    desk = _desk(request, browser, customer)
    found = desk.user(user)
    return _user(request, desk, found, Choice.of(found))


@router.post("/customers/{customer}/users/{user}")
def take_change(request: Request, browser: Here, customer: str, user: str, form: Form) -> Response:
    """Set all of it anew; it holds at once."""
    desk = _desk(request, browser, customer)
    found = desk.user(user)
    choice = evolve(Choice.sent(form), email=found.email)
    command = ChangeCustomerUser(
        user=found.id, facilities=choice.facilities, unassigned=choice.unassigned, rights=choice.rights
    )
    try:
        desk.kit.perform(command, by=desk.by)
    except Invalid as refused:
        return _user(request, desk, found, choice, refused)
    return see(f"/customers/{customer}")


def _user(request: Request, desk: Desk, user: CustomerUser, choice: Choice, refused: Refused | None = None) -> Response:
    return render(request, "customer_user.html", desk=desk, user=user, choice=choice, rights=RIGHTS, refused=refused)


@router.post("/customers/{customer}/users/{user}/invitation")
def take_invitation(request: Request, browser: Here, customer: str, user: str, _form: Form) -> Response:
    """Mail another link."""
    desk = _desk(request, browser, customer)
    desk.kit.perform(InviteAgain(desk.user(user).id), by=desk.by)
    return see(f"/customers/{customer}")


@router.post("/customers/{customer}/users/{user}/removal")
def take_removal(request: Request, browser: Here, customer: str, user: str, _form: Form) -> Response:
    """It logs in no more; its log stays."""
    desk = _desk(request, browser, customer)
    desk.kit.perform(RemoveCustomerUser(desk.user(user).id), by=desk.by)
    return see(f"/customers/{customer}")


@frozen
class Deed:
    """An entry of the log, and who that was, as far as the application knows."""

    entry: Activity
    who: str


@router.get("/customers/{customer}/activity")
def show_activity(request: Request, browser: Here, customer: str, user: str = "", skip: int = 0) -> Response:
    """Who did what when, and from where, newest first; of all, or of one user; and whether the log is as it was written."""
    portal, by = portal_of(request), browser.principal
    _check_staff(browser)
    whose = CustomerId(customer)
    query = ReadActivity(customer=whose, user=CustomerUserId(user) if user else None, skip=skip, most=_PAGE)
    page = portal.kit.ask(query, by=by)
    deeds = [Deed(entry, _who(portal.own, entry)) for entry in page.entries]
    older = skip + _PAGE if skip + _PAGE < page.count else 0
    verdict = portal.kit.ask(VerifyActivity(customer=whose), by=by)
    return render(
        request, "activity.html", deeds=deeds, count=page.count, older=older, verdict=verdict, customer=whose, user=user
    )


def _who(own: Own, entry: Activity) -> str:
    person = own.person(entry.who)
    return person.email if person is not None else f"{entry.kind} {entry.who}"
