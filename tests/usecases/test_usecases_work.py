"""Who may ask what: every command and query, by strangers, by members without the right, and by whoever holds exactly it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from servicekit import Kit, Principal
from servicekit.accounts import (
    SESSION_BYTES,
    AddApiKey,
    CheckSession,
    EndSession,
    ForgotPassword,
    ListApiKeys,
    ListSessions,
    LogIn,
    LogOut,
    PerformOnce,
    RenewSession,
    RevokeApiKey,
    RotateApiKey,
    SetPassword,
    TakeCall,
    session_for,
)
from servicekit.billing import (
    BillingAddress,
    CloseMonth,
    DraftStatements,
    GetBillingAddress,
    GetStatement,
    ListInvoiced,
    ListPrices,
    ListStatements,
    SetBillingAddress,
    SetPrices,
    SetSeller,
)
from servicekit.bookings import (
    AddAbsence,
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    BookingRules,
    BookSeat,
    BookSeries,
    Cancel,
    CancelClass,
    CancelSeries,
    CheckIn,
    Complete,
    Confirm,
    EndAbsence,
    FreeSlots,
    Frequency,
    GetBooking,
    ListClasses,
    ListSeries,
    MarkNoShow,
    MoveClass,
    MoveSeries,
    Rebook,
    Recurrence,
    ScheduleClass,
    ScheduledClass,
    SetBookingRules,
    SetBranchDoors,
    SetOnline,
    SetOpeningHours,
    SetServiceDoors,
    SetWorkingHours,
)
from servicekit.commands import Command, PrincipalKind, Query
from servicekit.errors import ConfigurationError, Conflict, Forbidden, Invalid, NotFound, Refused
from servicekit.groups import (
    AddGroup,
    AddUsers,
    ChangeOwnMobile,
    ChangeOwnSignature,
    ChangeSettings,
    CountNumbers,
    FoundOrganisation,
    GetSettings,
    Group,
    ListAdmins,
    ListDomains,
    ListGroups,
    ListNumbers,
    ListUsers,
    MergeGroup,
    MoveGroup,
    ProvideNumbers,
    ReleaseDomain,
    RemoveGroup,
    RemoveUsers,
    RenameGroup,
    SetAdmins,
    SetSubdomain,
    Settings,
    SetTopDomain,
    SmsLeft,
    User,
    WithdrawNumbers,
)
from servicekit.ids import (
    AbsenceId,
    ApiKeyId,
    BookingId,
    BranchId,
    ClassId,
    ClientId,
    CustomerId,
    CustomerUserId,
    DocumentId,
    EffectId,
    FacilityId,
    FaultReportId,
    GrantId,
    GroupId,
    Id,
    MessageId,
    ObjectId,
    OrderId,
    ProviderId,
    SeriesId,
    ServiceId,
    SessionId,
    StatementId,
    UserId,
)
from servicekit.keys import (
    AtDoor,
    ListComponents,
    ListKeys,
    ListUnlocks,
    NoteArrivals,
    ReadAccessLog,
    ReissueKey,
    UnlockDoor,
)
from servicekit.mail import ListIgnoredMails
from servicekit.meetings import (
    FetchClassHostLink,
    FetchHostLink,
    GetConnection,
    GetMeeting,
    ListHosts,
    ReportMeetings,
    SetMeetingUser,
)
from servicekit.messages import (
    BlankTexts,
    ErasePerson,
    GetMessage,
    HandOver,
    ListStrays,
    ListThreads,
    NameThread,
    ReadThread,
    SearchLog,
    SendText,
    Settled,
    SettleText,
)
from servicekit.notices import (
    Channel,
    DoorInformation,
    GetCalendarFile,
    GetPreference,
    Occasion,
    PlanNotices,
    PreviewTemplate,
    SaveTemplate,
    SetPreference,
)
from servicekit.outbox.effects import DiscardEffect, Effect, EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.permissions import Explain, Grant, GrantScopes, ListGrants, RevokeGrant
from servicekit.portal import (
    ALL_RIGHTS,
    AcceptInvitation,
    AddComment,
    AddCustomer,
    AddCustomerUser,
    AddDocument,
    AddFacility,
    AddModel,
    AddObject,
    AddOrder,
    AssignTechnician,
    ChangeCustomerUser,
    ChooseNotices,
    CountUnseenFaults,
    Customer,
    EnterReading,
    ExportPortal,
    FileFaultReport,
    GetBrand,
    GetDocument,
    GetFaultReport,
    GetOrder,
    InviteAgain,
    ListComments,
    ListCustomers,
    ListCustomerUsers,
    ListDocuments,
    ListFacilities,
    ListFaultReports,
    ListInspections,
    ListObjects,
    ListOrders,
    ListReadings,
    MakeInspection,
    OpenFaultReport,
    OpenLoginPage,
    Order,
    Outcome,
    Point,
    ReadActivity,
    RecordActivity,
    RemoveCustomerUser,
    SearchPortal,
    SetBrand,
    VerifyActivity,
    Way,
)
from servicekit.push import GetPush, RemovePush, RotatePushSecret, SetPush
from servicekit.runtime.entropy import mint
from servicekit.testing.clock import ManualClock
from servicekit.testing.conformance.things import statement
from servicekit.testing.simulators import MailboxSimulator
from servicekit.usecases import commands, queries
from world import CLOAKROOM, DAY, HOUR, MAIN, NOON, OPERATOR, ROOM, World, foreign, opened

pytest_plugins = ("world_fixtures",)


@pytest.fixture
def world(tmp_path: Path, postbox: MailboxSimulator) -> Iterator[World]:
    """A salon that mails, and invites customers' users."""
    with opened(tmp_path, mailbox=postbox, invitation_url="https://salon.example/invitation/{token}") as made:
        yield made


@frozen
class Things:
    """One thing of each kind, of one organisation."""

    group: GroupId
    team: GroupId
    user: UserId
    branch: BranchId
    service: ServiceId
    provider: ProviderId
    client: ClientId
    requested: BookingId
    booking: BookingId
    arrived: BookingId
    begun: BookingId
    lesson: ServiceId
    scheduled: ClassId
    repeated: BookingId
    series: SeriesId
    absence: AbsenceId
    customer: CustomerId
    facility: FacilityId
    order: OrderId
    customer_user: CustomerUserId
    object: ObjectId
    fault: FaultReportId
    document: DocumentId
    message: MessageId
    effect: EffectId
    grant: GrantId
    session: SessionId
    api_key: ApiKeyId
    statement: StatementId


@frozen
class Request:
    """A command or query about one thing, named by ``kind``, and the scope that it needs."""

    name: str
    kind: str
    scope: str
    make: Callable[[Things, World], Command[object] | Query[object]]

    def __str__(self) -> str:
        return self.name


def starts(world: World, days: int = 9) -> dict[str, Any]:
    """A time that is free."""
    return {"starts": world.now + days * DAY}


DAILY = Recurrence(every=Frequency.DAILY, count=2)

REQUESTS: Sequence[Request] = (
    Request(
        "SetBillingAddress",
        "group",
        "billing:write",
        lambda it, _: SetBillingAddress(
            group=it.group, address=BillingAddress(name="Salon AB", street="Gatan 1", city="Umeå", country="SE")
        ),
    ),
    Request("GetBillingAddress", "group", "billing:read", lambda it, _: GetBillingAddress(it.group)),
    Request("ListStatements", "group", "billing:read", lambda it, _: ListStatements(group=it.group)),
    Request("GetStatement", "statement", "billing:read", lambda it, _: GetStatement(it.statement)),
    Request("AddGroup", "group", "groups:write", lambda it, _: AddGroup(parent=it.group, name="Team")),
    Request(
        "ChangeSettings",
        "group",
        "groups:write",
        lambda it, _: ChangeSettings(group=it.group, change=Settings(signature="/S")),
    ),
    Request(
        "AddUsers", "group", "users:write", lambda it, _: AddUsers(group=it.group, addresses=("new@salon.example",))
    ),
    Request("RenameGroup", "group", "groups:write", lambda it, _: RenameGroup(group=it.group, name="Salong")),
    Request("MoveGroup", "group", "groups:write", lambda it, _: MoveGroup(group=it.team, under=it.group)),
    Request("MergeGroup", "team", "groups:write", lambda it, _: MergeGroup(group=it.team)),
    Request("RemoveGroup", "team", "groups:write", lambda it, _: RemoveGroup(group=it.team)),
    Request("GetSettings", "group", "groups:read", lambda it, _: GetSettings(it.group)),
    Request("ListGroups", "group", "groups:read", lambda it, _: ListGroups(it.group)),
    Request("ListUsers", "group", "users:read", lambda it, _: ListUsers(group=it.group)),
    Request("SmsLeft", "user", "users:read", lambda it, _: SmsLeft(it.user)),
    Request("RemoveUsers", "group", "users:write", lambda it, _: RemoveUsers(group=it.group, addresses=("x@x.se",))),
    Request(
        "ChangeOwnSignature", "user", "users:write", lambda it, _: ChangeOwnSignature(user=it.user, signature=None)
    ),
    Request("ListAdmins", "group", "admins:read", lambda it, _: ListAdmins(it.group)),
    Request(
        "SetAdmins",
        "group",
        "admins:write",
        lambda it, world: SetAdmins(
            group=it.group, emails=(f"{'anna' if it.group == world.root.id else 'max'}@salon.example",)
        ),
    ),
    Request(
        "GrantScopes",
        "group",
        "grants:write",
        lambda it, _: GrantScopes(principal=Principal.of(it.provider), scopes=("grants:write",), group=it.group),
    ),
    Request(
        "AddApiKey",
        "group",
        "grants:write",
        lambda it, _: AddApiKey(group=it.group, name="Till", scopes=("grants:write",)),
    ),
    Request("RotateApiKey", "api_key", "grants:write", lambda it, _: RotateApiKey(key=it.api_key)),
    Request("RevokeApiKey", "api_key", "grants:write", lambda it, _: RevokeApiKey(it.api_key)),
    Request("ListApiKeys", "group", "grants:read", lambda it, _: ListApiKeys(it.group)),
    Request("EndSession", "session", "users:write", lambda it, _: EndSession(it.session)),
    Request("ListSessions", "user", "users:read", lambda it, _: ListSessions(it.user)),
    Request("ChangeOwnMobile", "user", "users:write", lambda it, _: ChangeOwnMobile(user=it.user, mobile="")),
    Request(
        "PerformOnce",
        "group",
        "groups:write",
        lambda it, _: PerformOnce(request=it.group, command=AddGroup(parent=it.group, name="Once")),
    ),
    Request("GetMessage", "message", "log:read", lambda it, _: GetMessage(it.message)),
    Request("RevokeGrant", "grant", "grants:write", lambda it, _: RevokeGrant(it.grant)),
    Request("ListGrants", "group", "grants:read", lambda it, _: ListGrants(group=it.group)),
    Request(
        "Explain",
        "group",
        "grants:read",
        lambda it, _: Explain(principal=Principal.of(it.provider), scope="bookings:read", group=it.group),
    ),
    Request("ListDomains", "group", "domains:read", lambda it, _: ListDomains(it.group)),
    Request(
        "SetSubdomain", "group", "domains:write", lambda it, _: SetSubdomain(group=it.group, domain="hr.salon.example")
    ),
    Request(
        "ReleaseDomain",
        "group",
        "domains:write",
        lambda it, _: ReleaseDomain(group=it.group, domain="old.salon.example"),
    ),
    Request("SendText", "user", "messages:write", lambda it, _: SendText(user=it.user, to="+46701740605", text="Hi")),
    Request(
        "SettleText",
        "message",
        "messages:write",
        lambda it, _: SettleText(message=it.message, outcome=Settled.SENT),
    ),
    Request(
        "NameThread",
        "user",
        "messages:write",
        lambda it, _: NameThread(user=it.user, number="+46701740605", name="Eva"),
    ),
    Request("ListThreads", "user", "log:read", lambda it, _: ListThreads(user=it.user)),
    Request("ReadThread", "user", "log:read", lambda it, _: ReadThread(user=it.user, number="+46701740605")),
    Request(
        "ErasePerson",
        "group",
        "users:write",
        lambda it, _: ErasePerson(organisation=it.group, number="+46701740605"),
    ),
    Request("ListIgnoredMails", "group", "log:read", lambda it, _: ListIgnoredMails(group=it.group)),
    Request("SearchLog", "group", "log:read", lambda it, _: SearchLog(group=it.group)),
    Request(
        "AddBranch", "group", "catalogue:write", lambda it, _: AddBranch(organisation=it.group, name="B", zone="UTC")
    ),
    Request(
        "AddService", "branch", "catalogue:write", lambda it, _: AddService(branch=it.branch, name="S", length=HOUR)
    ),
    Request("AddProvider", "group", "catalogue:write", lambda it, _: AddProvider(organisation=it.group, name="P")),
    Request(
        "AddClient",
        "group",
        "clients:write",
        lambda it, _: AddClient(organisation=it.group, name="C", email="c@home.example"),
    ),
    Request(
        "Book",
        "service",
        "bookings:write",
        lambda it, world: Book(service=it.service, provider=it.provider, client=it.client, **starts(world)),
    ),
    Request("Rebook", "booking", "bookings:write", lambda it, world: Rebook(it.booking, **starts(world))),
    Request("Cancel", "booking", "bookings:write", lambda it, _: Cancel(it.booking)),
    Request("Confirm", "requested", "bookings:write", lambda it, _: Confirm(it.requested)),
    Request("CheckIn", "booking", "bookings:write", lambda it, _: CheckIn(it.booking)),
    Request("Complete", "arrived", "bookings:write", lambda it, _: Complete(it.arrived)),
    Request("MarkNoShow", "begun", "bookings:write", lambda it, _: MarkNoShow(it.begun)),
    Request("GetBooking", "booking", "bookings:read", lambda it, _: GetBooking(it.booking)),
    Request("SetOpeningHours", "branch", "catalogue:write", lambda it, _: SetOpeningHours(it.branch, None)),
    Request("SetWorkingHours", "provider", "catalogue:write", lambda it, _: SetWorkingHours(it.provider, None)),
    Request("SetOnline", "service", "catalogue:write", lambda it, _: SetOnline(it.service, online=False)),
    Request("SetBookingRules", "service", "catalogue:write", lambda it, _: SetBookingRules(it.service, BookingRules())),
    Request(
        "AddAbsence",
        "provider",
        "catalogue:write",
        lambda it, world: AddAbsence(provider=it.provider, ends=world.now + 10 * DAY, **starts(world)),
    ),
    Request("EndAbsence", "absence", "catalogue:write", lambda it, _: EndAbsence(it.absence)),
    Request(
        "FreeSlots",
        "service",
        "bookings:read",
        lambda it, world: FreeSlots(service=it.service, since=world.now, until=world.now + DAY),
    ),
    Request(
        "ScheduleClass",
        "lesson",
        "bookings:write",
        lambda it, world: ScheduleClass(service=it.lesson, provider=it.provider, **starts(world)),
    ),
    Request("MoveClass", "scheduled", "bookings:write", lambda it, world: MoveClass(it.scheduled, **starts(world))),
    Request("CancelClass", "scheduled", "bookings:write", lambda it, _: CancelClass(it.scheduled)),
    Request(
        "BookSeat", "scheduled", "bookings:write", lambda it, _: BookSeat(scheduled=it.scheduled, client=it.client)
    ),
    Request(
        "ListClasses",
        "branch",
        "bookings:read",
        lambda it, world: ListClasses(branch=it.branch, since=world.now, until=world.now + 9 * DAY),
    ),
    Request(
        "BookSeries",
        "service",
        "bookings:write",
        lambda it, world: BookSeries(
            service=it.service, provider=it.provider, client=it.client, recurrence=DAILY, **starts(world)
        ),
    ),
    Request("MoveSeries", "repeated", "bookings:write", lambda it, world: MoveSeries(it.repeated, **starts(world))),
    Request("CancelSeries", "repeated", "bookings:write", lambda it, _: CancelSeries(it.repeated)),
    Request("ListSeries", "series", "bookings:read", lambda it, _: ListSeries(it.series)),
    Request("ListKeys", "booking", "bookings:read", lambda it, _: ListKeys(it.booking)),
    Request("AtDoor", "booking", "bookings:read", lambda it, world: AtDoor(it.booking, MAIN, world.now)),
    Request("ReissueKey", "booking", "bookings:write", lambda it, _: ReissueKey(it.booking)),
    Request("ListComponents", "branch", "catalogue:read", lambda it, _: ListComponents(it.branch)),
    Request(
        "SetBranchDoors",
        "branch",
        "catalogue:write",
        lambda it, world: SetBranchDoors(
            branch=it.branch, site=world.branch.site, components=(MAIN,), service_components=(CLOAKROOM, ROOM)
        ),
    ),
    Request("SetServiceDoors", "service", "catalogue:write", lambda it, _: SetServiceDoors(service=it.service)),
    Request("UnlockDoor", "branch", "doors:unlock", lambda it, _: UnlockDoor(branch=it.branch, component=MAIN)),
    Request("ListUnlocks", "branch", "doors:read", lambda it, _: ListUnlocks(branch=it.branch)),
    Request(
        "ReadAccessLog",
        "branch",
        "doors:read",
        lambda it, world: ReadAccessLog(branch=it.branch, since=world.now - HOUR, until=world.now),
    ),
    Request(
        "NoteArrivals",
        "branch",
        "bookings:write",
        lambda it, world: NoteArrivals(branch=it.branch, since=world.now - HOUR),
    ),
    Request("GetMeeting", "booking", "bookings:read", lambda it, _: GetMeeting(it.booking)),
    Request("FetchHostLink", "booking", "meetings:host", lambda it, _: FetchHostLink(it.booking)),
    Request("FetchClassHostLink", "scheduled", "meetings:host", lambda it, _: FetchClassHostLink(it.scheduled)),
    Request("GetConnection", "group", "meetings:connect", lambda it, _: GetConnection(it.group)),
    Request("ListHosts", "group", "meetings:connect", lambda it, _: ListHosts(it.group)),
    Request(
        "SetMeetingUser", "provider", "catalogue:write", lambda it, _: SetMeetingUser(provider=it.provider, user="me")
    ),
    Request(
        "SaveTemplate",
        "group",
        "templates:write",
        lambda it, _: SaveTemplate(
            organisation=it.group, occasion=Occasion.BOOKED, channel=Channel.CLIENT_TEXT, text="Hello"
        ),
    ),
    Request(
        "PreviewTemplate",
        "group",
        "templates:read",
        lambda it, _: PreviewTemplate(organisation=it.group, occasion=Occasion.BOOKED, channel=Channel.CLIENT_TEXT),
    ),
    Request("PlanNotices", "group", "templates:write", lambda it, _: PlanNotices(organisation=it.group)),
    Request("SetPreference", "client", "clients:write", lambda it, _: SetPreference(who=it.client)),
    Request("GetPreference", "client", "clients:read", lambda it, _: GetPreference(it.client)),
    Request("DoorInformation", "service", "bookings:read", lambda it, _: DoorInformation(it.service)),
    Request("GetCalendarFile", "booking", "bookings:read", lambda it, _: GetCalendarFile(it.booking)),
    Request(
        "ReportMeetings",
        "group",
        "bookings:read",
        lambda it, world: ReportMeetings(organisation=it.group, since=world.now, until=world.now + DAY),
    ),
    Request("AddCustomer", "group", "customers:write", lambda it, _: AddCustomer(organisation=it.group, name="Bau AG")),
    Request("AddFacility", "customer", "customers:write", lambda it, _: AddFacility(customer=it.customer, name="Yard")),
    Request(
        "AddCustomerUser",
        "customer",
        "customer_rights:write",
        lambda it, _: AddCustomerUser(customer=it.customer, email="c@bau.example", facilities=(it.facility,)),
    ),
    Request(
        "AddOrder",
        "customer",
        "orders:write",
        lambda it, _: AddOrder(customer=it.customer, title="Lift", facility=it.facility),
    ),
    Request("ListOrders", "group", "orders:read", lambda it, _: ListOrders(organisation=it.group)),
    Request("GetOrder", "order", "orders:read", lambda it, _: GetOrder(it.order)),
    Request(
        "AssignTechnician",
        "customer",
        "customers:write",
        lambda it, _: AssignTechnician(customer=it.customer, technician=it.user),
    ),
    Request("ListCustomers", "group", "customers:read", lambda it, _: ListCustomers(it.group)),
    Request("ListFacilities", "customer", "customers:read", lambda it, _: ListFacilities(it.customer)),
    Request("AddModel", "group", "objects:write", lambda it, _: AddModel(organisation=it.group, name="S 100")),
    Request("AddObject", "customer", "objects:write", lambda it, _: AddObject(customer=it.customer, name="Saw")),
    Request("ListObjects", "group", "objects:read", lambda it, _: ListObjects(organisation=it.group)),
    Request(
        "ChangeCustomerUser",
        "customer_user",
        "customer_rights:write",
        lambda it, _: ChangeCustomerUser(user=it.customer_user, facilities=None, unassigned=True, rights=ALL_RIGHTS),
    ),
    Request("InviteAgain", "customer_user", "customer_rights:write", lambda it, _: InviteAgain(it.customer_user)),
    Request(
        "RemoveCustomerUser",
        "customer_user",
        "customer_rights:write",
        lambda it, _: RemoveCustomerUser(it.customer_user),
    ),
    Request("ListCustomerUsers", "customer", "customer_rights:read", lambda it, _: ListCustomerUsers(it.customer)),
    Request(
        "RecordActivity",
        "customer",
        "activity:write",
        lambda it, _: RecordActivity(customer=it.customer, what="called"),
    ),
    Request("ReadActivity", "customer", "activity:read", lambda it, _: ReadActivity(customer=it.customer)),
    Request("VerifyActivity", "customer", "activity:read", lambda it, _: VerifyActivity(customer=it.customer)),
    Request("ChooseNotices", "user", "users:write", lambda it, _: ChooseNotices(user=it.user, way=Way.MAIL)),
    Request(
        "FileFaultReport",
        "customer",
        "fault_reports:write",
        lambda it, _: FileFaultReport(customer=it.customer, text="It smokes"),
    ),
    Request("OpenFaultReport", "fault", "fault_reports:read", lambda it, _: OpenFaultReport(report=it.fault)),
    Request("GetFaultReport", "fault", "fault_reports:read", lambda it, _: GetFaultReport(report=it.fault)),
    Request("ListFaultReports", "group", "fault_reports:read", lambda it, _: ListFaultReports(organisation=it.group)),
    Request("CountUnseenFaults", "group", "fault_reports:read", lambda it, _: CountUnseenFaults(it.group)),
    Request("AddComment", "order", "comments:write", lambda it, _: AddComment(order=it.order, text="Soon")),
    Request("ListComments", "order", "comments:read", lambda it, _: ListComments(order=it.order)),
    Request(
        "AddDocument", "order", "documents:write", lambda it, _: AddDocument(about=it.order, name="A", reference="a/1")
    ),
    Request("ListDocuments", "order", "documents:read", lambda it, _: ListDocuments(it.order)),
    Request("GetDocument", "document", "documents:read", lambda it, _: GetDocument(it.document)),
    Request("EnterReading", "object", "readings:write", lambda it, _: EnterReading(object=it.object, operated=HOUR)),
    Request("ListReadings", "object", "readings:read", lambda it, _: ListReadings(it.object)),
    Request(
        "MakeInspection",
        "order",
        "inspections:write",
        lambda it, _: MakeInspection(about=it.order, title="Safety", points=(Point("Blade", Outcome.GOOD),)),
    ),
    Request("ListInspections", "object", "inspections:read", lambda it, _: ListInspections(it.object)),
    Request(
        "SearchPortal", "group", "orders:read", lambda it, _: SearchPortal(organisation=it.group, containing="Saw")
    ),
    Request("ExportPortal", "group", "orders:read", lambda it, _: ExportPortal(organisation=it.group)),
    Request(
        "SetBrand",
        "group",
        "brand:write",
        lambda it, _: SetBrand(organisation=it.group, name="Salon AB", logo="https://salon.example/logo.svg"),
    ),
    Request("GetBrand", "group", "brand:read", lambda it, _: GetBrand(it.group)),
    Request("ListEffects", "group", "effects:read", lambda it, _: ListEffects(organisation=it.group)),
    Request("RetryEffect", "effect", "effects:write", lambda it, _: RetryEffect(it.effect)),
    Request("DiscardEffect", "effect", "effects:write", lambda it, _: DiscardEffect(it.effect)),
    Request("SetPush", "group", "push:write", lambda it, _: SetPush(group=it.group, url="https://example.com/new")),
    Request("GetPush", "group", "push:read", lambda it, _: GetPush(it.group)),
    Request("RotatePushSecret", "group", "push:write", lambda it, _: RotatePushSecret(group=it.group)),
    Request("RemovePush", "group", "push:write", lambda it, _: RemovePush(it.group)),
)
OPERATORS: Sequence[Command[Any] | Query[Any]] = (
    CloseMonth(organisation=GroupId("grp_1"), month="2026-10"),
    DraftStatements(organisation=GroupId("grp_1"), month="2026-10"),
    ListInvoiced(),
    ListPrices(),
    SetPrices(since=date(2026, 1, 1), segment=Decimal("0.5"), receiver=Decimal(1), currency="SEK", vat=Decimal(25)),
    SetSeller(seller=statement().seller),
    FoundOrganisation(name="Mine", zone="UTC", admin="max@salon.example"),
    ProvideNumbers(numbers=("+46766861009",)),
    BlankTexts(),
    SetTopDomain(group=None, domain="salon.example"),
    WithdrawNumbers(numbers=("+46766861009",)),
    CountNumbers(),
    ListNumbers(),
    ListStrays(),
    AcceptInvitation("token"),
    CheckSession("token"),
    ForgotPassword(email="max@salon.example"),
    LogIn(email="max@salon.example", password="correct horse battery"),
    LogOut("token"),
    RenewSession("token"),
    SetPassword(token="token", password="correct horse battery"),
    TakeCall("sk_x"),
    OpenLoginPage("Salon"),
)
"""What only the platform's operator may ask for."""
ELSEWHERE = {"ConnectMeetings", "FinishConnecting", "DisconnectMeetings"}
"""What needs a kit that organisations connect their accounts to: test_usecases_connecting.py asks the same of these."""
EVERYBODYS = {"GetVisible", "ChangePassword"}
"""What needs no right: it says what the asker itself may do, or changes its own password. Their own tests show that strangers
learn nothing."""
EVERY_CLIENTS = {"DoorInformation", "FreeSlots", "ListClasses"}
"""What every client of the organisation may read before it books."""
KINDS: dict[str, tuple[type[Id], str]] = {
    "group": (GroupId, Group.__name__),
    "team": (GroupId, Group.__name__),
    "user": (UserId, User.__name__),
    "branch": (BranchId, "Branch"),
    "service": (ServiceId, "Service"),
    "client": (ClientId, "Client"),
    "provider": (ProviderId, "Provider"),
    "lesson": (ServiceId, "Service"),
    "scheduled": (ClassId, ScheduledClass.__name__),
    "repeated": (BookingId, Booking.__name__),
    "series": (SeriesId, "Series"),
    "absence": (AbsenceId, "Absence"),
    "booking": (BookingId, Booking.__name__),
    "requested": (BookingId, Booking.__name__),
    "arrived": (BookingId, Booking.__name__),
    "begun": (BookingId, Booking.__name__),
    "customer": (CustomerId, Customer.__name__),
    "order": (OrderId, Order.__name__),
    "customer_user": (CustomerUserId, "CustomerUser"),
    "object": (ObjectId, "ServiceObject"),
    "fault": (FaultReportId, "FaultReport"),
    "document": (DocumentId, "Document"),
    "message": (MessageId, "Message"),
    "effect": (EffectId, Effect.__name__),
    "grant": (GrantId, Grant.__name__),
    "session": (SessionId, "Session"),
    "api_key": (ApiKeyId, "ApiKey"),
    "statement": (StatementId, "Statement"),
}


@pytest.fixture
def things(world: World) -> Things:
    """The salon's."""
    return furnished(world)


def furnished(world: World) -> Things:
    """One of each; the booking has a key and a meeting, and one of its effects was given up."""
    kit, anna = world.kit, world.anna
    booking = world.book()
    kit.deliver()
    needs = kit.perform(AddService(branch=world.branch.id, name="Colour", length=HOUR, needs_approval=True), by=anna)
    requested = world.book(needs, starts=world.now + 2 * DAY)
    arrived = world.book(world.haircut, starts=world.now + 3 * DAY)
    kit.perform(CheckIn(arrived.id), by=anna)
    begun = world.book(world.haircut, starts=world.now)
    yoga = kit.perform(
        AddService(branch=world.branch.id, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=3)), by=anna
    )
    scheduled = kit.perform(ScheduleClass(service=yoga.id, provider=world.room.id, starts=world.now + 5 * DAY), by=anna)
    repeated = kit.perform(
        BookSeries(
            service=world.haircut.id,
            provider=world.room.id,
            client=world.eva.id,
            starts=world.now + 20 * DAY,
            recurrence=DAILY,
        ),
        by=anna,
    )
    away = kit.perform(
        AddAbsence(provider=world.chair.id, starts=world.now + 40 * DAY, ends=world.now + 41 * DAY), by=anna
    )
    customer = kit.perform(AddCustomer(organisation=world.root.id, name="Holz GmbH"), by=anna)
    facility = kit.perform(AddFacility(customer=customer.id, name="Mill"), by=anna)
    order = kit.perform(AddOrder(customer=customer.id, title="Saw"), by=anna)
    person = kit.perform(AddCustomerUser(customer=customer.id, email="hans@holz.example"), by=anna)
    saw = kit.perform(AddObject(customer=customer.id, name="Saw"), by=anna)
    fault = kit.perform(FileFaultReport(customer=customer.id, text="It smokes"), by=anna)
    document = kit.perform(AddDocument(about=order.id, name="Plan", content=b"%PDF"), by=anna)
    kit.perform(SetBrand(organisation=world.root.id, name="Salon", logo="https://salon.example/logo.svg"), by=anna)
    dead = Effect(
        id=mint(EffectId, world.now),
        organisation=world.root.id,
        kind=EffectKind.TEXT,
        subject="msg_lost",
        state=EffectState.DEAD,
        made_at=world.now,
        due_at=world.now,
    )
    sent = kit.perform(SendText(user=world.admin.id, to="+46701740606", text="Lost"), by=anna)
    kit.deliver()
    bill = statement(organisation=world.root.id, payer=world.root.id)
    lost = evolve(sent, hand_over=HandOver.ASKED, vendor="46elks")
    with world.look() as store:
        store.effects.add(dead)
        store.messages.save(lost)
        store.statements.add(bill)
    kit.perform(SendText(user=world.admin.id, to="+46701740605", text="The first of a thread"), by=anna)
    team = kit.perform(AddGroup(parent=world.root.id, name="Night"), by=anna)
    kit.perform(SetTopDomain(group=world.root.id, domain="salon.example"), by=OPERATOR)
    kit.perform(SetSubdomain(group=world.root.id, domain="old.salon.example"), by=anna)
    kit.perform(SetPush(group=world.root.id, url="https://example.com/texts"), by=anna)
    grant = kit.perform(
        GrantScopes(principal=Principal.of(world.room.id), scopes=("grants:write",), group=world.root.id), by=anna
    )
    program = kit.perform(AddApiKey(group=world.root.id, name="Till"), by=anna)
    session, _ = session_for(mint(SessionId, world.now), world.admin.id, bytes(SESSION_BYTES), world.now, keep=True)
    with world.look() as store:
        store.sessions.add(session)
    return Things(
        group=world.root.id,
        team=team.id,
        user=world.admin.id,
        branch=world.branch.id,
        service=world.haircut.id,
        provider=world.chair.id,
        client=world.eva.id,
        requested=requested.id,
        booking=booking.id,
        arrived=arrived.id,
        begun=begun.id,
        lesson=yoga.id,
        scheduled=scheduled.id,
        repeated=repeated.bookings[0].id,
        series=repeated.series.id,
        absence=away.absence.id,
        customer=customer.id,
        facility=facility.id,
        order=order.id,
        customer_user=person.id,
        object=saw.id,
        fault=fault.id,
        document=document.id,
        message=lost.id,
        effect=dead.id,
        grant=grant.id,
        session=session.id,
        api_key=program.key.id,
        statement=bill.id,
    )


def replaced(things: Things, kind: str, one: Any) -> Things:
    """The things with another one of a kind."""
    return evolve(things, **{kind: one})


def test_the_table_above_has_every_command_and_query() -> None:
    """But for those that are an operator's alone."""
    named = {request.name for request in REQUESTS}
    known = {kind.__name__ for kind in (*commands(), *queries())}

    assert known - named - EVERYBODYS - ELSEWHERE == {type(ask).__name__ for ask in OPERATORS}
    assert named <= known


# Strangers


def _foreign_client(world: World, root: Group, rolf: Principal) -> Principal:
    made = world.kit.perform(AddClient(organisation=root.id, name="Otto", email="otto@home.example"), by=rolf)
    return Principal.of(made.id)


def _foreign_provider(world: World, root: Group, rolf: Principal) -> Principal:
    return Principal.of(world.kit.perform(AddProvider(organisation=root.id, name="Olga"), by=rolf).id)


def _foreign_customer_user(world: World, root: Group, rolf: Principal) -> Principal:
    customer = world.kit.perform(AddCustomer(organisation=root.id, name="Rival's"), by=rolf)
    made = world.kit.perform(AddCustomerUser(customer=customer.id, email="cu@rival.example"), by=rolf)
    return Principal.of(made.id)


def _own_client(world: World, *_: object) -> Principal:
    made = world.kit.perform(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"), by=world.anna)
    return Principal.of(made.id)


OWN_CLIENT = "another client of the same organisation"
STRANGERS: dict[str, Callable[[World, Group, Principal], Principal]] = {
    "an administrator of another organisation": lambda _, __, rolf: rolf,
    "a client of another organisation": _foreign_client,
    "a provider of another organisation": _foreign_provider,
    "a customer user of another organisation": _foreign_customer_user,
    OWN_CLIENT: _own_client,
    "another provider of the same organisation": lambda world, *_: Principal.of(world.chair.id),
    "a user who is not there": lambda world, *_: Principal.of(mint(UserId, world.now)),
    "the operator": lambda *_: OPERATOR,
    "an operator whose name is an administrator's id": lambda world, *_: Principal.operator(world.admin.id),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_to_a_stranger_what_is_there_reads_like_what_is_not(world: World, things: Things, who: str) -> None:
    """For every command and query: the same error, code, fact names and sentence, but for the id that was asked for."""
    stranger = STRANGERS[who](world, *foreign(world))
    for request in REQUESTS:
        if who == OWN_CLIENT and request.name in EVERY_CLIENTS:
            world.ask(request.make(things, world), stranger)
            continue
        id_kind, kind = KINDS[request.kind]
        there, missing = getattr(things, request.kind), mint(id_kind, world.now)
        refused = world.refused(request.make(things, world), stranger)
        absent = world.refused(request.make(replaced(things, request.kind, missing), world), stranger)

        assert type(refused) is type(absent) is NotFound, request
        assert refused.code == absent.code == "not_found", request
        assert refused.facts == {"kind": kind, "id": there}, request
        assert absent.facts == {"kind": kind, "id": missing}, request
        assert refused.message == f"There is no {kind} {there}, or you may not see it.", request
        assert absent.message == f"There is no {kind} {missing}, or you may not see it.", request


@pytest.mark.parametrize("what", ["provider", "client"])
def test_a_booking_takes_nothing_of_another_organisation(world: World, what: str) -> None:
    """Who may book at home finds a stranger's provider or client no more than one that does not exist."""
    root, rolf = foreign(world)
    kit = world.kit
    branch = kit.perform(AddBranch(organisation=root.id, name="R", zone="UTC"), by=rolf)
    mine = {
        "service": kit.perform(AddService(branch=branch.id, name="S", length=HOUR), by=rolf).id,
        "provider": kit.perform(AddProvider(organisation=root.id, name="P"), by=rolf).id,
        "client": kit.perform(AddClient(organisation=root.id, name="C", email="c@c.example"), by=rolf).id,
    }
    theirs = {"provider": world.room.id, "client": world.eva.id}[what]
    missing = mint(type(theirs), world.now)
    told = [
        world.refused(Book(**{**mine, what: one}, **starts(world)), rolf)  # type: ignore[arg-type]
        for one in (theirs, missing)
    ]

    kind = what.capitalize()
    assert [refused.message for refused in told] == [
        f"There is no {kind} {one}, or you may not see it." for one in (theirs, missing)
    ]
    assert all(type(refused) is NotFound for refused in told)


def test_a_client_cannot_tell_another_organisations_service_from_none(world: World) -> None:
    """Though it may book for itself, it may only do so at home."""
    root, rolf = foreign(world)
    otto = _foreign_client(world, root, rolf)
    services = (world.haircut.id, mint(ServiceId, world.now))
    told = [
        world.refused(
            Book(service=one, provider=world.chair.id, client=ClientId(otto.id), starts=world.now + DAY), otto
        ).message
        for one in services
    ]

    assert told == [f"There is no Service {one}, or you may not see it." for one in services]


def test_a_client_cannot_tell_another_organisations_class_from_none(world: World, things: Things) -> None:
    """Nor does it learn which service the class is of."""
    otto = _foreign_client(world, *foreign(world))
    classes = (things.scheduled, mint(ClassId, world.now))
    told = [world.refused(BookSeat(scheduled=one, client=ClientId(otto.id)), otto).message for one in classes]

    assert told == [f"There is no ScheduledClass {one}, or you may not see it." for one in classes]


@pytest.mark.parametrize("add", ["user", "order"])
def test_a_facility_of_another_customer_reads_like_none(world: World, things: Things, add: str) -> None:
    """Whether it is another customer's or nobody's: it is not this customer's."""
    other = world.kit.perform(AddCustomer(organisation=world.root.id, name="Stein AG"), by=world.anna)
    foreign_one = world.kit.perform(AddFacility(customer=other.id, name="Quarry"), by=world.anna)
    told = []
    missing = mint(FacilityId, world.now)
    for facility in (foreign_one.id, missing):
        request: Command[object] = (
            AddOrder(customer=things.customer, title="Lift", facility=facility)
            if add == "order"
            else AddCustomerUser(customer=things.customer, email="x@holz.example", facilities=(facility,))
        )
        told.append(world.refused(request, world.anna))

    assert {refused.code for refused in told} == {"foreign_facility"}
    assert told[0].message.replace(foreign_one.id, missing) == told[1].message


# Members


def _member(world: World, *, group: Group | None = None, email: str = "max@salon.example") -> Principal:
    (added,) = world.kit.perform(AddUsers(group=(group or world.root).id, addresses=(email,)), by=world.anna)
    assert added.user is not None
    return Principal.of(added.user)


def test_a_member_without_the_right_is_told_which_it_needs(world: World, things: Things) -> None:
    """Forbidden, with the scope; but an order that it may not see, and a group that it is no user of, it does not find."""
    max_ = _member(world)
    for request in REQUESTS:
        refused = world.refused(request.make(things, world), max_)
        if request.name == GetOrder.__name__ or request.kind == "team":
            assert type(refused) is NotFound
            continue
        assert type(refused) is Forbidden, request
        assert (refused.code, refused.facts) == ("forbidden", {"needs": request.scope}), request
        assert f"needs the right {request.scope}" in refused.message
        assert "ask an administrator" in refused.message


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
def test_exactly_the_scope_that_is_named_is_enough(world: World, things: Things, request_: Request) -> None:
    """Whoever holds it over the organisation may; every other scope together is not enough."""
    max_, eve = _member(world), _member(world, email="eve@salon.example")
    wider = {request_.scope, request_.scope.replace(":read", ":write")}  # to write is to read
    others = sorted({request.scope for request in REQUESTS} - wider)
    world.grant(UserId(eve.id), *others, group=world.root)
    with pytest.raises((Forbidden, NotFound)):
        world.ask(request_.make(things, world), eve)

    world.grant(UserId(max_.id), request_.scope, group=world.root)
    world.ask(request_.make(things, world), max_)


OF_A_GROUP = {
    *("AddApiKey", "ListApiKeys", "PerformOnce"),
    *("AddGroup", "ChangeSettings", "GetSettings", "ListGroups", "RenameGroup"),
    *("AddUsers", "ListUsers", "RemoveUsers", "ListAdmins", "SetAdmins", "ListDomains", "SearchLog", "ListEffects"),
    *("ListIgnoredMails", "SetBillingAddress", "GetBillingAddress", "ListStatements"),
    *("GrantScopes", "ListGrants", "Explain", "SetPush", "GetPush", "RotatePushSecret", "RemovePush"),
}
OF_WHAT_WAS = {"SearchLog", "ListIgnoredMails", "ListStatements"}
"""What administrators also ask about a group that was removed."""
LIES_ABOVE: dict[str, type[Refused]] = {"MoveGroup": NotFound, "ReleaseDomain": NotFound, "SetSubdomain": Conflict}
"""What the requests above name besides the group: another team, a domain of the root."""


def test_a_right_in_a_group_is_none_over_the_organisation(world: World, things: Things) -> None:
    """An administrator of a group administers it and what is below, and neither sees nor changes what lies above."""
    team = world.kit.perform(AddGroup(parent=world.root.id, name="Team"), by=world.anna)
    below = world.kit.perform(AddGroup(parent=team.id, name="Trainees"), by=world.anna)
    max_ = _member(world, group=team)
    world.grant(UserId(max_.id), "*:*", group=team)

    for request in REQUESTS:
        assert type(world.refused(request.make(things, world), max_)) is NotFound, request
    for group in (team, below):
        mine = evolve(things, group=group.id)
        for request in REQUESTS:
            if request.kind != "group":
                continue
            if request.name in OF_A_GROUP:
                world.ask(request.make(mine, world), max_)
            elif request.name in LIES_ABOVE:
                assert type(world.refused(request.make(mine, world), max_)) is LIES_ABOVE[request.name], request
            else:
                refused = world.refused(request.make(mine, world), max_)
                assert (type(refused), refused.facts) == (Forbidden, {"needs": request.scope}), request


def test_a_grant_counts_within_its_time(world: World, things: Things) -> None:
    """From its start on, and at its end no more; outside of it even the group is not known to who is no member."""
    who = Principal.of(mint(UserId, world.now))
    since, until = world.now + HOUR, world.now + 2 * HOUR
    grant = Grant(
        id=mint(GrantId, world.now),
        organisation=world.root.id,
        principal=who.id,
        scopes=("bookings:read",),
        group=world.root.id,
        since=since,
        until=until,
    )
    with world.look() as store:
        store.grants.add(grant)
    tick = timedelta(microseconds=1)

    assert world.kit.ask(GetBooking(things.booking), by=who, at=since).id == things.booking
    with pytest.raises(Forbidden):
        world.kit.perform(Cancel(things.booking), by=who, at=since)
    for at in (since - tick, until):
        with pytest.raises(NotFound):
            world.kit.ask(GetBooking(things.booking), by=who, at=at)


def test_what_was_removed_reads_like_what_never_was(world: World, things: Things) -> None:
    """A group, also where the whole organisation is meant, and a user; to administrators as well."""
    world.ask(RemoveGroup(group=things.team))
    max_ = _member(world)
    world.ask(RemoveUsers(group=world.root.id, addresses=("max@salon.example",)))
    gone = evolve(things, group=things.team, user=UserId(max_.id))
    for request in REQUESTS:
        if request.kind in {"group", "team", "user"} and request.name not in OF_WHAT_WAS:
            refused = world.refused(request.make(gone, world))
            assert (type(refused), refused.code) == (NotFound, "not_found"), request
    assert type(world.refused(SearchLog(group=world.root.id), max_)) is NotFound
    assert type(world.refused(ListIgnoredMails(group=world.root.id), max_)) is NotFound
    assert world.ask(SearchLog(group=things.team)).messages == ()
    assert world.ask(ListIgnoredMails(group=things.team)) == ()
    assert world.ask(ListStatements(group=things.team)) == ()


def test_what_is_ones_own_needs_no_right(world: World) -> None:
    """A user sends as itself and asks what it has left."""
    max_ = _member(world)
    assert world.ask(SmsLeft(UserId(max_.id)), max_).segments is None


# Operators


@pytest.mark.parametrize("ask", OPERATORS, ids=lambda ask: type(ask).__name__)
def test_what_is_the_operators_alone(world: World, ask: Command[Any] | Query[Any]) -> None:
    """Not even an administrator with every right may."""
    refused = world.refused(ask, world.anna)

    assert (type(refused), refused.code) == (Forbidden, "operators_only")
    assert "Only the platform's operator" in refused.message


# Wiring and words


def test_an_adapter_that_is_needed_and_absent_is_named(tmp_path: Path) -> None:
    """A booking that opens doors needs a door system, an online one a meeting service; nothing is written without."""
    with Kit.open(f"sqlite:////{tmp_path}/salon.db", clock=ManualClock(NOON)) as kit:
        founded = kit.perform(FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example"), by=OPERATOR)
        anna = Principal.of(founded.admin.id)
        branch = kit.perform(
            AddBranch(organisation=founded.root.id, name="B", zone="UTC", site="site", components=("door",)), by=anna
        )
        with pytest.raises(
            ConfigurationError, match=r"adapter for meetings: open the kit with Kit.open\(..., meetings=...\)"
        ):
            kit.perform(AddService(branch=branch.id, name="S", length=HOUR, online=True), by=anna)
        service = kit.perform(AddService(branch=branch.id, name="S", length=HOUR), by=anna)
        provider = kit.perform(AddProvider(organisation=founded.root.id, name="P"), by=anna)
        client = kit.perform(
            AddClient(organisation=founded.root.id, name="C", email="c@c.example", mobile="0701740605"), by=anna
        )
        book = Book(service=service.id, provider=provider.id, client=client.id, starts=NOON + DAY)
        with pytest.raises(ConfigurationError, match="adapter for doors"):
            kit.perform(book, by=anna)
        with kit._storage.read() as store:
            assert store.bookings.where() == ()


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "a\x07bell"])
def test_a_name_has_printable_characters_on_one_line(world: World, name: str) -> None:
    """Anything else is refused, with what to give."""
    refused = world.refused(AddProvider(organisation=world.root.id, name=name), world.anna)

    assert (type(refused), refused.code) == (Invalid, "nameless")
    assert "A name is needed" in refused.message


def test_names_and_addresses_lose_the_space_around_them(world: World) -> None:
    """And addresses their capitals: users are known by them."""
    made = world.kit.perform(
        AddClient(organisation=world.root.id, name="  Ida Weiß ", email=" Ida@Home.EXAMPLE "), by=world.anna
    )

    assert (made.name, made.email) == ("Ida Weiß", "ida@home.example")


@pytest.mark.parametrize(
    "address",
    ["", "ida", "ida@", "@home.example", "ida@home", "ida@home..example", "i da@home.example", "a@b@c.example",
     "Ida <ida@home.example>", "ida@home.example\nBcc: x@y.example", "ida@ho\x00me.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused(world: World, address: str) -> None:
    """With the form that it should have."""
    refused = world.refused(AddClient(organisation=world.root.id, name="Ida", email=address), world.anna)

    assert (type(refused), refused.code) == (Invalid, "not_an_address")
    assert "write it like anna@example.com" in refused.message


def test_a_principal_is_of_a_kind_and_both_count(world: World) -> None:
    """An id under another kind is somebody else: a user's id as a client's gives no right of the user's."""
    booking = world.book(world.haircut)
    posing = Principal(PrincipalKind.PROVIDER, world.eva.id)

    with pytest.raises(NotFound):
        world.kit.ask(GetBooking(booking.id), by=posing)
    assert world.kit.ask(GetBooking(booking.id), by=Principal.of(world.eva.id)).id == booking.id
