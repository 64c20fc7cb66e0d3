"""Mails about a fault report or a comment; and the mail that follows an SMS about one, if that fails.

Rules kept here: an SMS that a carrier refuses or cannot deliver, or that was given up, is followed by a mail, once, in the
transaction that learns of it; the report shows that, and why. Whoever was removed meanwhile is told nothing.
"""

from __future__ import annotations

from attrs import evolve, frozen

from servicekit.ids import CommentId, FaultReportId, MailId
from servicekit.mail import plain_mail
from servicekit.messages import HandOver, Message, Status
from servicekit.portal import Customer, Told, Way
from servicekit.usecases.work import Work

__all__ = ["News", "mail_news", "tell_by_mail_instead"]

_FAILED = frozenset({Status.UNDELIVERED, Status.UNSENT})


@frozen
class News:
    """What somebody is told: of which report or comment, in a few words, and what it says."""

    about: str
    what: str
    text: str

    @classmethod
    def of_fault(cls, report: FaultReportId, text: str) -> News:
        """A fault report."""
        return cls(report, "fault reported", text)

    @classmethod
    def of_comment(cls, comment: CommentId, text: str) -> News:
        """A comment."""
        return cls(comment, "new comment", text)


def mail_news(work: Work, customer: Customer, to: str, news: News) -> None:
    """Put it into the post."""
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


def tell_by_mail_instead(work: Work, text: Message) -> None:
    """After a text of the organisation itself has failed: mail what it told, if it told of a report or a comment."""
    if text.user is not None or text.status not in _FAILED:
        return
    for told in work.store.told.where(message=text.id):
        user = work.store.users.get(told.user)
        way = Way.NONE if work.wiring.mail is None or user.removed else Way.MAIL
        if way is Way.MAIL:
            customer, news = _what(work, told)
            mail_news(work, customer, user.email, news)
        work.store.told.save(evolve(told, way=way, instead=_why(text), at=work.at))


def _why(text: Message) -> str:
    """Why it failed; of one that never left, with what refused it. What else stands in ``detail`` is no reason."""
    refused = text.detail if text.hand_over is HandOver.FAILED else ""
    return f"the SMS failed: {text.status}" + (f", {refused}" if refused else "")


def _what(work: Work, told: Told) -> tuple[Customer, News]:
    if told.about.startswith(f"{FaultReportId.prefix}_"):
        fault = work.store.faults.get(told.about)
        return work.store.customers.get(fault.customer), News.of_fault(fault.id, fault.text)
    comment = work.store.comments.get(told.about)
    return work.store.customers.get(comment.customer), News.of_comment(comment.id, comment.text)
