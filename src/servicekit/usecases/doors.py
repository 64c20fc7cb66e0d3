"""Doors of branches and services: listed from the door system, and checked by its list before they are set.

Rules kept here: where the kit has a door system, whatever sets components asks it first; a gateway is refused there and then.
Where it has none, nothing can be asked, and only what is ours is checked.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve, frozen

from servicekit.bookings import AddBranch, AddService, Branch, Service, SetBranchDoors, SetServiceDoors
from servicekit.errors import Conflict
from servicekit.ids import BranchId
from servicekit.keys import Component, ListComponents, check_branch_doors, check_listed, check_service_doors
from servicekit.ports.http import HttpFlow
from servicekit.usecases.asking import Asked
from servicekit.usecases.work import Work

__all__ = [
    "Listing",
    "ask_for_branch",
    "ask_for_new_branch",
    "ask_for_new_service",
    "ask_for_service",
    "check_new_branch",
    "check_new_service",
    "list_components",
    "set_branch_doors",
    "set_service_doors",
    "site_of",
]


@frozen
class Listing:
    """What the door system said of a site."""

    site: str
    components: tuple[Component, ...]


def site_of(branch: Branch) -> str:
    """The branch's site.

    Raises:
        Conflict: ``no_site``.
    """
    if not branch.site:
        raise Conflict(
            f"{branch.name} has no site of a door system: set one with SetBranchDoors.",
            code="no_site",
            branch=branch.id,
        )
    return branch.site


def list_components(work: Work, query: ListComponents) -> Asked[tuple[Component, ...]]:
    """The devices of a branch's site."""
    branch = work.store.branches.get(query.branch)
    work.owned("catalogue:read", branch, branch.organisation)
    site, doors = site_of(branch), work.wiring.need(work.wiring.doors, "doors")
    return Asked(lambda: doors.components(site))


# What is asked before something is set; the right is asked for already here, so that strangers learn nothing


def ask_for_new_branch(work: Work, command: AddBranch) -> Asked[Listing] | None:
    """Before a branch is added."""
    work.organisation("catalogue:write", command.organisation)
    return _listing(work, command.site, (*command.components, *command.service_components))


def ask_for_new_service(work: Work, command: AddService) -> Asked[Listing] | None:
    """Before a service is added."""
    return _listing(work, _branch(work, command.branch).site, command.components)


def ask_for_branch(work: Work, command: SetBranchDoors) -> Asked[Listing] | None:
    """Before a branch's doors are set."""
    _branch(work, command.branch)
    return _listing(work, command.site, (*command.components, *command.service_components))


def ask_for_service(work: Work, command: SetServiceDoors) -> Asked[Listing] | None:
    """Before a service's doors are set."""
    service = work.store.services.get(command.service)
    work.owned("catalogue:write", service, service.organisation)
    return _listing(work, work.store.branches.get(service.branch).site, command.components)


def _branch(work: Work, key: BranchId) -> Branch:
    branch = work.store.branches.get(key)
    return work.owned("catalogue:write", branch, branch.organisation)


def _listing(work: Work, site: str, wanted: Iterable[str]) -> Asked[Listing] | None:
    doors = work.wiring.doors
    if doors is None or not site or not any(wanted):
        return None

    def flow() -> HttpFlow[Listing]:
        return Listing(site, (yield from doors.components(site)))

    return Asked(flow)


# What is checked when it is set


def check_new_branch(command: AddBranch, listing: Listing | None) -> None:
    """Demand that a new branch's doors can be opened."""
    check_branch_doors(command.site, command.components, command.service_components, {})
    _check(command.site, (*command.components, *command.service_components), listing)


def check_new_service(branch: Branch, command: AddService, listing: Listing | None) -> None:
    """Demand that a new service opens its branch's doors only."""
    _check_of_service(branch, command.components, listing)


def set_branch_doors(work: Work, command: SetBranchDoors, listing: Listing | None = None) -> Branch:
    """Where a branch's doors are, and which open."""
    branch = work.store.branches.hold(command.branch)
    work.owned("catalogue:write", branch, branch.organisation)
    used = {service.name: service.components for service in work.store.services.where(branch=branch.id)}
    _check(command.site, (*command.components, *command.service_components), listing)
    check_branch_doors(command.site, command.components, command.service_components, used)
    changed = evolve(
        branch, site=command.site, components=command.components, service_components=command.service_components
    )
    work.store.branches.save(changed)
    return changed


def set_service_doors(work: Work, command: SetServiceDoors, listing: Listing | None = None) -> Service:
    """Which of its branch's doors a service opens."""
    branch = work.store.branches.hold(
        work.store.services.get(command.service).branch
    )  # first, as set_branch_doors does
    service = work.store.services.hold(command.service)
    work.owned("catalogue:write", service, service.organisation)
    _check_of_service(branch, command.components, listing)
    changed = evolve(service, components=command.components)
    work.store.services.save(changed)
    return changed


def _check_of_service(branch: Branch, wanted: tuple[str, ...], listing: Listing | None) -> None:
    check_service_doors(wanted, branch.components, branch.service_components, site=branch.site)
    _check(branch.site, wanted, listing)


def _check(site: str, wanted: tuple[str, ...], listing: Listing | None) -> None:
    if listing is None:
        return
    if listing.site != site:
        raise Conflict(
            "The branch's site was changed while its doors were being asked for: try again.",
            code="site_changed",
            site=site,
        )
    check_listed(wanted, listing.components)
