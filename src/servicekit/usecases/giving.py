"""Whether somebody may give a grant: what it holds itself and may pass on, or the rights of a customer's user.

Rules kept here: nobody gives what it does not hold, but for one thing: whoever holds ``customer_rights:write`` over a customer
gives that customer's users what the registry says is for customers, and is raised by that in nothing.
"""

from __future__ import annotations

from servicekit.decisions import require
from servicekit.errors import Forbidden
from servicekit.groups import Group
from servicekit.ids import GroupId
from servicekit.permissions import Grant, Place, missing_to_give
from servicekit.usecases.holders import is_customer_user
from servicekit.usecases.work import Work

__all__ = ["demand_to_give"]


def demand_to_give(work: Work, grant: Grant, path: tuple[Group, ...]) -> None:
    """Refuse what the asker may not give; a grant that shall end is asked about with its end in it.

    Raises:
        Forbidden: ``forbidden`` where it may grant nothing at all there; ``not_yours_to_give``, whose facts name what is
            missing; ``not_for_customers``.
    """
    groups = tuple(group.id for group in path)
    missing = missing_to_give(work.held().grants, grant, groups, work.at)
    if not missing:
        return
    if is_customer_user(grant.principal) and _may_set_customer_rights(work, grant, groups):
        beyond = missing - work.wiring.scopes.for_customers
        if not beyond:
            return
        raise Forbidden(
            f"{beyond} is not among the rights that customers' users are given.",
            code="not_for_customers",
            missing=str(beyond),
        )
    require(work.held().check("grants:write", Place(groups, grant.customer), work.at))
    raise Forbidden(
        f"You do not hold {missing} over all of that for all that time in a grant that you may pass on: give less, "
        "or ask an administrator.",
        code="not_yours_to_give",
        missing=str(missing),
    )


def _may_set_customer_rights(work: Work, grant: Grant, groups: tuple[GroupId, ...]) -> bool:
    """Whether one of the asker's grants gives the right to change customers' rights over the grant's whole boundary."""
    if grant.customer is None:
        return False
    held = work.held().implying("customer_rights:write", work.at)
    return any(grant.boundary.within(own.boundary, groups) for own in held)
