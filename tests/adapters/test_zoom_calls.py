"""How anything is asked of Zoom: dead tokens, pages, and what refusals mean. Odd answers come from a scripted peer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from servicekit.adapters.meetings.zoom_calls import GivenToken, ZoomCalls
from servicekit.adapters.meetings.zoom_tokens import ZoomTokens
from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable
from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest
from servicekit.runtime.http import HttpDriver

NOW = Instant.parse("2026-03-02T09:00:00Z")
API = "https://api.zoom.test/v2"
DEAD = httpx.Response(401, json={"code": 124, "message": "Invalid access token."})


class Peer:
    """Gives out tokens T1, T2, …, and the scripted answers to everything else; remembers under which token it was asked."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.tokens = 0
        self.asked: list[tuple[str, str]] = []
        self._answers: Iterator[httpx.Response] = iter(answers)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        if request.url.path == "/oauth/token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"T{self.tokens}", "expires_in": 3600})
        self.asked.append((request.headers["authorization"], str(request.url).removeprefix(API)))
        return next(self._answers)


@pytest.fixture
def calls() -> ZoomCalls:
    """The way to the API, with no token yet."""
    tokens = ZoomTokens("account", "client", "secret", "https://zoom.test/oauth/token", "zoom")
    return ZoomCalls("zoom", API, tokens)


def driver_to(peer: Peer) -> HttpDriver:
    """A driver whose peer is this one."""
    return HttpDriver(httpx.MockTransport(peer.answer))


def post() -> HttpRequest:
    """A request that must not be done twice."""
    return HttpRequest.json("POST", f"{API}/x", {}, headers={"x-mine": "1"})


def get() -> HttpRequest:
    """A reading."""
    return HttpRequest.get(f"{API}/x", headers={})


def test_path_segments_are_escaped(calls: ZoomCalls) -> None:
    """Nothing in an id can lead to another path."""
    assert calls.url("users", "a b@c/..", "meetings") == f"{API}/users/a%20b%40c%2F../meetings"


def test_a_request_goes_out_under_the_token_which_is_kept(calls: ZoomCalls) -> None:
    """One token serves many requests, and the request's own headers stay."""
    peer = Peer(httpx.Response(200), httpx.Response(204))
    with driver_to(peer) as driver:
        assert [driver.run(calls.send(post(), NOW)).status for _ in range(2)] == [200, 204]

    assert peer.asked == [("Bearer T1", "/x")] * 2
    assert peer.tokens == 1


@pytest.mark.parametrize(
    "dead",
    [
        DEAD,
        httpx.Response(400, json={"code": 124, "message": "Access token is expired."}),
        httpx.Response(401),
        httpx.Response(401, html="<html>"),
    ],
)
def test_a_dead_token_is_renewed_once_and_the_request_sent_again(calls: ZoomCalls, dead: httpx.Response) -> None:
    """401, and code 124 under 400, say that nothing was done: even a create goes out again, under the new token."""
    peer = Peer(dead, httpx.Response(201, json={"id": 1}))
    with driver_to(peer) as driver:
        assert driver.run(calls.send(post(), NOW)).status == 201

    assert peer.asked == [("Bearer T1", "/x"), ("Bearer T2", "/x")]


def test_a_fresh_token_that_is_dead_too_may_be_tried_again_later(calls: ZoomCalls) -> None:
    """Others may have killed it; nothing was done; no third try is made at once."""
    peer = Peer(DEAD, DEAD)
    with driver_to(peer) as driver, pytest.raises(Unreachable) as caught:
        driver.run(calls.send(post(), NOW))

    assert caught.value.code == "token_refused"
    assert len(peer.asked) == 2


def test_a_401_that_a_fresh_token_does_not_mend_is_final(calls: ZoomCalls) -> None:
    """Without code 124 it is about something else: a person has to look."""
    missing = httpx.Response(401, json={"code": 4700, "message": "Invalid access token, does not contain scopes"})
    with driver_to(Peer(missing, missing)) as driver, pytest.raises(Rejected, match="scopes") as caught:
        driver.run(calls.send(post(), NOW))

    assert caught.value.code == "zoom_4700"


def test_a_token_that_somebody_else_renews_is_used_as_it_is_and_not_asked_for() -> None:
    """It serves until it dies; then nothing was done, and it is tried again once the other has renewed it."""
    calls = ZoomCalls("zoom", API, GivenToken("zoom", "G1"))
    peer = Peer(httpx.Response(200), DEAD)
    with driver_to(peer) as driver:
        assert driver.run(calls.send(post(), NOW)).status == 200
        with pytest.raises(Unreachable) as caught:
            driver.run(calls.send(post(), NOW))

    assert (caught.value.code, caught.value.facts["vendor"]) == ("token_refused", "zoom")
    assert peer.asked == [("Bearer G1", "/x")] * 2
    assert peer.tokens == 0
    assert "G1" not in repr(calls)


def test_a_days_limit_is_told_from_a_moments(calls: ZoomCalls) -> None:
    """By the header that names it: until then only other hosts' meetings can be changed."""
    limits = [{"x-ratelimit-type": "Daily-limit"}, {"x-ratelimit-type": "QPS"}, {}]
    peer = Peer(*(httpx.Response(429, headers=headers) for headers in limits))
    codes = []
    with driver_to(peer) as driver:
        for _ in limits:
            with pytest.raises(Throttled) as caught:
                driver.run(calls.send(post(), NOW))
            codes.append(caught.value.code)
    assert [code == "daily_limit" for code in codes] == [True, False, False]


def test_another_400_is_no_matter_of_tokens(calls: ZoomCalls) -> None:
    """It is told at once, with Zoom's code and sentence."""
    peer = Peer(httpx.Response(400, json={"code": 3161, "message": "Not allowed to host."}))
    with driver_to(peer) as driver, pytest.raises(Rejected, match="Not allowed to host") as caught:
        driver.run(calls.send(post(), NOW))

    assert caught.value.code == "zoom_3161"
    assert caught.value.facts["status"] == 400
    assert (len(peer.asked), peer.tokens) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "of_post", "of_get"),
    [
        (httpx.Response(429, headers={"retry-after": "5"}), Throttled, Throttled),
        (httpx.Response(500), OutcomeUnknown, Unreachable),
        (httpx.Response(502, html="<html>"), OutcomeUnknown, Unreachable),
        (httpx.Response(503, content=b"<?xml version='1.0'?>"), OutcomeUnknown, Unreachable),
        (httpx.Response(302, headers={"location": "/"}), Rejected, Rejected),
        (httpx.Response(404, html="<html>"), Rejected, Rejected),
        (httpx.Response(403, json=["no"]), Rejected, Rejected),
    ],
)
def test_refusals_say_what_may_be_done(
    calls: ZoomCalls, answer: httpx.Response, of_post: type[OutsideError], of_get: type[OutsideError]
) -> None:
    """By status and by whether the request may be repeated; bodies of any kind are survived."""
    with driver_to(Peer(answer, answer)) as driver:
        with pytest.raises(of_post):
            driver.run(calls.send(post(), NOW))
        with pytest.raises(of_get):
            driver.run(calls.send(get(), NOW))


def test_a_429_says_until_when(calls: ZoomCalls) -> None:
    """The time that Zoom names stands in the error; without one it is None."""
    peer = Peer(httpx.Response(429, headers={"Retry-After": "5"}), httpx.Response(429, json={"code": 429}))
    with driver_to(peer) as driver:
        with pytest.raises(Throttled) as caught:
            driver.run(calls.send(post(), NOW))
        assert caught.value.until == NOW + timedelta(seconds=5)
        with pytest.raises(Throttled) as caught:
            driver.run(calls.send(post(), NOW))
        assert caught.value.until is None


def test_gone_is_404_with_3001_and_nothing_else(calls: ZoomCalls) -> None:
    """A missing user, a page of a proxy and 3001 under another status are refusals."""
    gone = {"code": 3001, "message": "Meeting does not exist: 1."}
    others = [
        httpx.Response(404, json={"code": 1001, "message": "User does not exist."}),
        httpx.Response(404, html="<html>"),
        httpx.Response(400, json=gone),
    ]
    with driver_to(Peer(httpx.Response(404, json=gone), httpx.Response(204), *others)) as driver:
        assert driver.run(calls.of_known(get(), NOW)) is None
        answered = driver.run(calls.of_known(get(), NOW))
        assert answered is not None
        assert answered.status == 204
        for _ in others:
            with pytest.raises(Rejected):
                driver.run(calls.of_known(get(), NOW))


def test_all_pages_are_read(calls: ZoomCalls) -> None:
    """The token of each page asks for the next; an empty or missing one ends the list; items without id are passed over."""
    peer = Peer(
        httpx.Response(200, json={"users": [{"id": "a"}, {"email": "pending@example.org"}], "next_page_token": "p/2"}),
        httpx.Response(200, json={"users": ["b", {"id": "c"}], "next_page_token": ""}),
        httpx.Response(200, json={"users": []}),
    )
    with driver_to(peer) as driver:
        listed = driver.run(calls.pages(f"{API}/users", {"status": "active"}, "users", NOW))
        assert [item["id"] for item in listed] == ["a", "c"]
        assert driver.run(calls.pages(f"{API}/users", {}, "users", NOW)) == ()

    assert [path for _, path in peer.asked] == [
        "/users?status=active&page_size=300",
        "/users?status=active&page_size=300&next_page_token=p%2F2",
        "/users?page_size=300",
    ]


def test_a_list_is_whole_or_an_error(calls: ZoomCalls) -> None:
    """What is not found may be made again, so an unreadable page, or one that repeats its token, is no end of a list."""
    repeating = httpx.Response(200, json={"users": [{"id": "a"}], "next_page_token": "p"})
    for answers in (
        [httpx.Response(200, html="<html>")],
        [httpx.Response(200, json={"meetings": []})],
        [repeating, httpx.Response(200)],
        [repeating, repeating],
    ):
        with driver_to(Peer(*answers)) as driver, pytest.raises(Unreachable):
            driver.run(calls.pages(f"{API}/users", {}, "users", NOW))
