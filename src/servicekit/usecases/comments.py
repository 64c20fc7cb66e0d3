"""Comments on orders and answers to them; internal ones do not exist for customer users."""

from __future__ import annotations

from servicekit.errors import Forbidden, Invalid
from servicekit.ids import CommentId
from servicekit.permissions import Everything
from servicekit.portal import AddComment, Comment, CommentPage, ListComments, Order
from servicekit.usecases.activity import note
from servicekit.usecases.seeing import by_customer, check_page, reached, written
from servicekit.usecases.technicians import tell_customer_users, tell_technician
from servicekit.usecases.work import Work, unseen

__all__ = ["add_comment", "list_comments"]


def add_comment(work: Work, command: AddComment) -> Comment:
    """Store it, and tell whom it concerns."""
    order = work.store.orders.get(command.order)
    customer = work.store.customers.hold(order.customer)
    reached(work, "comments:write", order)
    if command.internal and by_customer(work):
        raise Forbidden("Internal comments are for the organisation's own users.", code="internal_is_for_staff")
    if command.answers is not None:
        _check_answered(work, order, command.answers, internal=command.internal)
    comment = Comment(
        id=work.new(CommentId),
        organisation=order.organisation,
        customer=order.customer,
        facility=order.facility,
        order=order.id,
        answers=command.answers,
        internal=command.internal,
        text=written(command.text),
        by=work.by.id,
        made_at=work.at,
    )
    work.store.comments.add(comment)
    note(
        work,
        customer,
        "comment written",
        comment.id,
        facility=order.facility,
        detail=f"on {order.id}",
        internal=comment.internal,
    )
    (tell_technician if by_customer(work) else tell_customer_users)(work, customer, comment)
    return comment


def _check_answered(work: Work, order: Order, answered: CommentId, *, internal: bool) -> None:
    comment = work.store.comments.get(answered)
    if comment.order != order.id or (comment.internal and by_customer(work)):
        raise unseen(comment)
    if comment.internal and not internal:
        raise Invalid(
            "An answer to an internal comment would show that there is one: make the answer internal as well.",
            code="answer_shows_internal",
            comment=comment.id,
        )


def list_comments(work: Work, query: ListComments) -> CommentPage:
    """Those on one order that the asker may see."""
    check_page(query.most)
    order = reached(work, "comments:read", work.store.orders.get(query.order))
    # All on the order are where the order is, so whoever reaches it reaches them.
    found, count = work.store.comments.seen(
        Everything(order.organisation),
        containing=query.containing,
        internal=not by_customer(work),
        most=query.most,
        order=order.id,
    )
    return CommentPage(found, count)
