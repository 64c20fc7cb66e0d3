"""The port to receivers of pushes: addresses that customers have named, and nobody has looked at."""

from __future__ import annotations

from typing import Protocol

from servicekit.ports.http import HttpRequest, HttpResponse

__all__ = ["Poster"]


class Poster(Protocol):
    """Posts to receivers, and blocks meanwhile; safe for many threads."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """One exchange within ``request.timeout``, with no address that pushes may not go to.

        Redirects are answers like any other; of the body only the beginning is read.

        Raises:
            Unreachable: nothing left this machine: no connection, no such name, or an address that is refused
                (``refused_address``).
            OutcomeUnknown: it left, and no whole answer came.
        """
        ...
