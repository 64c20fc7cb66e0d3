"""A portal on any kit: a service company with two customers, of which one has two facilities. Mails and texts are caught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any, TypeVar

from attrs import define, field

from servicekit import Kit, Principal
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.commands import Command, Query
from servicekit.errors import Refused
from servicekit.groups import AddUsers, FoundOrganisation, Settings
from servicekit.ids import GrantId, GroupId, UserId
from servicekit.mail import OutgoingMail
from servicekit.moments import Instant
from servicekit.outbox.facts import Evidence
from servicekit.permissions import Grant
from servicekit.portal import (
    ALL_RIGHTS,
    AddCustomer,
    AddCustomerUser,
    AddFacility,
    AddObject,
    AddOrder,
    Customer,
    CustomerUser,
    Facility,
    Order,
    ServiceObject,
)
from servicekit.ports.mail import MailReceipt
from servicekit.ports.store import transact
from servicekit.runtime.entropy import mint
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import FortySixElksSimulator, transport

T = TypeVar("T")
NOON = Instant.parse("2026-11-25T12:00:00Z")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPERATOR = Principal.operator("tests")
INVITATION = "https://portal.example/invitation/{token}"
TABLES = (
    *(
        "customers",
        "facilities",
        "customer_users",
        "invitations",
        "orders",
        "models",
        "objects",
        "faults",
        "fault_views",
    ),
    *("comments", "documents", "document_bytes", "readings", "inspections", "notice_choices", "told", "brands"),
    *("activity", "activity_heads", "letters", "messages", "effects"),
)


@define
class Caught:
    """A mail server that keeps what it takes."""

    name: str = "caught"
    evidence: Evidence = field(factory=dict)
    mails: list[OutgoingMail] = field(factory=list)

    def send(self, mail: OutgoingMail) -> MailReceipt:
        """Take one."""
        self.mails.append(mail)
        return MailReceipt(vendor_id=mail.message_id)


@define
class Portal:
    """Service AB. What asks without saying who is its administrator Anna."""

    kit: Kit
    clock: ManualClock
    root: GroupId
    anna: Principal
    elks: FortySixElksSimulator
    caught: Caught
    holz: Customer
    mill: Facility
    yard: Facility
    stein: Customer

    def tell(self, command: Command[T], by: Principal | None = None) -> T:
        """Perform a command."""
        return self.kit.perform(command, by=by or self.anna)

    def ask(self, query: Query[T], by: Principal | None = None) -> T:
        """Ask a query."""
        return self.kit.ask(query, by=by or self.anna)

    def refused(self, request: Command[Any] | Query[Any], by: Principal | None = None) -> Refused:
        """The refusal that it ends in; not a row of any table has changed."""
        before = self.rows()
        try:
            made = self.tell(request, by) if isinstance(request, Command) else self.ask(request, by)
        except Refused as refused:
            assert self.rows() == before, "it was refused, and something was written all the same"
            return refused
        raise AssertionError(f"nothing refused it: {made}")

    def rows(self) -> dict[str, Sequence[Any]]:
        """Every row of the portal's tables, and of what goes out."""
        return {name: sorted(self.sql(f"SELECT * FROM {name}"), key=repr) for name in TABLES}  # noqa: S608

    def sql(self, statement: str, *values: object) -> Sequence[Any]:
        """Run a statement by hand."""

        def run(store: Any) -> Sequence[Any]:
            cursor = store._execute(statement, values)
            return list(cursor.fetchall()) if statement.startswith("SELECT") else []

        return transact(self.kit._storage, run)

    def staff(self, name: str, *scopes: str) -> UserId:
        """A user of the company, with these scopes over all of it."""
        (line,) = self.tell(AddUsers(group=self.root, addresses=(f"{name}@service.example",)))
        assert line.user is not None
        if scopes:
            grant = Grant(
                id=mint(GrantId, self.clock.now()),
                organisation=self.root,
                principal=line.user,
                scopes=scopes,
                group=self.root,
            )
            transact(self.kit._storage, lambda store: store.grants.add(grant))
        return line.user

    def user(self, customer: Customer | None = None, name: str = "hans", **more: Any) -> CustomerUser:
        """A customer user, of Holz with every right unless said."""
        self.clock.advance(MINUTE)
        made = {"rights": ALL_RIGHTS, **more}
        return self.tell(AddCustomerUser(customer=(customer or self.holz).id, email=f"{name}@holz.example", **made))

    def order(self, title: str = "Saw", facility: Facility | None = None, customer: Customer | None = None) -> Order:
        """An order, a minute after the one before."""
        self.clock.advance(MINUTE)
        where = facility.id if facility else None
        return self.tell(AddOrder(customer=(customer or self.holz).id, title=title, facility=where))

    def object(self, name: str = "Saw", facility: Facility | None = None, **more: Any) -> ServiceObject:
        """A service object."""
        self.clock.advance(MINUTE)
        where = facility.id if facility else None
        return self.tell(AddObject(customer=self.holz.id, name=name, facility=where, **more))

    def mails(self, to: str) -> list[str]:
        """What was mailed to an address, subject and text."""
        self.kit.deliver()
        found = (message_from_bytes(mail.raw, policy=default) for mail in self.caught.mails if to in mail.to)
        return [f"{mail['subject']}\n{mail.get_content()}".replace("\r\n", "\n") for mail in found]


@contextmanager
def portal(url: str = "sqlite:///:memory:", **options: Any) -> Iterator[Portal]:
    """The portal in a database of its own; ``options`` go to :meth:`Kit.open`."""
    clock, caught = ManualClock(NOON), Caught()
    elks = FortySixElksSimulator(clock=clock.now)
    wired: dict[str, Any] = {
        "texts": FortySixElks(elks.api_user, elks.api_password),
        "mail": caught,
        "mail_from": "portal@service.example",
        "invitation_url": INVITATION,
        "transport": transport(elks),
        "clock": clock,
        "in_flight": 1,
    }
    with Kit.open(url, **{**wired, **options}) as kit:
        yield founded(kit, clock, elks, caught)


def founded(kit: Kit, clock: ManualClock, elks: FortySixElksSimulator, caught: Caught) -> Portal:
    """The company, its customers and facilities."""
    made = kit.perform(
        FoundOrganisation(
            name="Service AB",
            zone="Europe/Stockholm",
            admin="anna@service.example",
            settings=Settings(country_code=46, sender_name="Service"),
        ),
        by=OPERATOR,
    )
    anna = Principal.of(made.admin.id)
    holz, stein = (
        kit.perform(AddCustomer(organisation=made.root.id, name=name), by=anna) for name in ("Holz GmbH", "Stein AG")
    )
    mill, yard = (kit.perform(AddFacility(customer=holz.id, name=name), by=anna) for name in ("Mill", "Yard"))
    return Portal(kit, clock, made.root.id, anna, elks, caught, holz, mill, yard, stein)
