"""The world that the tests of use cases live in: a salon, the simulators of its vendors, and a clock that stands.

Everything in it is real but the outside: a kit on a database file, adapters that speak HTTP and SMTP to simulators.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field, frozen

from servicekit import Kit, Principal
from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.mail.smtp import Smtp
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.adapters.storage.postgres import PostgresStorage
from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.bookings import (
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    Branch,
    Client,
    Provider,
    ProviderKind,
    Service,
)
from servicekit.commands import Command, Query
from servicekit.errors import Refused, UnreadableInput
from servicekit.groups import FoundOrganisation, Group, ProvideNumbers, Settings, User
from servicekit.ids import ClientId, CustomerUserId, GrantId, ProviderId, UserId
from servicekit.mail import Envelope, VerifiedInFront
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectState
from servicekit.permissions import Grant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.runtime.entropy import mint
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import (
    COMPONENTS,
    ExivoSimulator,
    FortySixElksSimulator,
    KeptMail,
    MailboxSimulator,
    ZoomSimulator,
    transport,
)

NOON = Instant.parse("2026-11-25T12:00:00Z")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPERATOR = Principal.operator("tests")
EVA_MOBILE = "+41791234567"
NUMBERS = ("+46766861001", "+46766861002", "+46766861003")
MAIN, CLOAKROOM, ROOM, ROOM_2 = (component.id for component in COMPONENTS[:4])
GATEWAY = "sms.example"
HOOKS = "https://salon.example/hooks"
HOOK_LOGIN = ("elks", "hook-secret")
SALON = Settings(country_code=46, sender_name="Salon", destinations=("SE", "CH"))


def elks_adapter(base_url: str = "https://api.46elks.com/a1", **changed: Any) -> FortySixElks:
    """Our account at the simulated 46elks."""
    mine = {"username": FortySixElksSimulator.api_user, "password": FortySixElksSimulator.api_password}
    user, password = HOOK_LOGIN
    hooks = {"report_url": f"{HOOKS}/46elks", "hook_user": user, "hook_password": password}
    return FortySixElks(**{**mine, **hooks, "base_url": base_url, **changed})


def exivo_adapter(base_url: str = "https://api.exivo.io/v1", **changed: Any) -> Exivo:
    """Our account at the simulated exivo."""
    mine = {"api_key": ExivoSimulator.api_key, "api_secret": ExivoSimulator.api_secret, "mobile_app_id": "42"}
    return Exivo(**{**mine, "base_url": base_url, **changed})


def zoom_adapter(url: str = "", **changed: Any) -> Zoom:
    """Our account at the simulated Zoom; ``url`` is where one is served."""
    mine = {
        "account_id": ZoomSimulator.account_id,
        "client_id": ZoomSimulator.client_id,
        "client_secret": ZoomSimulator.client_secret,
        "webhook_secret": ZoomSimulator.webhook_secret,
    }
    served = {"base_url": f"{url}/v2", "oauth_url": f"{url}/oauth/token"} if url else {}
    return Zoom(**{**mine, **served, **changed})


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, sorted: what is equal before and after has not been touched."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}  # noqa: S608


@frozen
class HeldKey:
    """A working key at exivo."""

    marker: str
    phone: str
    doors: frozenset[str]
    opens: str
    closes: str


@frozen
class HeldMeeting:
    """A meeting at Zoom that nobody has deleted."""

    id: str
    marker: str
    starts: str
    minutes: int
    join_url: str


@define
class World:
    """A salon with a branch in Zürich, four services, two rooms and a client."""

    path: Path
    clock: ManualClock
    kit: Kit
    elks: FortySixElksSimulator
    exivo: ExivoSimulator
    zoom: ZoomSimulator
    mailbox: MailboxSimulator | None
    root: Group
    admin: User
    branch: Branch
    coaching: Service
    """Opens the branch's main door and its own room, and is held online."""
    massage: Service
    """Opens both doors."""
    advice: Service
    """Online, at a branch without doors."""
    haircut: Service
    """Neither doors nor online."""
    room: Provider
    chair: Provider
    eva: Client
    _storage: SqliteStorage | PostgresStorage = field(repr=False)
    _mails_before: int

    @property
    def anna(self) -> Principal:
        """The administrator."""
        return Principal.of(self.admin.id)

    @property
    def now(self) -> Instant:
        """Where the clock stands."""
        return self.clock.now()

    def book(
        self,
        service: Service | None = None,
        *,
        starts: Instant | None = None,
        client: Client | None = None,
        provider: Provider | None = None,
        by: Principal | None = None,
    ) -> Booking:
        """Eva's booking of coaching in the room, tomorrow at this time, by Anna; or as said."""
        return self.kit.perform(
            Book(
                service=(service or self.coaching).id,
                provider=(provider or self.room).id,
                client=(client or self.eva).id,
                starts=starts or self.now + DAY,
            ),
            by=by or self.anna,
        )

    def ask(self, request: Command[Any] | Query[Any], by: Principal | None = None) -> Any:
        """Perform a command or ask a query; as Anna unless said."""
        who = by or self.anna
        if isinstance(request, Command):
            return self.kit.perform(request, by=who)
        return self.kit.ask(request, by=who)

    def refused(self, request: Command[Any] | Query[Any], by: Principal | None = None) -> Refused:
        """The refusal that a command or query ends in; not a row of any table has changed."""
        before = self.tables()
        try:
            made = self.ask(request, by=by)
        except Refused as refused:
            assert self.tables() == before, "it was refused, and something was written all the same"
            return refused
        raise AssertionError(f"nothing refused it: {made}")

    def settle(self, *, rounds: int = 40) -> None:
        """Deliver, and let time go on to whatever waits, until nothing does."""
        for _ in range(rounds):
            self.kit.deliver()
            with self.look() as store:
                due = store.effects.next_due(self.now)
            if due is None:
                return
            self.clock.set(max(due, self.now))
        raise AssertionError(f"still waiting after {rounds} rounds: {self.effects(EffectState.DUE)}")

    def effects(self, state: EffectState) -> list[Effect]:
        """All effects in a state, in order of making."""
        with self.look() as store:
            return sorted(store.effects.where(state=state), key=lambda effect: (effect.made_at, effect.id))

    @contextmanager
    def look(self) -> Iterator[SqlTransaction]:
        """A hand in the database: another connection, which may also write."""
        with self._storage.write() as store:
            yield store

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table."""
        return tables(self.path)

    def grant(self, who: UserId | ProviderId | ClientId | CustomerUserId, *scopes: str, group: Group) -> None:
        """Give scopes within a group."""
        grant = Grant(
            id=mint(GrantId, self.now), organisation=group.organisation, principal=who, scopes=scopes, group=group.id
        )
        with self.look() as store:
            store.grants.add(grant)

    def mails(self, to: str = "") -> tuple[KeptMail, ...]:
        """The mails that came to an address (to any, if left out) since this world began."""
        assert self.mailbox is not None, "this world was opened without mail"
        kept = self.mailbox.mails()[self._mails_before :]
        return tuple(mail for mail in kept if to in ("", mail.rcpt_to))

    def exivo_keys(self) -> list[HeldKey]:
        """The keys at exivo that work within their window, by marker."""
        return sorted(
            (
                HeldKey(
                    marker=key["name"],
                    phone=key["publicRegistrationId"],
                    doors=frozenset(key["components"]),
                    opens=key["validFrom"],
                    closes=key["validTo"],
                )
                for key in self.exivo.state()["keys"]
                if not key["revoked"] and not key["expired"]
            ),
            key=lambda key: key.marker,
        )

    def zoom_meetings(self) -> list[HeldMeeting]:
        """The meetings at Zoom, by marker."""
        return sorted(
            (
                HeldMeeting(
                    id=str(meeting["id"]),
                    marker=meeting["agenda"],
                    starts=meeting["start_time"],
                    minutes=meeting["duration"],
                    join_url=meeting["join_url"],
                )
                for meeting in self.zoom.state()["meetings"]
                if not meeting["deleted"]
            ),
            key=lambda meeting: meeting.marker,
        )


@contextmanager
def opened(
    folder: Path,
    *,
    mailbox: MailboxSimulator | None = None,
    settings: Settings = SALON,
    postgres: str = "",
    **options: Any,
) -> Iterator[World]:
    """A world on a file in ``folder``, or on PostgreSQL; ``options`` go to :meth:`Kit.open`. Without a mailbox there is no mail."""
    clock = ManualClock(NOON)
    path = folder / "salon.db"
    before = 0

    def post(request: HttpRequest) -> HttpResponse:
        """The vendors' calls reach the kit as a web framework would pass them on."""
        try:
            answer = kit.receive(request.url.rpartition("/")[2], request.headers, request.body)
        except UnreadableInput:
            return HttpResponse(status=403)
        return HttpResponse(status=answer.status, headers=answer.headers, body=answer.body)

    elks = FortySixElksSimulator(clock=clock.now, post=post, numbers=dict.fromkeys(NUMBERS, _inbound_url()))
    exivo = ExivoSimulator(clock=clock.now)
    zoom = ZoomSimulator(clock=clock.now, post=post, webhook_url=f"{HOOKS}/zoom")
    wired: dict[str, Any] = {"texts": elks_adapter(), "doors": exivo_adapter(), "meetings": zoom_adapter()}
    if mailbox is not None:
        before = len(mailbox.mails())
        wired |= {"mail": Smtp("127.0.0.1", mailbox.smtp_port), "mail_from": "salon@salon.example"}
    wired |= {
        "gateway_domain": GATEWAY,
        "senders": VerifiedInFront(),
        "base_url": "https://salon.example",
        "clock": clock,
        "in_flight": 1,  # one after the other, so that what comes of it comes in one order; relays' own tests ask for more
    }
    network = _Network(transport(elks, exivo, zoom))
    given = options.pop("transport", network.inner)
    with (
        Kit.open(
            postgres or f"sqlite:////{path}?synchronous=normal", **{**wired, **options, "transport": network}
        ) as kit,
        closing(PostgresStorage(postgres) if postgres else SqliteStorage(str(path), synchronous="normal")) as storage,
    ):
        founded = kit.perform(
            FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example", settings=settings),
            by=OPERATOR,
        )
        kit.perform(ProvideNumbers(numbers=NUMBERS), by=OPERATOR)
        world = _furnished(
            World,
            kit,
            founded.root,
            founded.admin,
            path=path,
            clock=clock,
            elks=elks,
            exivo=exivo,
            zoom=zoom,
            mailbox=mailbox,
            storage=storage,
            mails_before=before,
        )
        network.inner = given
        yield world


class _Network(httpx.BaseTransport):
    """The network to the stand-ins, while the world is furnished; the test's own from then on."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.inner.handle_request(request)


def _inbound_url() -> str:
    user, password = HOOK_LOGIN
    return f"https://{user}:{password}@salon.example/hooks/46elks"


def _furnished(world: type[World], kit: Kit, root: Group, admin: User, **rest: Any) -> World:
    anna = Principal.of(admin.id)
    branch = kit.perform(
        AddBranch(
            organisation=root.id,
            name="Zentrum",
            zone="Europe/Zurich",
            country_code=41,
            site=ExivoSimulator.site_id,
            components=(MAIN,),
            service_components=(CLOAKROOM, ROOM, ROOM_2),
        ),
        by=anna,
    )
    office = kit.perform(AddBranch(organisation=root.id, name="Office", zone="Europe/Stockholm"), by=anna)

    def service(name: str, at: Branch, **more: Any) -> Service:
        return kit.perform(AddService(branch=at.id, name=name, length=HOUR, **more), by=anna)

    def provider(name: str, **more: Any) -> Provider:
        return kit.perform(AddProvider(organisation=root.id, name=name, **more), by=anna)

    made = world(
        kit=kit,
        root=root,
        admin=admin,
        branch=branch,
        coaching=service("Coaching", branch, components=(ROOM,), online=True),
        massage=service("Massage", branch, components=(ROOM,)),
        advice=service("Advice", office, online=True),
        haircut=service("Haircut", office),
        room=provider("Room 1", kind=ProviderKind.ROOM, email="room@salon.example"),
        chair=provider("Chair"),
        eva=kit.perform(
            AddClient(organisation=root.id, name="Eva", email="eva@home.example", mobile=EVA_MOBILE), by=anna
        ),
        **rest,
    )
    made.exivo.exchanges.clear()  # what was asked to set the doors
    return made


def foreign(world: World) -> tuple[Group, Principal]:
    """Another organisation in the same kit, and its administrator."""
    founded = world.kit.perform(
        FoundOrganisation(name="Rival", zone="Europe/Stockholm", admin="rolf@rival.example"), by=OPERATOR
    )
    return founded.root, Principal.of(founded.admin.id)


def envelope(sender: str, *recipients: str) -> Envelope:
    """What a sending server says; recipients without a domain are at the gateway."""
    return Envelope(sender, tuple(one if "@" in one else f"{one}@{GATEWAY}" for one in recipients))


def mail(text: str, *, sender: str = "anna@salon.example", subject: str = "", number: int = 1, **headers: str) -> bytes:
    """A mail as bytes; ``number`` makes its Message-ID."""
    fields = {
        "From": sender,
        "To": "somebody@example.org",
        "Subject": subject,
        "Message-ID": f"<{number}@salon.example>",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\n{text}\r\n".encode()
