"""What stands in the portal when it starts: a company with groups and texts, two customers, a technician, and a booking."""

from __future__ import annotations

import re
from datetime import timedelta

from attrs import frozen

from servicekit import Instant, Kit, Principal
from servicekit.accounts import ForgotPassword
from servicekit.bookings import AddBranch, AddClient, AddProvider, AddService, Book, ProviderKind
from servicekit.groups import AddGroup, AddUsers, FoundOrganisation, Quota, Settings
from servicekit.ids import ClientId, GroupId, UserId
from servicekit.messages import SendText
from servicekit.permissions import GrantScopes
from servicekit.portal import (
    AddComment,
    AddCustomer,
    AddCustomerUser,
    AddFacility,
    AddObject,
    AddOrder,
    AssignTechnician,
    CustomerUser,
    Right,
    SetBrand,
)
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, MailboxSimulator

from .own import Own, Person

__all__ = ["BRAND", "ZONE", "Town", "founded"]

ZONE = "Europe/Stockholm"
BRAND = "Åkes Rör & Värme"
RIGHTS = (Right.REPORT_FAULTS, Right.COMMENT, Right.SEE_DOCUMENTS)
TOM = "tom@ake.example"
TECHNICIAN = ("orders:read", "comments:write", "fault_reports:read")
SIV = "siv@ake.example"
CARING = ("orders:read", "customers:read", "customer_rights:write", "activity:read")
_HOUR = 3_600_000_000  # microseconds
_MAIN, _ROOM = COMPONENTS[0].id, COMPONENTS[2].id


@frozen
class Town:
    """What was founded: the organisation, and the links by which everybody chooses a password, by address."""

    organisation: GroupId
    invitations: dict[str, str]


def founded(kit: Kit, own: Own, mailbox: MailboxSimulator, at: Instant) -> Town:
    """Found the company, and mail everybody a link."""
    company = kit.perform(
        FoundOrganisation(
            name=BRAND,
            zone=ZONE,
            admin="anna@ake.example",
            settings=Settings(country_code=46, group_quota=Quota(500, 30), sender_name="Akes"),
        ),
        by=Principal.operator("set-up"),
    )
    root, anna = company.root.id, Principal.of(company.admin.id)
    kit.perform(SetBrand(organisation=root, name=BRAND, logo="https://ake.example/logo.svg"), by=anna)
    tom, siv = _groups(kit, root, anna)
    hans, karin = _bakery(kit, root, tom, anna), _cafe(kit, root, anna)
    client = _bookings(kit, own, root, anna, at)
    own.add_person(Person(company.admin.id, company.admin.email))
    own.add_person(Person(tom, TOM))
    own.add_person(Person(siv, SIV))
    own.add_person(Person(hans.id, hans.email, hans.customer, client))
    own.add_person(Person(karin.id, karin.email, karin.customer))
    for email in (company.admin.email, TOM, SIV):  # customers' users are sent a link when they are added
        kit.perform(ForgotPassword(email=email), by=Principal.operator("set-up"))
    kit.deliver()
    return Town(root, {mail.rcpt_to: _link(mail.text) for mail in mailbox.mails() if "/password/" in mail.text})


def _groups(kit: Kit, root: GroupId, anna: Principal) -> tuple[UserId, UserId]:
    """Who works there: a technician, who sees orders and fault reports, and somebody who may change customer rights.

    The technician's group may send 100 SMS a month. One text was sent.
    """
    service = kit.perform(AddGroup(parent=root, name="Service", settings=Settings(group_quota=Quota(100, 30))), by=anna)
    kit.perform(AddGroup(parent=service.id, name="Jour", settings=Settings(group_quota=Quota(0))), by=anna)
    tom, siv = kit.perform(AddUsers(group=service.id, addresses=(TOM, SIV)), by=anna)
    assert tom.user is not None
    assert siv.user is not None
    kit.perform(GrantScopes(principal=Principal.of(tom.user), scopes=TECHNICIAN, group=root), by=anna)
    kit.perform(SendText(user=tom.user, to="070 174 06 05", text="Vi kommer klockan tio."), by=Principal.of(tom.user))
    kit.perform(GrantScopes(principal=Principal.of(siv.user), scopes=CARING, group=root), by=anna)
    return tom.user, siv.user


def _bakery(kit: Kit, root: GroupId, tom: UserId, anna: Principal) -> CustomerUser:
    """A customer with two places; its user sees the shop, and what is at neither."""
    bakery = kit.perform(AddCustomer(organisation=root, name="Bageriet"), by=anna)
    shop = kit.perform(AddFacility(customer=bakery.id, name="Butiken"), by=anna)
    depot = kit.perform(AddFacility(customer=bakery.id, name="Lagret"), by=anna)
    kit.perform(AssignTechnician(customer=bakery.id, technician=tom), by=anna)
    for name, where in (("Ugn", shop.id), ("Värmepump", shop.id), ("Lyft", depot.id)):
        kit.perform(AddObject(customer=bakery.id, name=name, facility=where), by=anna)
    service = kit.perform(
        AddOrder(customer=bakery.id, title="Service av ugn", facility=shop.id, reference="2026-4711"), by=anna
    )
    kit.perform(AddOrder(customer=bakery.id, title="Byte av filter"), by=anna)
    kit.perform(AddOrder(customer=bakery.id, title="Ny lyft", facility=depot.id), by=anna)
    kit.perform(AddComment(order=service.id, text="Vi kommer på tisdag."), by=anna)
    kit.perform(AddComment(order=service.id, text="Betalar sent", internal=True), by=anna)
    return kit.perform(
        AddCustomerUser(
            customer=bakery.id, email="hans@bageriet.example", facilities=(shop.id,), unassigned=True, rights=RIGHTS
        ),
        by=anna,
    )


def _cafe(kit: Kit, root: GroupId, anna: Principal) -> CustomerUser:
    """Another customer, of which the first sees nothing; its user has no rights besides."""
    cafe = kit.perform(AddCustomer(organisation=root, name="Kaféet"), by=anna)
    kit.perform(AddOrder(customer=cafe.id, title="Ny kylkompressor"), by=anna)
    return kit.perform(AddCustomerUser(customer=cafe.id, email="karin@kafeet.example"), by=anna)


def _bookings(kit: Kit, own: Own, root: GroupId, anna: Principal, at: Instant) -> ClientId:
    """Hans has booked advice in a room that is a meeting as well; the application notes it in the same transaction."""
    branch = kit.perform(
        AddBranch(
            organisation=root,
            name="Verkstaden",
            zone=ZONE,
            site=ExivoSimulator.site_id,
            components=(_MAIN,),
            service_components=(_ROOM,),
        ),
        by=anna,
    )
    advice = kit.perform(
        AddService(branch=branch.id, name="Rådgivning", length=timedelta(hours=1), components=(_ROOM,), online=True),
        by=anna,
    )
    room = kit.perform(AddProvider(organisation=root, name="Rum 1", kind=ProviderKind.ROOM), by=anna)
    hans = kit.perform(
        AddClient(organisation=root, name="Hans", email="hans@bageriet.example", mobile="070 174 06 06"), by=anna
    )
    full_hour = Instant(at.us // _HOUR * _HOUR)
    for days in (1, 2):
        order = Book(service=advice.id, provider=room.id, client=hans.id, starts=full_hour + timedelta(days=days))
        with own.transaction() as connection:
            booking = kit.perform(order, by=Principal.of(hans.id), within=connection)
            own.note_booking(connection, booking.id, hans.id)
    return hans.id


def _link(text: str) -> str:
    found = re.search(r"https?://\S+/password/\S+", text)
    assert found is not None, "it was looked for in mails that have one"
    return found[0]
