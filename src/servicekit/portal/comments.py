"""Comments on orders, and answers to them.

Rules kept here:

* Whoever sees the order and has the right reads and writes its comments; internal ones are for users of the organisation
  alone, by every way of reading. To a customer user an internal comment reads like none at all.
* An answer to an internal comment is internal: else it would show that there is something to answer to.
"""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Command, Query
from servicekit.ids import CommentId, CustomerId, FacilityId, GroupId, OrderId
from servicekit.moments import Instant

__all__ = ["AddComment", "Comment", "CommentPage", "ListComments"]


@frozen(kw_only=True)
class Comment:
    """A comment on an order; ``answers`` another one on the same order, or none."""

    id: CommentId
    organisation: GroupId
    customer: CustomerId
    facility: FacilityId | None
    order: OrderId
    answers: CommentId | None
    internal: bool
    text: str
    by: str
    made_at: Instant


@frozen(kw_only=True)
class AddComment(Command[Comment]):
    """Comment on an order, or answer a comment on it. Needs ``comments:write``.

    A customer user's comment is told to the customer's technician, another one to the customer users who may read it.

    Raises:
        NotFound: the asker may not see the order, or the comment that it answers; or that one is on another order.
        Invalid: ``no_text``, ``long_text``, ``control_character``; ``answer_shows_internal`` for an answer to an internal
            comment that is not internal itself.
        Forbidden: ``internal_is_for_staff`` if a customer user writes an internal one.
    """

    order: OrderId
    text: str
    answers: CommentId | None = None
    internal: bool = False


@frozen
class CommentPage:
    """Comments that the asker may see, newest first, and how many there are in all."""

    comments: tuple[Comment, ...]
    count: int


@frozen(kw_only=True)
class ListComments(Query[CommentPage]):
    """The comments on an order that the asker may see. Needs ``comments:read``.

    Attributes:
        containing: only those with this in their text; capitals are the same as small letters.
        most: at most so many, 1 to 1,000.
    """

    order: OrderId
    containing: str = ""
    most: int = 50
