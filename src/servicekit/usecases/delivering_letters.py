"""Handing letters over to a mail server.

Mail cannot be looked up. After a lost answer a letter goes out again under the same Message-ID, which is how mail tells
repeats apart; a person who reads one notice twice is worse off than one who reads none only by a little.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.errors import OutsideError, Rejected
from servicekit.ids import MailId
from servicekit.mail import OutgoingMail
from servicekit.outbox.effects import Effect
from servicekit.outbox.letters import LetterState
from servicekit.usecases.delivering import Done, Failed, Outside, Step, Verdict
from servicekit.usecases.work import Work

__all__ = ["prepare_letter"]


def prepare_letter(work: Work, effect: Effect) -> Step:
    """Send what is queued."""
    mailer = work.wiring.need(work.wiring.mail, "mail")
    letter = work.store.letters.hold(effect.subject)
    if letter.state is LetterState.SENT:
        return Done()
    mail = OutgoingMail(letter.message_id, letter.envelope_from, (letter.recipient,), letter.raw)
    return Outside(
        lambda: mailer.send(mail),
        lambda later, _: _sent(later, letter.id),
        lambda later, error: _failed(later, letter.id, error),
    )


def _sent(work: Work, letter_id: MailId) -> Verdict:
    work.store.letters.save(evolve(work.store.letters.hold(letter_id), state=LetterState.SENT, detail=""))
    return Done()


def _failed(work: Work, letter_id: MailId, error: OutsideError) -> Verdict:
    state = LetterState.FAILED if isinstance(error, Rejected) else LetterState.QUEUED
    work.store.letters.save(evolve(work.store.letters.hold(letter_id), state=state, detail=error.message))
    return Failed(error)
