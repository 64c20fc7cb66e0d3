"""Handing texts over to a carrier.

A carrier's no to this text (a number that is none) is the text's own end: ``UNSENT``, in the log. Its no to all of us (wrong
credentials, no credit) is nobody's fault who writes texts: the text stays queued and the effect waits for a person.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from servicekit.errors import OutcomeUnknown, OutsideError, Rejected
from servicekit.ids import MessageId
from servicekit.messages import HandOver, Message, Status
from servicekit.outbox.effects import Effect
from servicekit.outbox.facts import TextStatus
from servicekit.ports.texts import OutgoingText, TextReceipt, Texts
from servicekit.usecases.delivering import Done, Failed, GivenUp, Next, Outside, Step, Verdict
from servicekit.usecases.reporting import hold_reports, take_receipt
from servicekit.usecases.texting import report
from servicekit.usecases.work import Work

__all__ = ["prepare_text"]

_OURS_TO_MEND = frozenset({401, 402, 403, 407})  # RFC 9110: credentials, payment, permission
_CLOCKS_DIFFER = timedelta(minutes=5)  # how far a carrier's clock may be behind ours


def prepare_text(work: Work, effect: Effect) -> Step:
    """Send what is planned; look up what may have been sent."""
    carrier = work.wiring.need(work.wiring.texts, "texts")
    message = work.store.messages.hold(effect.subject)
    if message.hand_over not in {HandOver.PLANNED, HandOver.ASKED}:
        return Done()
    text = OutgoingText(reference=message.id, sender=message.sender, to=message.number, text=message.text)
    if message.hand_over is HandOver.PLANNED:
        work.store.messages.save(evolve(message, hand_over=HandOver.ASKED))
        return Outside(
            lambda: carrier.send(text),
            lambda later, receipt: _adopt(later, message.id, carrier, receipt),
            lambda later, error: _failed(later, message.id, error),
        )
    if not carrier.capabilities.look_up:
        doubt = effect.trouble or message.detail
        work.store.messages.save(evolve(message, status=Status.UNKNOWN, detail=doubt, changed_at=work.at))
        return GivenUp(f"perhaps sent: the answer was lost, and {carrier.name} cannot be asked")
    return Outside(
        lambda: carrier.find(text, message.made_at - _CLOCKS_DIFFER),
        lambda later, found: _found(later, message.id, carrier, found),
        lambda _, error: Failed(error),
    )


def _adopt(work: Work, message_id: MessageId, carrier: Texts, receipt: TextReceipt) -> Verdict:
    # A report that comes at this moment finds the message, or is found here.
    hold_reports(work, carrier.name, (receipt.vendor_id, *receipt.part_ids))
    message = work.store.messages.hold(message_id)
    counted = "" if receipt.parts in {None, message.segments} else f"{carrier.name} counted {receipt.parts} segments"
    message = evolve(
        message,
        hand_over=HandOver.DONE,
        vendor=carrier.name,
        vendor_id=receipt.vendor_id,
        detail=receipt.detail or counted or message.detail,
    )
    take_receipt(work, message, receipt)
    return Done()


def _found(work: Work, message_id: MessageId, carrier: Texts, found: tuple[TextReceipt, ...]) -> Verdict:
    """Adopt the first that is not another message's; if there is none, it was not sent."""
    for receipt in found:
        work.store.inbox.hold(carrier.name, receipt.vendor_id)
        if not work.store.messages.where(vendor=carrier.name, vendor_id=receipt.vendor_id):
            return _adopt(work, message_id, carrier, receipt)
    _plan_again(work, work.store.messages.hold(message_id))
    return Next()


def _failed(work: Work, message_id: MessageId, error: OutsideError) -> Verdict:
    message = work.store.messages.hold(message_id)
    if message.hand_over is HandOver.DONE:  # a report was faster, and says that the carrier has it
        return Done()
    if isinstance(error, OutcomeUnknown):
        return Failed(error)  # stays asked: looked up next time
    if isinstance(error, Rejected) and error.facts.get("status") not in _OURS_TO_MEND:
        message = evolve(message, hand_over=HandOver.FAILED, detail=error.message)
        report(work, message, TextStatus.UNSENT)
        return Done()
    _plan_again(work, message)
    return Failed(error)


def _plan_again(work: Work, message: Message) -> None:
    work.store.messages.save(evolve(message, hand_over=HandOver.PLANNED))
