"""Threads: made with their first message, named, listed and read."""

from __future__ import annotations

from servicekit.commands import Principal, PrincipalKind
from servicekit.errors import Invalid, NotFound
from servicekit.ids import GroupId, UserId
from servicekit.messages import (
    GetMessage,
    ListThreads,
    Message,
    NameThread,
    ReadThread,
    Thread,
    ThreadLine,
    ThreadMark,
    ThreadPage,
    check_thread_name,
)
from servicekit.usecases.work import Work

__all__ = ["get_message", "list_threads", "log", "name_thread", "read_thread"]

_MOST_ROWS = 1000


def log(work: Work, message: Message) -> None:
    """Store a new message, in the log and in its user's thread."""
    work.store.messages.add(message)
    if message.user is not None:
        work.store.threads.touch(message.user, message.number, message.made_at)


def name_thread(work: Work, command: NameThread) -> Thread:
    """Another name."""
    user, _ = work.about_user("messages:write", command.user)
    name = check_thread_name(command.name)
    return work.store.threads.rename(user.id, command.number, name) or _no_thread(user.id, command.number)


def get_message(work: Work, query: GetMessage) -> Message:
    """One of the asker's own, or of a group whose log it reads."""
    sender = _sends_as(work)
    message = work.store.messages.get(query.message)
    if message.user is not None and message.user == sender:
        return message
    return work.owned("log:read", message, message.group)


def _sends_as(work: Work) -> str | None:
    """The user that the asker is, or is a key of."""
    if work.by.kind is PrincipalKind.API_KEY:
        key = work.store.api_keys.find(work.by.id)
        return None if key is None else key.user
    return work.by.id if work.by.kind is PrincipalKind.USER else None


def list_threads(work: Work, query: ListThreads) -> ThreadPage:
    """A page, with one more reading for each thread of it."""
    groups = _seen(work, query.user, query.most)
    found = work.store.threads.listed(query.user, groups, query.before, query.most)
    lines = []
    for thread in found:
        (last,) = work.store.threads.messages(query.user, thread.number, groups, None, 1)
        lines.append(ThreadLine(thread, last))
    end = found[-1] if len(found) == query.most else None
    return ThreadPage(tuple(lines), ThreadMark(end.last_at, end.number) if end else None)


def read_thread(work: Work, query: ReadThread) -> tuple[Message, ...]:
    """The end of it, or what stands before a message."""
    groups = _seen(work, query.user, query.most)
    if not work.store.threads.messages(query.user, query.number, groups, None, 1):
        _no_thread(query.user, query.number)
    before = None
    if query.before is not None:
        before = work.store.messages.get(query.before)
        if (before.user, before.number) != (query.user, query.number):
            raise NotFound(
                f"There is no Message {query.before}, or you may not see it.", kind="Message", id=query.before
            )
    return work.store.threads.messages(query.user, query.number, groups, before, query.most)[::-1]


def _seen(work: Work, user: UserId, most: int) -> tuple[GroupId, ...] | None:
    """The groups whose messages the asker may see: None for the user itself, which sees all of its own.

    For others those at and below the highest group above the user whose log they may read.
    """
    _, path = work.about_user("log:read", user)
    if not 1 <= most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {most}.", code="page_size", most=most)
    if work.by == Principal.of(user):
        return None
    highest = max(place for place in range(len(path)) if work.decision("log:read", path[place:]))
    return work.store.below(path[highest].id)


def _no_thread(user: UserId, number: str) -> Thread:
    raise NotFound(
        f"{user} has no thread with {number}: there was no message yet.", code="no_thread", user=user, number=number
    )
