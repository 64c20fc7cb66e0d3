"""Targets of pushes set, rotated, removed and read; events noted, and given up ones taken up again or discarded.

Whoever changes a target's rows holds the target first: so of two processes neither loses what the other noted.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from servicekit.errors import Invalid, NotFound
from servicekit.groups import Group
from servicekit.ids import MessageId, PushId, UserId
from servicekit.messages import Message
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.push import (
    LANES,
    LONGEST_OVERLAP,
    SECRET_BYTES,
    GetPush,
    Push,
    PushEvent,
    PushSet,
    PushTarget,
    RemovePush,
    RotatePushSecret,
    SetPush,
    check_url,
    lane_of,
    nearest,
    origin_of,
    rotated,
    secret_of,
)
from servicekit.usecases.work import Work

__all__ = [
    "discard_pushes",
    "get_push",
    "held_target",
    "hold_targets",
    "lane_subject",
    "note_push",
    "place_of",
    "remove_push",
    "retry_pushes",
    "rotate_push_secret",
    "set_push",
    "user_of",
    "wake",
]


def set_push(work: Work, command: SetPush) -> PushSet:
    """Set or changed; what waits goes to the new URL at once."""
    path = work.allow("push:write", command.group)
    url = check_url(command.url, work.wiring.reach)
    owner = _owner(work, path[0], command.user)
    before = held_target(work, owner)
    if before is None:
        target = PushTarget(
            owner=owner, organisation=path[0].organisation, url=url, form=command.form, secret=_secret(work)
        )
        work.store.push_targets.add(target)
        return PushSet(push=_shown(work, path, target), secret=target.secret)
    if before.url == url:
        target, secret = evolve(before, form=command.form), None
    else:
        secret = _secret(work)
        target = evolve(
            before, url=url, form=command.form, secret=secret, old_secret="", old_until=None, failures=0, trouble=""
        )
    target = evolve(target, paused_until=None)
    work.store.push_targets.save(target)
    for lane in range(LANES):
        wake(work, target, lane)
    return PushSet(push=_shown(work, path, target), secret=secret)


def rotate_push_secret(work: Work, command: RotatePushSecret) -> PushSet:
    """Another secret, and the present one beside it for a while."""
    path = work.allow("push:write", command.group)
    if not timedelta(0) <= command.overlap <= LONGEST_OVERLAP:
        raise Invalid(
            f"Two secrets are good beside each other for 0 to {LONGEST_OVERLAP.days} days.",
            code="overlap",
            most_days=LONGEST_OVERLAP.days,
        )
    target = rotated(_own(work, _owner(work, path[0], command.user)), _secret(work), command.overlap, work.at)
    work.store.push_targets.save(target)
    return PushSet(push=_shown(work, path, target), secret=target.secret)


def remove_push(work: Work, command: RemovePush) -> None:
    """The target, its secret and what waits for it."""
    path = work.allow("push:write", command.group)
    target = _own(work, _owner(work, path[0], command.user))
    work.store.push_events.clear(target.owner)
    work.store.push_targets.remove(target.owner)


def get_push(work: Work, query: GetPush) -> Push | None:
    """What holds for the group."""
    path = work.allow("push:read", query.group)
    if query.user is not None:
        _owner(work, path[0], query.user)
    source = _source(work, query.user, path)
    return None if source is None else _shown(work, path, work.store.push_targets.get(source), asked=query.user)


def _shown(work: Work, path: tuple[Group, ...], target: PushTarget, asked: UserId | None = None) -> Push:
    user = user_of(target)
    place = next((place for place, group in enumerate(path) if group.id == target.owner), 0)
    seen = work.knows(path[place:])
    waiting, given_up = work.store.push_events.counted(target.owner)
    rotates = target.old_until is not None and work.at < target.old_until
    return Push(
        group=path[place].id if seen else None,
        user=user,
        url=target.url if seen else origin_of(target.url),
        form=target.form,
        inherited=place > 0 or (asked is not None and user is None),
        both_until=target.old_until if rotates else None,
        waiting=waiting,
        given_up=given_up,
        paused_until=target.paused_until,
        trouble=target.trouble,
    )


def _secret(work: Work) -> str:
    return secret_of(work.wiring.random_bytes(SECRET_BYTES))


def _owner(work: Work, group: Group, user: UserId | None) -> str:
    """Whose target is meant: the group's, or that of a user of exactly this group."""
    if user is None:
        return group.id
    known = work.store.users.find(user)
    if known is None or known.removed or known.group != group.id:
        raise Invalid(f"{user} is no user of this group: name the group that it is in.", code="not_a_member", user=user)
    return known.id


def _source(work: Work, user: UserId | None, path: tuple[Group, ...]) -> str | None:
    """Whose target holds for a user of ``path[0]``; a removed user's, or a removed group's, counts no more."""
    targets = {target.owner for target in work.store.push_targets.where(organisation=path[0].organisation)}
    if user in targets and work.store.users.get(str(user)).removed:
        user = None
    return nearest(user, [group.id for group in path if not group.removed], targets)


def user_of(target: PushTarget) -> UserId | None:
    """The user whose target it is; None for a group's."""
    return UserId(target.owner) if target.owner.startswith(UserId.prefix) else None


def _own(work: Work, owner: str) -> PushTarget:
    target = held_target(work, owner)
    if target is None:
        raise NotFound("There is no target of its own for pushes here: set one first.", code="no_push", owner=owner)
    return target


def held_target(work: Work, owner: str) -> PushTarget | None:
    """The target of exactly this group or user, which nobody else changes until the end."""
    try:
        return work.store.push_targets.hold(owner)
    except NotFound:
        return None


# Events


def note_push(work: Work, message: Message) -> None:
    """Note that a message came in, or has another status, for whoever is to hear of it. The message is held, or new."""
    if not work.store.push_targets.wanted(message.organisation):  # most have none: one look, and no path
        return
    owner = _source(work, message.user, work.store.path(message.group))
    target = None if owner is None else held_target(work, owner)
    if target is None:
        return
    before = work.store.push_events.where(message=message.id, target=target.owner)
    event = PushEvent(
        id=work.new(PushId),
        organisation=target.organisation,
        target=target.owner,
        lane=lane_of(message.id),
        message=message.id,
        number=1 + max((one.number for one in before), default=0),
        status=message.shown,
        made_at=work.at,
        due_at=work.at,
    )
    work.store.push_events.add(event)
    wake(work, target, event.lane)


def wake(work: Work, target: PushTarget, lane: int) -> None:
    """See to a lane when something may be sent in it; nothing, where nothing waits."""
    due = work.store.push_events.next_due(target.owner, lane)
    if due is not None:
        due = max(due, target.paused_until or due, work.at)
        work.enqueue(EffectKind.PUSH, lane_subject(target.owner, lane), target.organisation, due_at=due)


def lane_subject(owner: str, lane: int) -> str:
    """What the effect of a lane is about."""
    return f"{owner}/{lane}"


def place_of(subject: str) -> tuple[str, int] | MessageId:
    """The lane, or the message, that an effect is about."""
    owner, slash, lane = subject.partition("/")
    return (owner, int(lane)) if slash else MessageId(subject)


def retry_pushes(work: Work, effect: Effect) -> None:
    """What a person says is to be tried again is tried at once, however long the receiver was to be left alone."""
    for target in hold_targets(work, effect):
        work.store.push_targets.save(evolve(target, failures=0, paused_until=None))


def discard_pushes(work: Work, effect: Effect) -> None:
    """Forget the events that an effect stands for."""
    place = place_of(effect.subject)
    for target in hold_targets(work, effect):
        if isinstance(place, tuple):
            work.store.push_events.clear(*place)
        else:
            for event in work.store.push_events.where(message=place, target=target.owner):
                work.store.push_events.remove(event.id)


def hold_targets(work: Work, effect: Effect) -> list[PushTarget]:
    """The targets that an effect goes to, held; before the effect itself is."""
    place = place_of(effect.subject)
    if isinstance(place, tuple):
        owners = [place[0]]
    else:
        owners = sorted({event.target for event in work.store.push_events.where(message=place)})
    return [target for owner in owners if (target := held_target(work, owner)) is not None]
