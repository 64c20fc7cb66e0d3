"""Customers, what they own, who logs in for them: the small ready store for applications that have none.

An application with tables of its own adds each order and object here under its own ``reference``, in its own transaction
(``kit.perform(..., within=connection)``); servicekit keeps whose it is and where, and leaves the rest to the application.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from servicekit.ids import CustomerId, CustomerUserId, FacilityId, GroupId, ModelId, ObjectId, OrderId, UserId
from servicekit.moments import Instant

__all__ = ["ALL_RIGHTS", "Customer", "CustomerUser", "Facility", "Order", "Right", "ServiceModel", "ServiceObject"]


class Right(StrEnum):
    """What a customer user may do besides seeing its customer's orders and objects; each is on or off.

    To enter is to read as well, to upload is to see: as for every scope, ``write`` includes ``read``.
    """

    READ_READINGS = "readings:read"
    ENTER_READINGS = "readings:write"
    SEE_DOCUMENTS = "documents:read"
    UPLOAD_DOCUMENTS = "documents:write"
    SEE_INSPECTIONS = "inspections:read"
    MAKE_INSPECTIONS = "inspections:write"
    REPORT_FAULTS = "fault_reports:write"
    """File fault reports, and read those of its customer."""
    COMMENT = "comments:write"
    """Comment and answer on orders, and read what others wrote there."""


ALL_RIGHTS: tuple[Right, ...] = tuple(Right)


@frozen(kw_only=True)
class Customer:
    """A customer of an organisation; ``technician`` is told of its fault reports and comments."""

    id: CustomerId
    organisation: GroupId
    name: str
    technician: UserId | None = None


@frozen(kw_only=True)
class Facility:
    """A place of a customer where work is done."""

    id: FacilityId
    organisation: GroupId
    customer: CustomerId
    name: str


@frozen(kw_only=True)
class CustomerUser:
    """A person who logs in for a customer.

    Attributes:
        email: the user name, in lower case, its domain in ASCII.
        facilities: sees objects at these only; None: at all.
        unassigned: sees objects that belong to no facility.
        rights: those that are on.
        accepted_at: when it followed an invitation's link; None: not yet.
        removed: logs in no more; its log stays.
    """

    id: CustomerUserId
    organisation: GroupId
    customer: CustomerId
    email: str
    facilities: tuple[FacilityId, ...] | None = None
    unassigned: bool = True
    rights: tuple[Right, ...] = ()
    accepted_at: Instant | None = None
    removed: bool = False


@frozen(kw_only=True)
class Order:
    """A service or work order; ``reference`` is the application's own, where it has one."""

    id: OrderId
    organisation: GroupId
    customer: CustomerId
    facility: FacilityId | None
    title: str
    made_at: Instant
    reference: str = ""


@frozen(kw_only=True)
class ServiceModel:
    """A model of service objects. It is the organisation's; its documents are seen with every object of it."""

    id: ModelId
    organisation: GroupId
    name: str


@frozen(kw_only=True)
class ServiceObject:
    """Something of a customer's that is looked after: a lift, an oven, a compressor."""

    id: ObjectId
    organisation: GroupId
    customer: CustomerId
    facility: FacilityId | None
    model: ModelId | None
    name: str
    made_at: Instant
    reference: str = ""
