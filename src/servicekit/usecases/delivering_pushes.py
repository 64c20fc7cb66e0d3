"""Posting events to receivers, in order for each message.

Rules kept here:

* An effect stands for a lane of a target. It takes one event after the other: the first that is due and the first of its message.
  An event leaves its table once the receiver has answered 2xx, and in no other way but by a person's word; so after a crash, or
  a lost answer, it is posted again under the same id.
* Who does not answer, or asks to wait (429, 502, 503, 504), is left alone as a whole; then one lane tries first. Given up, the
  lane is a dead letter, and its events wait in it.
* Any other answer is a no to that event: it comes again later, and the lane goes on. Given up, its message is a dead letter.
* The administrators of the target's group are mailed when something is given up, once a day at most.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from servicekit.errors import Throttled
from servicekit.ids import EffectId, MailId, MessageId
from servicekit.mail import plain_mail
from servicekit.messages import Direction
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.ports.http import HttpRequest, HttpResponse, asked_to_wait
from servicekit.push import (
    LANES,
    PushEvent,
    PushTarget,
    Told,
    body_of,
    content_type,
    failed,
    lane_of,
    origin_of,
    refused,
    secrets_at,
    signed,
)
from servicekit.usecases.delivering import Done, Failed, GivenUp, Next, Outside, Step, Verdict
from servicekit.usecases.membership import admins_of
from servicekit.usecases.pushing import held_target, hold_targets, place_of, user_of, wake
from servicekit.usecases.work import Work

__all__ = ["TIMEOUT", "prepare_push"]

TIMEOUT = 10.0
"""Seconds for a whole exchange with a receiver."""

_PROBE = timedelta(minutes=1)  # for so long nobody else tries a receiver that did not answer
_BETWEEN_MAILS = timedelta(days=1)
_AWAY = frozenset({429, 502, 503, 504})  # asks to wait, or a front that reaches nobody behind it


def prepare_push(work: Work, effect: Effect) -> Step:
    """Post what is first in the lane; where the subject is a message, put what was given up of it back."""
    place = place_of(effect.subject)
    if isinstance(place, MessageId):
        return _resumed(work, effect)
    owner, lane = place
    target = held_target(work, owner)
    if target is None:
        return Done()
    event = None
    if target.paused_until is None or target.paused_until <= work.at:
        event = work.store.push_events.next_of(owner, lane, work.at)
    if event is None:
        wake(work, target, lane)
        return Done()
    if target.failures:
        work.store.push_targets.save(evolve(target, paused_until=work.at + _PROBE))
    return _posted(work, target, event)


def _posted(work: Work, target: PushTarget, event: PushEvent) -> Outside:
    poster = work.wiring.need(work.wiring.poster, "push")
    body = body_of(_told(work, event), target.form)
    request = HttpRequest(
        method="POST",
        url=target.url,
        headers={
            **signed(secrets_at(target, work.at), event.id, work.at, body),
            "content-type": content_type(target.form),
        },
        body=body,
        repeatable=True,
        timeout=TIMEOUT,
    )
    return Outside(
        lambda: poster.post(request),
        lambda later, answer: _answered(later, target, event, answer),
        lambda later, error: _unanswered(later, target, event, error.message),
    )


def _told(work: Work, event: PushEvent) -> Told:
    message = work.store.messages.get(event.message)
    incoming = message.direction is Direction.IN
    return Told(
        message=message.id,
        group=message.group,
        user=message.user,
        incoming=incoming,
        number=message.number,
        status=event.status,
        segments=message.segments,
        text=message.text if incoming else "",
        at=event.made_at,
    )


def _answered(work: Work, tried: PushTarget, event: PushEvent, answer: HttpResponse) -> Verdict:
    said = f"{origin_of(tried.url)} answered {answer.status}"
    if answer.status in _AWAY:
        return _unanswered(work, tried, event, said, until=asked_to_wait(answer))
    target = held_target(work, tried.owner)
    if target is None:
        return Done()
    if answer.ok:
        work.store.push_events.remove(event.id)
        if target.failures or target.trouble:
            _recovered(work, evolve(target, failures=0, paused_until=None, trouble=""), event.lane)
        return Next()
    if work.store.push_events.find(event.id) is not None:  # else discarded meanwhile
        _said_no(work, evolve(target, failures=0, paused_until=None, trouble=said), event, said)
    return Next()


def _recovered(work: Work, target: PushTarget, here: int) -> None:
    """The receiver is back: what waits in the other lanes comes at once, also where a lane was given up."""
    work.store.push_targets.save(target)
    for lane in range(LANES):
        if lane != here:
            wake(work, target, lane)


def _said_no(work: Work, target: PushTarget, event: PushEvent, said: str) -> None:
    after = refused(event, said, work.at)
    work.store.push_events.save(after)
    if after.held:
        work.store.effects.enqueue(_dead_letter(work, event, f"given up after {after.attempts} tries: {said}"))
        target = _tell(work, target, said)
    work.store.push_targets.save(target)


def _dead_letter(work: Work, event: PushEvent, trouble: str) -> Effect:
    return Effect(
        id=work.new(EffectId),
        organisation=event.organisation,
        kind=EffectKind.PUSH,
        subject=event.message,
        state=EffectState.DEAD,
        made_at=work.at,
        due_at=work.at,
        trouble=trouble,
    )


def _unanswered(
    work: Work, tried: PushTarget, event: PushEvent, trouble: str, *, until: Instant | None = None
) -> Verdict:
    target = held_target(work, tried.owner)
    if target is None:
        return Done()
    if (
        target.failures != tried.failures or target.url != tried.url
    ):  # another lane was first, or somebody has mended it
        wake(work, target, event.lane)
        return Done()
    after, given_up = failed(target, trouble, work.at, until)
    if not given_up:
        work.store.push_targets.save(after)
        return Failed(Throttled(trouble, until=after.paused_until))
    work.store.push_targets.save(_tell(work, after, trouble))
    return GivenUp(f"given up after {after.failures} tries: {trouble}")


def _resumed(work: Work, effect: Effect) -> Done:
    """What was given up of a message is due again."""
    for target in hold_targets(work, effect):
        for event in work.store.push_events.where(message=effect.subject, target=target.owner):
            work.store.push_events.save(evolve(event, held=False, attempts=0, due_at=work.at))
        wake(work, target, lane_of(MessageId(effect.subject)))
    return Done()


# Administrators

_SUBJECT = "Pushes of {group} are not taken"
_TEXT = """Hello,

what is new about the texts of {group} is posted to {origin}, and is not taken there. It was tried for three days:

{trouble}

What was given up is kept. Mend the receiver, then retry the dead letters of the kind "push", or discard them. Events that come
meanwhile are tried as before. This mail comes once a day at most.
"""


def _tell(work: Work, target: PushTarget, trouble: str) -> PushTarget:
    """Mail those who administer the target's group, or the nearest one above that has administrators."""
    recently = target.told_at is not None and work.at < target.told_at + _BETWEEN_MAILS
    if work.wiring.mail is None or recently:
        return target
    user = user_of(target)
    path = work.store.path(target.owner if user is None else work.store.users.get(user).group)
    admins = next((found for group in path if (found := admins_of(work, group.id))), ())
    sender = work.wiring.mail_from
    for admin in admins:
        mail_id = work.new(MailId)
        mail = plain_mail(
            to=admin.email,
            from_address=sender,
            subject=_SUBJECT.format(group=path[0].name),
            text=_TEXT.format(group=path[0].name, origin=origin_of(target.url), trouble=trouble),
            message_id=f"<{mail_id}@{sender.rpartition('@')[2]}>",
            at=work.at,
            envelope_from="",
        )
        work.post(mail_id, target.organisation, mail, to=admin.email)
    return evolve(target, told_at=work.at)
