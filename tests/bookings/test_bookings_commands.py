"""What can be asked of the bookings' room."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from servicekit.bookings import AddBranch, AddClient, AddProvider, AddService, Book, ProviderKind, Rebook
from servicekit.errors import Invalid
from servicekit.ids import BookingId, BranchId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant

LOCAL = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Zurich"))
AT = Instant.parse("2026-11-25T13:00:00Z")
WHAT = {"service": ServiceId("srv_1"), "provider": ProviderId("prv_1"), "client": ClientId("cli_1")}


def book(**when: object) -> Book:
    """An order for a booking at such times."""
    return Book(**WHAT, **when)  # type: ignore[arg-type]


def move(**when: object) -> Rebook:
    """An order to move a booking to such times."""
    return Rebook(BookingId("bkg_1"), **when)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", [book, move])
@pytest.mark.parametrize("starts", [LOCAL, AT])
def test_times_may_be_given_as_datetimes(ask: type[Book | Rebook], starts: datetime | Instant) -> None:
    """A datetime with a zone or an instant: either is the instant afterwards, and no end means the usual length."""
    assert ask(starts=starts).starts == AT  # type: ignore[call-arg]
    assert ask(starts=starts).ends is None  # type: ignore[call-arg]
    assert ask(starts=starts, ends=LOCAL + timedelta(hours=1)).ends == AT + timedelta(hours=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("ask", [book, move])
@pytest.mark.parametrize("which", ["starts", "ends"])
def test_a_time_without_a_zone_is_refused(ask: type[Book | Rebook], which: str) -> None:
    """Nobody knows when that is; it is refused before anything is asked."""
    times = {"starts": LOCAL, which: LOCAL.replace(tzinfo=None)}
    with pytest.raises(Invalid) as caught:
        ask(**times)  # type: ignore[arg-type]
    assert caught.value.code == "naive_datetime"


def test_what_is_not_said_of_the_catalogue() -> None:
    """A new branch and service have no doors, a service is offline and needs no approval, margins are 15 minutes."""
    organisation, branch = GroupId("grp_1"), BranchId("brn_1")
    place = AddBranch(organisation=organisation, name="Zentrum", zone="Europe/Zurich")
    assert (place.country_code, place.site, place.components) == (46, "", ())
    service = AddService(branch=branch, name="Coaching", length=timedelta(hours=1))
    assert (service.components, service.online, service.needs_approval) == ((), False, False)
    assert service.opens_before == service.closes_after == timedelta(minutes=15)
    assert AddProvider(organisation=organisation, name="Anna").kind is ProviderKind.PERSON
    client = AddClient(organisation=organisation, name="Eva", email="eva@home.example")
    assert (client.mobile, client.country_code) == ("", 46)


def test_a_booking_is_moved_to_named_times() -> None:
    """Start and end cannot be swapped unseen."""
    with pytest.raises(TypeError, match="positional argument"):
        Rebook(BookingId("bkg_1"), AT, AT)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", [AddBranch, AddService, AddProvider, AddClient, Book])
def test_everything_is_said_by_name(kind: type) -> None:
    """Client and provider cannot be swapped unseen: arguments without names are refused."""
    with pytest.raises(TypeError, match="positional argument"):
        kind("grp_1", "Zentrum", "Europe/Zurich", "x")
