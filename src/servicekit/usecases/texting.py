"""Texts: judged, logged, paid for from quotas and put into the outbox.

One way in for all of them (:func:`submit`), whether a command, a mail or a notice asks: number, signature, destination,
segments, loop guard, quotas, in that order. What refuses is logged with its status and costs nothing.
"""

from __future__ import annotations

import re

from attrs import evolve

from servicekit.errors import Invalid
from servicekit.groups import Group, User, effective, limits_of, most_segments, signature_of, topmost
from servicekit.ids import MessageId
from servicekit.messages import Direction, HandOver, Message, SendText, Status, identity, moved
from servicekit.outbox.effects import EffectKind
from servicekit.outbox.facts import TextStatus
from servicekit.sms import Destination, check_limit, count_segments, own_country, read_destination
from servicekit.usecases.conversing import log
from servicekit.usecases.numbering import number_for
from servicekit.usecases.pushing import note_push
from servicekit.usecases.telling import tell_by_mail_instead
from servicekit.usecases.work import Work

__all__ = ["check_way", "report", "send_text", "submit"]

_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters but those of the GSM alphabet (and tab), and halves of pairs: no phone shows them, not every database
stores them."""


def send_text(work: Work, command: SendText) -> Message:
    """A user's text."""
    user, path = work.about_user("messages:write", command.user)
    return submit(work, path, user, command.to, command.text)


def submit(work: Work, path: tuple[Group, ...], user: User | None, to: str, text: str) -> Message:
    """Judge one text and store it, with an effect where it may go out.

    Args:
        work: the transaction.
        path: the group that pays and those above it.
        user: who sends, of that group; None for a text of the organisation itself, which no loop guard holds.
        to: a number as somebody wrote it.
        text: without the signature.

    Raises:
        Invalid: ``empty_text``, ``control_character``, ``no_sender``, ``no_route``, or what is wrong with the number; then
            nothing is written.
    """
    group = path[0]
    code, listed = effective(path, "country_code").value, effective(path, "costly_numbers").value
    destination = read_destination(to, code, listed=listed)
    if not text.strip():
        raise Invalid("There is nothing to send: write a text.", code="empty_text")
    signature = signature_of(user, path)
    body = f"{text}\n{signature}" if signature else text
    unsendable = _UNSENDABLE.search(body)
    if unsendable is not None:
        raise Invalid(
            f"Character {unsendable.start() + 1} of the text is U+{ord(unsendable.group()):04X}, which no phone can show: "
            "take it out; line breaks and tabs may stay.",
            code="control_character",
            position=unsendable.start(),
        )
    hindered = _hindered(path, destination)
    sender, why = ("", "") if hindered else _sender(work, path, user)
    if not hindered:
        _check_way(work, destination, sender)
    message = Message(
        id=work.new(MessageId),
        organisation=group.organisation,
        group=group.id,
        group_name=group.name,
        user=user.id if user else None,
        direction=Direction.OUT,
        number=destination.number,
        sender=sender,
        text=body,
        segments=0,
        status=Status.QUEUED,
        detail=why,
        made_at=work.at,
        changed_at=work.at,
    )
    if hindered:
        return _refused(work, message, Status.DESTINATION, detail=hindered)
    most, segments = most_segments(path, of_user=user is not None), count_segments(body).segments
    if segments > most:
        return _refused(work, message, Status.TOO_LONG, detail=f"{segments} segments, {most} allowed")
    check_limit(body, most)
    seen = _identity(message) if user else ""
    if seen and not work.store.guards.pass_once(seen, work.at):
        return _refused(work, message, Status.ALREADY_SENT)
    struck = work.store.quotas.reserve(limits_of(user, path), segments, work.at)
    if struck is not None:
        if seen:
            work.store.guards.forget(seen)
        status = Status(struck.limit.kind.value)
        return _refused(work, message, status, struck=struck.limit.group_name)
    message = evolve(message, segments=segments, hand_over=HandOver.PLANNED)
    log(work, message)
    work.enqueue(EffectKind.TEXT, message.id, message.organisation)
    return message


def _hindered(path: tuple[Group, ...], destination: Destination) -> str:
    """Why the group may not send there; empty where it may."""
    if destination.costly:
        listed = effective(path, "costly_numbers").value
        return "" if destination.number in listed else f"{destination.costly}, not listed"
    allowed = {own_country(effective(path, "country_code").value), *effective(path, "destinations").value}
    return "" if destination.country in allowed else f"country {destination.country or 'unknown'}, not named"


def check_way(work: Work, path: tuple[Group, ...], destination: Destination) -> None:
    """Refuse at once what would wait for a carrier in vain, whoever of the group sends it.

    Where a user has, or gets, a number of its own as sender, :func:`submit` looks again.

    Raises:
        Invalid: ``no_route``, where this kit was opened with carriers and none of them takes it.
    """
    if not _hindered(path, destination):
        name = "" if effective(path, "may_receive").value else str(effective(path, "sender_name").value)
        _check_way(work, destination, name)


def _check_way(work: Work, destination: Destination, sender: str) -> None:
    """``sender`` may be empty where it is not known yet. A kit without carriers leaves it to the relay, which has them."""
    carriers = work.wiring.texts
    if carriers is None:
        return
    if not carriers.leads_to(destination.number):
        why = "no route leads there"
    elif sender and not (way := carriers.way(number=destination.number, sender=sender)).carriers:
        why = f"from {sender}, {way.reason}"
    else:
        return
    where = destination.country or "a number of no country"
    raise Invalid(
        f"No carrier of this kit takes a text to {destination.number} ({where}): {why}. Open it with a carrier, or a route, "
        f"that leads there: Kit.open(..., texts=..., routes=...).",
        code="no_route",
        number=destination.number,
        country=destination.country,
    )


def _refused(work: Work, message: Message, status: Status, *, struck: str = "", detail: str = "") -> Message:
    message = evolve(message, status=status, struck=struck, detail=detail)
    log(work, message)
    return message


def _identity(message: Message) -> str:
    return identity(message.user or "", message.number, message.text)


def _sender(work: Work, path: tuple[Group, ...], user: User | None) -> tuple[str, str]:
    """The user's own number where its group may receive and the pool has one; else the group's sender name, and why."""
    why = ""
    if effective(path, "may_receive").value:
        number = number_for(work, path, user)
        if number is not None:
            return number, ""
        why = "no number was free" if user is not None else ""
    name = str(effective(path, "sender_name").value)
    if name:
        return name, why
    if why:
        raise Invalid(
            f"No number is free for a user of the group {path[0].name}, which has no sender name: set one, or ask the "
            "operator for more numbers.",
            code="no_free_number",
            group=path[0].id,
        )
    raise Invalid(
        f"Texts of the group {path[0].name} have no sender: set a sender name, or let it receive and provide numbers.",
        code="no_sender",
        group=path[0].id,
    )


def report(work: Work, message: Message, status: TextStatus) -> Message:
    """Store a message, moved as the carrier reports; one that never left gives back its quota."""
    after = moved(message, status, work.at)
    work.store.messages.save(after)
    if after is not message:
        note_push(work, after)
        tell_by_mail_instead(work, after)
    if after.status is Status.UNSENT and message.status is not Status.UNSENT:
        _give_back(work, message)
    return after


def _give_back(work: Work, message: Message) -> None:
    """Refund what a message has spent, and let the same text pass the loop guard again."""
    work.store.guards.forget(_identity(message))
    path = work.store.path(message.group)
    subjects: list[str] = [group.id for group in path]
    if message.user is not None:
        subjects.append(message.user)
    under = topmost(limits_of(None, path)) or message.user or ""
    work.store.quotas.refund(subjects, message.segments, message.made_at, under)
