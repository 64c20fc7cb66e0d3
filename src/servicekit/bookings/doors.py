"""Which doors a branch and its services open: set after they were added."""

from __future__ import annotations

from attrs import frozen

from servicekit.bookings.catalogue import Branch, Service
from servicekit.commands import Command
from servicekit.ids import BranchId, ServiceId

__all__ = ["SetBranchDoors", "SetServiceDoors"]


@frozen(kw_only=True)
class SetBranchDoors(Command[Branch]):
    """Say where a branch's doors are and which of them open, from the next booking or move on. Needs ``catalogue:write``.

    The door system is asked first, so that no gateway and no door that is not there can be set.

    Attributes:
        site: the door system's id of the place; empty without doors.
        components: what every booking opens.
        service_components: what services may open besides.

    Raises:
        Invalid: ``gateway``, ``unknown_component``, ``doors_without_site``, ``nameless_component``.
        Conflict: ``doors_in_use`` where a service opens what would not be the branch's any more.
        OutsideError: the door system could not be asked; nothing was written.
    """

    branch: BranchId
    site: str
    components: tuple[str, ...] = ()
    service_components: tuple[str, ...] = ()


@frozen(kw_only=True)
class SetServiceDoors(Command[Service]):
    """Say which of its branch's doors a service opens, from the next booking or move on. Needs ``catalogue:write``.

    Raises:
        Invalid: ``not_the_branchs_door``; else as for :class:`SetBranchDoors`.
        OutsideError: as for :class:`SetBranchDoors`.
    """

    service: ServiceId
    components: tuple[str, ...] = ()
