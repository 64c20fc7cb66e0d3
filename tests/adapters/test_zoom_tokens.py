"""Zoom's access tokens: one fetch an hour, and a way out where one token kills another. Flows are driven by hand."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from servicekit.adapters.meetings.zoom_tokens import ZoomTokens
from servicekit.errors import Rejected, Throttled, Unreachable
from servicekit.moments import Instant
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, basic

NOW = Instant.parse("2026-03-02T09:00:00Z")
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def fresh() -> ZoomTokens:
    """Tokens of an app that has none yet."""
    return ZoomTokens("account", "client", "secret", "https://zoom.test/oauth/token", "zoom")


def token(text: str, **more: object) -> HttpResponse:
    """The token endpoint's answer."""
    return HttpResponse(
        status=200, body=json.dumps({"access_token": text, "token_type": "bearer", "expires_in": 3600} | more).encode()
    )


def asks(flow: HttpFlow[str]) -> HttpRequest:
    """The flow's first request."""
    return next(flow)


def ends(flow: HttpFlow[str], answer: HttpResponse) -> str:
    """What the flow returns after this answer."""
    with pytest.raises(StopIteration) as end:
        flow.send(answer)
    return str(end.value.value)


def kept(flow: HttpFlow[str]) -> str:
    """What a flow returns that needs no request."""
    with pytest.raises(StopIteration) as end:
        next(flow)
    return str(end.value.value)


def with_token(tokens: ZoomTokens, text: str, at: Instant = NOW) -> None:
    """Let the app fetch this token."""
    flow = tokens.token(at)
    asks(flow)
    assert ends(flow, token(text)) == text


def test_a_token_is_asked_for_as_zoom_documents_it() -> None:
    """Grant and account in the form, the app's credentials as Basic, neither in the URL; it may be asked for twice."""
    request = asks(fresh().token(NOW))

    assert (request.method, request.url) == ("POST", "https://zoom.test/oauth/token")
    assert parse_qs(request.body.decode()) == {"grant_type": ["account_credentials"], "account_id": ["account"]}
    assert request.headers["authorization"] == basic("client", "secret")["authorization"]
    assert request.repeatable


def test_a_token_serves_until_a_minute_before_its_end() -> None:
    """Within 59 minutes no request is made; from then on a new one is fetched."""
    tokens = fresh()
    with_token(tokens, "T1")

    assert kept(tokens.token(NOW + HOUR - 61 * SECOND)) == "T1"
    flow = tokens.token(NOW + HOUR - 60 * SECOND)
    asks(flow)
    assert ends(flow, token("T2")) == "T2"
    assert kept(tokens.token(NOW + HOUR)) == "T2"


def test_in_the_last_minute_one_flow_renews_and_the_others_use_the_old_token() -> None:
    """Whoever comes while a renewal is under way gets the token that still lives."""
    tokens = fresh()
    with_token(tokens, "T1")
    late = NOW + HOUR - 50 * SECOND
    renewing = tokens.token(late)
    asks(renewing)

    assert kept(tokens.token(late + SECOND)) == "T1"
    assert ends(renewing, token("T2")) == "T2"
    assert kept(tokens.token(late + SECOND)) == "T2"


def test_a_renewal_that_never_ends_is_taken_over() -> None:
    """After half a minute another flow tries, still before the old token's end."""
    tokens = fresh()
    with_token(tokens, "T1")
    late = NOW + HOUR - 50 * SECOND
    asks(tokens.token(late))

    assert kept(tokens.token(late + 29 * SECOND)) == "T1"
    flow = tokens.token(late + 30 * SECOND)
    asks(flow)
    assert ends(flow, token("T2")) == "T2"


def test_after_the_end_everybody_fetches() -> None:
    """A dead token is given to nobody, renewal under way or not."""
    tokens = fresh()
    with_token(tokens, "T1")
    asks(tokens.token(NOW + HOUR - SECOND))

    asks(tokens.token(NOW + HOUR))


def test_a_token_said_to_be_dead_is_renewed_once() -> None:
    """The first to say so fetches; whoever says it of the same token afterwards gets what was fetched."""
    tokens = fresh()
    with_token(tokens, "T1")
    first = tokens.token(NOW, dead="T1")
    asks(first)

    assert ends(first, token("T2")) == "T2"
    assert kept(tokens.token(NOW, dead="T1")) == "T2"
    assert kept(tokens.token(NOW)) == "T2"


def test_of_two_tokens_fetched_at_once_the_one_asked_for_later_is_kept() -> None:
    """Where a new token kills the old, the later one lives; both flows go on with it, in whatever order answers come."""
    tokens = fresh()
    first, second = tokens.token(NOW), tokens.token(NOW)
    asks(first)
    asks(second)
    assert ends(second, token("T2")) == "T2"
    assert ends(first, token("T1")) == "T2"

    tokens = fresh()
    first, second = tokens.token(NOW), tokens.token(NOW)
    asks(first)
    asks(second)
    assert ends(first, token("T1")) == "T1"
    assert ends(second, token("T2")) == "T2"
    assert kept(tokens.token(NOW, dead="T1")) == "T2"


def test_an_abandoned_or_failed_fetch_leaves_the_way_open() -> None:
    """A flow that is closed, or whose request failed, blocks nobody."""
    tokens = fresh()
    closed = tokens.token(NOW)
    asks(closed)
    closed.close()
    failed = tokens.token(NOW)
    asks(failed)
    with pytest.raises(Unreachable):
        failed.throw(Unreachable("nobody"))

    with_token(tokens, "T3")


@pytest.mark.parametrize(("lives", "seconds"), [(120, 120), (0, 3600), (-5, 3600), ("1h", 3600), (10**9, 3600)])
def test_a_tokens_life_is_what_zoom_says_within_reason(lives: object, seconds: int) -> None:
    """A life that is none counts as the usual hour."""
    tokens = fresh()
    flow = tokens.token(NOW)
    asks(flow)
    ends(flow, token("T1", expires_in=lives))

    assert kept(tokens.token(NOW + (seconds - 61) * SECOND)) == "T1"
    asks(tokens.token(NOW + (seconds - 60) * SECOND))


def test_wrong_credentials_are_final_and_say_why() -> None:
    """Zoom's reason stands in the error, the secret does not."""
    flow = fresh().token(NOW)
    asks(flow)
    body = b'{"reason": "The app has been disabled by an administrator (4738)", "error": "invalid_request"}'
    with pytest.raises(Rejected, match=r"no access token, .*4738") as caught:
        flow.send(HttpResponse(status=400, body=body))

    assert "secret" not in repr(caught.value.facts)


def test_a_throttled_token_endpoint_waits() -> None:
    """429 is Throttled with its time."""
    flow = fresh().token(NOW)
    asks(flow)
    with pytest.raises(Throttled) as caught:
        flow.send(HttpResponse(status=429, headers={"retry-after": "7"}))

    assert caught.value.until == NOW + 7 * SECOND


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"token": "T1"}', b'{"access_token": 7}', b'{"access_token": ""}']
)
def test_an_answer_without_a_token_may_be_asked_again(body: bytes) -> None:
    """Nothing was done for anybody, so it is merely Unreachable; the body, which may hold a token, is not shown."""
    flow = fresh().token(NOW)
    asks(flow)
    with pytest.raises(Unreachable) as caught:
        flow.send(HttpResponse(status=200, body=body))

    assert "body" not in caught.value.facts


def test_neither_secret_nor_token_is_in_the_repr() -> None:
    """What is printed by mistake is harmless."""
    tokens = fresh()
    with_token(tokens, "T1")

    assert "secret" not in repr(tokens)
    assert "T1" not in repr(tokens)


def test_many_threads_agree() -> None:
    """Threads that all find the token dead end with tokens that were fetched, and with one that is kept."""
    tokens = fresh()
    with_token(tokens, "T0")
    numbers = iter(range(1, 9))
    fetched: list[str] = []
    got: list[str] = []
    start = threading.Barrier(8)

    def one() -> None:
        start.wait()
        flow = tokens.token(NOW, dead="T0")
        heard: HttpResponse | None = None
        while True:
            try:
                next(flow) if heard is None else flow.send(heard)
            except StopIteration as end:
                got.append(end.value)
                return
            fetched.append(f"T{next(numbers)}")
            heard = token(fetched[-1])

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 8
    assert set(got) <= set(fetched)
    assert kept(tokens.token(NOW, dead="T0")) in fetched
