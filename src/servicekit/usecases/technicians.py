"""Telling people of a fault report or a comment: technicians by the channel of their choice, customer users by mail.

Rules kept here: everything that one occasion gives is written in the transaction of the occasion itself, so nobody is told
twice and nobody of what did not happen. What keeps an SMS from going out (no number, no carrier, no sender, a quota) turns it
into a mail, and is written beside it; it never keeps the occasion from happening.
"""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Principal
from servicekit.errors import Invalid
from servicekit.groups import effective
from servicekit.ids import MailId, UserId
from servicekit.mail import plain_mail
from servicekit.messages import Status
from servicekit.portal import ChooseNotices, Comment, Customer, FaultReport, NoticeChoice, Told, Way, way_for
from servicekit.sms import parse_number
from servicekit.usecases.seeing import may
from servicekit.usecases.texting import submit
from servicekit.usecases.work import Work

__all__ = ["choose_notices", "tell_customer_users", "tell_of_fault", "tell_technician"]

_MOST_OF_SMS = 300


@frozen
class _News:
    """What somebody is told: of which report or comment, in a few words, and what it says."""

    about: str
    what: str
    text: str


def choose_notices(work: Work, command: ChooseNotices) -> NoticeChoice:
    """How a user is told, and of what."""
    user, path = work.about_user("users:write", command.user)
    if command.way not in {Way.SMS, Way.MAIL}:
        raise Invalid("Choose SMS or mail.", code="no_way")
    mobile = ""
    if command.mobile.strip():
        mobile = parse_number(command.mobile, effective(path, "country_code").value)
    work.store.users.hold(user.id)  # so that two choices at once are one after the other
    choice = NoticeChoice(
        user=user.id,
        organisation=user.organisation,
        way=command.way,
        mobile=mobile,
        all_faults=command.all_faults,
    )
    if work.store.notice_choices.where(user=user.id):
        work.store.notice_choices.save(choice)
    else:
        work.store.notice_choices.add(choice)
    return choice


def tell_of_fault(work: Work, customer: Customer, report: FaultReport) -> None:
    """The customer's technician, and whoever wants to know of all and may; each once."""
    choices = work.store.notice_choices.where(organisation=customer.organisation, all_faults=True)
    subscribers = [
        choice.user for choice in choices if may(work, Principal.of(choice.user), "fault_reports:read", report)
    ]
    for user in dict.fromkeys((*_technician(customer), *subscribers)):
        _tell(work, customer, user, _News(report.id, "fault reported", report.text))


def tell_technician(work: Work, customer: Customer, comment: Comment) -> None:
    """The customer's technician, of what a customer user wrote."""
    for user in _technician(customer):
        _tell(work, customer, user, _News(comment.id, "new comment", comment.text))


def tell_customer_users(work: Work, customer: Customer, comment: Comment) -> None:
    """The customer users who may read the comment; never of an internal one."""
    if comment.internal or work.wiring.mail is None:
        return
    for user in work.store.customer_users.where(customer=customer.id, removed=False):
        if may(work, Principal.of(user.id), "comments:read", comment):
            _mail(work, customer, user.email, _News(comment.id, "new comment", comment.text))


def _technician(customer: Customer) -> tuple[UserId, ...]:
    return () if customer.technician is None else (customer.technician,)


def _tell(work: Work, customer: Customer, user_id: UserId, news: _News) -> None:
    """One user of the organisation, as it has chosen, and write down how."""
    user = work.store.users.get(user_id)
    if user.removed or user.organisation != customer.organisation:
        return
    chosen = work.store.notice_choices.where(user=user.id)
    choice = chosen[0] if chosen else NoticeChoice(user=user.id, organisation=user.organisation)
    mails = work.wiring.mail is not None
    way, instead = way_for(choice, texts=work.wiring.texts is not None, mails=mails)
    if way is Way.SMS:
        instead = _text(work, customer, choice, news)
        if instead:
            way = Way.MAIL if mails else Way.NONE
    if way is Way.MAIL:
        _mail(work, customer, user.email, news)
    work.store.told.add(Told(about=news.about, user=user.id, way=way, instead=instead, at=work.at))


def _text(work: Work, customer: Customer, choice: NoticeChoice, news: _News) -> str:
    """Why no SMS goes out; empty: one does."""
    shown = news.text if len(news.text) <= _MOST_OF_SMS else f"{news.text[: _MOST_OF_SMS - 3]}..."
    path = work.store.path(customer.organisation)
    try:
        message = submit(work, path, None, choice.mobile, f"{customer.name}: {news.what}\n{shown}")
    except Invalid as refused:
        return refused.message
    return "" if message.status is Status.QUEUED else f"the SMS was refused: {message.status}"


def _mail(work: Work, customer: Customer, to: str, news: _News) -> None:
    mail_id = work.new(MailId)
    sender = work.wiring.mail_from
    mail = plain_mail(
        to=to,
        from_address=sender,
        from_name=work.store.groups.get(customer.organisation).name,
        subject=f"{customer.name}: {news.what}",
        text=f"{news.text}\n",
        message_id=f"<{mail_id}@{sender.rpartition('@')[2]}>",
        at=work.at,
    )
    work.post(mail_id, customer.organisation, mail, to=to)
