"""What can be booked: lengths, margins, defaults."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.bookings import Absence, BookingRules, Branch, Client, Provider, ProviderKind, Service
from servicekit.errors import Invalid
from servicekit.ids import AbsenceId, BranchId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant, Window

SALON = GroupId("grp_1")
HOUR = timedelta(hours=1)
AROUND_ZERO = st.timedeltas(timedelta(microseconds=-2), timedelta(microseconds=2)) | st.timedeltas(-HOUR, HOUR)


def service(length: timedelta = HOUR) -> Service:
    """A service of a branch, of which nothing but its length is said."""
    return Service(id=ServiceId("srv_1"), organisation=SALON, branch=BranchId("brn_1"), name="Coaching", length=length)


@given(AROUND_ZERO)
def test_a_service_takes_some_time(length: timedelta) -> None:
    """A length of nothing, or less, is refused."""
    if length > timedelta(0):
        assert service(length).length == length
        return
    with pytest.raises(Invalid) as caught:
        service(length)
    assert caught.value.code == "no_length"


@pytest.mark.spec("K-12")
@given(AROUND_ZERO, AROUND_ZERO)
def test_a_keys_margins_are_zero_or_more(before: timedelta, after: timedelta) -> None:
    """A service may say its own margins; one that would open after the start, or close before the end, is refused."""
    if min(before, after) >= timedelta(0):
        made = evolve(service(), opens_before=before, closes_after=after)
        assert (made.opens_before, made.closes_after) == (before, after)
        return
    with pytest.raises(Invalid) as caught:
        evolve(service(), opens_before=before, closes_after=after)
    assert caught.value.code == "negative_margin"


@pytest.mark.spec("K-06")
def test_margins_are_a_quarter_of_an_hour_unless_said() -> None:
    """15 minutes before and after."""
    assert (service().opens_before, service().closes_after) == (timedelta(minutes=15), timedelta(minutes=15))


def test_a_service_is_online_only_when_switched_on() -> None:
    """Off is the default, and so is approval."""
    assert (service().online, service().needs_approval) == (False, False)


def test_nothing_has_doors_unless_said() -> None:
    """A branch without a site has no doors, a service adds none, a client has no mobile; national numbers are Sweden's."""
    branch = Branch(id=BranchId("brn_1"), organisation=SALON, name="Zentrum", zone="Europe/Zurich")
    assert branch.country_code == 46
    assert (branch.site, branch.components, service().components) == ("", (), ())
    assert Client(id=ClientId("cli_1"), organisation=SALON, name="Eva", email="eva@home.example").mobile == ""


def test_a_provider_hosts_its_own_meetings_unless_said() -> None:
    """The account's own user (``me``) hosts where no meeting user was chosen; persons and rooms are told apart."""
    room = Provider(id=ProviderId("prv_1"), organisation=SALON, name="Room 1", kind=ProviderKind.ROOM)
    assert room.meeting_user == "me"
    assert set(ProviderKind) == {"person", "room"}


def test_everything_is_open_unless_said() -> None:
    """No hours, no rules; a provider takes one booking at a time, and one at least."""
    branch = Branch(id=BranchId("brn_1"), organisation=SALON, name="Zentrum", zone="Europe/Zurich")
    anna = Provider(id=ProviderId("prv_1"), organisation=SALON, name="Anna", kind=ProviderKind.PERSON)
    assert (branch.opening, anna.works, anna.capacity) == (None, None, 1)
    assert service().rules == BookingRules()
    with pytest.raises(Invalid) as caught:
        evolve(anna, capacity=0)
    assert caught.value.code == "no_capacity"


def test_an_absence_is_a_window() -> None:
    """From its start to its end, and it holds until it is ended."""
    starts = Instant.parse("2026-11-25T12:00:00Z")
    away = Absence(
        id=AbsenceId("abs_1"), organisation=SALON, provider=ProviderId("prv_1"), starts=starts, ends=starts + HOUR
    )
    assert (away.window, away.ended, away.reason) == (Window(starts, starts + HOUR), False, "")
