"""The kit: what it is opened with, its four verbs, and that whatever is refused leaves nothing behind."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from servicekit import Kit, Principal
from servicekit.adapters.mail.smtp import Smtp
from servicekit.bookings import AddBranch, AddClient, Book, Booking, GetBooking, Rebook
from servicekit.commands import Command, Query
from servicekit.errors import (
    ConfigurationError,
    Invalid,
    NotFound,
    ServicekitError,
    StorageBusy,
    StorageError,
)
from servicekit.groups import AddGroup, FoundOrganisation, ProvideNumbers
from servicekit.ids import ProviderId
from servicekit.mail import VerifiedInFront
from servicekit.meetings import FetchHostLink
from servicekit.messages import SearchLog, SendText
from servicekit.moments import Instant
from servicekit.notices import Channel, Occasion, SaveTemplate
from servicekit.outbox.retry import RetryPolicy
from servicekit.ports.http import basic
from servicekit.runtime.entropy import mint
from servicekit.runtime.relay import Delivered
from servicekit.testing.simulators import transport
from world import DAY, HOOK_LOGIN, HOUR, MINUTE, NOON, OPERATOR, World, elks_adapter, opened, tables

pytest_plugins = ("world_fixtures",)

FOUND = FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example")
LOGIN = basic(*HOOK_LOGIN)


# Opening


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("salon.db", "'salon.db' is no storage: write sqlite:///salon.db"),
        ("mysql://localhost/salon", "'mysql' is no storage: write sqlite:///salon.db or postgresql://user@host/"),
        ("postgresql://127.0.0.1:1/salon", "PostgreSQL cannot be reached or refuses the login: check the URL"),
        ("", "'' is no storage: write sqlite:///salon.db"),
        ("sqlite:///", "names no file: write sqlite:///salon.db"),
        ("sqlite:////no/such/folder/salon.db", "Does its folder exist?"),
    ],
)
def test_a_wrong_url_is_refused_with_a_right_one(url: str, told: str) -> None:
    """When the kit is opened, not when it is first used."""
    with pytest.raises(ConfigurationError) as caught:
        Kit.open(url)
    assert told in str(caught.value)


@pytest.mark.parametrize("mail_from", ["", "salon"])
def test_mail_needs_a_sender(tmp_path: Path, mail_from: str) -> None:
    """Before a notice could go out without one; no database is made."""
    with pytest.raises(ConfigurationError, match=r"Kit.open\(..., mail=..., mail_from='salon@example.com'\)"):
        Kit.open(f"sqlite:////{tmp_path}/salon.db", mail=Smtp("127.0.0.1"), mail_from=mail_from)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_cannot_be_brought_up_to_date_is_let_go(tmp_path: Path) -> None:
    """The error goes on to the caller, and nothing is kept open."""
    path = tmp_path / "salon.db"
    Kit.open(f"sqlite:////{path}").close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO schema_migrations VALUES (9000, 'from_the_future')")
    with pytest.raises(StorageError, match="upgrade it"):
        Kit.open(f"sqlite:////{path}")

    assert [file.name for file in tmp_path.iterdir()] == ["salon.db"]  # its last user has tidied up the write-ahead log


def test_a_kit_may_leave_the_tables_to_others(tmp_path: Path) -> None:
    """Then tables that are not up to date are refused, with what to run, and left alone."""
    url = f"sqlite:////{tmp_path}/salon.db"
    with pytest.raises(StorageError, match="servicekit migrate") as caught:
        Kit.open(url, migrate=False)
    assert caught.value.code == "schema_too_old"
    with Kit.open(url) as kit:
        founded = kit.perform(FOUND, by=OPERATOR)
    with Kit.open(url, migrate=False) as kit:
        assert kit.ask(SearchLog(group=founded.root.id), by=Principal.of(founded.admin.id)).messages == ()


def test_a_kit_finds_what_another_has_written(tmp_path: Path) -> None:
    """It is the database that knows; opening again changes nothing in it."""
    path = tmp_path / "salon.db"
    with Kit.open(f"sqlite:////{path}") as kit:
        founded = kit.perform(FOUND, by=OPERATOR)
    before = tables(path)
    with Kit.open(f"sqlite:////{path}") as kit:
        assert tables(path) == before
        team = kit.perform(AddGroup(parent=founded.root.id, name="Team"), by=Principal.of(founded.admin.id))
    assert team.organisation == founded.root.id


def test_a_kit_in_memory_works_alone() -> None:
    """Nothing configured: enough to try it."""
    with Kit.open("sqlite:///:memory:") as kit:
        founded = kit.perform(FOUND, by=OPERATOR)
        assert kit.deliver() == Delivered()
        assert kit.sources == frozenset()
    assert founded.root.name == "Salon"


# Perform and ask


class _Wish(Command[None]):
    """A command that nobody knows."""


class _Question(Query[None]):
    """A query that nobody knows."""


def test_what_is_no_command_or_query_of_ours_is_refused(world: World) -> None:
    """Also a query that is performed, or a command that is asked."""
    before = world.tables()
    for command in (_Wish(), GetBooking(world.book(world.haircut).id)):
        before = world.tables()
        with pytest.raises(ConfigurationError, match=f"{type(command).__name__} is no command of servicekit"):
            world.kit.perform(command, by=world.anna)  # type: ignore[arg-type]
    for query in (_Question(), FOUND):
        with pytest.raises(ConfigurationError, match=f"{type(query).__name__} is no query of servicekit"):
            world.kit.ask(query, by=OPERATOR)  # type: ignore[arg-type]
    assert world.tables() == before


def test_a_call_may_say_when_it_is(world: World) -> None:
    """Otherwise the kit's clock does."""
    at = NOON - 30 * DAY
    booking = world.kit.perform(
        Book(service=world.haircut.id, provider=world.chair.id, client=world.eva.id, starts=NOON - DAY),
        by=world.anna,
        at=at,
    )

    assert booking.starts == NOON - DAY
    assert world.kit.ask(GetBooking(booking.id), by=world.anna, at=at) == booking
    with world.look() as store:
        assert {effect.made_at for effect in store.effects.where()} == {at}


def test_the_machines_clock_tells_the_time_where_nobody_does(tmp_path: Path) -> None:
    """Between one look at it and another."""
    before = Instant.of(datetime.now().astimezone())
    with Kit.open(f"sqlite:////{tmp_path}/salon.db") as kit:
        founded = kit.perform(FOUND, by=OPERATOR)
        branch = kit.perform(
            AddBranch(organisation=founded.root.id, name="B", zone="UTC"), by=Principal.of(founded.admin.id)
        )
    after = Instant.of(datetime.now().astimezone())

    assert mint(type(branch.id), before - MINUTE) < branch.id < mint(type(branch.id), after + MINUTE)


def test_a_change_may_join_a_transaction_of_the_application(world: World) -> None:
    """On its own connection: both rows are there after its commit, and neither after its rollback."""
    with closing(sqlite3.connect(world.path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE own (word TEXT)")
        for end, there in (("ROLLBACK", []), ("COMMIT", ["theirs"])):
            connection.execute("BEGIN")
            connection.execute("INSERT INTO own VALUES ('theirs')")
            added = world.kit.perform(AddGroup(parent=world.root.id, name="Team"), by=world.anna, within=connection)
            connection.execute(end)
            assert [word for (word,) in connection.execute("SELECT word FROM own")] == there
            with world.look() as store:
                assert (store.groups.find(added.id) is None) == (there == [])


BAD: dict[str, tuple[Callable[[World], Command[Any]], type[ServicekitError], str, str]] = {
    "a zone that is none": (
        lambda world: AddBranch(organisation=world.root.id, name="B", zone="Europe/Atlantis"),
        Invalid,
        "unknown_zone",
        "write it like 'Europe/Stockholm'",
    ),
    "a room that is none": (
        lambda world: _book(world, provider=mint(ProviderId, world.now)),
        NotFound,
        "not_found",
        "There is no Provider",
    ),
    "a booking in the past": (
        lambda world: _book(world, starts=world.now - MINUTE),
        Invalid,
        "booking_in_the_past",
        "Choose a later start",
    ),
    "an end before the start": (
        lambda world: _book(world, starts=world.now + DAY, ends=world.now + HOUR),
        Invalid,
        "empty_window",
        "must end after it starts",
    ),
    "a number that is none": (
        lambda world: SendText(user=world.admin.id, to="070-CALL-ME", text="Hej"),
        Invalid,
        "not_a_number",
        "write a mobile number such as 0701234567",
    ),
    "a client's number that is none": (
        lambda world: AddClient(organisation=world.root.id, name="I", email="i@home.example", mobile="0701"),
        Invalid,
        "impossible_number",
        "check the digits",
    ),
    "a template with an unknown variable": (
        lambda world: SaveTemplate(
            organisation=world.root.id, occasion=Occasion.BOOKED, channel=Channel.CLIENT_TEXT, text="[starts]"
        ),
        Invalid,
        "unknown_variable",
        "Known are: [booking]",
    ),
}


def _book(world: World, **changed: Any) -> Book:
    usual = {"service": world.haircut.id, "provider": world.chair.id, "client": world.eva.id, "starts": world.now + DAY}
    return Book(**{**usual, **changed})


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_with_what_to_do_and_nothing_is_written(world: World, what: str) -> None:
    """A typed error with a stable code; every table is as it was."""
    make, kind, code, told = BAD[what]
    refused = world.refused(make(world))

    assert (type(refused), refused.code) == (kind, code)
    assert told in refused.message


def test_a_datetime_without_a_zone_makes_no_command() -> None:
    """It names no instant, so there is nothing to ask for."""
    naive = datetime.fromisoformat("2026-12-01T10:00:00")
    with pytest.raises(Invalid, match=r"attach one, or use Instant\.at_wall") as caught:
        Rebook(Booking.__name__, starts=naive)  # type: ignore[arg-type]
    assert caught.value.code == "naive_datetime"


def test_a_reading_that_asks_a_vendor_holds_no_transaction(world: World) -> None:
    """The vendor is asked once the reading is over: others may write meanwhile."""
    booking = world.book(world.advice)
    world.settle()
    written: list[str] = []

    inner = transport(world.zoom)

    def handle(request: httpx.Request) -> httpx.Response:
        with world.look() as store:
            written.append(store.bookings.get(booking.id).id)
        return inner.handle_request(request)

    with Kit.open(
        f"sqlite:////{world.path}?patience=0",
        meetings=world.kit._wiring.meetings,
        clock=world.clock,
        transport=httpx.MockTransport(handle),
    ) as other:
        link = other.ask(FetchHostLink(booking.id), by=world.anna)
    assert world.zoom.open_link(link) == world.zoom_meetings()[0].id
    assert written != []


def test_a_busy_database_is_told_and_nothing_is_written(world: World) -> None:
    """The same command may be tried again."""
    before = world.tables()
    with Kit.open(f"sqlite:////{world.path}?patience=0", clock=world.clock) as other:
        with world.look(), pytest.raises(StorageBusy, match="Try the same again"):
            other.perform(ProvideNumbers(numbers=("+46766861009",)), by=OPERATOR)
        assert world.tables() == before
        assert other.perform(ProvideNumbers(numbers=("+46766861009",)), by=OPERATOR) == 1


# Deliver


def test_delivering_obeys_what_the_kit_was_opened_with(tmp_path: Path) -> None:
    """Lease, longest call and patience go to its relays."""
    policy = RetryPolicy(attempts=3)
    with opened(tmp_path, lease=HOUR, longest_call=MINUTE, retry=policy) as world:
        relay = world.kit.relay()

    assert (relay.lease, relay.longest_call, relay.policy) == (HOUR, MINUTE, policy)


def test_threads_share_a_kit(world: World) -> None:
    """Eight of them perform, ask and deliver at once."""
    troubles: list[BaseException] = []

    def work(number: int) -> None:
        try:
            text = SendText(user=world.admin.id, to="+46701740605", text=f"Text {number}")
            world.kit.perform(text, by=world.anna)
            world.kit.deliver()
        except BaseException as trouble:  # noqa: BLE001 - the test itself looks at it
            troubles.append(trouble)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert len(world.elks.handset("+46701740605")) == 8


def test_a_kit_says_whether_it_takes_mail_and_where(world: World) -> None:
    """For whoever runs a listener over it; a number that none can send to is known without a sender."""
    assert (world.kit.takes_mail, world.kit.gateway_domain) == (True, "sms.example")
    assert world.kit.hopeless("0701740605@sms.example") is None
    assert "mobile number" in (world.kit.hopeless("hello@sms.example") or "")
    with Kit.open("sqlite:///:memory:", gateway_domain="sms.example") as kit:
        assert not kit.takes_mail
    with Kit.open("sqlite:///:memory:", senders=VerifiedInFront()) as kit:
        assert not kit.takes_mail


def test_links_for_passwords_need_a_place_for_the_token_and_a_way_to_mail() -> None:
    """Found when the kit is opened."""
    with pytest.raises(ConfigurationError, match=r"password_url='https://sms\.example/password/\{token\}'"):
        Kit.open("sqlite:///:memory:", password_url="https://sms.example/password/{token}")


# Closing


def test_a_closed_kit_has_let_go_of_everything(tmp_path: Path) -> None:
    """The database file is whole by itself, and connections are closed, whether anything was delivered or not."""
    with opened(tmp_path) as world:
        world.book(world.haircut)
        world.kit.deliver()
        driver = world.kit._driver
        assert driver is not None
    assert driver._client.is_closed
    assert [file.name for file in tmp_path.iterdir()] == ["salon.db"]


def test_an_error_in_the_block_closes_the_kit_and_goes_on(tmp_path: Path) -> None:
    """As any ``with`` does."""
    with pytest.raises(ZeroDivisionError), Kit.open(f"sqlite:////{tmp_path}/salon.db", texts=elks_adapter()):
        raise ZeroDivisionError
    assert [file.name for file in tmp_path.iterdir()] == ["salon.db"]
