"""Links to an SMSC, for the tests of all that has to do with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define, evolve, field

from servicekit.adapters.texts.smpp.link import Address, Link
from servicekit.errors import OutsideError
from smsc import Smsc

__all__ = ["FIELDS", "LONG", "Taker", "failed", "linked", "until"]

LONG = 20.0
FIELDS: dict[str, object] = {"source_addr": "Salon", "destination_addr": "41791234567", "short_message": b"hi"}


def until(true: Callable[[], object]) -> None:
    """Wait for something that comes soon."""
    ends = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


@define
class Taker:
    """Takes what is pushed."""

    status: int = 0
    error: Exception | None = None
    wait: threading.Event | None = None
    taken: list[bytes] = field(factory=list)
    well: list[bytes] = field(factory=list)
    losses: int = 0

    def deliver(self, pdu: Any, tlvs: dict[str, str]) -> int:
        """Take one."""
        del tlvs
        self.taken.append(pdu.short_message)
        if self.wait is not None:
            self.wait.wait(LONG)
        if self.error is not None:
            raise self.error
        return self.status

    def settled(self, pdu: Any, tlvs: dict[str, str]) -> None:
        """It was answered."""
        del tlvs
        self.well.append(pdu.short_message)

    def lost(self) -> None:
        """The link was lost."""
        self.losses += 1


@contextmanager
def linked(smsc: Smsc, taker: Taker | None = None, **more: Any) -> Iterator[Link]:
    """A link that binds anew quickly."""
    address = Address(
        vendor="smpp",
        host="127.0.0.1",
        port=smsc.port,
        system_id=smsc.system_id,
        password=smsc.password,
        pauses=(0.05, 0.1),
    )
    one = taker or Taker()
    link = Link(evolve(address, **more), one)
    try:
        yield link
    finally:
        link.close()


def failed(link: Link, seconds: float = LONG) -> OutsideError:
    """The error that a submit ends in."""
    with pytest.raises(OutsideError) as caught:
        link.submit(FIELDS, seconds)
    return caught.value
