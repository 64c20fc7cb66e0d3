"""httpcore's network, but that it connects to addresses which were looked at, and ends in time.

Rules kept here: a name is resolved once, what it resolves to is judged, and the very address that was judged is connected to.
Of several they are tried in turn. From then on every wait for the peer ends at one stated moment.

Refused, as `Unreachable`: ``refused_address``, where nothing that a name resolves to may be reached.

httpcore is loaded with this module, so it is imported when something is posted.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

from servicekit.errors import Unreachable
from servicekit.push import Reach

__all__ = ["Bounded", "Guarded"]


class Bounded(httpcore.NetworkStream):
    """A connection, until a stated moment (``time.monotonic``). httpcore's own time-outs are wider and go unheeded."""

    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self._stream = stream
        self._ends = ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - see the class
        """As much as there is, and at least a byte unless the peer has closed."""
        return self._stream.read(max_bytes, _left(self._ends, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - see the class
        """All of it."""
        self._stream.write(buffer, _left(self._ends, httpcore.WriteTimeout))

    def close(self) -> None:
        """Let go of it."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - see the class
    ) -> httpcore.NetworkStream:
        """The same connection under TLS, for the name and not for the address."""
        left = _left(self._ends, httpcore.ConnectTimeout)
        return Bounded(self._stream.start_tls(ssl_context, server_hostname, left), self._ends)

    def get_extra_info(self, info: str) -> Any:
        """What the connection below says."""
        return self._stream.get_extra_info(info)


class Guarded(httpcore.NetworkBackend):
    """Resolves, judges, connects.

    Args:
        reach: where it may connect to.
        resolve: the addresses of a name and port; raises ``OSError`` where there are none.
        scheme: of what is asked for.
        seconds: from the moment that there are addresses to the end of everything.
    """

    def __init__(
        self, reach: Reach, resolve: Callable[[str, int], Sequence[str]], *, scheme: str, seconds: float
    ) -> None:
        self._reach = reach
        self._resolve = resolve
        self._scheme = scheme
        self._seconds = seconds
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - see the class
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that may be reached and answers."""
        *others, last = self._judged(host, port)
        ends = time.monotonic() + self._seconds
        for address in others:
            left = _left(ends, httpcore.ConnectTimeout) / 2  # so that there is time for the next one
            try:
                stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
            return Bounded(stream, ends)
        left = _left(ends, httpcore.ConnectTimeout)
        return Bounded(self._network.connect_tcp(last, port, left, local_address, socket_options), ends)

    def _judged(self, host: str, port: int) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # the latter: a name that IDNA does not know
            raise httpcore.ConnectError(str(error)) from error
        takes = [address for address in found if self._reach.takes(self._scheme, address)]
        if not takes:
            raise Unreachable(
                f"{host} is at no address that pushes may go to; the kit was opened without push_private for it",
                code="refused_address",
                host=host,
            )
        return takes


def _left(ends: float, late: type[Exception]) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise late("no time was left")
    return left
