"""Threads: what one user and one number have written to each other, under a name of the user's choice.

Rules kept here:

* There is a thread for each user and number, made with the first message to or from it, also one that was refused.
* Its name is the user's own: it is shown instead of the number, also as the sender of the mails that bring answers. The
  mails' thread id and subject know nothing of it, so renaming splits no conversation.
* A name is one line of printable characters, so nothing in it can become a mail header of its own.

Refused, as `Invalid`: ``bad_thread_name``.
"""

from __future__ import annotations

import hashlib

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.errors import Invalid
from servicekit.ids import MessageId, UserId
from servicekit.messages.message import Message
from servicekit.moments import Instant

__all__ = [
    "ListThreads",
    "NameThread",
    "ReadThread",
    "Thread",
    "ThreadLine",
    "ThreadMark",
    "ThreadPage",
    "check_thread_name",
    "mail_thread",
]

_LONGEST_NAME = 80


@frozen(kw_only=True)
class Thread:
    """A user's messages to and from one number.

    Attributes:
        number: the other side's, in E.164; or what it calls itself where that is no number.
        name: the user's name for it; empty: none.
        last_at: when the last message was made.
    """

    user: UserId
    number: str
    name: str = ""
    last_at: Instant

    @property
    def shown(self) -> str:
        """The name, or the number."""
        return self.name or self.number


def check_thread_name(name: str) -> str:
    """The name without space around it; empty for none.

    Raises:
        Invalid: ``bad_thread_name``: more than 80 characters, or some that are not printable (line breaks, control
            characters, marks that turn the direction of writing).

    >>> check_thread_name("  Görans jobbmobil ")
    'Görans jobbmobil'
    """
    stripped = name.strip()
    if len(stripped) > _LONGEST_NAME or not stripped.isprintable():
        raise Invalid(
            f"A name for a thread has at most {_LONGEST_NAME} printable characters on one line: choose another.",
            code="bad_thread_name",
            name=stripped[:_LONGEST_NAME],
        )
    return stripped


def mail_thread(user: UserId, number: str) -> str:
    """The id by which mails of a thread hang together: the same for ever, and nobody can read the number from it.

    >>> mail_thread(UserId("usr_1"), "+46701740605") == mail_thread(UserId("usr_1"), "+46701740606")
    False
    """
    return hashlib.sha256(f"{user}\0{number}".encode()).hexdigest()[:32]


@frozen(kw_only=True)
class NameThread(Command[Thread]):
    """Name a user's thread with a number. The user itself may, and whoever has ``messages:write`` in its group.

    Attributes:
        number: as the thread has it.
        name: empty: the number is shown again.

    Raises:
        NotFound: ``no_thread``.
        Invalid: ``bad_thread_name``.
    """

    user: UserId
    number: str
    name: str = field(repr=False)


@frozen
class ThreadLine:
    """A thread, and its last message."""

    thread: Thread
    last: Message


@frozen
class ThreadMark:
    """A place in the list of threads."""

    last_at: Instant
    number: str


@frozen
class ThreadPage:
    """Threads, the latest first; ``next`` leads to those before, None at the end."""

    lines: tuple[ThreadLine, ...]
    next: ThreadMark | None


@frozen(kw_only=True)
class ListThreads(Query[ThreadPage]):
    """A user's threads with their last messages, the latest first. The user itself may, and whoever has ``log:read`` there.

    Others than the user see what was sent and received in the groups whose log they may read.

    Attributes:
        before: where the page before ended.
        most: at most so many, 1 to 1,000.

    Raises:
        Invalid: ``page_size``.
    """

    user: UserId
    before: ThreadMark | None = None
    most: int = 50


@frozen(kw_only=True)
class ReadThread(Query[tuple[Message, ...]]):
    """The last messages of a user's thread with a number, in order of time. Who may is as for :class:`ListThreads`.

    Attributes:
        before: only messages before this one: the first of the page after.
        most: at most so many, 1 to 1,000.

    Raises:
        NotFound: ``no_thread``, or no such message in it.
        Invalid: ``page_size``.
    """

    user: UserId
    number: str
    before: MessageId | None = None
    most: int = 100
