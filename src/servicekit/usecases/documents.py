"""Documents on orders, objects and models."""

from __future__ import annotations

import re

from servicekit.decisions import require
from servicekit.errors import Forbidden, Invalid
from servicekit.ids import DocumentId, ModelId, ObjectId, OrderId
from servicekit.permissions import Everything
from servicekit.portal import (
    AddDocument,
    Document,
    DocumentBytes,
    DocumentContent,
    GetDocument,
    ListDocuments,
    Order,
    ServiceModel,
    ServiceObject,
    check_content,
    digest_of_bytes,
)
from servicekit.usecases.activity import note
from servicekit.usecases.seeing import by_customer, glimpse, reached, written
from servicekit.usecases.work import Work, named, unseen

__all__ = ["add_document", "get_document", "list_documents"]

_MEDIA_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
_MOST_OF_REFERENCE = 2000
_ALL = 1_000_000


def add_document(work: Work, command: AddDocument) -> Document:
    """Store it, and its bytes where they are ours."""
    on = _thing(work, command.about)
    placed = None if isinstance(on, ServiceModel) else on
    customer = work.store.customers.hold(placed.customer) if placed is not None else None
    _reach(work, "documents:write", on)
    if by_customer(work) and (command.internal or placed is None):
        code = "internal_is_for_staff" if placed is not None else "models_are_for_staff"
        raise Forbidden("Only the organisation's own users put such documents there.", code=code)
    check_content(command.content, command.reference)
    if not _MEDIA_TYPE.fullmatch(command.media_type):
        raise Invalid(
            f"{command.media_type!r} is no media type: write it like application/pdf.", code="not_a_media_type"
        )
    document = Document(
        id=work.new(DocumentId),
        organisation=on.organisation,
        customer=customer.id if customer is not None else None,
        facility=placed.facility if placed is not None else None,
        about=on.id,
        name=named(command.name),
        media_type=command.media_type,
        size=len(command.content or b""),
        sha256=digest_of_bytes(command.content),
        reference=written(command.reference, most=_MOST_OF_REFERENCE, needed=False),
        internal=command.internal,
        by=work.by.id,
        made_at=work.at,
    )
    work.store.documents.add(document)
    if command.content is not None:
        work.store.document_bytes.add(DocumentBytes(id=document.id, content=command.content))
    if customer is not None:
        note(
            work,
            customer,
            "document added",
            document.id,
            facility=document.facility,
            detail=f"on {on.id}",
            internal=document.internal,
        )
    return document


def list_documents(work: Work, query: ListDocuments) -> tuple[Document, ...]:
    """Those on a thing, and for an object those on its model."""
    on = _thing(work, query.about)
    _reach(work, "documents:read", on)
    found = _on(work, on.id)
    if isinstance(on, ServiceObject) and on.model is not None:
        found = (*found, *_on(work, on.model))
    return found


def get_document(work: Work, query: GetDocument) -> DocumentContent:
    """One document, reached by what it is on."""
    document = work.store.documents.get(query.document)
    if document.internal and by_customer(work):
        raise unseen(document)
    if document.customer is not None:
        work.owned("documents:read", document, document.organisation, document.customer, document.facility)
    else:
        _reach_by_model(work, "documents:read", document, document.about)
    content = work.store.document_bytes.find(document.id)
    return DocumentContent(document, content.content if content is not None else None)


def _thing(work: Work, about: str) -> Order | ServiceObject | ServiceModel:
    match about.partition("_")[0]:
        case OrderId.prefix:
            return work.store.orders.get(about)
        case ObjectId.prefix:
            return work.store.objects.get(about)
        case _:
            return work.store.models.get(ModelId(about))


def _reach(work: Work, scope: str, on: Order | ServiceObject | ServiceModel) -> None:
    if isinstance(on, ServiceModel):
        _reach_by_model(work, scope, on, on.id)
    else:
        reached(work, scope, on)


def _reach_by_model(work: Work, scope: str, thing: ServiceModel | Document, model: str) -> None:
    """A model, or a document on it, is reached over an object of the model, or by a right over the organisation."""
    objects = work.store.objects
    if model in objects.models(glimpse(work, scope, thing.organisation)):
        return
    if model in objects.models(glimpse(work, "objects:read", thing.organisation)):
        require(work.decision(scope, work.store.path(thing.organisation)))
    else:
        work.owned(scope, thing, thing.organisation)


def _on(work: Work, about: str) -> tuple[Document, ...]:
    """All that are on something which the asker has reached."""
    organisation = _thing(work, about).organisation
    found, _ = work.store.documents.seen(
        Everything(organisation), internal=not by_customer(work), most=_ALL, about=about
    )
    return found
