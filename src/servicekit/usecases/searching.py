"""Search and export: everything in the portal that the asker may see, by the same filter as the lists."""

from __future__ import annotations

from typing import Any

from servicekit.errors import Invalid
from servicekit.ids import GroupId
from servicekit.permissions import Visible
from servicekit.portal import ExportPortal, PortalThings, SearchPortal
from servicekit.ports.tables import SeenRows
from servicekit.usecases.seeing import by_customer, check_page, glimpse, visible
from servicekit.usecases.work import Work

__all__ = ["export_portal", "search_portal"]

_LONGEST = 200
_MOST_EXPORTED = 100_000


def search_portal(work: Work, query: SearchPortal) -> PortalThings:
    """What has these words."""
    check_page(query.most)
    wanted = query.containing.strip()
    if not wanted or len(wanted) > _LONGEST or not wanted.isprintable():
        raise Invalid(f"Search for 1 to {_LONGEST} printable characters.", code="nothing_to_search")
    return _found(work, query.organisation, wanted, query.most)


def export_portal(work: Work, query: ExportPortal) -> PortalThings:
    """All of it."""
    check_page(query.most, limit=_MOST_EXPORTED)
    return _found(work, query.organisation, "", query.most)


def _found(work: Work, organisation: GroupId, containing: str, most: int) -> PortalThings:
    orders, root = visible(work, "orders:read", organisation)
    internal = not by_customer(work)

    def seen(rows: SeenRows[Any], shown: Visible) -> tuple[Any, ...]:
        return rows.seen(shown, containing=containing, internal=internal, most=most)[0]

    store = work.store
    return PortalThings(
        orders=seen(store.orders, orders),
        objects=seen(store.objects, glimpse(work, "objects:read", root)),
        faults=seen(store.faults, glimpse(work, "fault_reports:read", root)),
        comments=seen(store.comments, glimpse(work, "comments:read", root)),
        documents=seen(store.documents, glimpse(work, "documents:read", root)),
        readings=seen(store.readings, glimpse(work, "readings:read", root)),
        inspections=seen(store.inspections, glimpse(work, "inspections:read", root)),
    )
