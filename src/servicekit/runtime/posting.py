"""Posts to receivers that customers have named: the one way out on which the address itself is looked at.

Rules kept here:

* A name is resolved once. What it resolves to is judged (:class:`servicekit.push.Reach`), and the very address that was judged
  is connected to: no second resolution, so no other answer, can come between (DNS rebinding). TLS (SNI, the certificate) and
  ``Host`` keep the name.
* Every exchange has a connection of its own, so that every one is judged anew.
* Nothing is repeated, no redirect is followed, no proxy or netrc is taken from the environment, no cookie is kept.
* The whole exchange ends within the request's time-out once there is an address, also where the receiver answers byte by byte.
  Of the body :data:`MOST` bytes are read, undecoded; the rest is left.

Refused, as `Unreachable`: ``refused_address``, where nothing that the name resolves to may be reached. The operating system's
resolver has no time-out that we could set: the relay's ``longest_call`` bounds it.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from servicekit.errors import OutcomeUnknown, Unreachable
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.push import Reach, origin_of

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["MOST", "Resolve", "SafePoster", "resolved"]

_log = logging.getLogger("servicekit.http")

MOST = 16_384
"""Bytes of an answer's body that are read."""

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name and port, best first; raises ``OSError`` where there are none."""


def resolved(host: str, port: int) -> Sequence[str]:
    """As the operating system resolves it; a number, in whatever way it is written, is itself."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


class SafePoster:
    """The :class:`servicekit.ports.push.Poster` of a kit. Safe for many threads; there is nothing to close.

    Args:
        reach: where it may post to.
        resolve: the operating system's resolver by default.
        tls: what certificates are believed by; those of public authorities by default.
        transport: stands in for the whole network (tests): then there is no address to look at.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        resolve: Resolve = resolved,
        tls: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._reach = reach
        self._resolve = resolve
        self._tls = tls
        self._transport = transport

    def post(self, request: HttpRequest) -> HttpResponse:
        """One exchange; see :class:`servicekit.ports.push.Poster`."""
        if self._transport is not None:
            return self._over(self._transport, request)
        response = self._exchange(request)
        _log.info("HTTP Request: %s %s %d", request.method, origin_of(request.url), response.status)
        return response

    def _over(self, transport: httpx.BaseTransport, request: HttpRequest) -> HttpResponse:
        from servicekit.runtime.http import HttpDriver

        return HttpDriver(transport).run(_alone(request))

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        import httpcore

        from servicekit.runtime.guarded import Guarded

        where, scheme = origin_of(request.url), urlsplit(request.url).scheme
        backend = Guarded(self._reach, self._resolve, scheme=scheme, seconds=request.timeout)
        headers = {**_headers(), **request.headers, "content-length": str(len(request.body))}
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls or _tls(), network_backend=backend) as pool,
                pool.stream(request.method, request.url, headers=list(headers.items()), content=request.body) as answer,
            ):
                body = _beginning(answer.iter_stream())
                return HttpResponse(status=answer.status, headers=_lowered(answer.headers), body=body)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise Unreachable(
                f"{where} was not reached ({type(error).__name__}); it can be tried again", url=where
            ) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise OutcomeUnknown(
                f"{where} gave no whole answer ({type(error).__name__}); it may have taken it", url=where
            ) from error


def _alone(request: HttpRequest) -> Generator[HttpRequest, HttpResponse, HttpResponse]:
    return (yield request)


def _headers() -> dict[str, str]:
    from servicekit.runtime.wire import HEADERS

    return dict(HEADERS)


def _beginning(pieces: Iterable[bytes]) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) >= MOST:
            break
    return bytes(body[:MOST])


def _lowered(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


@cache
def _tls() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context(trust_env=False)
