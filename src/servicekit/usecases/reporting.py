"""Delivery reports: which message they are about, and what they make of it.

Rules kept here:

* A report finds its message by the carrier's id, of the text or of one of its parts; else by another way to write that id;
  else by our own reference. One that names the recipient is about no message to somebody else.
* A carrier that reports on a message has it, also where its answer to the hand-over was lost or is still on its way.
* A report that ends a doubt closes what was given up about it (the dead letter), which then says what resolved it.
* Carriers can be faster than their own answers: what is about no known message is kept until the hand-over is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from servicekit.codec import dumps, loads
from servicekit.ids import MessageId
from servicekit.messages import Direction, HandOver, Message, MessagePart, advanced, together
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.outbox.facts import TextReported, TextStatus
from servicekit.ports.texts import TextReceipt
from servicekit.usecases.texting import report
from servicekit.usecases.work import Work

__all__ = ["hold_reports", "take_receipt", "take_report"]

_SAME_DIGITS = 7  # at the end: what stands before them is written with prefixes of many kinds


def hold_reports(work: Work, vendor: str, names: Iterable[str]) -> None:
    """Keep everybody else from reports about these ids, until the end; in one order for all."""
    for name in sorted(set(names)):
        work.store.inbox.hold(vendor, name)


def take_report(work: Work, fact: TextReported) -> None:
    """Move the message that the report is about; keep the report where no such message is known (yet)."""
    names = (fact.vendor_id, *fact.also)
    hold_reports(work, fact.vendor, names)
    found = _about(work, fact)
    if not found:
        for name in names:
            work.store.inbox.keep(fact.vendor, name, dumps(fact), work.at)
    for message_id in found:
        _apply(work, work.store.messages.hold(message_id), fact)


def take_receipt(work: Work, message: Message, receipt: TextReceipt) -> Message:
    """Store a message that was handed over, with its parts, as the carrier and the reports that were faster have it."""
    names = tuple(dict.fromkeys((receipt.vendor_id, *receipt.part_ids)))
    if len(receipt.part_ids) > 1:
        _name_parts(work, message, receipt.part_ids)
    known = TextStatus.SENT if receipt.status is TextStatus.UNKNOWN else receipt.status
    message = report(work, message, known)
    for name in names:
        for text in work.store.inbox.kept(message.vendor, name):
            fact = loads(text, TextReported)
            if _agrees(message, fact):
                message = _apply(work, message, fact)
            else:
                work.store.inbox.keep(message.vendor, name, text, work.at)
    return message


def _about(work: Work, fact: TextReported) -> list[MessageId]:
    for name in (fact.vendor_id, *fact.also):
        messages = work.store.messages.where(vendor=fact.vendor, vendor_id=name)
        parts = work.store.parts.where(vendor=fact.vendor, vendor_id=name)
        known = {message.id for message in messages} | {part.message for part in parts}
        near = sorted(key for key in known if _agrees(work.store.messages.get(key), fact))
        if near:
            return near
    message = work.store.messages.find(fact.reference) if fact.reference else None
    return [message.id] if message is not None and _may_have(message, fact) else []


def _may_have(message: Message, fact: TextReported) -> bool:
    """Whether the carrier may have this message of ours although it is not stored under the carrier's id."""
    asked = message.direction is Direction.OUT and message.hand_over in {HandOver.ASKED, HandOver.DONE}
    return asked and message.vendor in {"", fact.vendor} and _agrees(message, fact)


def _agrees(message: Message, fact: TextReported) -> bool:
    digits = "".join(filter(str.isdecimal, fact.number))[-_SAME_DIGITS:]
    return message.number.endswith(digits)


def _apply(work: Work, message: Message, fact: TextReported) -> Message:
    """The message as the report leaves it; one whose hand-over was in doubt is so no longer, and is nobody's task any more."""
    after = _moved(work, message, fact)
    if message.hand_over is HandOver.ASKED:
        _close(work, message, fact)
    return after


def _close(work: Work, message: Message, fact: TextReported) -> None:
    """End what was given up of the hand-over. Effects are held last; one that a person has made due again ends by itself."""
    told = f"resolved by a report: {fact.vendor} says {fact.status} of {fact.vendor_id}"
    dead = work.store.effects.where(kind=EffectKind.TEXT, subject=message.id, state=EffectState.DEAD)
    held = [work.store.effects.hold(effect.id) for effect in dead]
    for effect in [one for one in held if one.state is EffectState.DEAD]:
        work.store.effects.save(evolve(effect, state=EffectState.DONE, trouble=told))


def _moved(work: Work, message: Message, fact: TextReported) -> Message:
    if message.hand_over is HandOver.ASKED:
        message = evolve(message, hand_over=HandOver.DONE, vendor=fact.vendor, vendor_id=fact.vendor_id)
        if message.segments > 1 and fact.parts is None:
            _name_parts(work, message, ("",) * message.segments)
    message = evolve(message, vendor_parts=fact.parts or message.vendor_parts, cost=fact.cost or message.cost)
    parts = work.store.parts.where(message=message.id)
    if not parts:
        return report(work, message, fact.status)
    part = _reported(parts, fact)
    (work.store.parts.save if part.number <= len(parts) else work.store.parts.add)(part)
    rest = [one.status for one in parts if one.number != part.number]
    return report(work, message, together([part.status, *rest]))


def _reported(parts: tuple[MessagePart, ...], fact: TextReported) -> MessagePart:
    """The part that the report is about, moved; of those whose id nobody knew, or a new one, if the carrier made more."""
    new = MessagePart(message=parts[0].message, number=len(parts) + 1, vendor=fact.vendor, vendor_id="")
    named = {part.vendor_id: part for part in reversed((*parts, new))}
    name = next((name for name in (fact.vendor_id, *fact.also) if name in named), "")
    return advanced(evolve(named[name], vendor_id=name or fact.vendor_id), fact.status)


def _name_parts(work: Work, message: Message, names: tuple[str, ...]) -> None:
    """Store the parts under the carrier's names; those that reports have named already stay as they are."""
    parts = work.store.parts.where(message=message.id)
    told = {part.vendor_id for part in parts}
    free = [part for part in parts if not part.vendor_id]
    number = len(parts)
    for name in names:
        if name and name in told:
            continue
        if free:
            work.store.parts.save(evolve(free.pop(0), vendor_id=name))
            continue
        number += 1
        work.store.parts.add(MessagePart(message=message.id, number=number, vendor=message.vendor, vendor_id=name))
