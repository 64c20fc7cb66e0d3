"""Clock and randomness: the one file that reads them. Everybody else is told the time and given ids."""

from __future__ import annotations

import os
import time
from typing import TypeVar

from servicekit.ids import ENTROPY_BYTES, Id
from servicekit.moments import Instant

__all__ = ["SystemClock", "mint", "random_bytes"]

I = TypeVar("I", bound=Id)  # noqa: E741 - the usual name of an id's type


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        """The present instant, to the microsecond."""
        return Instant(time.time_ns() // 1000)


def mint(kind: type[I], at: Instant) -> I:
    """A new id of this kind, from the operating system's randomness."""
    return kind.made(at, os.urandom(ENTROPY_BYTES))


def random_bytes(count: int) -> bytes:
    """Randomness for secrets, from the operating system."""
    return os.urandom(count)
