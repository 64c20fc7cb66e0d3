"""What is asked of a vendor outside of any transaction: after a reading, or before a change.

Rules kept here: nothing outside happens within a transaction. So a reading that needs a vendor ends in a flow, and a change
that needs one begins with a reading of its own, which says what to ask; its answer is handed to the change, which checks
again whatever may have changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import frozen

from servicekit.ports.http import HttpFlow

__all__ = ["Asked"]

T = TypeVar("T")


@frozen
class Asked(Generic[T]):
    """What goes on outside, once its transaction is over."""

    flow: Callable[[], HttpFlow[T]]
