"""Telling people of a fault report or a comment: technicians by the channel of their choice, customer users by mail.

Rules kept here: everything that one occasion gives is written in the transaction of the occasion itself, so nobody is told
twice and nobody of what did not happen. What keeps an SMS from going out (no number, no carrier, no sender, a quota) turns it
into a mail, and is written beside it; it never keeps the occasion from happening. One that fails later is followed by a mail;
see :mod:`.telling`.
"""

from __future__ import annotations

from servicekit.commands import Principal
from servicekit.errors import Invalid
from servicekit.groups import effective
from servicekit.ids import MessageId, UserId
from servicekit.messages import Status
from servicekit.portal import ChooseNotices, Comment, Customer, FaultReport, NoticeChoice, Told, Way, way_for
from servicekit.sms import parse_number
from servicekit.usecases.seeing import may
from servicekit.usecases.telling import News, mail_news
from servicekit.usecases.texting import submit
from servicekit.usecases.work import Work

__all__ = ["choose_notices", "tell_customer_users", "tell_of_fault", "tell_technician"]

_MOST_OF_SMS = 300


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
        _tell(work, customer, user, News.of_fault(report.id, report.text))


def tell_technician(work: Work, customer: Customer, comment: Comment) -> None:
    """The customer's technician, of what a customer user wrote."""
    for user in _technician(customer):
        _tell(work, customer, user, News.of_comment(comment.id, comment.text))


def tell_customer_users(work: Work, customer: Customer, comment: Comment) -> None:
    """The customer users who may read the comment; never of an internal one."""
    if comment.internal or work.wiring.mail is None:
        return
    for user in work.store.customer_users.where(customer=customer.id, removed=False):
        if may(work, Principal.of(user.id), "comments:read", comment):
            mail_news(work, customer, user.email, News.of_comment(comment.id, comment.text))


def _technician(customer: Customer) -> tuple[UserId, ...]:
    return () if customer.technician is None else (customer.technician,)


def _tell(work: Work, customer: Customer, user_id: UserId, news: News) -> None:
    """One user of the organisation, as it has chosen, and write down how."""
    user = work.store.users.get(user_id)
    if user.removed or user.organisation != customer.organisation:
        return
    chosen = work.store.notice_choices.where(user=user.id)
    choice = chosen[0] if chosen else NoticeChoice(user=user.id, organisation=user.organisation)
    mails = work.wiring.mail is not None
    way, instead = way_for(choice, texts=work.wiring.texts is not None, mails=mails)
    text = None
    if way is Way.SMS:
        text, instead = _text(work, customer, choice, news)
        if text is None:
            way = Way.MAIL if mails else Way.NONE
    if way is Way.MAIL:
        mail_news(work, customer, user.email, news)
    work.store.told.add(Told(about=news.about, user=user.id, way=way, instead=instead, at=work.at, message=text))


def _text(work: Work, customer: Customer, choice: NoticeChoice, news: News) -> tuple[MessageId | None, str]:
    """The SMS that goes out; or None, and why not."""
    shown = news.text if len(news.text) <= _MOST_OF_SMS else f"{news.text[: _MOST_OF_SMS - 3]}..."
    path = work.store.path(customer.organisation)
    try:
        message = submit(work, path, None, choice.mobile, f"{customer.name}: {news.what}\n{shown}")
    except Invalid as refused:
        return None, refused.message
    if message.status is Status.QUEUED:
        return message.id, ""
    return None, f"the SMS was refused: {message.status}"
