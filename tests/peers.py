"""The other side of an adapter under test: real sockets, or answers given by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.runtime.http import HttpDriver

Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def driver() -> Iterator[HttpDriver]:
    """A driver over real sockets."""
    with HttpDriver() as driver:
        yield driver


def nobody(request: HttpRequest) -> HttpResponse | None:
    """Where calls of a vendor end that a test does not look at."""
    del request
    return None


def answering(*answers: Answer) -> HttpDriver:
    """A driver whose peer gives these answers in turn."""
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        one = next(left)
        return one if isinstance(one, httpx.Response) else one(request)

    return HttpDriver(httpx.MockTransport(answer))


def answering_after_a_token(*answers: httpx.Response) -> HttpDriver:
    """A driver whose peer gives a token to whoever asks, and these answers in turn to everything else."""
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth/token"):
            return httpx.Response(200, json={"access_token": "T", "expires_in": 3600})
        return next(left)

    return HttpDriver(httpx.MockTransport(answer))
