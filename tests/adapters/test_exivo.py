"""exivo: keys made once, found again, and ended for good; whatever the answers look like."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peers import answering
from servicekit.adapters.doors.exivo import Exivo
from servicekit.errors import Invalid, OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable
from servicekit.moments import Instant, Window
from servicekit.ports.doors import DoorCapabilities, Doors, KeyOrder
from servicekit.ports.http import HttpResponse
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, Fault, Served, SimComponent, serve

NOW = Instant.parse("2026-03-28T12:00:00Z")
HOUR = timedelta(hours=1)
MOBILE = "+41791234567"
SITE = ExivoSimulator.site_id
MAIN, ROOM = COMPONENTS[0].id, COMPONENTS[2].id
WINDOW = Window(NOW + HOUR, NOW + 2 * HOUR)
ORDER = KeyOrder(marker="sk:7:1", components=(MAIN, ROOM), mobile=MOBILE, window=WINDOW)


@pytest.fixture
def exivo() -> Iterator[Served[ExivoSimulator]]:
    """An exivo site on a socket, its clock stopped."""
    simulator = ExivoSimulator()
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        yield served


def account(url: str, app: str = "4711") -> Exivo:
    """An account as the simulator knows it."""
    return Exivo(ExivoSimulator.api_key, ExivoSimulator.api_secret, app, base_url=f"{url}/v1")


def calls(served: Served[ExivoSimulator]) -> list[str]:
    """The requests that the site has seen, method and path."""
    seen = [one.request for one in served.simulator.exchanges]
    return [f"{one.method} {one.url.removeprefix(f'{served.url}/v1/{SITE}/').partition('?')[0]}" for one in seen]


# Site and doors


def test_it_is_a_door_system_by_the_port() -> None:
    """The adapter has all that the port asks for, and says what it can do."""
    doors: Doors = account("https://vendor.test")

    assert doors.name == "exivo"
    can = doors.capabilities_at(SITE)
    assert can == DoorCapabilities(phone_keys=True, look_up=True, access_log=True, unlock=True, pin_keys=True)
    assert can.verified


def test_info_proves_credentials_and_gives_the_sites_zone(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """Right credentials show name and zone; wrong ones, or another's site, are refused with exivo's message."""
    told = driver.run(account(exivo.url).info(SITE))
    assert (told.id, told.name, told.zone) == (SITE, "Salon Sonnenhof", "Europe/Zurich")

    with pytest.raises(Rejected, match="Unauthorized") as caught:
        driver.run(Exivo(ExivoSimulator.api_key, "wrong", "1", base_url=f"{exivo.url}/v1").info(SITE))
    assert caught.value.facts["status"] == 401
    with pytest.raises(Rejected, match="Forbidden"):
        driver.run(account(exivo.url).info("51e00000-0000-4000-8000-00000000000f"))


def test_info_reads_tolerantly() -> None:
    """A site that says little is still a site."""
    with answering(httpx.Response(200, json={"timeZone": None, "type": "hotel"})) as driver:
        told = driver.run(account("http://v.test").info(SITE))

    assert (told.id, told.name, told.zone) == (SITE, "", None)


def test_a_site_id_of_unusual_form_is_warned_of_and_used(caplog: pytest.LogCaptureFixture) -> None:
    """It is a warning in the log at the check of the credentials, no refusal; a UUID gives none."""
    caplog.set_level(logging.WARNING, "servicekit")
    with answering(httpx.Response(200, json={"id": "a b"}), httpx.Response(200, json={"id": SITE})) as driver:
        assert driver.run(account("http://v.test").info("a b")).id == "a b"
        assert "'a b'" in caplog.text
        caplog.clear()
        driver.run(account("http://v.test").info(SITE.upper()))

    assert caplog.text == ""


def test_ids_are_escaped_in_paths() -> None:
    """Nothing in an id can lead to another path."""
    request = next(account("http://v.test").get("a/b", "../c?d"))

    assert request.url == "http://v.test/v1/a%2Fb/digitalKeyVisit/..%2Fc%3Fd"


@pytest.mark.spec("K-04")
def test_components_are_listed_with_gateways_and_alarms_marked(
    exivo: Served[ExivoSimulator], driver: HttpDriver
) -> None:
    """All devices of the branch's site come with the name that people know; the gateway opens nothing and says so."""
    listed = driver.run(account(exivo.url).components(SITE))

    assert [one.id for one in listed] == [component.id for component in COMPONENTS]
    assert listed[0].name == "Main door Ground floor"
    assert [one.id for one in listed if one.gateway] == [COMPONENTS[5].id]
    assert [one.id for one in listed if one.alarm] == [COMPONENTS[4].id]
    assert listed[0].ready is True
    assert listed[0].evidence["templateIdentifier"] == "digital-cylinder"


def test_components_of_a_large_site_come_page_by_page(driver: HttpDriver) -> None:
    """250 devices are three pages, in order, each once."""
    many = tuple(SimComponent(id=f"c{number:03}", identifier=f"Door {number}") for number in range(250))
    with serve(ExivoSimulator(components=many)) as served:
        listed = driver.run(account(served.url).components(SITE))

    assert [one.id for one in listed] == [component.id for component in many]
    assert calls(served) == ["GET component"] * 3


def test_odd_components_are_read_as_far_as_they_can_be() -> None:
    """Missing and null fields, unknown templates in any case; what has no id cannot be named and is passed over."""
    page = [
        {"id": "a"},
        {"id": "b", "identifier": None, "labelling": "Cellar", "templateIdentifier": "EXIVO-GateWay-2", "ready": "yes"},
        {"identifier": "nameless"},
        "nonsense",
        None,
    ]
    with answering(httpx.Response(200, json=page)) as driver:
        first, second = driver.run(account("http://v.test").components(SITE))

    assert (first.id, first.name, first.gateway, first.ready) == ("a", "a", False, None)
    assert (second.id, second.name, second.gateway, second.ready) == ("b", "Cellar", True, None)


def test_the_gateways_word_can_be_set() -> None:
    """The vendor does not document it, so it is a setting."""
    page = [{"id": "a", "templateIdentifier": "Bridge XT"}, {"id": "b", "templateIdentifier": "gateway"}]
    doors = evolve(account("http://v.test"), gateway_pattern="BRIDGE")
    with answering(httpx.Response(200, json=page)) as driver:
        assert [one.gateway for one in driver.run(doors.components(SITE))] == [True, False]


def test_a_gateway_can_be_named_by_hand() -> None:
    """By its id, whatever exivo calls it."""
    page = [{"id": "a", "templateIdentifier": "Bridge XT"}, {"id": "b"}]
    doors = evolve(account("http://v.test"), gateways=frozenset({"a"}))
    with answering(httpx.Response(200, json=page)) as driver:
        assert [one.gateway for one in driver.run(doors.components(SITE))] == [True, False]


def test_paging_ends_when_a_page_brings_nothing_new() -> None:
    """A list that shifts gives each id once; one that ignores ``skip`` is not asked for ever."""
    full = [{"id": f"c{number}"} for number in range(100)]
    shifted = [{"id": f"c{number}"} for number in range(50, 150)]
    pages = [httpx.Response(200, json=page) for page in (full, shifted, shifted)]
    with answering(*pages) as driver:
        listed = driver.run(account("http://v.test").components(SITE))

    assert [one.id for one in listed] == [f"c{number}" for number in range(150)]


# Making keys


def test_a_key_opens_its_doors_within_its_window(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """The wish reaches the lock as it was: these doors, this phone, from the start until the end."""
    key = driver.run(account(exivo.url).create(SITE, ORDER, NOW))

    assert (key.marker, key.components, key.mobile, key.window) == (ORDER.marker, ORDER.components, MOBILE, WINDOW)
    assert key.works
    assert key.evidence["id"] == key.vendor_id
    for at, reason in [
        (WINDOW.opens - timedelta(microseconds=1), "too_early"),
        (WINDOW.opens, "ok"),
        (WINDOW.closes - timedelta(microseconds=1), "ok"),
        (WINDOW.closes, "too_late"),
    ]:
        assert exivo.simulator.try_door(MOBILE, ROOM, at).reason == reason
    assert exivo.simulator.try_door(MOBILE, COMPONENTS[1].id, WINDOW.opens).reason == "wrong_door"
    assert exivo.simulator.try_door("+41790000000", MAIN, WINDOW.opens).reason == "no_key"


def sent(doors: Exivo, order: KeyOrder, at: Instant = NOW) -> dict[str, object]:
    """The body of the first request that ``create`` makes."""
    request = next(doors.create(SITE, order, at))
    assert not request.repeatable
    return HttpResponse(status=200, body=request.body).object()


def test_the_wish_has_exivos_flat_form() -> None:
    """Field for field; the name is our marker and nothing else; a message goes along where there is one."""
    doors = Exivo("key", "secret", "4711", "Salon app", install_notification=False)
    wish = {
        "name": "sk:7:1",
        "validFrom": "2026-03-28T13:00:00Z",
        "validTo": "2026-03-28T14:00:00Z",
        "components": [MAIN, ROOM],
        "formFactor": "ma-phone",
        "publicRegistrationId": MOBILE,
        "mobileApp": {"id": "4711", "name": "Salon app"},
        "installNotification": False,
    }

    assert sent(doors, ORDER) == wish
    assert sent(doors, evolve(ORDER, message="Welcome")) == {**wish, "message": "Welcome"}


def test_fractions_of_seconds_never_shorten_a_window() -> None:
    """The start goes down and the end up to the second, by less than a second each."""
    window = Window(WINDOW.opens + timedelta(microseconds=1), WINDOW.closes - timedelta(microseconds=1))
    wish = sent(account("http://v.test"), evolve(ORDER, window=window))

    assert (wish["validFrom"], wish["validTo"]) == (str(WINDOW.opens), str(WINDOW.closes))


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(1, 10**10))
def test_the_window_sent_holds_the_one_wanted(start: int, length: int) -> None:
    """Against a plain model: the rest of the window lies within what is sent, which is at most a second longer at each end."""
    wanted = Window(Instant(NOW.us + start), Instant(NOW.us + start + length))
    rest_opens = max(wanted.opens, NOW)
    if wanted.closes <= NOW:
        with pytest.raises(Invalid):
            sent(account("http://v.test"), evolve(ORDER, window=wanted))
        return
    wish = sent(account("http://v.test"), evolve(ORDER, window=wanted))
    opens, closes = Instant.parse(str(wish["validFrom"])), Instant.parse(str(wish["validTo"]))

    second = timedelta(seconds=1)
    assert rest_opens - second < opens <= rest_opens
    assert wanted.closes <= closes < wanted.closes + second
    assert opens >= NOW
    assert opens.us % 1_000_000 == closes.us % 1_000_000 == 0


def test_a_start_in_the_past_becomes_now(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """A booking five minutes ahead, with its margin of fifteen, opens at once, though exivo refuses the past."""
    late = Window(NOW - timedelta(minutes=10), WINDOW.closes)
    key = driver.run(account(exivo.url).create(SITE, evolve(ORDER, window=late), NOW))

    assert key.window == Window(NOW, WINDOW.closes)
    assert exivo.simulator.try_door(MOBILE, MAIN, NOW)
    assert calls(exivo) == ["POST digitalKeyVisits"]


def test_now_between_two_seconds_goes_up() -> None:
    """A clamped start lies at or after now, so that it is not past when it arrives."""
    late = Window(NOW - HOUR, WINDOW.closes)
    wish = sent(account("http://v.test"), evolve(ORDER, window=late), NOW + timedelta(microseconds=1))

    assert wish["validFrom"] == "2026-03-28T12:00:01Z"


def test_where_exivos_clock_is_ahead_the_key_starts_a_little_later(
    exivo: Served[ExivoSimulator], driver: HttpDriver
) -> None:
    """A clamped start that exivo refuses is asked for once more, ten seconds on; one key comes of it."""
    exivo.simulator.set_clock(NOW + timedelta(seconds=2))
    late = Window(NOW - HOUR, WINDOW.closes)
    key = driver.run(account(exivo.url).create(SITE, evolve(ORDER, window=late), NOW))

    assert key.window == Window(NOW + timedelta(seconds=10), WINDOW.closes)
    assert calls(exivo) == ["POST digitalKeyVisits"] * 2
    assert len(exivo.simulator.state()["keys"]) == 1


def test_other_refusals_are_not_asked_again(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """A start to come is refused once; so is a clamped one with too little window left to try again."""
    exivo.simulator.set_clock(NOW + 3 * HOUR)
    with pytest.raises(Rejected, match="validTo must be in the future"):
        driver.run(account(exivo.url).create(SITE, ORDER, NOW))
    short = Window(NOW - HOUR, NOW + timedelta(seconds=10))
    with pytest.raises(Rejected):
        driver.run(account(exivo.url).create(SITE, evolve(ORDER, window=short), NOW))

    assert calls(exivo) == ["POST digitalKeyVisits"] * 2


@pytest.mark.parametrize(
    ("app", "order", "code"),
    [
        ("4711", evolve(ORDER, components=()), "no_components"),
        ("", ORDER, "no_mobile_app"),
        ("47a", ORDER, "no_mobile_app"),
        ("4711", evolve(ORDER, window=Window(NOW - HOUR, NOW)), "window_over"),
    ],
)
def test_what_exivo_could_never_make_is_refused_before_any_call(app: str, order: KeyOrder, code: str) -> None:
    """No door, no mobile app, no time left: Invalid, and no request."""
    with pytest.raises(Invalid) as caught:
        next(account("http://v.test", app).create(SITE, order, NOW))

    assert caught.value.code == code


def test_a_window_of_a_fraction_of_this_second_is_over() -> None:
    """In exivo's whole seconds nothing is left of it."""
    at = NOW + timedelta(microseconds=1)
    with pytest.raises(Invalid, match="ended"):
        next(
            account("http://v.test").create(SITE, evolve(ORDER, window=Window(NOW, at + timedelta(microseconds=1))), at)
        )


def test_a_refusal_carries_exivos_message(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """400 with a message is final and says why."""
    with pytest.raises(Rejected, match="exivo answered 400: Component not found") as caught:
        driver.run(account(exivo.url).create(SITE, evolve(ORDER, components=("nowhere",)), NOW))

    assert caught.value.facts["status"] == 400


@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", b'"no"', b"[1]", b"{}", b'{"message": 7}', b'{"message": null}', b"\xff"]
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_error_bodies_of_any_form_are_survived(status: int, body: bytes) -> None:
    """Empty, HTML, JSON of another shape: the status decides."""
    with answering(httpx.Response(status, content=body)) as driver, pytest.raises(Rejected) as caught:
        driver.run(account("http://v.test").create(SITE, ORDER, NOW))

    assert caught.value.facts["status"] == status


def test_errors_say_what_may_be_done(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """429 waits; 5xx, an HTML page with the right status and a lost answer leave a create open, but not a reading."""
    doors = account(exivo.url)
    expected: list[tuple[Fault, type[OutsideError], type[OutsideError]]] = [
        (Fault.throttled(times=2), Throttled, Throttled),
        (Fault.error(times=2), OutcomeUnknown, Unreachable),
        (Fault.bad_gateway(times=2), OutcomeUnknown, Unreachable),
        (Fault.wrong_type(times=2), OutcomeUnknown, Unreachable),
        (Fault.lost_answer(times=2), OutcomeUnknown, Unreachable),
    ]
    for fault, of_create, of_reading in expected:
        exivo.simulator.inject(fault)
        with pytest.raises(of_create):
            driver.run(doors.create(SITE, ORDER, NOW))
        with pytest.raises(of_reading):
            driver.run(doors.find(SITE, ORDER.marker))


def test_no_connection_is_unreachable(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """Where nobody listens, nothing can have been made."""
    with exivo.down(), pytest.raises(Unreachable):
        driver.run(account(exivo.url).create(SITE, ORDER, NOW))


@pytest.mark.parametrize("body", ["", "<html></html>", "[]", "{}", '{"id": null}'])
def test_a_2xx_that_names_no_key_leaves_the_outcome_unknown(body: str) -> None:
    """It may have been made; its id has to be found."""
    with answering(httpx.Response(200, text=body)) as driver, pytest.raises(OutcomeUnknown):
        driver.run(account("http://v.test").create(SITE, ORDER, NOW))


def test_a_key_of_few_words_is_read_as_far_as_it_goes() -> None:
    """What exivo left out is None; unknown words and types do no harm."""
    shown = {"id": "k1", "validFrom": "soon", "components": None, "revoked": None, "formFactor": "ma-watch"}
    with answering(httpx.Response(200, json=shown)) as driver:
        key = driver.run(account("http://v.test").create(SITE, ORDER, NOW))

    assert (key.vendor_id, key.marker, key.components, key.mobile, key.window) == ("k1", "", (), None, None)
    assert key.works
    assert key.evidence == shown


# Finding keys


def test_a_key_whose_answer_was_lost_is_found_and_adopted(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """A time-out after the deed: the one key with the marker is the one that was made."""
    doors = account(exivo.url)
    exivo.simulator.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
    with pytest.raises(OutcomeUnknown):
        driver.run(doors.create(SITE, ORDER, NOW))

    (found,) = driver.run(doors.find(SITE, ORDER.marker))
    (held,) = exivo.simulator.state()["keys"]
    assert found.vendor_id == held["id"]
    assert found.window == WINDOW


def test_find_sees_all_pages_and_only_the_marker(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """Among 230 keys the two with the marker are found, the revoked one too; a marker that begins alike is another."""
    doors = account(exivo.url)
    first = driver.run(doors.create(SITE, ORDER, NOW))
    driver.run(doors.revoke(SITE, first.vendor_id))
    for number in range(228):
        driver.run(doors.create(SITE, evolve(ORDER, marker=f"sk:7:1{number}"), NOW))
    last = driver.run(doors.create(SITE, ORDER, NOW))

    found = driver.run(doors.find(SITE, ORDER.marker))
    assert [(key.vendor_id, key.revoked) for key in found] == [(first.vendor_id, True), (last.vendor_id, False)]
    assert driver.run(doors.find(SITE, "sk:8:1")) == ()


@pytest.mark.parametrize("body", ["", "<html></html>", "{}", "null"])
def test_an_unreadable_list_is_never_taken_for_an_empty_one(body: str) -> None:
    """Not to be found leads to a second key, so a page that is none is an error that may be tried again."""
    with answering(httpx.Response(200, text=body)) as driver, pytest.raises(Unreachable):
        driver.run(account("http://v.test").find(SITE, ORDER.marker))


def test_get_shows_the_key_as_it_is_now_or_none(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """An unknown id is an empty 404 and reads as None; an end of the window reads as expired."""
    doors = account(exivo.url)
    made = driver.run(doors.create(SITE, ORDER, NOW))

    assert driver.run(doors.get(SITE, made.vendor_id)) == made
    assert driver.run(doors.get(SITE, "51e00000-0000-4000-8000-0000000000ff")) is None
    exivo.simulator.set_clock(WINDOW.closes)
    ended = driver.run(doors.get(SITE, made.vendor_id))
    assert ended is not None
    assert (ended.expired, ended.works) == (True, False)


@pytest.mark.parametrize("body", ["", "<html></html>", "[]", "{}"])
def test_an_unreadable_key_is_never_taken_for_none(body: str) -> None:
    """Only a 404 says that there is no such key."""
    with answering(httpx.Response(200, text=body)) as driver, pytest.raises(Unreachable):
        driver.run(account("http://v.test").get(SITE, "k1"))


# Ending keys


def test_a_revoked_key_opens_no_more(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """The revoke is read back, and the door agrees."""
    doors = account(exivo.url)
    made = driver.run(doors.create(SITE, ORDER, NOW))
    ended = driver.run(doors.revoke(SITE, made.vendor_id))

    assert ended is not None
    assert (ended.vendor_id, ended.revoked) == (made.vendor_id, True)
    assert exivo.simulator.try_door(MOBILE, MAIN, WINDOW.opens).reason == "revoked"


@pytest.mark.parametrize("refused", [True, False])
def test_revoking_twice_is_success(driver: HttpDriver, *, refused: bool) -> None:
    """Whether exivo refuses the second time or not, the key is over."""
    simulator = ExivoSimulator(double_revoke_refused=refused)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        doors = account(served.url)
        made = driver.run(doors.create(SITE, ORDER, NOW))
        for _ in range(2):
            ended = driver.run(doors.revoke(SITE, made.vendor_id))
            assert ended is not None
            assert ended.revoked


def test_a_lost_answer_to_a_revoke_is_made_good_by_the_next(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """A revoke may be repeated, so its lost answer is merely Unreachable."""
    doors = account(exivo.url)
    made = driver.run(doors.create(SITE, ORDER, NOW))
    exivo.simulator.inject(Fault.lost_answer("POST", "/revoke$"))
    with pytest.raises(Unreachable):
        driver.run(doors.revoke(SITE, made.vendor_id))

    ended = driver.run(doors.revoke(SITE, made.vendor_id))
    assert ended is not None
    assert ended.revoked


def test_revoking_what_exivo_does_not_know_or_what_is_over(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """Unknown is None; expired is success."""
    doors = account(exivo.url)
    assert driver.run(doors.revoke(SITE, "51e00000-0000-4000-8000-0000000000ff")) is None

    made = driver.run(doors.create(SITE, ORDER, NOW))
    exivo.simulator.set_clock(WINDOW.closes)
    exivo.simulator.inject(Fault.error("POST", "/revoke$", status=400))
    ended = driver.run(doors.revoke(SITE, made.vendor_id))
    assert ended is not None
    assert (ended.expired, ended.revoked) == (True, False)


@pytest.mark.parametrize(("status", "kind"), [(400, Rejected), (401, Rejected), (429, Throttled), (502, Unreachable)])
def test_a_refused_revoke_of_a_key_that_works_is_told(
    exivo: Served[ExivoSimulator], driver: HttpDriver, status: int, kind: type[OutsideError]
) -> None:
    """Read back and still valid: the refusal is the answer, by what may be done about it."""
    doors = account(exivo.url)
    made = driver.run(doors.create(SITE, ORDER, NOW))
    exivo.simulator.inject(Fault.error("POST", "/revoke$", status=status))
    with pytest.raises(kind) as caught:
        driver.run(doors.revoke(SITE, made.vendor_id))

    assert caught.value.facts["status"] == status


def test_a_revoke_that_was_taken_and_not_done_is_tried_again() -> None:
    """204, and the key still works when it is read back: a no is not final that was never said."""
    works = {"id": "k1", "revoked": False, "expired": False}
    with (
        answering(httpx.Response(204), httpx.Response(200, json=works)) as driver,
        pytest.raises(Unreachable, match="still works"),
    ):
        driver.run(account("http://v.test").revoke(SITE, "k1"))


def test_secrets_stand_in_no_repr_and_no_error(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """Neither key nor secret is shown, by the account or by its refusals."""
    doors = account(exivo.url)
    with pytest.raises(Rejected) as caught:
        driver.run(doors.create(SITE, evolve(ORDER, components=("nowhere",)), NOW))

    for shown in (repr(doors), str(caught.value), repr(caught.value.facts), repr(next(doors.info(SITE)))):
        assert ExivoSimulator.api_secret not in shown
        assert ExivoSimulator.api_key not in shown


# With a PIN


PIN = evolve(ORDER, pin="730194")


def test_a_key_with_a_pin_is_a_visit(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """exivo sends the phone a link; who has it and the PIN gets in, as long as the visit works."""
    doors = account(exivo.url, app="")  # no mobile app is needed
    made = driver.run(doors.create(SITE, PIN, NOW))
    (visit,) = exivo.simulator.state()["visits"]

    assert made.vendor_id == f"visit:{visit['id']}"
    assert (made.marker, made.mobile, made.window, made.components) == (PIN.marker, MOBILE, WINDOW, PIN.components)
    assert exivo.simulator.open_link(visit["link"], "730194", ROOM, WINDOW.opens)
    assert not exivo.simulator.open_link(visit["link"], "730195", ROOM, WINDOW.opens)
    assert driver.run(doors.get(SITE, made.vendor_id)) == made
    driver.run(doors.revoke(SITE, made.vendor_id))
    assert not exivo.simulator.open_link(visit["link"], "730194", ROOM, WINDOW.opens)
    assert driver.run(doors.get(SITE, "visit:51e00000-0000-4000-8000-0000000000ff")) is None


def test_the_wish_for_a_visit_has_exivos_form() -> None:
    """Field for field: the PIN and the phone, and nothing of a mobile app."""
    assert sent(account("http://v.test"), evolve(PIN, message="Welcome")) == {
        "name": "sk:7:1",
        "validFrom": "2026-03-28T13:00:00Z",
        "validTo": "2026-03-28T14:00:00Z",
        "components": [MAIN, ROOM],
        "code": "730194",
        "smsNr": MOBILE,
        "message": "Welcome",
    }


@pytest.mark.parametrize("pin", ["123", "1234567", "12a4"])
def test_a_pin_has_four_to_six_digits(pin: str) -> None:
    """Refused before any call, without the PIN in the error."""
    with pytest.raises(Invalid) as caught:
        next(account("http://v.test").create(SITE, evolve(ORDER, pin=pin), NOW))
    assert (caught.value.code, caught.value.facts) == ("bad_pin", {})
    assert pin not in caught.value.message


def test_visits_and_keys_are_looked_up_apart(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """The same marker, twice: each in its own list."""
    doors = account(exivo.url)
    made = [driver.run(doors.create(SITE, order, NOW)) for order in (ORDER, PIN)]
    found = [driver.run(doors.find(SITE, ORDER.marker, by_pin=by_pin)) for by_pin in (False, True)]
    assert found == [(made[0],), (made[1],)]


# Listing


def test_a_list_that_ignores_how_far_it_was_read_ends() -> None:
    """The same page again means that there is no more; keys without an id are passed over."""
    full = [{"id": f"k{number}", "name": "sk:7:1"} for number in range(99)] + [{"name": "nobody"}]
    with answering(*(httpx.Response(200, json=page) for page in (full, full, []))) as driver:
        doors = account("http://v.test")
        first = driver.run(doors.list_keys(SITE))
        second = driver.run(doors.list_keys(SITE, first.next))
        third = driver.run(doors.list_keys(SITE, second.next))

    assert [len(page.keys) for page in (first, second, third)] == [99, 0, 0]
    assert first.next
    assert second.next
    assert third.next == ""


def test_others_keys_are_listed_too(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """Whoever reconciles sees them, and leaves them alone."""
    driver.run(account(exivo.url).create(SITE, evolve(ORDER, marker="Caretaker"), NOW))
    page = driver.run(account(exivo.url).list_keys(SITE))
    assert [key.marker for key in page.keys] == ["Caretaker"]


# Opening now, and the log


def test_a_door_is_asked_to_open(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """With the name for exivo's own log; a no is a no."""
    driver.run(account(exivo.url).unlock(SITE, MAIN, "Eva"))
    (line,) = exivo.simulator.state()["log"]
    assert line["data"]["delegatedUser"] == "Eva"
    with pytest.raises(Rejected, match="Component not found"):
        driver.run(account(exivo.url).unlock(SITE, "nowhere", "Eva"))


def test_the_log_is_asked_for_a_day_more_and_cut_here() -> None:
    """Nobody documents in which zone exivo's days are, or in what order lines come; a line without a time is nothing."""
    asked: list[str] = []
    lines = [
        {"id": "3", "occurredAt": "2026-03-28T14:00:00Z"},
        {"id": "2", "occurredAt": "2026-03-28T13:59:59.999Z"},
        {"id": "1", "occurredAt": "2026-03-28T13:00:00Z"},
        {"id": "0", "occurredAt": "2026-03-28T12:59:59Z"},
        {"id": "x", "occurredAt": "yesterday"},
        {"id": "y"},
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.query, "ascii"))
        return httpx.Response(200, json=lines)

    with HttpDriver(httpx.MockTransport(answer)) as driver:
        log = driver.run(account("http://v.test").access_log(SITE, WINDOW))

    assert asked == ["from=2026-03-27&to=2026-03-29&skip=0&limit=100"]
    assert [event.id for event in log] == ["1", "2"]


def test_a_tried_door_is_in_the_log(exivo: Served[ExivoSimulator], driver: HttpDriver) -> None:
    """Green and red, with phone or marker, and the door."""
    doors = account(exivo.url)
    driver.run(doors.create(SITE, ORDER, NOW))
    driver.run(doors.create(SITE, PIN, NOW))
    exivo.simulator.try_door(MOBILE, MAIN, WINDOW.opens)
    exivo.simulator.try_door("+41790000000", MAIN, WINDOW.opens + timedelta(seconds=1))
    link = exivo.simulator.state()["visits"][0]["link"]
    exivo.simulator.open_link(link, "730194", ROOM, WINDOW.opens + timedelta(seconds=2))

    log = driver.run(doors.access_log(SITE, WINDOW))
    assert [(one.granted, one.component, one.mobile, one.marker) for one in log] == [
        (True, MAIN, MOBILE, ""),
        (False, MAIN, "+41790000000", ""),
        (True, ROOM, "", ""),
    ]
