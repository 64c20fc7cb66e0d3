"""Documents on an order, on a service object, or on the model of service objects.

Rules kept here:

* A document has bytes of ours, or a reference that the application resolves; one of the two.
* It is seen by whoever sees what it is on and has the right; that of a model by whoever sees an object of the model. Internal
  ones are for users of the organisation alone.
* A customer user puts documents on orders and objects; what is on a model is the organisation's.
"""

from __future__ import annotations

import hashlib

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.errors import Invalid
from servicekit.ids import CustomerId, DocumentId, FacilityId, GroupId, ModelId, ObjectId, OrderId
from servicekit.moments import Instant

__all__ = [
    "MOST_BYTES",
    "AddDocument",
    "Document",
    "DocumentBytes",
    "DocumentContent",
    "GetDocument",
    "ListDocuments",
    "check_content",
    "digest_of_bytes",
]

MOST_BYTES = 20_000_000
"""The largest document whose bytes are kept; a larger one stays with the application, by reference."""


@frozen(kw_only=True)
class Document:
    """What is known of a document.

    Attributes:
        customer, facility: of the order or object that it is on; None on a model.
        about: the order, object or model.
        media_type: as who uploaded it says; never believe it when you serve it.
        size: in bytes; 0 for one by reference.
        sha256: of the bytes, 64 hexadecimal digits; empty for one by reference.
        reference: the application's own; empty where the bytes are ours.
    """

    id: DocumentId
    organisation: GroupId
    customer: CustomerId | None
    facility: FacilityId | None
    about: str
    name: str
    media_type: str
    size: int
    sha256: str
    reference: str
    internal: bool
    by: str
    made_at: Instant


@frozen(kw_only=True)
class DocumentBytes:
    """The bytes of a document, by its id."""

    id: DocumentId
    content: bytes = field(repr=False)


@frozen
class DocumentContent:
    """A document with its bytes; None where the application has them, by ``document.reference``."""

    document: Document
    content: bytes | None = field(repr=False)


def check_content(content: bytes | None, reference: str) -> None:
    """Demand bytes or a reference.

    Raises:
        Invalid: ``no_content`` for neither or both, ``large_document`` above :data:`MOST_BYTES`.
    """
    if (content is None) == (not reference):
        raise Invalid("A document has either bytes or a reference of yours: give one of the two.", code="no_content")
    if content is not None and len(content) > MOST_BYTES:
        raise Invalid(
            f"The document has {len(content)} bytes and may have {MOST_BYTES}: keep it yourself, and give a reference.",
            code="large_document",
            size=len(content),
            most=MOST_BYTES,
        )


def digest_of_bytes(content: bytes | None) -> str:
    """The SHA-256 of what a document holds; empty where it holds nothing itself."""
    return hashlib.sha256(content).hexdigest() if content is not None else ""


@frozen(kw_only=True)
class AddDocument(Command[Document]):
    """Put a document on an order, an object or a model. Needs ``documents:write``.

    Args:
        about: what it is on.
        name: as people see it, on one line.
        content: its bytes, or None.
        reference: the application's own, or empty.
        media_type: such as ``application/pdf``.
        internal: for users of the organisation alone.

    Raises:
        NotFound: the asker may not see what it shall be on.
        Invalid: ``no_content``, ``large_document``, ``nameless``, ``not_a_media_type``.
        Forbidden: ``internal_is_for_staff``, ``models_are_for_staff`` for customer users.
    """

    about: OrderId | ObjectId | ModelId
    name: str
    content: bytes | None = field(default=None, repr=False)
    reference: str = ""
    media_type: str = "application/octet-stream"
    internal: bool = False


@frozen
class ListDocuments(Query[tuple[Document, ...]]):
    """The documents on an order, an object (with those on its model) or a model, newest first. Needs ``documents:read``."""

    about: OrderId | ObjectId | ModelId


@frozen
class GetDocument(Query[DocumentContent]):
    """A document with its bytes. Needs ``documents:read``."""

    document: DocumentId
