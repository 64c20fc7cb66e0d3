"""Texts from mobiles: joined from their parts, logged, put into their thread, and mailed to the user whose number it is.

An organisation's own number has no mailbox: what comes to it stands in the organisation's log. What comes to a number that
rests stands in the log of who had it last, and is mailed to nobody. That, and what comes to a number of nobody's, is kept for
the operator, part by part. Nothing is dropped.

The parts of a text are kept under a key that they share, and whoever takes one in holds it: of two processes that get the
last two parts at the same moment, one sees all of them, and one mail is sent. An effect that is due later makes sure that
nothing waits for ever for a part that never comes.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from servicekit.codec import dumps, loads
from servicekit.errors import Invalid
from servicekit.groups import User
from servicekit.ids import EffectId, MailId, MessageId
from servicekit.mail import answer_mail
from servicekit.messages import (
    REMEMBERED,
    WAITS,
    Direction,
    HandOver,
    ListStrays,
    LongText,
    Message,
    Piece,
    SearchLog,
    Status,
    Stray,
    cleaned,
    heard,
    is_part,
    mail_thread,
    on_one_line,
    parts_key,
    told,
    with_media,
)
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.outbox.facts import TextReceived
from servicekit.usecases.conversing import log
from servicekit.usecases.delivering import Done, Step
from servicekit.usecases.numbering import owner_of
from servicekit.usecases.pushing import note_push
from servicekit.usecases.work import Work

__all__ = ["list_strays", "prepare_parts", "take_text"]

_PARTS = "parts of texts"  # what the inbox keeps them under, and strays; no vendor is called so
_STRAYS = "texts to nobody"
_MOST_ROWS = 1000
_LOOKED_BACK = 20  # messages among which the last one that went out is looked for; the others were refused


def take_text(work: Work, fact: TextReceived) -> None:
    """Into the log and the mailbox, at once or when its other parts are there."""
    to = cleaned(fact.to)
    owner = owner_of(work, to)
    if owner is None or not owner.present:
        work.store.inbox.keep(_STRAYS, f"to {to}", dumps(evolve(fact, evidence={})), work.at)
    if owner is None:
        return
    part = fact.part if is_part(fact.part) else None
    came = LongText(
        organisation=owner.organisation,
        user=owner.user,
        mailed=owner.present,
        vendor=fact.vendor,
        vendor_id=fact.vendor_id,
        sender=on_one_line(fact.sender),
        to=to,
        total=part.total if part else 1,
        began_at=work.at,
        pieces=(Piece(part.number if part else 1, fact.text, fact.media),),
    )
    if part is None:
        _arrived(work, came)
    else:
        _take_part(work, parts_key(fact, part), came)


def _take_part(work: Work, key: str, came: LongText) -> None:
    now = heard(_held(work, key), came)
    for text in now.out:
        _arrived(work, text)
    _keep(work, key, now.held)
    if now.waits:
        _look_again(work, key, now.held, WAITS)


def prepare_parts(work: Work, effect: Effect) -> Step:
    """Let go out what has come of a text, and forget it once its reference may stand for another. Nothing happens outside."""
    key = effect.subject
    held = _held(work, key)
    if held is None:
        return Done()
    if held.untold:
        _arrived(work, held)
        held = told(held)
    left = held.began_at + REMEMBERED - work.at
    if left > timedelta(0):
        _keep(work, key, held)
        _look_again(work, key, held, left)
    return Done()


def _held(work: Work, key: str) -> LongText | None:
    """What has come of a text, taken out; nobody else sees or changes it until the end."""
    work.store.inbox.hold(_PARTS, key)
    kept = work.store.inbox.kept(_PARTS, key)
    return loads(kept[0], LongText) if kept else None


def _keep(work: Work, key: str, held: LongText) -> None:
    work.store.inbox.keep(_PARTS, key, dumps(held), work.at)


def _look_again(work: Work, key: str, held: LongText, after: timedelta) -> None:
    work.store.effects.enqueue(
        Effect(
            id=work.new(EffectId),
            organisation=held.organisation,
            kind=EffectKind.PARTS,
            subject=key,
            made_at=work.at,
            due_at=work.at + after,
        )
    )


def _arrived(work: Work, text: LongText) -> None:
    """Log what has come, and mail it to the user, if it began while the number was its own, unless it was removed."""
    user = work.store.users.get(text.user) if text.user else None
    group = work.store.groups.get(user.group if user else text.organisation)
    message = Message(
        id=work.new(MessageId),
        organisation=group.organisation,
        group=group.id,
        group_name=group.name,
        user=text.user,
        direction=Direction.IN,
        number=text.sender,
        sender=text.sender,
        text=with_media(text.text, text.media),
        segments=0,
        status=Status.INCOMING,
        vendor=text.vendor,
        vendor_id=text.vendor_id,
        made_at=work.at,
        changed_at=work.at,
    )
    log(work, message)
    note_push(work, message)
    wired = work.wiring.mail is not None and work.wiring.gateway_domain
    if user is not None and text.mailed and not (user.removed or user.program) and wired:
        _mail(work, user, message)


def _mail(work: Work, user: User, message: Message) -> None:
    mail_id = work.new(MailId)
    thread = work.store.threads.of(user.id, message.number)
    mail = answer_mail(
        text=message.text,
        number=message.number,
        to=user.email,
        gateway=work.wiring.gateway_domain,
        thread=mail_thread(user.id, message.number),
        message_id=f"<{mail_id}@{work.wiring.gateway_domain}>",
        at=work.at,
        display_name=thread.name if thread else "",
        previous=_last_sent(work, user, message.number),
    )
    work.post(mail_id, user.organisation, mail, to=user.email)


def _last_sent(work: Work, user: User, number: str) -> str:
    query = SearchLog(group=user.organisation, user=user.id, number=number, direction=Direction.OUT, most=_LOOKED_BACK)
    found = work.store.messages.search(query)
    return next((row.message.text for row in found if row.message.hand_over is not HandOver.NONE), "")


def list_strays(work: Work, query: ListStrays) -> tuple[Stray, ...]:
    """A page of them."""
    work.operator()
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    return tuple(
        Stray(
            at=at,
            vendor=fact.vendor,
            sender=on_one_line(fact.sender),
            to=fact.to,
            text=cleaned(fact.text),
            part=f"{fact.part.number} of {fact.part.total}" if fact.part else "",
            media=fact.media,
        )
        for at, text in work.store.inbox.listed(_STRAYS, query.since, query.most)
        for fact in [loads(text, TextReceived)]
    )
