"""What is asked of a vendor outside of any transaction: after a reading, or before a change.

Rules kept here: nothing outside happens within a transaction. So a reading that needs a vendor ends in a flow, and a change
that needs one begins with a reading of its own, which says what to ask; its answer is handed to the change, which checks
again whatever may have changed meanwhile. The same holds for what keeps a processor busy, such as hashing a password.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import frozen

from servicekit.ports.http import HttpFlow

__all__ = ["Asked", "Worked"]

T = TypeVar("T")


@frozen
class Asked(Generic[T]):
    """What goes on outside, once its transaction is over."""

    flow: Callable[[], HttpFlow[T]]


@frozen
class Worked(Generic[T]):
    """What takes the processor a while, once its transaction is over; it asks nobody."""

    work: Callable[[], T]

    def done(self) -> Asked[T]:
        """Do it now, and have its result as what was asked."""
        result = self.work()

        def flow() -> HttpFlow[T]:
            yield from ()
            return result

        return Asked(flow)
