"""Drivers of HTTP flows, for sync and for async callers: the one file behind which httpx stands.

Rules kept here:

* A flow gets each response, or the transport's fault as an ``OutsideError`` thrown in where it waits; it is always closed.
* What surely did not leave this machine is ``Unreachable``. What may have arrived is ``OutcomeUnknown``, unless the request
  says that doing it twice is doing it once (``repeatable``): then ``Unreachable`` again.
* Nothing is repeated, no redirect is followed (credentials would travel along), no cookie is kept, no proxy or netrc is taken
  from the environment, and no body is read beyond :data:`LARGEST_BODY`.

Refused: URLs that no request can be made of (``ConfigurationError``: a base URL without its scheme).
Methods and URLs are logged at INFO; no adapter puts a secret into a URL.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from attrs import frozen

from servicekit.errors import ConfigurationError, OutcomeUnknown, OutsideError, Rejected, Unreachable
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse

if TYPE_CHECKING:
    import httpx

__all__ = ["LARGEST_BODY", "AsyncHttpDriver", "HttpDriver"]

T = TypeVar("T")
_log = logging.getLogger("servicekit.http")

LARGEST_BODY = 5 * 1024 * 1024
"""Bytes of a response's body, decoded, that a driver takes in."""

_CONNECT = 5.0  # seconds, at most; a vendor's front answers within one


class HttpDriver:
    """Drives flows over one pool of connections. Safe for many threads; close it, or use it in a ``with``.

    ``request.timeout`` bounds each wait for the peer, and the sum is checked with every piece of a body; so a silent peer costs
    ``timeout`` plus the time to connect at most. Only a peer that sends the head of its answer byte by byte takes longer,
    because httpx lets nobody look in between; :class:`AsyncHttpDriver` ends that, too.

    Args:
        transport: stands in for the network (tests, a proxy, a company's own certificates); httpx's own by default.
    """

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        import httpx

        self._client = httpx.Client(transport=transport, **_settings())

    def run(self, flow: HttpFlow[T]) -> T:
        """Drive ``flow`` to its end.

        Raises:
            OutsideError: whatever the flow raised or did not handle.
            ConfigurationError: the flow asked for a URL that is none.
        """
        heard: HttpResponse | OutsideError | None = None
        try:
            while True:
                step = _advance(flow, heard)
                if isinstance(step, _Returned):
                    return step.value
                try:
                    heard = self._exchange(step)
                except OutsideError as error:
                    heard = error
        finally:
            flow.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        ends = time.monotonic() + request.timeout
        body = bytearray()
        with _translated(request), self._client.stream(**_call(request)) as response:
            for chunk in response.iter_bytes():
                _take(body, chunk, request)
                if time.monotonic() > ends:
                    raise TimeoutError
            return HttpResponse(status=response.status_code, headers=dict(response.headers), body=bytes(body))


class AsyncHttpDriver:
    """The same over asyncio; ``request.timeout`` bounds the whole exchange exactly.

    Args:
        transport: stands in for the network; :class:`servicekit.runtime.wire.Connections` by default.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        from servicekit.runtime.wire import Connections

        self._transport = transport
        self._connections = Connections(LARGEST_BODY)

    async def run(self, flow: HttpFlow[T]) -> T:
        """Drive ``flow`` to its end; raises as :meth:`HttpDriver.run` does. A cancelled call closes its flow."""
        heard: HttpResponse | OutsideError | None = None
        try:
            while True:
                step = _advance(flow, heard)
                if isinstance(step, _Returned):
                    return step.value
                try:
                    heard = await self._exchange(step)
                except OutsideError as error:
                    heard = error
        finally:
            flow.close()

    async def close(self) -> None:
        """Close all connections."""
        self._connections.close()
        if self._transport is not None:
            await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _exchange(self, request: HttpRequest) -> HttpResponse:
        with _translated(request):
            async with asyncio.timeout(request.timeout):
                if self._transport is None:
                    response = await self._connections.exchange(request, _to_connect(request))
                else:
                    response = await _over(self._transport, request)
        _log.info("HTTP Request: %s %s %d", request.method, request.url, response.status)
        if len(response.body) > LARGEST_BODY:
            raise _too_large(request)
        return response


async def _over(transport: httpx.AsyncBaseTransport, request: HttpRequest) -> HttpResponse:
    body = bytearray()
    response = await transport.handle_async_request(_asked(request))
    try:
        async for chunk in response.aiter_bytes():
            _take(body, chunk, request)
    finally:
        await response.aclose()
    return HttpResponse(status=response.status_code, headers=dict(response.headers), body=bytes(body))


@frozen
class _Returned(Generic[T]):
    """What a flow returned, told apart from what it yields."""

    value: T


def _advance(flow: HttpFlow[T], heard: HttpResponse | OutsideError | None) -> HttpRequest | _Returned[T]:
    # StopIteration is caught around these three calls only: one from elsewhere must not pass for a result.
    try:
        if heard is None:
            return next(flow)
        if isinstance(heard, OutsideError):
            return flow.throw(heard)
        return flow.send(heard)
    except StopIteration as end:
        return _Returned(end.value)


def _settings() -> dict[str, Any]:
    from servicekit.runtime.wire import HEADERS

    return {
        "follow_redirects": False,
        "trust_env": False,
        # One account's session cookie must not travel with another's request.
        "cookies": CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        "headers": HEADERS,
    }


def _call(request: HttpRequest) -> Mapping[str, Any]:
    import httpx

    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "content": request.body,
        "timeout": httpx.Timeout(request.timeout, connect=_to_connect(request)),
    }


def _asked(request: HttpRequest) -> httpx.Request:
    """What a transport takes: with neither redirects, cookies nor proxies, because those are the client's."""
    import httpx

    from servicekit.runtime.wire import HEADERS

    url = httpx.URL(request.url)
    if url.scheme not in {"http", "https"} or not url.host:
        raise httpx.UnsupportedProtocol("a URL begins with http://host or https://host")
    timeout = httpx.Timeout(request.timeout, connect=_to_connect(request))
    headers = {**HEADERS, **{name.lower(): value for name, value in request.headers.items()}}
    return httpx.Request(
        request.method, url, headers=headers, content=request.body, extensions={"timeout": timeout.as_dict()}
    )


def _to_connect(request: HttpRequest) -> float:
    """Half the time at most, so that a peer who never answers is told from an answer that is lost."""
    return min(_CONNECT, request.timeout / 2)


def _take(body: bytearray, chunk: bytes, request: HttpRequest) -> None:
    if len(body) + len(chunk) > LARGEST_BODY:
        raise _too_large(request)
    body += chunk


def _too_large(request: HttpRequest) -> OutsideError:
    said = f"{request.method} {_place(request)} was answered with more than {LARGEST_BODY} bytes"
    facts = {"method": request.method, "url": _place(request), "largest": LARGEST_BODY}
    if request.repeatable:
        return Rejected(f"{said}; asking again will not help", code="answer_too_large", **facts)
    return OutcomeUnknown(f"{said}; it may have happened, look it up", code="answer_too_large", **facts)


@contextmanager
def _translated(request: HttpRequest) -> Iterator[None]:
    """The seam: httpx's errors on the inner side, ours on the outer."""
    import httpx

    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ConfigurationError(f"{_place(request)!r} is no URL to send a request to: check the base URL.") from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        fault, url = type(error).__name__, _place(request)
        raise Unreachable(
            f"{request.method} {url} reached nobody ({fault}); it can be tried again",
            fault=fault,
            method=request.method,
            url=url,
        ) from error
    except (httpx.RequestError, TimeoutError) as error:
        kind: type[OutsideError] = Unreachable if request.repeatable else OutcomeUnknown
        fault, url = type(error).__name__, _place(request)
        advice = "it can be tried again" if request.repeatable else "it may have happened, look it up first"
        raise kind(
            f"{request.method} {url} left, but no whole answer came ({fault}); {advice}",
            fault=fault,
            method=request.method,
            url=url,
        ) from error


def _place(request: HttpRequest) -> str:
    return request.url.partition("?")[0]
