"""Components: the devices of a site, and which of them bookings may open.

Rules kept here, at set-up and not at the door: a component that is set exists at the site and is no gateway; a service opens
doors out of its branch's only; what a service still opens cannot be taken from its branch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from attrs import field, frozen

from servicekit.errors import Conflict, Invalid

__all__ = ["Component", "check_branch_doors", "check_listed", "check_service_doors"]


@frozen(kw_only=True)
class Component:
    """A door or another device of a site, as the door system lists it. A gateway never opens: no key may name it.

    Attributes:
        alarm: whether a visit while it is armed may set off an alarm.
        ready: whether it can be operated now; None where that is not told.
        evidence: the door system's own words.
    """

    id: str
    name: str
    gateway: bool
    alarm: bool = False
    ready: bool | None = None
    evidence: Mapping[str, object] = field(factory=dict, repr=False)


def check_listed(wanted: Iterable[str], listed: Iterable[Component]) -> None:
    """Demand that each of the wanted components can be opened, by the site's own list.

    Raises:
        Invalid: ``gateway`` for a gateway; ``unknown_component`` for one that is not listed.
    """
    known = {component.id: component for component in listed}
    for one in wanted:
        if one not in known:
            raise Invalid(
                f"The site has no component {one!r}: ask ListComponents for those it has.",
                code="unknown_component",
                component=one,
            )
        if known[one].gateway:
            raise Invalid(
                f"{known[one].name} is a gateway, which opens nothing, and a key that names it fails at every door: "
                "leave it out.",
                code="gateway",
                component=one,
            )


def check_branch_doors(
    site: str, always: Sequence[str], besides: Sequence[str], used: Mapping[str, Collection[str]]
) -> None:
    """Demand that a branch's doors fit together.

    Args:
        site: the door system's id of the place; empty where there is none.
        always: what every booking opens.
        besides: what services may open.
        used: what its services open now, by their names.

    Raises:
        Invalid: ``doors_without_site``; ``nameless_component`` for an empty id.
        Conflict: ``doors_in_use`` where a service would be left with doors that are not the branch's.
    """
    if (always or besides) and not site:
        raise Invalid("Doors belong to a site of the door system: set the branch's site.", code="doors_without_site")
    _check_named([*always, *besides])
    for service, doors in used.items():
        left = sorted(set(doors) - {*always, *besides})
        if left:
            raise Conflict(
                f"{service} still opens {', '.join(left)}: take them from the service first.",
                code="doors_in_use",
                service=service,
                components=left,
            )


def check_service_doors(wanted: Sequence[str], always: Collection[str], besides: Collection[str], *, site: str) -> None:
    """Demand that a service opens doors of its branch only.

    Raises:
        Invalid: ``doors_without_site``, ``nameless_component``, ``not_the_branchs_door``.
    """
    if wanted and not site:
        raise Invalid("Doors belong to a site of the door system: set the branch's site.", code="doors_without_site")
    _check_named(wanted)
    for one in wanted:
        if one not in always and one not in besides:
            raise Invalid(
                f"{one!r} is none of the branch's doors: add it to the branch's service_components first.",
                code="not_the_branchs_door",
                component=one,
            )


def _check_named(components: Iterable[str]) -> None:
    if not all(one.strip() for one in components):
        raise Invalid(
            "A component is named by the door system's id of it: leave out empty ones.", code="nameless_component"
        )
