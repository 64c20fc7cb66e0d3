"""Forgotten passwords: a link by mail, and an answer that tells nobody whether there is such an address.

Rules kept here: whatever the address, the same statements run and an effect is enqueued; whether it mails anything is found
out later, by the relay. The link's token is made when the mail leaves, as with a welcome.
"""

from __future__ import annotations

from servicekit.accounts import (
    ASKING,
    ASKING_FROM,
    RESET_SPAN,
    TOKEN_BYTES,
    ForgotPassword,
    NotLoggedIn,
    WhyNot,
    invitation_for,
    link_for,
    network_of,
    subject_of,
    token_of,
)
from servicekit.errors import Conflict
from servicekit.groups import User
from servicekit.ids import CustomerUserId, GroupId, UserId
from servicekit.mail import plain_mail
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.portal import CustomerUser
from servicekit.usecases.delivering import Done, Failed, Outside, Step
from servicekit.usecases.pacing import Spend, too_often
from servicekit.usecases.people import person, person_at
from servicekit.usecases.work import Work, address_of

__all__ = ["forgot_password", "prepare_password"]

_NOBODYS = GroupId("grp_")


def forgot_password(work: Work, command: ForgotPassword) -> NotLoggedIn | None:
    """A mail, if there is somebody to get it."""
    work.operator()
    if work.wiring.mail is None or not work.wiring.password_url:
        raise Conflict(
            "This kit mails no links: open it with Kit.open(..., mail=..., password_url=...).", code="cannot_mail"
        )
    email = address_of(command.email)
    asked = subject_of("link", command.kind, email)
    spends = (Spend(asked, ASKING), Spend(subject_of("link from", network_of(work.by.origin)), ASKING_FROM))
    until = too_often(work, *spends)
    if until is not None:
        return NotLoggedIn(why=WhyNot.SLOW_DOWN, until=until)
    known = person_at(work, command.kind, email)
    subject, organisation = (known.id, known.organisation) if known else (asked, _NOBODYS)
    work.enqueue(EffectKind.PASSWORD, subject, organisation)
    return None


_SUBJECT = "Choose another password"
_TEXT = """Hello,

somebody, we hope you, asked for another password for {address}.

Choose it here, within an hour; the link works once:

{link}

If it was not you, ignore this mail: your password stays as it is.
"""


def prepare_password(work: Work, effect: Effect) -> Step:
    """Make a link, store its digest, and mail it; nothing for whom nobody knows."""
    known = person(work, effect.subject)
    if known is None or known.removed or (isinstance(known, User) and known.program):
        return Done()
    mailer = work.wiring.need(work.wiring.mail, "mail")
    sender = work.wiring.mail_from
    mail = plain_mail(
        to=known.email,
        from_address=sender,
        subject=_SUBJECT,
        text=_TEXT.format(address=known.email, link=work.wiring.password_url.replace("{token}", _link(work, known))),
        message_id=f"<{effect.id}.{effect.fence}@{sender.rpartition('@')[2]}>",
        at=work.at,
        envelope_from="",
    )
    return Outside(lambda: mailer.send(mail), lambda _work, _receipt: Done(), lambda _work, error: Failed(error))


def _link(work: Work, known: User | CustomerUser) -> str:
    token = token_of(work.wiring.random_bytes(TOKEN_BYTES))
    if isinstance(known, User):
        work.store.password_links.add(link_for(UserId(known.id), token, work.at, RESET_SPAN))
    else:
        work.store.invitations.add(invitation_for(CustomerUserId(known.id), token, work.at, RESET_SPAN))
    return token
