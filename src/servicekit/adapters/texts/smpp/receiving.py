"""What the SMSC pushes, handed to the application, and answered by what became of it.

Rules kept here:

* A push is answered "well" when the application has returned, which is when its transaction is committed; "come later" after
  any error, so that the SMSC keeps it; "never" only where no later try could read it.
* SMPP gives texts no id. What is pushed once more is told from an equal text by what was answered: a push that was not
  answered well comes again, and is the same event; one that was is another text. After a lost link nobody knows whether the
  last answers arrived: for some minutes an equal push is the same event then, once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets  # noqa: TID251 - names events, and proves the calls of this very adapter; nothing of it is stored
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from servicekit.adapters.texts.smpp.reading import Delivered
from servicekit.codec import dumps
from servicekit.errors import UnreadableInput

__all__ = ["HEADER", "OK", "PERMANENT", "TEMPORARY", "Receive", "Receiver"]

_log = logging.getLogger("servicekit.smpp")

Receive = Callable[[str, Mapping[str, str], bytes], object]
"""``kit.receive``: returns when it is committed."""

HEADER = "x-smpp-token"
OK, TEMPORARY, PERMANENT = 0x00, 0x64, 0x65  # SMPP 3.4, 5.1.3
_REMEMBERED = 1000  # pushes of each kind
_LATE = 30.0  # seconds before a link was lost, in which an answer may not have arrived
_AGAIN = 600.0  # seconds after it, within which the SMSC pushes again what was not answered


class Receiver:
    """Stands between a link and the application.

    Args:
        vendor: the adapter's name.

    Attributes:
        receive: the application; without one, all must come later.
        token: proves that a call comes from here.
    """

    def __init__(self, vendor: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.receive: Receive | None = None
        self.token = secrets.token_urlsafe(32)
        self._vendor = vendor
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, str] = {}
        self._answered: dict[str, tuple[str, float]] = {}
        self._doubtful: dict[str, tuple[str, float]] = {}

    def deliver(self, pdu: Any, tlvs: dict[str, str]) -> int:
        """Hand a deliver_sm to the application; the status to answer it with."""
        if self.receive is None:
            _log.warning("%s: a deliver_sm must wait until start(kit.receive) is called", self._vendor)
            return TEMPORARY
        told = Delivered(
            event=self._event(_seen(pdu, tlvs)),
            source=_text(pdu.source_addr),
            destination=_text(pdu.destination_addr),
            esm_class=pdu.esm_class,
            data_coding=pdu.data_coding,
            message=(pdu.short_message or b"").hex(),
            tlvs=tlvs,
        )
        try:
            self.receive(self._vendor, {HEADER: self.token}, dumps(told).encode())
        except UnreadableInput as error:
            _log.error("%s: a deliver_sm was refused for good: %s", self._vendor, error)
            return PERMANENT
        except Exception:  # noqa: BLE001 - whatever it is, the SMSC keeps the text
            _log.exception("%s: a deliver_sm could not be taken in; the SMSC keeps it", self._vendor)
            return TEMPORARY
        return OK

    def settled(self, pdu: Any, tlvs: dict[str, str]) -> None:
        """It was answered well."""
        seen = _seen(pdu, tlvs)
        with self._lock:
            event = self._open.pop(seen, "")
            self._answered.pop(seen, None)
            self._answered[seen] = event, self._clock()
            _bound(self._answered)

    def lost(self) -> None:
        """The link was lost, and the last answers perhaps with it."""
        now = self._clock()
        with self._lock:
            late = {seen: event for seen, (event, at) in self._answered.items() if now - at <= _LATE}
            self._answered.clear()
            self._doubtful |= {seen: (event, now + _AGAIN) for seen, event in late.items()}
            _bound(self._doubtful)

    def _event(self, seen: str) -> str:
        with self._lock:
            doubtful, until = self._doubtful.pop(seen, ("", 0.0))
            same = self._open.get(seen) or (doubtful if self._clock() <= until else "")
            self._open[seen] = event = same or secrets.token_hex(16)
            _bound(self._open)
            return event


def _bound(kept: dict[str, Any]) -> None:
    """Let go of the oldest."""
    while len(kept) > _REMEMBERED:
        del kept[next(iter(kept))]


def _seen(pdu: Any, tlvs: dict[str, str]) -> str:
    """What is the same when an SMSC pushes the same once more."""
    fields = [pdu.source_addr, pdu.destination_addr, pdu.short_message]
    told = [*(_text(one) for one in fields), pdu.esm_class, pdu.data_coding, sorted(tlvs.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _text(octets: bytes | None) -> str:
    return (octets or b"").decode("latin-1")
