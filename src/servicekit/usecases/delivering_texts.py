"""Handing texts over to a carrier, and to another where the first surely did not send.

Rules kept here:

* Which carrier is asked is written down before it is asked. So after a crash, or a lost answer, that one is looked up, and no
  other is asked until it has said that it does not have the text: two carriers never send the same.
* A carrier's no to this text (a number that is none) is the text's own end: ``UNSENT``, in the log. Its no to all of us (wrong
  credentials, no credit) is nobody's fault who writes texts: another carrier is asked, or the text stays queued and the
  effect waits for a person.
* A text of the portal that is given up and surely never left ends, too: a mail follows it at once, and whoever retries its dead
  letter sends nothing, because nobody is told twice. Its dead letter still says what is to be mended.
* A carrier that cannot be asked what it has leaves a lost answer ``UNKNOWN``, until a report or a person says more.
"""

from __future__ import annotations

from datetime import timedelta
from inspect import isgeneratorfunction

from attrs import evolve

from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable, Unsupported
from servicekit.ids import MessageId
from servicekit.messages import HandOver, Message, Status, Try, barred, remembered
from servicekit.outbox.effects import Effect
from servicekit.outbox.facts import TextStatus
from servicekit.ports.texts import OutgoingText, TextReceipt, Texts, refuses_account
from servicekit.usecases.carriers import Carriers
from servicekit.usecases.delivering import Done, Failed, GivenUp, Next, Outside, Step, Verdict
from servicekit.usecases.pushing import note_push
from servicekit.usecases.reporting import hold_reports, take_receipt
from servicekit.usecases.texting import report
from servicekit.usecases.work import Work

__all__ = ["end_text_that_told", "prepare_text"]

_CLOCKS_DIFFER = timedelta(minutes=5)  # how far a carrier's clock may be behind ours
_IDEMPOTENT_FOR = timedelta(hours=24)  # ports.texts.TextCapabilities


def prepare_text(work: Work, effect: Effect) -> Step:
    """Send what is planned; look up what may have been sent."""
    carriers = work.wiring.need(work.wiring.texts, "texts")
    message = work.store.messages.hold(effect.subject)
    if message.hand_over is HandOver.PLANNED:
        return _ask(work, carriers, message)
    if message.hand_over is HandOver.ASKED:
        return _look_up(work, carriers, message, effect)
    return Done()


def end_text_that_told(work: Work, effect: Effect) -> None:
    """Have a mail follow what is given up here, if it tells of a report or a comment and nobody can have it."""
    if work.wiring.mail is None or not work.store.told.where(message=effect.subject):
        return
    message = work.store.messages.hold(effect.subject)
    if message.hand_over is HandOver.PLANNED:
        report(work, evolve(message, hand_over=HandOver.FAILED, detail=effect.trouble), TextStatus.UNSENT)


def _ask(work: Work, carriers: Carriers, message: Message) -> Step:
    """Ask the best carrier that has not been asked in vain."""
    way = carriers.way(number=message.number, sender=message.sender)
    if not way.carriers:
        return GivenUp(f"no carrier takes {message.number} from {message.sender}: {way.reason}")
    carrier = _next(carriers, way.carriers, message.tried, work)
    if carrier is None:
        return Failed(_in_vain(message.tried, Unreachable("all carriers ask to wait")))
    text = _text(message)
    work.store.messages.save(evolve(message, hand_over=HandOver.ASKED, vendor=carrier.name, asked_at=work.at))
    return Outside(
        lambda: carrier.send(text),
        lambda later, receipt: _adopt(later, message.id, carrier, receipt),
        lambda later, error: _failed(later, message.id, error),
        flows=isgeneratorfunction(carrier.send),
    )


def _look_up(work: Work, carriers: Carriers, message: Message, effect: Effect) -> Step:
    """Find out at the carrier that was asked, and no other."""
    carrier = carriers.named(message.vendor)
    if carrier is None:
        return GivenUp(
            f"perhaps sent by {message.vendor}, which this kit was opened without: open it with that carrier"
        )
    text = _text(message)
    asked = message.asked_at or message.made_at
    if carrier.capabilities.idempotent and work.at < asked + _IDEMPOTENT_FOR:
        # Whatever a repeat comes to, but for a receipt, says nothing about the first.
        return Outside(
            lambda: carrier.send(text),
            lambda later, receipt: _adopt(later, message.id, carrier, receipt),
            lambda _, error: Failed(error),
            flows=isgeneratorfunction(carrier.send),
        )
    if not carrier.capabilities.look_up:
        doubt = effect.trouble or message.detail
        after = evolve(message, status=Status.UNKNOWN, detail=doubt, changed_at=work.at)
        work.store.messages.save(after)
        if message.status is not Status.UNKNOWN:
            note_push(work, after)
        return GivenUp(f"perhaps sent: the answer was lost, and {carrier.name} cannot be asked")
    return Outside(
        lambda: carrier.find(text, message.made_at - _CLOCKS_DIFFER),
        lambda later, found: _found(later, message.id, carrier, found),
        lambda _, error: Failed(error),
        flows=isgeneratorfunction(carrier.find),
    )


def _text(message: Message) -> OutgoingText:
    return OutgoingText(reference=message.id, sender=message.sender, to=message.number, text=message.text)


def _next(carriers: Carriers, way: tuple[str, ...], tried: tuple[Try, ...], work: Work) -> Texts | None:
    not_now = barred(tried, work.at)
    return next((carriers.named(name) for name in way if name not in not_now), None)


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
        vendor_parts=receipt.parts or message.vendor_parts,
        cost=receipt.cost or message.cost,
        detail=receipt.detail or counted or message.detail,
    )
    take_receipt(work, message, receipt)
    return Done()


def _found(work: Work, message_id: MessageId, carrier: Texts, found: tuple[TextReceipt, ...]) -> Verdict:
    """Adopt the first that is not another message's; if there is none, it was not sent, unless it is still on its way."""
    for receipt in found:
        work.store.inbox.hold(carrier.name, receipt.vendor_id)
        if not work.store.messages.where(vendor=carrier.name, vendor_id=receipt.vendor_id):
            return _adopt(work, message_id, carrier, receipt)
    message = work.store.messages.hold(message_id)
    if message.hand_over is not HandOver.ASKED:  # a report was faster
        return Done()
    surely = (message.asked_at or message.made_at) + carrier.capabilities.listed_within
    if work.at < surely:
        return Failed(Throttled(f"{carrier.name} does not have it yet; it is looked up once more", until=surely))
    if _another(work, message, Try(carrier.name)) is None:
        _plan_again(work, message, remembered(message.tried, work.at))
    return Next()


def _failed(work: Work, message_id: MessageId, error: OutsideError) -> Verdict:
    message = work.store.messages.hold(message_id)
    if message.hand_over is HandOver.DONE:  # a report was faster, and says that the carrier has it
        return Done()
    if isinstance(error, OutcomeUnknown):
        return Failed(error)  # stays asked: looked up next time
    if isinstance(error, Rejected) and not refuses_account(error):
        message = evolve(message, hand_over=HandOver.FAILED, detail=error.message)
        report(work, message, TextStatus.UNSENT)
        return Done()
    until = error.until if isinstance(error, Throttled) else None
    this = Try(message.vendor, final=isinstance(error, (Rejected, Unsupported)), until=until)
    if _another(work, message, this) is not None:
        return Next()
    tried = _and(message.tried, this)
    _plan_again(work, message, remembered(tried, work.at))
    return Failed(_in_vain(tried, error))


def _another(work: Work, message: Message, this: Try) -> Texts | None:
    """Go on to the next carrier, now that this one surely did not send; None, and nothing written, where there is none."""
    carriers = work.wiring.need(work.wiring.texts, "texts")
    tried = _and(message.tried, this)
    way = carriers.way(number=message.number, sender=message.sender)
    following = _next(carriers, way.carriers, tried, work)
    if following is not None:
        _plan_again(work, message, tried)
    return following


def _and(tried: tuple[Try, ...], this: Try) -> tuple[Try, ...]:
    """The tries with one more; of each carrier only the last one counts."""
    return (*(one for one in tried if one.carrier != this.carrier), this)


def _plan_again(work: Work, message: Message, tried: tuple[Try, ...]) -> None:
    work.store.messages.save(evolve(message, hand_over=HandOver.PLANNED, vendor="", tried=tried))


def _in_vain(tried: tuple[Try, ...], last: OutsideError) -> OutsideError:
    """What it comes to that every carrier was asked in vain: as hopeful as the most hopeful of them.

    One that may answer at any time is asked again soon; else whoever asked to wait is waited for; only where all have said
    no for good is it given up.
    """
    hopeful = [one for one in tried if not one.final]
    waits = [one.until for one in hopeful if one.until is not None]
    if not hopeful:
        return last
    if len(waits) == len(hopeful):
        return Throttled(last.message, until=min(waits))
    soon = isinstance(last, Unreachable) or (isinstance(last, Throttled) and last.until is None)
    return last if soon else Unreachable(last.message)
