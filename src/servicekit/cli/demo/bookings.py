"""Act three: a room that is also an online meeting is booked, its doors are tried, it is moved and cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from servicekit.bookings import (
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    Cancel,
    ProviderKind,
    Rebook,
)
from servicekit.cli.demo.organisation import Salon
from servicekit.cli.demo.report import Report
from servicekit.cli.demo.world import World
from servicekit.commands import Principal
from servicekit.keys import AtDoor, Green, Light
from servicekit.meetings import FetchHostLink
from servicekit.moments import Instant
from servicekit.runtime.entropy import SystemClock
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator

__all__ = ["play_bookings"]

_ZONE = "Europe/Zurich"
_MAIN, _CLOAKROOM, _ROOM, _OTHER_ROOM = (component.id for component in COMPONENTS[:4])
_MOBILE = "+41791234567"
_MINUTE = timedelta(minutes=1)


def play_bookings(world: World, salon: Salon, report: Report) -> None:
    """Book, open doors, move, cancel."""
    kit, admin = world.kit, salon.admin
    branch = kit.perform(
        AddBranch(
            organisation=salon.root.id,
            name="Zürich",
            zone=_ZONE,
            country_code=41,
            site=ExivoSimulator.site_id,
            components=(_MAIN, _CLOAKROOM),
            service_components=(_ROOM,),
        ),
        by=admin,
    )
    service = kit.perform(
        AddService(branch=branch.id, name="Beratung", length=timedelta(hours=1), components=(_ROOM,), online=True),
        by=admin,
    )
    room = kit.perform(
        AddProvider(
            organisation=salon.root.id, name="Sitzungszimmer 1", kind=ProviderKind.ROOM, email="zimmer1@salon.example"
        ),
        by=admin,
    )
    client = kit.perform(
        AddClient(
            organisation=salon.root.id,
            name="Lea Muster",
            email="lea@home.example",
            mobile="079 123 45 67",
            country_code=41,
        ),
        by=admin,
    )
    starts = _afternoon(days=8)
    report.begin("A room that is an online meeting too is booked")
    booking = kit.perform(
        Book(service=service.id, provider=room.id, client=client.id, starts=starts), by=Principal.of(client.id)
    )
    _held(world, report, [starts])
    _told(world, report, "Booked", starts, 1)
    met = [meeting["id"] for meeting in _meetings_now(world)]
    report.begin("The doors")
    _doors(world, report, booking, salon)
    report.begin("The booking is moved to the next day")
    later = _afternoon(days=9)
    moved = kit.perform(Rebook(booking.id, starts=later), by=Principal.of(client.id))
    _held(world, report, [later])
    same = [meeting["id"] for meeting in _meetings_now(world)] == met
    report.expect("it is the same meeting", "the same", "the same" if same else "another")
    _told(world, report, "Moved", later, 2)
    report.expect("the key of the old time: red at the old time", "red", _lock(world, _MAIN, starts))
    report.expect("the key of the new time: green at the new time", "green", _lock(world, _MAIN, later))
    link = kit.ask(FetchHostLink(moved.id), by=Principal.of(room.id))
    opened = "opened" if world.zoom.open_link(link) is not None else "dead"
    report.expect("the provider's click opens it as host", "opened", opened)
    report.begin("The booking is cancelled")
    kit.perform(Cancel(booking.id), by=Principal.of(client.id))
    _held(world, report, [])
    _told(world, report, "Cancelled", later, 3)
    report.expect("the key is red", "red", _lock(world, _MAIN, later))


def _afternoon(*, days: int) -> Instant:
    """14:00 in Zürich, some days from now."""
    day = SystemClock().now().local(_ZONE).add(days=days)
    return Instant.at_wall(datetime(day.year, day.month, day.day, 14), _ZONE)  # noqa: DTZ001 - a wall-clock time has no zone


def _held(world: World, report: Report, starts: list[Instant]) -> None:
    """What exivo and Zoom hold: exactly a key and a meeting for each of these starts."""
    quarter, hour = 15 * _MINUTE, 60 * _MINUTE
    keys = [f"{start - quarter}/{start + hour + quarter}" for start in starts]
    report.expect("exivo holds the key, 15 minutes before to 15 after", keys, world.seen(lambda: _keys(world), keys))
    meetings = [f"{start} 60" for start in starts]
    report.expect("Zoom holds the meeting", meetings, world.seen(lambda: _meetings(world), meetings))


def _keys(world: World) -> list[str]:
    held = [key for key in world.exivo.state()["keys"] if not key["revoked"]]
    return sorted(f"{Instant.parse(key['validFrom'])}/{Instant.parse(key['validTo'])}" for key in held)


def _meetings(world: World) -> list[str]:
    return sorted(f"{Instant.parse(meeting['start_time'])} {meeting['duration']}" for meeting in _meetings_now(world))


def _meetings_now(world: World) -> list[dict[str, Any]]:
    return [meeting for meeting in world.zoom.state()["meetings"] if not meeting["deleted"]]


def _told(world: World, report: Report, word: str, starts: Instant, count: int) -> None:
    """Client by mail and SMS, provider by mail; each with its own link while there is a meeting."""
    shown = starts.local(_ZONE).format("YYYY-MM-DD HH:mm")
    for who in ("lea@home.example", "zimmer1@salon.example"):
        wanted = f"{word}: Beratung, {shown}"
        mails = world.until(lambda who=who: world.mailbox.mails(who), is_so=lambda mails: len(mails) >= count)  # type: ignore[misc]
        report.expect(f"{who} is told by mail, {count} in all", [count, wanted], [len(mails), _subject(mails[-1])])
        if word != "Cancelled":
            link = "zoom.us/j/" if who.startswith("lea") else "salon.example/meetings/"
            report.expect("with a link of its own", link, link if link in _body(mails[-1]) else "none")
    texts = world.until(lambda: world.elks.handset(_MOBILE), is_so=lambda texts: len(texts) >= count)
    report.expect("the client's mobile is told as well", [count, word], [len(texts), texts[-1].text.partition(":")[0]])
    if word != "Cancelled":
        link = "zoom.us/j/"
        report.expect("with the link", link, link if link in texts[-1].text else "none")


def _doors(world: World, report: Report, booking: Booking, salon: Salon) -> None:
    """Each try at the lock, and what we would have said of it."""
    for what, component, at, expected in (
        ("16 minutes before: too early", _ROOM, booking.starts - 16 * _MINUTE, "red: too early"),
        ("15 minutes before: in time", _ROOM, booking.starts - 15 * _MINUTE, "green"),
        ("during the booking, main door", _MAIN, booking.starts + 5 * _MINUTE, "green"),
        ("during the booking, a wrong door", _OTHER_ROOM, booking.starts + 5 * _MINUTE, "red: wrong door"),
        ("16 minutes after its end: too late", _ROOM, booking.ends + 16 * _MINUTE, "red: too late"),
    ):
        ours = world.kit.ask(AtDoor(booking.id, component, at), by=salon.admin)
        report.expect(what, [expected, expected.partition(":")[0]], [_shown(ours), _lock(world, component, at)])


def _shown(light: Light) -> str:
    return "green" if isinstance(light, Green) else f"red: {light.reason}"


def _lock(world: World, component: str, at: Instant) -> str:
    """What the lock itself shows for the client's phone."""
    return "green" if world.exivo.try_door(_MOBILE, component, at).green else "red"


def _subject(mail: dict[str, str]) -> str:
    return str(_parsed(mail)["Subject"])


def _body(mail: dict[str, str]) -> str:
    found = _parsed(mail).get_body()
    return str(found.get_content()) if found else ""


def _parsed(mail: dict[str, str]) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(mail["raw"].encode())
