"""What can be asked of the room."""

from __future__ import annotations

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.ids import BookingId, BranchId
from servicekit.keys.arrivals import DoorEvent
from servicekit.keys.components import Component
from servicekit.keys.door import Light
from servicekit.keys.key import Key
from servicekit.keys.unlocking import Unlock
from servicekit.moments import Instant, as_instant

__all__ = [
    "AtDoor",
    "Attendance",
    "ListComponents",
    "ListKeys",
    "ListUnlocks",
    "NoteArrivals",
    "ReadAccessLog",
    "ReissueKey",
    "UnlockDoor",
]


@frozen
class AtDoor(Query[Light]):
    """Whether the booking's present key opens ``component`` at ``at``, as far as we know it. Rights as for GetBooking."""

    booking: BookingId
    component: str
    at: Instant


@frozen
class ListKeys(Query[tuple[Key, ...]]):
    """All keys that a booking has had, oldest first. Rights as for GetBooking."""

    booking: BookingId


@frozen
class ListComponents(Query[tuple[Component, ...]]):
    """The devices of a branch's site, gateways and alarms marked. Asks the door system. Needs ``catalogue:read``.

    Raises:
        Conflict: ``no_site`` for a branch without one.
        OutsideError: the door system could not be asked, or knows no such site.
    """

    branch: BranchId


@frozen
class ReissueKey(Command[Key]):
    """Make a booking's key anew: for another phone, by PIN, or because it does not work. Needs ``bookings:write``.

    The new key is made first, for the doors and the mobile number that hold now; then the old one is ended. The client is
    told again.

    Attributes:
        by_pin: whether a PIN opens the doors instead of the app; unless said, as the client is set.

    Raises:
        Conflict: ``no_key`` for a booking without doors, or one that doors do not obey (any more).
    """

    booking: BookingId
    by_pin: bool | None = field(default=None, kw_only=True)


@frozen(kw_only=True)
class UnlockDoor(Command[Unlock]):
    """Ask a door to open now, without a key. It is asked by the relay, within half a minute or not at all, and only once.

    The client of ``booking`` may, while its key opens that door; whoever has ``doors:unlock`` may at any time, with a booking
    or without. Each is kept: see :class:`ListUnlocks`.

    Raises:
        Conflict: ``door_red`` where the client's key does not open it now, with the reason.
        Invalid: ``not_the_branchs_door``.
    """

    branch: BranchId
    component: str
    booking: BookingId | None = None


@frozen(kw_only=True)
class ListUnlocks(Query[tuple[Unlock, ...]]):
    """Who asked which door of a branch to open, and what came of it, newest first. Needs ``doors:read``."""

    branch: BranchId
    most: int = 100


@frozen(kw_only=True)
class ReadAccessLog(Query[tuple[DoorEvent, ...]]):
    """What happened at the doors of a branch's site, oldest first. Asks the door system. Needs ``doors:read``.

    Raises:
        Conflict: ``no_site``.
        Invalid: ``empty_window``.
        OutsideError: as for :class:`ListComponents`; ``Unsupported`` where the door system keeps no log that can be read.
    """

    branch: BranchId
    since: Instant = field(converter=as_instant)
    until: Instant = field(converter=as_instant)


@frozen(kw_only=True)
class Attendance:
    """Who came, and who did not."""

    came: tuple[BookingId, ...]
    missed: tuple[BookingId, ...]


@frozen(kw_only=True)
class NoteArrivals(Command[Attendance]):
    """Check in whoever has opened a door of theirs since ``since``, by the access log. Needs ``bookings:write``.

    Asks the door system first. To be run again and again: what is noted already stays so.

    Attributes:
        no_shows: whether to mark as no-show whose key worked and was never used, from its opening to its end.

    Raises:
        Conflict: ``no_site``.
        OutsideError: as for :class:`ReadAccessLog`.
    """

    branch: BranchId
    since: Instant = field(converter=as_instant)
    no_shows: bool = False
