"""Zoom: meetings made once, moved, removed and found again; the host's link kept nowhere."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import httpx
import pytest
from attrs import evolve

from peers import answering_after_a_token
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.errors import Forged, Invalid, OutcomeUnknown, Rejected, Stale, Throttled, Unreachable
from servicekit.moments import Instant, Window
from servicekit.outbox.facts import AppDeauthorized, MeetingGone
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.ports.meetings import MeetingOrder, Meetings, VendorMeeting
from servicekit.runtime.http import AsyncHttpDriver, HttpDriver
from servicekit.testing.simulators import USERS, Fault, Served, WebhookFault, ZoomSimulator, serve
from servicekit.testing.simulators.faults import RetryAfter

NOW = Instant.parse("2026-03-28T12:00:00Z")
HOUR = timedelta(hours=1)
ANNA, BEAT = USERS[0].id, USERS[1].id
WINDOW = Window(NOW + HOUR, NOW + 2 * HOUR)
ORDER = MeetingOrder(marker="sk:7:1", host=ANNA, topic="Yoga, première", window=WINDOW, zone="Europe/Zurich")
NOWHERE = "80000000001"


@pytest.fixture
def zoom() -> Iterator[Served[ZoomSimulator]]:
    """A Zoom account on a socket, its clock stopped."""
    simulator = ZoomSimulator()
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        yield served


def account(url: str, secret: str = ZoomSimulator.client_secret) -> Zoom:
    """An account as the simulator knows it."""
    return Zoom(
        ZoomSimulator.account_id,
        ZoomSimulator.client_id,
        secret,
        ZoomSimulator.webhook_secret,
        base_url=f"{url}/v2",
        oauth_url=f"{url}/oauth/token",
    )


def calls(served: Served[ZoomSimulator]) -> list[str]:
    """The requests to the API so far, method and path, without those for tokens."""
    seen = [one.request for one in served.simulator.exchanges]
    shown = [f"{one.method} {one.url.removeprefix(served.url).partition('?')[0]}" for one in seen]
    return [one for one in shown if "/oauth/" not in one]


def held(served: Served[ZoomSimulator]) -> list[dict[str, object]]:
    """The meetings that Zoom has, deleted ones left out."""
    meetings: list[dict[str, object]] = served.simulator.state()["meetings"]
    return [one for one in meetings if not one["deleted"]]


def existing(meeting: VendorMeeting | None) -> VendorMeeting:
    """The meeting, which must be one."""
    assert meeting is not None
    return meeting


def test_it_is_a_meeting_service_by_the_port() -> None:
    """The adapter has all that the port asks for, and says what it can do."""
    service: Meetings = account("https://zoom.test")

    assert service.name == "zoom"
    assert service.capabilities.look_up
    assert service.capabilities.move
    assert service.capabilities.registrants
    assert (service.capabilities.daily_changes, service.capabilities.daily_additions) == (100, 3)


# Making meetings


def test_a_meeting_is_made_as_ordered(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """Host, topic, time and zone are Zoom's; the link leads to the meeting; its id is a text."""
    made = driver.run(account(zoom.url).create(ORDER, NOW))

    (there,) = held(zoom)
    assert made.vendor_id == str(there["id"])
    assert (made.host, made.window) == (ANNA, WINDOW)
    assert zoom.simulator.open_link(made.join_url) == made.vendor_id
    assert (there["topic"], there["timezone"], there["agenda"]) == (ORDER.topic, "Europe/Zurich", ORDER.marker)
    assert (there["start_time"], there["duration"]) == ("2026-03-28T13:00:00Z", 60)


def test_what_zoom_would_do_unasked_is_switched_off(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """No personal room, no registration, no mails of Zoom's; waiting room and passcode are left to the customer."""
    driver.run(account(zoom.url).create(ORDER, NOW))

    sent = json.loads(zoom.simulator.exchanges[-1].request.body)
    assert sent["type"] == 2
    assert sent["settings"] == {
        "use_pmi": False,
        "approval_type": 2,
        "registrants_confirmation_email": False,
        "registrants_email_notification": False,
        "email_notification": False,
    }
    assert set(sent) == {"topic", "agenda", "type", "start_time", "duration", "timezone", "settings"}


def test_a_long_topic_is_cut_to_what_zoom_takes(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """200 characters go, the rest does not; the meeting is found all the same."""
    service = account(zoom.url)
    long = evolve(ORDER, topic="Ü" * 250)
    made = driver.run(service.create(long, NOW))

    assert held(zoom)[0]["topic"] == "Ü" * 200
    assert [one.vendor_id for one in driver.run(service.find(long, NOW))] == [made.vendor_id]


@pytest.mark.parametrize("opens", [NOW, NOW - timedelta(seconds=1)])
def test_a_past_start_is_refused_before_any_call(
    zoom: Served[ZoomSimulator], driver: HttpDriver, opens: Instant
) -> None:
    """Zoom would make it a meeting that begins now, without a word."""
    with pytest.raises(Invalid) as caught:
        driver.run(account(zoom.url).create(evolve(ORDER, window=Window(opens, NOW + HOUR)), NOW))

    assert caught.value.code == "meeting_in_past"
    assert list(zoom.simulator.exchanges) == []


def test_more_than_a_day_is_refused_before_any_call(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """Zoom plans at most 1440 minutes."""
    with pytest.raises(Invalid, match="24 hours"):
        driver.run(account(zoom.url).create(evolve(ORDER, window=Window(NOW + HOUR, NOW + 26 * HOUR)), NOW))

    assert list(zoom.simulator.exchanges) == []


def test_refusals_carry_zooms_code(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """A user that is none is 404 with 1001; wrong credentials are refused by the token endpoint."""
    with pytest.raises(Rejected, match="User does not exist") as caught:
        driver.run(account(zoom.url).create(evolve(ORDER, host="nobody"), NOW))
    assert caught.value.code == "zoom_1001"

    with pytest.raises(Rejected, match="no access token") as caught:
        driver.run(account(zoom.url, secret="wrong").create(ORDER, NOW))
    assert "wrong" not in str(caught.value) + repr(caught.value.facts)


@pytest.mark.parametrize("form", ["iso", "date", "seconds", "none"])
def test_the_daily_limit_waits_until_midnight(driver: HttpDriver, form: RetryAfter) -> None:
    """The 101st meeting of a host's day waits for 00:00 UTC, in whatever form Zoom says so, or if it says nothing."""
    simulator = ZoomSimulator(daily_cap=1, daily_retry_after=form)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        service = account(served.url)
        driver.run(service.create(ORDER, NOW))
        with pytest.raises(Throttled) as caught:
            driver.run(service.create(evolve(ORDER, marker="sk:8:1"), NOW))
        driver.run(service.create(evolve(ORDER, host=BEAT), NOW))

    assert caught.value.until == Instant.parse("2026-03-29T00:00:00Z")


@pytest.mark.parametrize("form", ["iso", "date", "seconds"])
def test_a_limit_a_second_waits_as_long_as_zoom_says(
    zoom: Served[ZoomSimulator], driver: HttpDriver, form: RetryAfter
) -> None:
    """All forms of ``Retry-After`` name the same instant."""
    fault = evolve(Fault.throttled("POST", "/meetings$", after=3), retry_after=form)
    zoom.simulator.inject(fault)
    with pytest.raises(Throttled) as caught:
        driver.run(account(zoom.url).create(ORDER, NOW))

    assert caught.value.until == NOW + timedelta(seconds=3)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(201, html="<html>"),
        httpx.Response(201),
        httpx.Response(201, json={"id": 1, "start_url": "https://zoom.us/s/1?zak=secret"}),
        httpx.Response(201, json={"join_url": "https://zoom.us/j/1", "start_url": "https://zoom.us/s/1?zak=secret"}),
    ],
)
def test_a_2xx_without_id_or_link_leaves_the_outcome_unknown(answer: httpx.Response) -> None:
    """The meeting has to be found; the host's link in such an answer is not shown."""
    with answering_after_a_token(answer) as driver, pytest.raises(OutcomeUnknown) as caught:
        driver.run(account("https://zoom.test").create(ORDER, NOW))

    assert "secret" not in str(caught.value) + repr(caught.value.facts)


# Finding meetings


@pytest.mark.parametrize("fault", [Fault.lost_answer, Fault.wrong_type])
def test_a_meeting_whose_answer_was_lost_is_found_and_adopted(
    zoom: Served[ZoomSimulator], driver: HttpDriver, fault: Callable[[str, str], Fault]
) -> None:
    """A time-out or an HTML page after the deed: the one meeting with the marker is the one that was made."""
    service = account(zoom.url)
    zoom.simulator.inject(fault("POST", "/meetings$"))
    with pytest.raises(OutcomeUnknown):
        driver.run(service.create(ORDER, NOW))

    (found,) = driver.run(service.find(ORDER, NOW))
    (there,) = held(zoom)
    assert found.vendor_id == str(there["id"])
    assert (found.window, found.join_url) == (WINDOW, there["join_url"])


def test_a_502_before_the_deed_leaves_nothing_to_find(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """It looks the same to the caller; the list tells the difference, and the next create makes the one meeting."""
    service = account(zoom.url)
    zoom.simulator.inject(Fault.bad_gateway("POST", "/meetings$"))
    with pytest.raises(OutcomeUnknown):
        driver.run(service.create(ORDER, NOW))

    assert driver.run(service.find(ORDER, NOW)) == ()
    driver.run(service.create(ORDER, NOW))
    assert len(held(zoom)) == 1


def test_find_sees_all_pages_and_only_this_hosts_marker(driver: HttpDriver) -> None:
    """Among 320 meetings both with the marker are found; one that begins alike, and another host's, are others."""
    simulator = ZoomSimulator(daily_cap=1000)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        service = account(served.url)
        wanted = [driver.run(service.create(ORDER, NOW)).vendor_id]
        for number in range(318):
            driver.run(service.create(evolve(ORDER, marker=f"{ORDER.marker}{number}"), NOW))
        wanted.append(driver.run(service.create(ORDER, NOW)).vendor_id)
        driver.run(service.create(evolve(ORDER, host=BEAT), NOW))
        before = len(calls(served))
        found = driver.run(service.find(ORDER, NOW))

        assert sorted(one.vendor_id for one in found) == sorted(wanted)
        assert calls(served)[before:] == [f"GET /v2/users/{ANNA}/meetings"] * 2


def test_find_reaches_beyond_six_months(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """A booking for next year is found."""
    service = account(zoom.url)
    far = evolve(ORDER, window=Window(NOW + timedelta(days=300), NOW + timedelta(days=300, hours=1)))
    made = driver.run(service.create(far, NOW))

    assert [one.vendor_id for one in driver.run(service.find(far, NOW))] == [made.vendor_id]
    assert "type=scheduled" in zoom.simulator.exchanges[-1].request.url


def test_what_a_host_has_of_ours_comes_page_by_page(driver: HttpDriver) -> None:
    """Of 320 meetings those with any marker of ours, wherever in the agenda; others' and other hosts' are left out."""
    simulator = ZoomSimulator(daily_cap=1000)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        service = account(served.url)
        for number in range(310):
            driver.run(service.create(evolve(ORDER, marker="Bring a mat."), NOW))
            if number % 50 == 0:
                driver.run(service.create(evolve(ORDER, marker=f"Bring a mat.\nsk:bkg_{number}:1"), NOW))
        driver.run(service.create(evolve(ORDER, host=BEAT), NOW))
        before = len(calls(served))
        first = driver.run(service.ours(ANNA, NOW))
        second = driver.run(service.ours(ANNA, NOW, page=first.following))

        assert len(calls(served)) == before + 2
        assert (bool(first.following), second.following) == (True, "")
        markers = [one.marker for page in (first, second) for one in page.meetings]
        assert sorted(markers) == sorted(f"sk:bkg_{number}:1" for number in range(0, 310, 50))


def test_a_page_of_ours_that_is_none_is_an_error() -> None:
    """Never an empty list: what is not listed may be made again."""
    with answering_after_a_token(httpx.Response(200, json={})) as driver, pytest.raises(Unreachable):
        driver.run(account("https://zoom.test").ours(ANNA, NOW))


def listed(number: int, agenda: str | None, **more: object) -> dict[str, object]:
    """An entry of Zoom's list."""
    shown: dict[str, object] = {"id": number, "topic": ORDER.topic, "join_url": f"https://zoom.us/j/{number}"}
    shown |= {"start_time": "2026-03-28T13:00:00Z", "duration": 60}
    return {**shown, **({} if agenda is None else {"agenda": agenda}), **more}


def test_where_the_list_hides_the_agenda_the_meeting_is_looked_at() -> None:
    """Left out, empty or cut at 250 characters: same topic and start are worth a look, others are not."""
    notes = "Bring a mat.\n" + "x" * 300
    listing = [
        listed(1, None),
        listed(2, "", topic="Other"),
        listed(3, None, start_time="2026-03-28T14:00:00Z"),
        listed(4, notes[:250]),
        listed(5, "Bring a mat."),
        listed(6, None),
        listed(7, None, start_time=None),
        listed(8, f"Bring a mat.\n{ORDER.marker}\n"),
        listed(9, ORDER.marker, join_url=None),
        listed(10, None),
    ]
    looked_at = [
        listed(1, ORDER.marker),
        listed(4, f"{notes}\n{ORDER.marker}"),
        listed(6, "Something else"),
        listed(7, ORDER.marker),
        listed(9, ORDER.marker),
    ]
    gone = httpx.Response(404, json={"code": 3001, "message": "Meeting does not exist: 10."})
    answers = [httpx.Response(200, json=one) for one in [{"meetings": listing}, *looked_at]]
    with answering_after_a_token(*answers, gone) as driver:
        found = driver.run(account("https://zoom.test").find(ORDER, NOW))

    assert [one.vendor_id for one in found] == ["1", "4", "7", "8", "9"]
    assert found[-1].join_url == "https://zoom.us/j/9"


# Reading meetings


def test_get_shows_the_meeting_or_none(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """As made; None once it is deleted, and for an id that never was."""
    service = account(zoom.url)
    made = driver.run(service.create(ORDER, NOW))

    shown = existing(driver.run(service.get(made.vendor_id, NOW)))
    assert (shown.vendor_id, shown.window, shown.join_url) == (made.vendor_id, made.window, made.join_url)
    zoom.simulator.delete_meeting(made.vendor_id)
    assert driver.run(service.get(made.vendor_id, NOW)) is None
    assert driver.run(service.get(NOWHERE, NOW)) is None


@pytest.mark.parametrize("body", ["", "<html></html>", "[]", "{}"])
def test_an_unreadable_meeting_is_never_taken_for_none(body: str) -> None:
    """Only 404 with 3001 says that it is gone."""
    with answering_after_a_token(httpx.Response(200, text=body)) as driver, pytest.raises(Unreachable):
        driver.run(account("https://zoom.test").get("1", NOW))


def test_the_hosts_link_is_fresh_and_stands_nowhere_else(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """It opens the meeting for two hours; a new one is given at each asking; no evidence and no repr has it."""
    service = account(zoom.url)
    made = driver.run(service.create(ORDER, NOW))
    link = driver.run(service.host_link(made.vendor_id, NOW))

    assert link is not None
    assert zoom.simulator.open_link(link) == made.vendor_id
    zoom.simulator.set_clock(NOW + 2 * HOUR)
    assert zoom.simulator.open_link(link) is None
    again = driver.run(service.host_link(made.vendor_id, NOW + 2 * HOUR))
    assert again not in (None, link)
    for shown in (made, existing(driver.run(service.get(made.vendor_id, NOW + 2 * HOUR)))):
        assert "zak=" not in json.dumps(dict(shown.evidence)) + repr(shown)
    zoom.simulator.delete_meeting(made.vendor_id)
    assert driver.run(service.host_link(made.vendor_id, NOW + 2 * HOUR)) is None


def test_a_meeting_shown_without_the_hosts_link_may_be_asked_again() -> None:
    """The meeting is there, so None would be wrong."""
    with (
        answering_after_a_token(httpx.Response(200, json={"id": 1})) as driver,
        pytest.raises(Unreachable, match="link"),
    ):
        driver.run(account("https://zoom.test").host_link("1", NOW))


# Moving and removing


def test_a_meeting_is_moved_and_read_back(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """New start and length, same id and link; only what changes is sent."""
    service = account(zoom.url)
    made = driver.run(service.create(ORDER, NOW))
    later = Window(NOW + 5 * HOUR, NOW + 5 * HOUR + timedelta(minutes=90))
    moved = existing(driver.run(service.move(made.vendor_id, later, "Europe/London", NOW)))

    assert (moved.vendor_id, moved.join_url, moved.window) == (made.vendor_id, made.join_url, later)
    (patch,) = [one.request for one in zoom.simulator.exchanges if one.request.method == "PATCH"]
    assert json.loads(patch.body) == {
        "start_time": "2026-03-28T17:00:00Z",
        "duration": 90,
        "timezone": "Europe/London",
    }
    assert (held(zoom)[0]["agenda"], held(zoom)[0]["topic"]) == (ORDER.marker, ORDER.topic)


def test_moving_may_be_repeated(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """A lost answer to it is merely Unreachable, and the second time ends as the first."""
    service = account(zoom.url)
    made = driver.run(service.create(ORDER, NOW))
    later = Window(NOW + 5 * HOUR, NOW + 6 * HOUR)
    zoom.simulator.inject(Fault.lost_answer("PATCH"))
    with pytest.raises(Unreachable):
        driver.run(service.move(made.vendor_id, later, "Europe/Zurich", NOW))

    assert existing(driver.run(service.move(made.vendor_id, later, "Europe/Zurich", NOW))).window == later


def test_odd_windows_are_compared_as_they_were_sent(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """Seconds and fractions that Zoom cannot hold are no sign of an old time."""
    service = account(zoom.url)
    made = driver.run(service.create(ORDER, NOW))
    odd = Window(NOW + 5 * HOUR + timedelta(microseconds=7), NOW + 6 * HOUR + timedelta(seconds=1))
    moved = existing(driver.run(service.move(made.vendor_id, odd, "Europe/Zurich", NOW)))

    assert moved.window == Window(NOW + 5 * HOUR, NOW + 6 * HOUR + timedelta(minutes=1))


def test_a_time_that_zoom_ignores_is_told(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """A start in the past is answered 204 and not done: Rejected, with both times."""
    service = account(zoom.url)
    made = driver.run(service.create(ORDER, NOW))
    past = Window(NOW - HOUR, NOW + HOUR)
    with pytest.raises(Rejected) as caught:
        driver.run(service.move(made.vendor_id, past, "Europe/Zurich", NOW))

    assert caught.value.code == "zoom_kept_old_time"
    assert (caught.value.facts["wanted"], caught.value.facts["kept"]) == (str(past.opens), str(WINDOW.opens))


def test_what_is_gone_cannot_be_moved(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """Unknown at the change, or deleted between change and reading: None."""
    service = account(zoom.url)
    assert driver.run(service.move(NOWHERE, WINDOW, "Europe/Zurich", NOW)) is None

    gone = httpx.Response(404, json={"code": 3001, "message": "Meeting does not exist: 1."})
    with answering_after_a_token(httpx.Response(204), gone) as scripted:
        assert scripted.run(account("https://zoom.test").move("1", WINDOW, "Europe/Zurich", NOW)) is None


def test_removing_is_quiet_and_may_be_repeated(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """The meeting goes, nobody is mailed by Zoom, and one that is gone already is success."""
    service = account(zoom.url)
    made = driver.run(service.create(ORDER, NOW))
    zoom.simulator.inject(Fault.lost_answer("DELETE"))
    with pytest.raises(Unreachable):
        driver.run(service.remove(made.vendor_id, NOW))
    driver.run(service.remove(made.vendor_id, NOW))
    driver.run(service.remove(NOWHERE, NOW))

    assert held(zoom) == []
    assert zoom.simulator.open_link(made.join_url) is None
    query = zoom.simulator.exchanges[-1].request.url.partition("?")[2]
    assert query == "schedule_for_reminder=false&cancel_meeting_reminder=false"


def test_a_removal_that_zoom_refuses_is_told() -> None:
    """Any other 404 is no success: the meeting may still be there."""
    with answering_after_a_token(httpx.Response(404, html="<html>")) as driver, pytest.raises(Rejected):
        driver.run(account("https://zoom.test").remove("1", NOW))


# Users


def test_all_active_users_come_page_by_page(driver: HttpDriver) -> None:
    """650 users are three pages; the licensed may have registrants; whoever has not accepted yet is no host."""
    many = tuple(evolve(USERS[0], id=f"U{number:03}", email=f"u{number}@example.org") for number in range(650))
    simulator = ZoomSimulator(users=(*many, USERS[2], USERS[3]))
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        users = driver.run(account(served.url).users(NOW))

    assert [one.id for one in users] == [one.id for one in (*many, USERS[2])]
    assert (users[0].name, users[0].email, users[0].licensed) == ("Anna Keller", "u0@example.org", True)
    assert not users[-1].licensed


def test_the_user_whose_token_it_is_tells_the_account() -> None:
    """Without either of the two nobody is connected."""
    told = {"id": "U1", "account_id": "A1", "email": "anna@example.org", "display_name": "Anna", "type": 2}
    halves = [{**told, missing: ""} for missing in ("id", "account_id")]
    answers = [httpx.Response(200, json=one) for one in (told, *halves)]
    with answering_after_a_token(*answers) as driver:
        service = account("https://zoom.test")
        mine = driver.run(service.me(NOW))
        assert (mine.id, mine.account, mine.email, mine.licensed) == ("U1", "A1", "anna@example.org", True)
        for _ in halves:
            with pytest.raises(Unreachable, match="a user and an account"):
                driver.run(service.me(NOW))


# Tokens


def test_one_token_serves_an_hour_and_dies_without_loss(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """Many calls, one token; expired on either clock it is renewed, under 401 and under the 400 of the list of users."""
    service = account(zoom.url)
    made = driver.run(service.create(ORDER, NOW))
    driver.run(service.get(made.vendor_id, NOW + timedelta(minutes=58)))
    assert zoom.simulator.tokens.given == 1
    driver.run(service.get(made.vendor_id, NOW + timedelta(minutes=59)))
    assert zoom.simulator.tokens.given == 2

    zoom.simulator.tokens.expire()
    driver.run(service.create(evolve(ORDER, marker="sk:8:1"), NOW))
    zoom.simulator.tokens.expire()
    assert len(driver.run(service.users(NOW))) == 3
    assert zoom.simulator.tokens.given == 4
    assert len(held(zoom)) == 2


def test_two_clients_whose_tokens_kill_each_other_get_on(driver: HttpDriver) -> None:
    """Where Zoom lets one token live at a time, each call of the other costs a renewal and nothing more."""
    simulator = ZoomSimulator(one_token_at_a_time=True)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        one, other = account(served.url), account(served.url)
        for number in range(3):
            driver.run(one.create(evolve(ORDER, marker=f"sk:1:{number}"), NOW))
            driver.run(other.create(evolve(ORDER, marker=f"sk:2:{number}"), NOW))
        assert len(held(served)) == 6
        assert simulator.tokens.given == 6


def test_threads_whose_tokens_kill_each_other_make_each_meeting_once(driver: HttpDriver) -> None:
    """Six threads at a cold start: a call that meets dead tokens only is Unreachable, repeated, and made once."""
    simulator = ZoomSimulator(one_token_at_a_time=True)
    simulator.set_clock(NOW)
    failed: list[BaseException] = []
    start = threading.Barrier(6)
    with serve(simulator) as served:
        service = account(served.url)

        def make(marker: str) -> None:
            start.wait()
            for _ in range(20):
                try:
                    driver.run(service.create(evolve(ORDER, marker=marker), NOW))
                except Unreachable:
                    continue
                except BaseException as error:  # noqa: BLE001 - told in the main thread
                    failed.append(error)
                return

        threads = [threading.Thread(target=make, args=(f"sk:{number}:1",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failed == []
        assert sorted(str(one["agenda"]) for one in held(served)) == [f"sk:{number}:1" for number in range(6)]


def test_flows_side_by_side_in_one_event_loop(zoom: Served[ZoomSimulator]) -> None:
    """The same flows under asyncio: ten at once, each meeting made once, none waits for another's token."""

    async def go() -> list[VendorMeeting]:
        service = account(zoom.url)
        async with AsyncHttpDriver() as driver:
            orders = [evolve(ORDER, marker=f"sk:{number}:1") for number in range(10)]
            return await asyncio.gather(*(driver.run(service.create(order, NOW)) for order in orders))

    made = asyncio.run(go())
    assert sorted(one.vendor_id for one in made) == sorted(str(one["id"]) for one in held(zoom))
    assert len(made) == 10


def test_an_app_removed_at_zoom_is_final(zoom: Served[ZoomSimulator], driver: HttpDriver) -> None:
    """No token is to be had any more: a person has to look, and Zoom's reason says why."""
    service = account(zoom.url)
    driver.run(service.create(ORDER, NOW))
    zoom.simulator.deauthorize()
    with pytest.raises(Rejected, match="disabled"):
        driver.run(service.create(evolve(ORDER, marker="sk:8:1"), NOW))


def test_secrets_stand_in_no_repr(zoom: Served[ZoomSimulator]) -> None:
    """Neither of the account nor of its requests."""
    service = account(zoom.url)
    shown = repr(service) + repr(next(service.users(NOW)))

    assert ZoomSimulator.client_secret not in shown
    assert ZoomSimulator.webhook_secret not in shown
    assert service == account(zoom.url)


# Zoom's calls to us


def test_zooms_calls_are_read_as_they_come(driver: HttpDriver) -> None:
    """The URL is validated; deletions, doubled too, and the removal of the app are facts; forged and stale calls are refused."""
    told: list[MeetingGone | AppDeauthorized] = []
    refused: list[type[Exception]] = []

    def application(request: HttpRequest) -> HttpResponse:
        try:
            hook = service.read(request.headers, request.body, NOW)
        except (Forged, Stale) as error:
            refused.append(type(error))
            return HttpResponse(status=401)
        told.extend(hook.facts)
        return HttpResponse(status=hook.answer.status, headers=hook.answer.headers, body=hook.answer.body)

    simulator = ZoomSimulator(webhook_url="https://app.test/hooks/zoom", post=application)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        service = account(served.url)
        simulator.validate_url()
        made = driver.run(service.create(ORDER, NOW))
        simulator.inject(
            WebhookFault(webhook="doubled", event="deleted"),
            WebhookFault(webhook="forged", event="deleted"),
            WebhookFault(webhook="stale", event="deleted"),
        )
        simulator.delete_meeting(made.vendor_id)
        for marker in ("sk:8:1", "sk:9:1"):
            simulator.delete_meeting(driver.run(service.create(evolve(ORDER, marker=marker), NOW)).vendor_id)
        simulator.deauthorize()
        simulator.deliver_webhooks()

    assert simulator.url_validated
    first, second, last = told
    assert isinstance(first, MeetingGone)
    assert (first.vendor_id, first.at) == (made.vendor_id, NOW)
    assert second.event_id == first.event_id
    assert isinstance(last, AppDeauthorized)
    assert last.account_id == ZoomSimulator.account_id
    assert refused == [Forged, Stale]


def test_read_is_bound_to_this_accounts_secret() -> None:
    """Another secret proves nothing, whatever the headers' case."""
    headers: Mapping[str, str] = {"X-Zm-Request-Timestamp": str(NOW.us // 10**6), "X-Zm-Signature": "v0=00"}
    with pytest.raises(Forged):
        account("https://zoom.test").read(headers, b"{}", NOW)
