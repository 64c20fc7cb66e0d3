"""Zoom's registrants: looked for before they are added, each with a link of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from peers import answering_after_a_token
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable
from servicekit.moments import Instant, Window
from servicekit.ports.meetings import MeetingOrder, Person, VendorMeeting
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import Fault, ZoomSimulator, transport

NOW = Instant.parse("2026-03-28T12:00:00Z")
HOUR = timedelta(hours=1)
SERVICE = Zoom(ZoomSimulator.account_id, ZoomSimulator.client_id, ZoomSimulator.client_secret)
ORDER = MeetingOrder(
    marker="sk:7:1",
    host="me",
    topic="Yoga",
    window=Window(NOW + HOUR, NOW + 2 * HOUR),
    zone="Europe/Zurich",
    registration=True,
)
EVA = Person(email="eva@home.example", name="Eva Maria Berg")


@pytest.fixture
def zoom() -> ZoomSimulator:
    """A Zoom account whose clock stands."""
    simulator = ZoomSimulator()
    simulator.set_clock(NOW)
    return simulator


@pytest.fixture
def driver(zoom: ZoomSimulator) -> Iterator[HttpDriver]:
    """A driver that leads there."""
    with HttpDriver(transport(zoom)) as driver:
        yield driver


@pytest.fixture
def meeting(driver: HttpDriver) -> VendorMeeting:
    """A meeting that people register to."""
    return driver.run(SERVICE.create(ORDER, NOW))


def people(zoom: ZoomSimulator) -> list[tuple[str, str, str]]:
    """Who is registered."""
    (meeting,) = zoom.state()["meetings"]
    return [(one["email"], one["first_name"], one["last_name"]) for one in meeting["registrants"]]


def asked(zoom: ZoomSimulator, method: str) -> int:
    """How many requests about registrants there were."""
    requests = [one.request for one in zoom.exchanges if "/registrants" in one.request.url]
    return sum(one.method == method for one in requests)


def page(*emails: str, following: str = "", **more: str) -> httpx.Response:
    """A page of registrants."""
    listed = [{"id": f"R{email}", "email": email, "join_url": f"https://z/{email}", **more} for email in emails]
    return httpx.Response(200, json={"registrants": listed, "next_page_token": following})


def test_who_registers_has_a_link_of_their_own(zoom: ZoomSimulator, driver: HttpDriver, meeting: VendorMeeting) -> None:
    """It leads to the meeting; the shared one does not; Zoom itself mails nobody."""
    made = driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW))
    (held,) = zoom.state()["meetings"]

    assert (made.added, made.email) == (True, EVA.email)
    assert zoom.open_link(made.join_url) == meeting.vendor_id
    assert zoom.open_link(meeting.join_url) is None
    assert people(zoom) == [("eva@home.example", "Eva", "Maria Berg")]
    assert not held["settings"]["registrants_confirmation_email"]
    assert not held["settings"]["registrants_email_notification"]


def test_who_is_there_is_found_and_not_added(zoom: ZoomSimulator, driver: HttpDriver, meeting: VendorMeeting) -> None:
    """The same link, whatever the case of the address."""
    first = driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW))
    again = driver.run(SERVICE.register(meeting.vendor_id, Person(email="EVA@Home.Example", name="Eva"), NOW))

    assert (again.added, again.join_url, again.vendor_id) == (False, first.join_url, first.vendor_id)
    assert asked(zoom, "POST") == 1


def test_everybody_is_looked_through_page_by_page() -> None:
    """Approved first, then those who wait; an address is found on any page."""
    waiting = httpx.Response(200, json={"registrants": [{"id": "R", "email": EVA.email}], "next_page_token": ""})
    pages = (page("a@x.example", following="2"), page("b@x.example"), waiting)
    with (
        answering_after_a_token(*pages) as driver,
        pytest.raises(Rejected, match="before somebody approves them there") as caught,
    ):
        driver.run(SERVICE.register("1", EVA, NOW))
    assert caught.value.code == "registrant_waits"
    with answering_after_a_token(page("a@x.example", following="2"), page(EVA.email)) as driver:
        assert driver.run(SERVICE.register("1", EVA, NOW)).join_url == f"https://z/{EVA.email}"


def test_who_may_not_be_added_is_only_looked_for(
    zoom: ZoomSimulator, driver: HttpDriver, meeting: VendorMeeting
) -> None:
    """The day's additions are used up: until 00:00 UTC, unless they are there already."""
    with pytest.raises(Throttled) as caught:
        driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW, may_add=False))
    assert (caught.value.code, str(caught.value.until)) == ("daily_limit", "2026-03-29T00:00:00Z")
    assert asked(zoom, "POST") == 0
    driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW))
    assert not driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW, may_add=False)).added


def test_a_lost_answer_is_made_up_for_by_registering_again(
    zoom: ZoomSimulator, driver: HttpDriver, meeting: VendorMeeting
) -> None:
    """Who is there already is found: one registrant, one addition."""
    zoom.inject(Fault.lost_answer("POST", "/registrants$"))
    with pytest.raises(OutcomeUnknown):
        driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW))

    assert not driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW)).added
    assert len(people(zoom)) == 1


@pytest.mark.parametrize("when", ["before it is looked", "before it is added"])
def test_a_meeting_that_is_gone_is_told_as_such(
    zoom: ZoomSimulator, driver: HttpDriver, meeting: VendorMeeting, when: str
) -> None:
    """Zoom says 3001 at the list and 1001 at the registration."""
    code, method = (3001, "GET") if when == "before it is looked" else (1001, "POST")
    if method == "GET":
        zoom.delete_meeting(meeting.vendor_id)
        with pytest.raises(Rejected) as caught:
            driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW))
    else:
        gone = httpx.Response(404, json={"code": code, "message": "Meeting does not exist"})
        with answering_after_a_token(page(), page(), gone) as other, pytest.raises(Rejected) as caught:
            other.run(SERVICE.register("1", EVA, NOW))

    assert caught.value.code == "meeting_gone"
    assert caught.value.facts["status"] == 404


def test_a_refusal_keeps_zooms_code(zoom: ZoomSimulator, driver: HttpDriver) -> None:
    """A meeting without registration, a host without a licence, a full one."""
    refused = httpx.Response(400, json={"code": 3043, "message": "Meeting has reached maximum attendee capacity."})
    with (
        answering_after_a_token(page(), page(), refused) as other,
        pytest.raises(Rejected, match="maximum attendee") as caught,
    ):
        other.run(SERVICE.register("1", EVA, NOW))
    assert caught.value.code == "zoom_3043"
    assert driver is not None
    assert people_of(zoom) == 0


def people_of(zoom: ZoomSimulator) -> int:
    """How many are registered anywhere."""
    return sum(len(one["registrants"]) for one in zoom.state()["meetings"])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(201, json={"id": 1}), OutcomeUnknown),
        (httpx.Response(201, text="<html>"), OutcomeUnknown),
        (httpx.Response(500), OutcomeUnknown),
        (httpx.Response(201, json={"registrant_id": "R"}), Rejected),
    ],
)
def test_an_answer_without_id_or_link_is_no_registration(answer: httpx.Response, error: type[OutsideError]) -> None:
    """Whoever is there is found the next time; who waits for approval is told as such."""
    with answering_after_a_token(page(), page(), answer) as driver, pytest.raises(error):
        driver.run(SERVICE.register("1", EVA, NOW))


@pytest.mark.parametrize("known", [True, False], ids=["by id", "by address"])
def test_leaving_takes_one_link_away(
    zoom: ZoomSimulator, driver: HttpDriver, meeting: VendorMeeting, *, known: bool
) -> None:
    """Nobody else's; doing it again is success."""
    eva = driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW))
    ida = driver.run(SERVICE.register(meeting.vendor_id, Person(email="ida@home.example", name="Ida"), NOW))
    for _ in range(2):
        driver.run(SERVICE.unregister(meeting.vendor_id, EVA.email, eva.vendor_id if known else "", NOW))

    assert zoom.open_link(eva.join_url) is None
    assert zoom.open_link(ida.join_url) == meeting.vendor_id


def test_leaving_what_is_gone_is_success(zoom: ZoomSimulator, driver: HttpDriver, meeting: VendorMeeting) -> None:
    """With the meeting went everybody."""
    zoom.delete_meeting(meeting.vendor_id)
    driver.run(SERVICE.unregister(meeting.vendor_id, EVA.email, "R", NOW))
    driver.run(SERVICE.unregister(meeting.vendor_id, EVA.email, "", NOW))


@pytest.mark.parametrize("code", [300, 3161])
def test_a_refusal_to_let_somebody_go_is_told_while_they_are_there(code: int) -> None:
    """300 is also what Zoom says of an id that it does not know: the list tells."""
    refused = httpx.Response(400, json={"code": code, "message": "No."})
    with answering_after_a_token(refused, page(EVA.email)) as driver, pytest.raises(Rejected) as caught:
        driver.run(SERVICE.unregister("1", EVA.email, "R", NOW))
    assert caught.value.code == f"zoom_{code}"


def test_a_list_that_fails_is_no_empty_list() -> None:
    """Neither for joining nor for leaving."""
    with answering_after_a_token(httpx.Response(500)) as driver, pytest.raises(Unreachable):
        driver.run(SERVICE.register("1", EVA, NOW))
    refused = httpx.Response(400, json={"code": 300, "message": "No."})
    with answering_after_a_token(refused) as driver, pytest.raises(Rejected):
        driver.run(SERVICE.unregister("1", EVA.email, "", NOW))


def test_a_link_is_in_no_repr(driver: HttpDriver, meeting: VendorMeeting) -> None:
    """Whoever has it is let in."""
    made = driver.run(SERVICE.register(meeting.vendor_id, EVA, NOW))

    assert made.join_url not in repr(made)


def test_a_page_of_registrants_leads_to_the_next(zoom: ZoomSimulator, driver: HttpDriver) -> None:
    """One request a page, of those who are approved; the token of one page asks for the next."""
    made = driver.run(SERVICE.create(ORDER, NOW))
    driver.run(SERVICE.register(made.vendor_id, EVA, NOW))
    zoom.exchanges.clear()
    assert [one.email for one in driver.run(SERVICE.registrants(made.vendor_id, NOW)).people] == [EVA.email]
    (exchange,) = zoom.exchanges
    assert "status=approved" in exchange.request.url

    pages = [page("eva@home.example", following="next"), page("ida@home.example")]
    with answering_after_a_token(*pages) as other:
        first = other.run(SERVICE.registrants("7", NOW))
        second = other.run(SERVICE.registrants("7", NOW, page=first.following))
    assert [one.email for one in (*first.people, *second.people)] == ["eva@home.example", "ida@home.example"]
    assert (first.following, second.following) == ("next", "")


def test_who_waits_to_be_approved_is_found_without_a_link() -> None:
    """Nobody is taken for absent who only waits."""
    waiting = httpx.Response(200, json={"registrants": [{"id": "R", "email": EVA.email}], "next_page_token": ""})
    with answering_after_a_token(page(), waiting) as driver:
        found = driver.run(SERVICE.registrant("7", EVA.email, NOW))
    assert found is not None
    assert (found.vendor_id, found.join_url) == ("R", "")
