"""The kit for asyncio: the same answers, and nothing half done whenever a task is cancelled."""

from __future__ import annotations

import asyncio
import inspect
import io
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

import httpx
import psycopg
import pytest
from attrs import evolve

from servicekit import AsyncKit, Kit, Principal
from servicekit.adapters.mail.smtp import Smtp
from servicekit.aio import KitOptions
from servicekit.bookings import AddBranch, AddClient, AddProvider, AddService, Book
from servicekit.errors import ConfigurationError, Invalid, NotFound
from servicekit.groups import AddGroup, Founded, FoundOrganisation, ProvideNumbers
from servicekit.keys import ListComponents
from servicekit.mail import Envelope, VerifiedInFront
from servicekit.meetings import FetchHostLink, GetMeeting
from servicekit.messages import SearchLog, SendText, Status
from servicekit.runtime.relay import Delivered
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import (
    COMPONENTS,
    ExivoSimulator,
    FortySixElksSimulator,
    MailboxSimulator,
    ZoomSimulator,
    transport,
)
from world import (
    DAY,
    GATEWAY,
    HOUR,
    MINUTE,
    NOON,
    OPERATOR,
    SALON,
    elks_adapter,
    envelope,
    exivo_adapter,
    mail,
    zoom_adapter,
)

pytest_plugins = ("world_fixtures",)

FOUND = FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example", settings=SALON)


def run(body: Callable[[], Awaitable[None]]) -> None:
    """Run one test's coroutine, with asyncio's own checks on."""

    async def whole() -> None:
        await body()

    asyncio.run(whole(), debug=False)


@asynccontextmanager
async def salon(url: str, **options: Any) -> AsyncIterator[tuple[AsyncKit, Founded, Principal]]:
    """A kit with an organisation."""
    settings: Any = {"clock": ManualClock(NOON), **options}
    async with AsyncKit.open(url, **settings) as kit:
        founded = await kit.perform(FOUND, by=OPERATOR)
        yield kit, founded, Principal.of(founded.admin.id)


def count(url: str, table: str) -> int:
    """Rows, as somebody else sees them."""
    with closing(_connect(url)) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a table of ours
        return int(found)


def _connect(url: str) -> Any:
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:////").partition("?")[0], isolation_level=None)
    return psycopg.connect(url, autocommit=True)


# The same verbs


@pytest.mark.spec("M-31")
def test_a_log_is_written_to_a_file(database_url: str) -> None:
    """In one of the kit's threads, with the words, and who wants to know is told."""

    async def body() -> None:
        to, told = io.BytesIO(), list[tuple[int, int]]()
        async with salon(database_url) as (kit, founded, anna):
            await kit.perform(SendText(user=founded.admin.id, to="+46701740605", text="Hej"), by=anna)
            query = SearchLog(group=founded.root.id)
            rows = await kit.export_log(query, to, texts=True, progress=lambda *so_far: told.append(so_far), by=anna)
        assert (rows, told) == (1, [(1, 1)])
        assert to.getvalue().endswith(b",QUEUED,1,Hej\r\n")

    run(body)


def test_what_asks_a_vendor_before_a_change_is_awaited(database_url: str) -> None:
    """Doors are checked by the door system's own list, over the kit's own transport, before they are set."""
    exivo = ExivoSimulator()
    door, gateway = COMPONENTS[0].id, COMPONENTS[5].id

    async def body() -> None:
        async with salon(database_url, doors=exivo_adapter(), transport=transport(exivo)) as (kit, founded, anna):
            new = AddBranch(organisation=founded.root.id, name="B", zone="UTC", site=exivo.site_id)
            with pytest.raises(Invalid, match="is a gateway"):
                await kit.perform(evolve(new, components=(door, gateway)), by=anna)
            branch = await kit.perform(evolve(new, components=(door,)), by=anna)
            assert branch.components == (door,)
            assert (await kit.perform(new, by=anna)).components == ()
            listed = await kit.ask(ListComponents(branch.id), by=anna)
            assert [one.id for one in listed if one.gateway] == [gateway]

    run(body)


def test_it_answers_as_the_kit_does(database_url: str) -> None:
    """A command, a reading, a delivery; and a refusal is the same refusal."""
    carrier = FortySixElksSimulator()

    async def body() -> None:
        async with salon(database_url, texts=elks_adapter(), transport=transport(carrier)) as (kit, founded, anna):
            sent = await kit.perform(SendText(user=founded.admin.id, to="0701740605", text="Hej"), by=anna)
            assert sent.status is Status.QUEUED
            assert await kit.deliver() == Delivered(done=1)
            (logged,) = (await kit.ask(SearchLog(group=founded.root.id), by=anna)).messages
            assert (logged.id, logged.status) == (sent.id, Status.SENT)
            with pytest.raises(Invalid):
                await kit.perform(AddGroup(parent=founded.root.id, name=" "), by=anna)
            assert kit.sources == {"46elks"}

    run(body)
    assert [text.text for text in carrier.handset("+46701740605")] == ["Hej"]


def test_it_receives_mails_and_calls(database_url: str) -> None:
    """As the kit does: a mail becomes a text, a source that nobody has is refused."""

    async def body() -> None:
        async with salon(database_url, texts=elks_adapter(), gateway_domain=GATEWAY, senders=VerifiedInFront()) as (
            kit,
            _,
            _anna,
        ):
            await kit.perform(ProvideNumbers(numbers=("+46766861001",)), by=OPERATOR)
            taken = await kit.receive("mail", envelope("anna@salon.example", "0701740605"), mail("Hej"))
            assert [line.refusal for line in taken.lines] == [""]
            with pytest.raises(ConfigurationError, match="No adapter is called"):
                await kit.receive("carrier pigeon", {}, b"")
            with pytest.raises(NotFound):
                await kit.receive(
                    "mail", Envelope("eva@x.example", (f"1@{GATEWAY}",)), mail("Hej", sender="eva@x.example")
                )

    run(body)


def test_readings_outside_and_mails_are_awaited(database_url: str, postbox: MailboxSimulator) -> None:
    """A meeting is made, its notices go out by a mailer that blocks, and the host link is asked for at the vendor."""
    zoom = ZoomSimulator()
    before = len(postbox.mails())
    wired = {
        "meetings": zoom_adapter(),
        "mail": Smtp("127.0.0.1", postbox.smtp_port),
        "mail_from": "salon@salon.example",
        "transport": transport(zoom),
    }

    async def body() -> None:
        async with salon(database_url, **wired) as (kit, founded, anna):
            root = founded.root.id
            branch = await kit.perform(AddBranch(organisation=root, name="Office", zone="UTC"), by=anna)
            advice = await kit.perform(AddService(branch=branch.id, name="Advice", length=HOUR, online=True), by=anna)
            room = await kit.perform(AddProvider(organisation=root, name="Room"), by=anna)
            eva = await kit.perform(AddClient(organisation=root, name="Eva", email="eva@home.example"), by=anna)
            book = Book(service=advice.id, provider=room.id, client=eva.id, starts=NOON + DAY)
            booking = await kit.perform(book, by=anna)
            assert (await kit.deliver()).done == 3
            assert (await kit.ask(GetMeeting(booking.id), by=anna)).join_url
            assert (await kit.ask(FetchHostLink(booking.id), by=anna)).startswith("https://")

    run(body)
    assert [one.rcpt_to for one in postbox.mails()[before:]] == ["eva@home.example"]


def test_a_vendor_that_cannot_be_reached_is_tried_again_later(database_url: str) -> None:
    """The error outside is judged as by any relay."""

    async def body() -> None:
        down = httpx.MockTransport(_refuse)
        async with salon(database_url, texts=elks_adapter(), transport=down) as (kit, founded, anna):
            await kit.perform(SendText(user=founded.admin.id, to="0701740605", text="Hej"), by=anna)
            assert await kit.deliver() == Delivered(again=1)

    run(body)


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there", request=request)


# Opening


def test_it_opens_as_the_kit_does() -> None:
    """It takes what ``Kit.open`` takes, under the same names; what cannot be opened is the same error."""
    taken = set(inspect.signature(Kit.open).parameters) - {"url", "transport"}
    assert taken == set(KitOptions.__annotations__)

    async def body() -> None:
        with pytest.raises(ConfigurationError, match="no storage"):
            async with AsyncKit.open("papyrus:///salon"):
                raise AssertionError("opened nothing")

    run(body)


def test_an_opening_that_is_cancelled_leaves_nothing_open(database_url: str) -> None:
    """Also where the kit was opened already when it was told."""

    async def body() -> None:
        async def opening() -> None:
            async with AsyncKit.open(database_url):
                await asyncio.sleep(60)

        for delay in (0, 0.001, 0.01, 0.05):
            task = asyncio.create_task(opening())
            await asyncio.sleep(delay)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(body)
    assert _connections(database_url) == []


# Cancelling


def test_cancelled_tasks_leave_nothing_half_done(database_url: str) -> None:
    """Sixty texts, cancelled at random moments: each is there with its effect or not at all, and every connection is whole."""
    dice = random.Random(4)  # noqa: S311 - nothing here is secret
    done = 0

    async def body() -> None:
        nonlocal done
        async with salon(database_url, threads=4) as (kit, founded, anna):

            async def send(number: int) -> None:
                nonlocal done
                text = SendText(user=founded.admin.id, to="0701740605", text=f"Text {number}")
                await kit.perform(text, by=anna)
                done += 1

            tasks = [asyncio.create_task(send(number)) for number in range(60)]
            for task in dice.sample(tasks, 45):
                await asyncio.sleep(dice.random() * 0.01)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

            # Every transaction has ended by the time that its task has.
            assert [state for state in _connections(database_url) if state != "idle"] == []
            idle = kit._kit._storage._pool._idle  # type: ignore[attr-defined]
            assert 1 <= len(idle) <= 4
            assert not any(_in_transaction(connection) for connection in idle)
            await send(1000)

    run(body)
    messages = count(database_url, "messages")
    assert done <= messages <= 61
    assert count(database_url, "effects") == messages
    assert _connections(database_url) == []


def _in_transaction(connection: Any) -> bool:
    if isinstance(connection, sqlite3.Connection):
        return connection.in_transaction
    return bool(connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE)


def _connections(url: str) -> list[str]:
    """What the server says of other connections to the database; nothing where there is no server."""
    if url.startswith("sqlite"):
        return []
    with closing(_connect(url)) as connection:
        sql = "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return [state for (state,) in connection.execute(sql).fetchall()]


def test_what_has_begun_is_waited_for_and_what_has_not_never_begins(database_url: str) -> None:
    """With one thread and the tables held by somebody: the first is cancelled (twice), and is there; the second is not."""

    async def body() -> None:
        async with salon(database_url, threads=1) as (kit, founded, anna):

            async def add(name: str) -> None:
                await kit.perform(AddGroup(parent=founded.root.id, name=name), by=anna)

            with closing(_connect(database_url)) as holder:
                holder.execute("BEGIN IMMEDIATE" if database_url.startswith("sqlite") else "BEGIN")
                if not database_url.startswith("sqlite"):
                    holder.execute("LOCK TABLE groups")
                first, second = asyncio.create_task(add("First")), asyncio.create_task(add("Second"))
                await asyncio.sleep(0.1)
                for task in (first, second, first):
                    task.cancel()
                    await asyncio.sleep(0.05)
                assert (first.done(), second.done()) == (False, True)
                holder.rollback()
            outcomes = await asyncio.gather(first, second, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2

    run(body)
    with closing(_connect(database_url)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM groups").fetchall()}
    assert names & {"First", "Second"} == {"First"}


def test_an_error_of_what_was_cancelled_is_not_reported_as_lost(database_url: str) -> None:
    """Its task was cancelled, and that is what it says."""

    async def body() -> None:
        async with salon(database_url, threads=1) as (kit, founded, anna):
            with closing(_connect(database_url)) as holder:
                holder.execute("BEGIN IMMEDIATE" if database_url.startswith("sqlite") else "BEGIN")
                if not database_url.startswith("sqlite"):
                    holder.execute("LOCK TABLE groups")
                task = asyncio.create_task(kit.perform(AddGroup(parent=founded.root.id, name=" "), by=anna))
                await asyncio.sleep(0.1)
                task.cancel()
                await asyncio.sleep(0.05)
                holder.rollback()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(body)


def test_a_delivery_that_is_cancelled_outside_is_looked_up_later(database_url: str) -> None:
    """The text reached the carrier, its answer reached nobody: after the lease it is found there, and sent only once."""
    clock = ManualClock(NOON)
    carrier = FortySixElksSimulator(clock=clock.now)
    answering = transport(carrier)

    async def body() -> None:
        asked = asyncio.Event()

        class Silent(httpx.AsyncBaseTransport):
            """The request arrives; the answer does not."""

            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                await request.aread()
                answering.handle_request(request)
                asked.set()
                await asyncio.sleep(60)
                raise AssertionError("nobody waited so long")

        wired = {"texts": elks_adapter(), "clock": clock}
        async with salon(database_url, transport=Silent(), **wired) as (kit, founded, anna):
            await kit.perform(SendText(user=founded.admin.id, to="0701740605", text="Hej"), by=anna)
            task = asyncio.create_task(kit.deliver())
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        clock.advance(3 * MINUTE)
        async with AsyncKit.open(database_url, transport=answering, texts=elks_adapter(), clock=clock) as kit:
            assert (await kit.deliver()).done == 1

    run(body)
    assert len(carrier.handset("+46701740605")) == 1
