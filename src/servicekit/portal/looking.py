"""Search and export over everything in the portal: the same things, to the letter, that the lists show."""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Query
from servicekit.ids import GroupId
from servicekit.portal.comments import Comment
from servicekit.portal.customers import Order, ServiceObject
from servicekit.portal.documents import Document
from servicekit.portal.faults import FaultReport
from servicekit.portal.readings import Inspection, Reading

__all__ = ["ExportPortal", "PortalThings", "SearchPortal"]


@frozen(kw_only=True)
class PortalThings:
    """Things that the asker may see, each kind newest first; of the kinds that it has no right to read, none."""

    orders: tuple[Order, ...] = ()
    objects: tuple[ServiceObject, ...] = ()
    faults: tuple[FaultReport, ...] = ()
    comments: tuple[Comment, ...] = ()
    documents: tuple[Document, ...] = ()
    readings: tuple[Reading, ...] = ()
    inspections: tuple[Inspection, ...] = ()


@frozen(kw_only=True)
class SearchPortal(Query[PortalThings]):
    """What the asker may see and has ``containing`` in its name or text; capitals are the same as small letters.

    Needs ``orders:read``, or to be a customer user; every other kind needs its own right besides, and is left out without it.
    Costs a pass over what is visible.

    Raises:
        Invalid: ``page_size``; ``nothing_to_search`` unless it has 1 to 200 characters.
    """

    organisation: GroupId
    containing: str
    most: int = 50


@frozen(kw_only=True)
class ExportPortal(Query[PortalThings]):
    """Everything that the asker may see; bytes of documents are asked for one by one.

    Needs ``orders:read``, or to be a customer user; every other kind needs its own right besides, and is left out without it.
    Memory for all of it is needed at once.

    Attributes:
        most: of each kind at most so many, 1 to 100,000.

    Raises:
        Invalid: ``page_size``.
    """

    organisation: GroupId
    most: int = 10_000
