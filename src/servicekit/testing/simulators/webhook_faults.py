"""Faults of the vendor's calls to us, as values that are queued and spent one webhook at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from attrs import asdict, evolve, field, frozen, validators

__all__ = ["WebhookFault"]


@frozen(kw_only=True)
class WebhookFault:
    """What goes wrong with a vendor's call to us.

    Attributes:
        webhook: ``late`` (by ``seconds``), ``doubled``, ``reordered`` (sent after the next one), ``dropped``, ``forged``
            (wrong proof of origin), ``stale`` (right proof, an hour old).
        event: regular expression searched in the event's name, such as ``meeting.deleted`` or ``delivery``.
        times: how many webhooks it spoils.
    """

    webhook: Literal["late", "doubled", "reordered", "dropped", "forged", "stale"] = field(
        validator=validators.in_(("late", "doubled", "reordered", "dropped", "forged", "stale"))
    )
    event: str = ""
    times: int = field(default=1, validator=validators.ge(1))
    seconds: float = 60.0

    def matches(self, event: str) -> bool:
        """Whether it spoils the webhook of this event."""
        return bool(re.search(self.event, event))

    @property
    def spent(self) -> Self | None:
        """The same with one of its ``times`` less, or None where that was the last."""
        return evolve(self, times=self.times - 1) if self.times > 1 else None

    def to_json(self) -> dict[str, Any]:
        """As ``/_sim/faults`` takes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """From JSON.

        Raises:
            ValueError, TypeError: no such fault.
        """
        return cls(**told)
