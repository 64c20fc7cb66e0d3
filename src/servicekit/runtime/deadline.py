"""A deadline over a whole flow: each of its requests gets what time is left.

Rules kept here: a request that no time is left for does not leave this machine, and the flow is told so (``Unreachable``);
the flow inside is always closed.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TypeVar

from attrs import evolve

from servicekit.errors import OutsideError, Unreachable
from servicekit.ports.http import HttpFlow, HttpResponse

__all__ = ["bounded"]

T = TypeVar("T")


def bounded(flow: HttpFlow[T], span: timedelta) -> HttpFlow[T]:
    """The same flow, whose requests together take no longer than ``span`` from its first step."""
    ends = time.monotonic() + span.total_seconds()
    heard: HttpResponse | OutsideError | None = None
    try:
        while True:
            try:
                request = flow.throw(heard) if isinstance(heard, OutsideError) else flow.send(heard)  # type: ignore[arg-type]
            except StopIteration as stopped:
                return stopped.value  # type: ignore[no-any-return]
            left = ends - time.monotonic()
            if left <= 0:
                heard = Unreachable(f"no time was left for {request.method} {request.url.partition('?')[0]}")
                continue
            try:
                heard = yield request if request.timeout <= left else evolve(request, timeout=left)
            except OutsideError as error:
                heard = error
    finally:
        flow.close()
