"""Paces: how often something may be done. Some times at once, and then once in a while.

Rules kept here: what is kept of a subject is one instant, up to which it has spent; the generic cell rate algorithm (ITU-T
I.371, the virtual scheduling form) in whole microseconds. So a pace slows and never stops: after one pause the next may go.
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import timedelta
from typing import Final

from attrs import frozen

from servicekit.moments import Instant

__all__ = ["ASKING", "ASKING_FROM", "CALLS", "GUESSES", "GUESSES_FROM", "Pace", "network_of", "subject_of"]


@frozen(kw_only=True)
class Pace:
    """``burst`` at once, and one more after each pause.

    >>> pace = Pace(burst=2, pause=timedelta(minutes=1))
    >>> now = Instant(0)
    >>> pace.left(None, now), pace.left(now + timedelta(minutes=2), now), pace.left(now + timedelta(seconds=90), now)
    (2, 0, 0)
    """

    burst: int
    pause: timedelta

    def spent(self, until: Instant | None, at: Instant) -> Instant | None:
        """Up to when it is spent once one more is done now; None: none is left.

        Args:
            until: up to when it was spent before; None: never.
            at: now.
        """
        after = max(until or at, at) + self.pause
        return after if after <= at + self.burst * self.pause else None

    def left(self, until: Instant | None, at: Instant) -> int:
        """How many more may be done now."""
        return int((at + self.burst * self.pause - max(until or at, at)) // self.pause)

    def next_at(self, until: Instant | None, at: Instant) -> Instant:
        """When the next may be done; now, if one is left."""
        return max(at, max(until or at, at) - (self.burst - 1) * self.pause)


GUESSES: Final = Pace(burst=10, pause=timedelta(minutes=5))
"""Wrong passwords for one address."""
GUESSES_FROM: Final = Pace(burst=50, pause=timedelta(minutes=1))
"""Wrong passwords from one origin."""
ASKING: Final = Pace(burst=3, pause=timedelta(hours=1))
"""Mails with a link, to one address."""
ASKING_FROM: Final = Pace(burst=20, pause=timedelta(minutes=1))
"""Mails with a link that are asked for from one origin."""
CALLS: Final = Pace(burst=120, pause=timedelta(milliseconds=500))
"""Calls with one API key."""


def subject_of(*parts: str) -> str:
    """What a pace is kept under: a digest, so that nobody reads from the table which addresses were tried."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def network_of(origin: str) -> str:
    """The origin as paces know it: of an IPv6 address its /64, which is one subscriber's; anything else as it is.

    >>> network_of("2001:db8::7"), network_of("192.0.2.7")
    ('2001:db8::/64', '192.0.2.7')
    """
    try:
        address = ipaddress.ip_address(origin)
    except ValueError:
        return origin
    if address.version == 4:  # noqa: PLR2004 - IPv4
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed, 64), strict=False))
