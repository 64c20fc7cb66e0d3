"""What type checkers see of the four verbs. Never run; read by mypy and pyright in ``nox -s types``."""

from __future__ import annotations

from typing import assert_type

from servicekit import AsyncKit, Instant, Kit, Principal
from servicekit.bookings import Book, Booking, Cancel, GetBooking, Rebook
from servicekit.groups import AddUsers, Founded, FoundOrganisation, UserAdded
from servicekit.ids import BookingId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.keys import AtDoor, Light
from servicekit.mail import Envelope
from servicekit.meetings import FetchHostLink
from servicekit.messages import LogPage, Message, SearchLog, SendText
from servicekit.portal import ListOrders, OrderPage
from servicekit.ports.http import HookAnswer
from servicekit.runtime.relay import Delivered
from servicekit.usecases.mailing import MailTaken


def perform_returns_what_the_command_says(kit: Kit, by: Principal, text: SendText, found: FoundOrganisation) -> None:
    """The result's type follows from the command's."""
    booking, at = BookingId("bkg_1"), Instant(0)
    book = Book(service=ServiceId("srv_1"), provider=ProviderId("prv_1"), client=ClientId("cli_1"), starts=at)
    assert_type(kit.perform(book, by=by), Booking)
    assert_type(kit.perform(Rebook(booking, starts=at), by=by, at=at), Booking)
    assert_type(kit.perform(Cancel(booking), by=by), Booking)
    assert_type(kit.perform(text, by=by), Message)
    assert_type(kit.perform(found, by=by), Founded)
    assert_type(kit.perform(AddUsers(group=GroupId("grp_1"), addresses=()), by=by), tuple[UserAdded, ...])


def ask_returns_what_the_query_says(kit: Kit, by: Principal) -> None:
    """The same for readings."""
    booking, group = BookingId("bkg_1"), GroupId("grp_1")
    assert_type(kit.ask(GetBooking(booking), by=by), Booking)
    assert_type(kit.ask(AtDoor(booking, "door", Instant(0)), by=by), Light)
    assert_type(kit.ask(FetchHostLink(booking), by=by), str)
    assert_type(kit.ask(SearchLog(group=group), by=by), LogPage)
    assert_type(kit.ask(ListOrders(organisation=group), by=by), OrderPage)


def receive_tells_mails_from_calls(kit: Kit) -> None:
    """A mail gives what became of it, a call gives how to answer it."""
    assert_type(kit.receive("mail", Envelope("a@b.example", ()), b""), MailTaken)
    assert_type(kit.receive("zoom", {}, b""), HookAnswer)
    assert_type(kit.deliver(), Delivered)


async def the_awaited_kit_gives_the_same(by: Principal) -> None:
    """Opened for the length of an ``async with``, with what ``Kit.open`` takes."""
    booking, group = BookingId("bkg_1"), GroupId("grp_1")
    async with AsyncKit.open("sqlite:///salon.db", gateway_domain="sms.example", migrate=False) as kit:
        assert_type(kit, AsyncKit)
        assert_type(await kit.perform(Cancel(booking), by=by), Booking)
        assert_type(await kit.ask(SearchLog(group=group), by=by), LogPage)
        assert_type(await kit.ask(FetchHostLink(booking), by=by), str)
        assert_type(await kit.receive("mail", Envelope("a@b.example", ()), b""), MailTaken)
        assert_type(await kit.receive("zoom", {}, b""), HookAnswer)
        assert_type(await kit.deliver(), Delivered)


def mistakes_are_found(kit: Kit, by: Principal) -> None:
    """A query is no command, and who asks must be said."""
    kit.perform(GetBooking(BookingId("bkg_1")), by=by)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kit.perform(Cancel(BookingId("bkg_1")))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
