"""Documents on orders, objects and models: kept or referred to, seen by whoever sees what they are on."""

from __future__ import annotations

import hashlib

import pytest

from portals import MINUTE, Portal
from servicekit import Principal
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.ids import DocumentId, ModelId
from servicekit.portal import (
    AddDocument,
    AddModel,
    AddObject,
    Document,
    ExportPortal,
    GetDocument,
    ListDocuments,
    ReadActivity,
    Right,
    SearchPortal,
    ServiceModel,
)

pytest_plugins = ("portal_fixtures",)


def add(it: Portal, about: object, name: str = "Plan", by: Principal | None = None, **more: object) -> Document:
    """A document, a minute after what was before."""
    it.clock.advance(MINUTE)
    given = more if "reference" in more else {"content": b"%PDF", **more}
    return it.tell(AddDocument(about=about, name=name, **given), by)  # type: ignore[arg-type]


@pytest.fixture
def model(it: Portal) -> ServiceModel:
    """A model of saws."""
    return it.tell(AddModel(organisation=it.root, name="S 100"))


@pytest.mark.spec("P-04")
def test_a_document_has_bytes_or_a_reference(stored: Portal) -> None:
    """What was put in comes out, to the byte; a reference is the application's to resolve."""
    it = stored
    hans, order = Principal.of(it.user().id), it.order()
    kept = add(it, order.id, "Plan", hans, content=bytes(range(256)), media_type="image/png")
    there = add(it, order.id, "Film", reference="s3://films/1")
    empty = add(it, order.id, "Nothing", content=b"")

    found = it.ask(GetDocument(kept.id), hans)
    assert (found.document, found.content) == (kept, bytes(range(256)))
    assert (kept.size, kept.sha256) == (256, hashlib.sha256(bytes(range(256))).hexdigest())
    assert "content" not in repr(found) or repr(found.content) not in repr(found)
    assert (it.ask(GetDocument(there.id), hans).content, there.size, there.sha256) == (None, 0, "")
    assert it.ask(GetDocument(empty.id), hans).content == b""
    assert it.ask(ListDocuments(order.id), hans) == (empty, there, kept)


@pytest.mark.spec("P-04")
def test_documents_of_a_model_are_seen_with_every_object_of_it(stored: Portal) -> None:
    """In the object's list, the model's, in search and export, and one by one; not by who sees no such object."""
    it = stored
    model = it.tell(AddModel(organisation=it.root, name="S 100"))
    saw = it.object("Saw", it.mill, model=model.id)
    hans = Principal.of(it.user(facilities=(it.mill.id,), unassigned=False).id)
    eva = Principal.of(it.user(name="eva", facilities=(it.yard.id,), unassigned=True).id)
    manual, own = add(it, model.id, "Manual"), add(it, saw.id, "Warranty")
    hidden = add(it, model.id, "Manual for us", internal=True)

    assert it.ask(ListDocuments(saw.id), hans) == (own, manual)
    assert it.ask(ListDocuments(model.id), hans) == (manual,)
    assert it.ask(ListDocuments(model.id)) == (hidden, manual)
    assert it.ask(SearchPortal(organisation=it.root, containing="MANUAL"), hans).documents == (manual,)
    assert it.ask(ExportPortal(organisation=it.root), hans).documents == (own, manual)
    assert it.ask(GetDocument(manual.id), hans).document == manual
    assert it.ask(ExportPortal(organisation=it.root), eva).documents == ()
    for request, thing in (
        (GetDocument(manual.id), manual.id),
        (GetDocument(own.id), own.id),
        (ListDocuments(model.id), model.id),
        (ListDocuments(saw.id), saw.id),
    ):
        refused = it.refused(request, eva)
        assert (type(refused), refused.facts["id"]) == (NotFound, thing)
    assert type(it.refused(GetDocument(hidden.id), hans)) is NotFound
    assert it.ask(GetDocument(hidden.id)).document == hidden


def test_who_sees_the_object_and_lacks_the_right_is_told_which(it: Portal, model: ServiceModel) -> None:
    """For the object's documents and the model's alike."""
    saw = it.object("Saw", model=model.id)
    document = add(it, model.id)
    hans = Principal.of(it.user(rights=(Right.COMMENT,)).id)
    for request in (ListDocuments(saw.id), ListDocuments(model.id), GetDocument(document.id)):
        refused = it.refused(request, hans)
        assert (type(refused), refused.facts) == (Forbidden, {"needs": "documents:read"})
    assert it.ask(ListDocuments(it.object("Crane").id)) == ()


def test_a_customer_user_uploads_to_orders_and_objects(it: Portal, model: ServiceModel) -> None:
    """Not to a model, and nothing internal; what it uploads stands in the log."""
    order, saw = it.order(), it.object("Saw", model=model.id)
    user = it.user()
    hans = Principal.of(user.id)
    assert add(it, saw.id, by=hans).by == user.id
    add(it, order.id, by=hans)
    for about, more, code in (
        (model.id, {}, "models_are_for_staff"),
        (order.id, {"internal": True}, "internal_is_for_staff"),
    ):
        command = AddDocument(about=about, name="x", content=b"", **more)  # type: ignore[arg-type]
        refused = it.refused(command, hans)
        assert (type(refused), refused.code) == (Forbidden, code)
    log = it.ask(ReadActivity(customer=it.holz.id), hans).entries
    assert [(entry.what, entry.detail) for entry in log] == [
        ("document added", f"on {order.id}"),
        ("document added", f"on {saw.id}"),
    ]


def test_what_is_no_document_is_refused(it: Portal, model: ServiceModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without content, with two, too large, nameless, of no media type, on nothing, on a stranger's model."""
    monkeypatch.setattr("servicekit.portal.documents.MOST_BYTES", 3)
    order = it.order()
    for more, code in (
        ({}, "no_content"),
        ({"content": b"x", "reference": "y"}, "no_content"),
        ({"content": b"four"}, "large_document"),
        ({"content": b"x", "name": " "}, "nameless"),
        ({"content": b"x", "media_type": "text/html; charset=x"}, "not_a_media_type"),
        ({"reference": "x" * 2001}, "long_text"),
    ):
        refused = it.refused(AddDocument(**{"about": order.id, "name": "Plan", **more}))  # type: ignore[arg-type]
        assert (type(refused), refused.code) == (Invalid, code)
    refused = it.refused(AddDocument(about=it.holz.id, name="Plan", content=b"x"))  # type: ignore[arg-type]
    assert (type(refused), refused.code) == (Invalid, "wrong_id")
    for missing in (ListDocuments(ModelId("mod_none")), GetDocument(DocumentId("doc_none"))):
        assert type(it.refused(missing)) is NotFound
    refused = it.refused(AddObject(customer=it.holz.id, name="Saw", model=ModelId("mod_none")))
    assert (type(refused), refused.code) == (Invalid, "foreign_model")
