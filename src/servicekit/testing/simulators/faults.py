"""Faults on demand: what can go wrong with a vendor's HTTP, as values that are queued and spent one request at a time.

Rules kept here: a fault touches only requests that it matches (method and path by regular expression, searched, not
anchored), as many as ``times`` says; whether the deed is done is always stated by ``done``; nothing is left to chance.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, Self, TypeVar

from attrs import asdict, evolve, field, frozen, validators

from servicekit.moments import Instant
from servicekit.ports.http import HttpResponse

if TYPE_CHECKING:
    from servicekit.testing.simulators.core import Simulator

__all__ = ["Fault", "FaultKind", "FaultQueue", "NoResponse", "RetryAfter", "retry_after"]

RetryAfter = Literal["seconds", "date", "iso", "none"]
_HTML = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"


def retry_after(form: RetryAfter, until: Instant, now: Instant) -> dict[str, str]:
    """The header that asks to wait, in one of the forms that vendors use (RFC 9110 10.2.3 knows the first two)."""
    forms = {
        "seconds": str(max(0, round((until - now).total_seconds()))),
        "date": format_datetime(until.utc, usegmt=True),
        "iso": until.utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {"retry-after": forms[form]} if form in forms else {}


class FaultKind(StrEnum):
    """What happens to the answer."""

    TIMEOUT = "timeout"
    """No answer comes: a transport raises its read time-out, a socket is closed without a byte."""
    REFUSED = "refused"
    """No connection: a transport raises its connect error, a socket is reset before anything is done."""
    THROTTLED = "throttled"
    """429 with ``Retry-After`` in one of four forms."""
    ERROR = "error"
    """A bare 500, or the status in ``status``."""
    BAD_GATEWAY = "bad_gateway"
    """502 with an HTML page."""
    WRONG_TYPE = "wrong_type"
    """The right status with an HTML page in place of the body."""
    SLOW = "slow"
    """The right answer, late."""
    ALTERED = "altered"
    """The right answer with members of its JSON objects, at any depth, replaced or removed."""


_ALWAYS_DONE = (FaultKind.WRONG_TYPE, FaultKind.SLOW, FaultKind.ALTERED)


class NoResponse(Exception):
    """No answer comes. ``kind`` is TIMEOUT or REFUSED, ``done`` whether the deed was done all the same."""

    def __init__(self, kind: FaultKind, *, done: bool) -> None:
        super().__init__(f"{kind}, {'after' if done else 'before'} the deed")
        self.kind = kind
        self.done = done


@frozen(kw_only=True)
class Fault:
    """One fault; make it with a class method.

    >>> Fault.lost_answer(method="POST", path="/digitalKeyVisits$").done
    True

    Attributes:
        kind: what happens to the answer.
        done: whether the deed is done before that.
        method, path: regular expressions that are searched in the request's method and path (without query).
        times: how many requests it spoils, at least 1.
        seconds: how long the answer is held back; a transport whose time limit is shorter times out without waiting.
        status: of ERROR.
        after: seconds until the time that ``Retry-After`` names.
        retry_after: the form of that header.
        replaced, removed: members of ALTERED: an unknown word, a number as text, a field the vendor left out.
    """

    kind: FaultKind = field(converter=FaultKind)
    done: bool
    method: str = ""
    path: str = ""
    times: int = field(default=1, validator=validators.ge(1))
    seconds: float = field(default=0.0, validator=validators.ge(0))
    status: int = 500
    after: float = 1.0
    retry_after: RetryAfter = field(default="seconds", validator=validators.in_(("seconds", "date", "iso", "none")))
    replaced: Mapping[str, Any] = field(factory=dict)
    removed: Sequence[str] = ()

    def __attrs_post_init__(self) -> None:
        if not self.done and self.kind in _ALWAYS_DONE:
            raise ValueError(f"{self.kind} is always done: it needs an answer to spoil")

    @classmethod
    def lost_answer(cls, method: str = "", path: str = "", *, times: int = 1, seconds: float = 0.0) -> Self:
        """The deed is done, and its answer never comes."""
        return cls(kind=FaultKind.TIMEOUT, done=True, method=method, path=path, times=times, seconds=seconds)

    @classmethod
    def no_answer(cls, method: str = "", path: str = "", *, times: int = 1, seconds: float = 0.0) -> Self:
        """Nothing is done and no answer comes: to the caller it looks like :meth:`lost_answer`."""
        return cls(kind=FaultKind.TIMEOUT, done=False, method=method, path=path, times=times, seconds=seconds)

    @classmethod
    def refused(cls, method: str = "", path: str = "", *, times: int = 1) -> Self:
        """No connection. A socket has to read a request to match it, so it can only reset; see ``Served.down`` for more."""
        return cls(kind=FaultKind.REFUSED, done=False, method=method, path=path, times=times)

    @classmethod
    def throttled(
        cls,
        method: str = "",
        path: str = "",
        *,
        times: int = 1,
        after: float = 1.0,
        retry_after: RetryAfter = "seconds",
    ) -> Self:
        """429, nothing is done; ``Retry-After`` as seconds, HTTP date, ISO 8601 date-time, or left out."""
        return cls(
            kind=FaultKind.THROTTLED,
            done=False,
            method=method,
            path=path,
            times=times,
            after=after,
            retry_after=retry_after,
        )

    @classmethod
    def error(cls, method: str = "", path: str = "", *, times: int = 1, status: int = 500, done: bool = False) -> Self:
        """An error status with an empty body."""
        return cls(kind=FaultKind.ERROR, done=done, method=method, path=path, times=times, status=status)

    @classmethod
    def bad_gateway(cls, method: str = "", path: str = "", *, times: int = 1, done: bool = False) -> Self:
        """502 with an HTML page; ``done`` for one that was lost between gateway and service on the way back."""
        return cls(kind=FaultKind.BAD_GATEWAY, done=done, method=method, path=path, times=times)

    @classmethod
    def wrong_type(cls, method: str = "", path: str = "", *, times: int = 1) -> Self:
        """The deed is done and the status is right, but the body is an HTML page."""
        return cls(kind=FaultKind.WRONG_TYPE, done=True, method=method, path=path, times=times)

    @classmethod
    def slow(cls, seconds: float, method: str = "", path: str = "", *, times: int = 1) -> Self:
        """The deed is done at once and answered ``seconds`` later; webhooks about it may come first."""
        return cls(kind=FaultKind.SLOW, done=True, method=method, path=path, times=times, seconds=seconds)

    @classmethod
    def altered(
        cls,
        method: str = "",
        path: str = "",
        *,
        times: int = 1,
        replaced: Mapping[str, Any] | None = None,
        removed: Sequence[str] = (),
    ) -> Self:
        """The deed is done; the answer drifts from what the vendor documents.

        >>> fault = Fault.altered("GET", "/digitalKeyVisits$", replaced={"formFactor": "ma-watch"}, removed=["mobileApp"])
        """
        return cls(
            kind=FaultKind.ALTERED,
            done=True,
            method=method,
            path=path,
            times=times,
            replaced=replaced or {},
            removed=removed,
        )

    def matches(self, method: str, path: str) -> bool:
        """Whether it spoils this request."""
        return bool(re.search(self.method, method) and re.search(self.path, path))

    @property
    def spent(self) -> Self | None:
        """The same with one of its ``times`` less, or None where that was the last."""
        return evolve(self, times=self.times - 1) if self.times > 1 else None

    def spoil(self, response: HttpResponse | None, simulator: Simulator) -> HttpResponse:
        """What is answered in place of ``response``.

        Raises:
            NoResponse: nothing is.
        """
        if self.kind in (FaultKind.TIMEOUT, FaultKind.REFUSED):
            raise NoResponse(self.kind, done=self.done)
        if self.kind is FaultKind.THROTTLED:
            now = simulator.now()
            waiting = retry_after(self.retry_after, now + timedelta(seconds=self.after), now)
            dated = {"date": format_datetime(now.utc, usegmt=True)}  # as every server with a clock does: RFC 9110 6.6.1
            return simulator.error(429, "Too many requests", {**waiting, **dated})
        if self.kind is FaultKind.ERROR:
            return HttpResponse(status=self.status)
        if self.kind is FaultKind.BAD_GATEWAY:
            return HttpResponse(status=502, headers={"content-type": "text/html"}, body=_HTML)
        assert response is not None, "the kinds left are done"
        if self.kind is FaultKind.SLOW:
            return response
        if self.kind is FaultKind.ALTERED:
            return evolve(response, body=json.dumps(self._alter(response.json())).encode())
        return HttpResponse(status=response.status, headers={"content-type": "text/html"}, body=_HTML)

    def _alter(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._alter(one) for one in value]
        if not isinstance(value, dict):
            return value
        kept = {name: self._alter(one) for name, one in value.items() if name not in self.removed}
        return {name: self.replaced.get(name, one) for name, one in kept.items()}

    def to_json(self) -> dict[str, Any]:
        """As ``/_sim/faults`` takes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """From JSON; where ``done`` is left out, the kind's usual one.

        Raises:
            ValueError, TypeError: no such fault.
        """
        return cls(**{"done": told.get("kind") in (FaultKind.TIMEOUT, *_ALWAYS_DONE), **told})


class Spendable(Protocol):
    """What a :class:`FaultQueue` holds."""

    @property
    def spent(self) -> Self | None:
        """The same with one of its ``times`` less, or None where that was the last."""
        ...

    @property
    def matches(self) -> Callable[..., bool]:
        """Whether it is about this subject."""
        ...


F = TypeVar("F", bound=Spendable)


class FaultQueue(Generic[F]):
    """Faults in the order in which they were injected."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[F] = []

    def add(self, fault: F) -> None:
        """Queue one."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, *subject: str) -> F | None:
        """The first fault that matches, with one of its ``times`` spent."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.matches(*subject):
                    rest = fault.spent
                    self._waiting[index : index + 1] = [] if rest is None else [rest]
                    return fault
        return None

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> tuple[F, ...]:
        """Those not spent yet."""
        with self._lock:
            return tuple(self._waiting)
