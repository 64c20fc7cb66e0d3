"""What can be asked of the room."""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Command, Principal, Query
from servicekit.decisions import Decision
from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions.grants import Grant
from servicekit.permissions.visibility import Visible

__all__ = ["Explain", "GetVisible", "GrantScopes", "ListGrants", "RevokeGrant"]


@frozen(kw_only=True)
class GrantScopes(Command[Grant]):
    """Give scopes to somebody of the organisation. Needs ``grants:write``, or ``customer_rights:write`` for a customer's user.

    Whoever grants gives only what one of its own grants, with ``grants:write`` among its scopes, gives itself: over the
    whole boundary, and for the whole time. With ``customer_rights:write`` it gives a customer's user what the registry says is
    for customers, over that customer alone, without holding it. Nobody grants anything to itself.

    Attributes:
        group, customer, facilities, unassigned: the boundary, see :class:`Boundary`.
        since, until: from when until when; None: from now, without an end.

    Raises:
        Invalid: ``bad_scope``, ``unknown_scope``; ``no_scopes``; ``boundless_facilities``; ``foreign_customer`` and
            ``foreign_facility`` for what is not the organisation's or the customer's; ``not_a_member`` for somebody who is
            not of the organisation; ``empty_time``.
        Forbidden: ``not_yours_to_give``, whose facts name what is missing; ``own_rights``; ``not_for_customers``.
    """

    principal: Principal
    scopes: tuple[str, ...]
    group: GroupId
    customer: CustomerId | None = None
    facilities: tuple[FacilityId, ...] | None = None
    unassigned: bool = True
    since: Instant | None = None
    until: Instant | None = None


@frozen
class RevokeGrant(Command[Grant]):
    """End a grant now, for every process. Its holder may, and whoever may grant it. Needs ``grants:write``.

    Once this has returned, nothing that rests on the grant is done any more; what had begun was over before.

    Raises:
        Forbidden: ``not_yours_to_give``.
        Conflict: ``last_admin``; ``ended`` for a grant that has ended already.
    """

    grant: GrantId


@frozen(kw_only=True)
class ListGrants(Query[tuple[Grant, ...]]):
    """The grants that count in a group or below it, or will, in order of their making. Needs ``grants:read`` there.

    Attributes:
        principal: only this one's. Whoever asks for its own needs no right.
        ended: also those that have ended.
        after: only grants after this one: the last of the page before.
        most: at most so many, 1 to 1,000.

    Raises:
        Invalid: ``page_size``.
    """

    group: GroupId
    principal: Principal | None = None
    ended: bool = False
    after: GrantId | None = None
    most: int = 100


@frozen(kw_only=True)
class Explain(Query[Decision]):
    """Whether somebody holds a right somewhere, and why. Needs ``grants:read`` there; about oneself, nothing.

    Allowed, it names the grant that decided. Denied, the facts also list under ``held`` the principal's grants that give the
    right, and why each does not count: ``ended``, ``not begun`` or ``elsewhere``.

    Attributes:
        principal: about whom.
        scope: the right.
        group: where the thing lies; the organisation's root where it belongs to no other group.
        customer, facility: whose thing it is, and at which facility.

    Raises:
        Invalid: ``bad_scope``, ``unknown_scope``.
        NotFound: the asker has nothing to do with the group.
    """

    principal: Principal
    scope: str
    group: GroupId
    customer: CustomerId | None = None
    facility: FacilityId | None = None


@frozen(kw_only=True)
class GetVisible(Query[Visible]):
    """What of an organisation the asker may see with a right, as a filter for the application's own tables.

    Turn it into SQL with :func:`sql_where`, into a ``Q`` or an expression with :mod:`servicekit.adapters.filters`. It says what
    holds at the moment; ask anew for every list.

    Raises:
        Invalid: ``bad_scope``, ``unknown_scope``.
        NotFound: the asker has nothing to do with the organisation.
    """

    scope: str
    organisation: GroupId
