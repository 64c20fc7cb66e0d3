"""The values that go in and out of the mail room; they know nothing of how a mail looks inside.

An address is the bare ``local@domain``. A message id keeps its angle brackets (RFC 5322, 3.6.4), so that it can be put
into a header, compared and logged in one form.
"""

from __future__ import annotations

from attrs import field, frozen

__all__ = ["CalendarPart", "Envelope", "OutgoingMail"]


@frozen
class Envelope:
    """What the sending server said before the mail itself (RFC 5321, 3.3): the truth about where the mail goes.

    To and Cc are for display only; blind copies stand nowhere but here.

    Attributes:
        sender: the return path; empty for bounces (``MAIL FROM:<>``).
        recipients: in the order in which they were named, as written.
        peer: the IP address that the mail came from to the first server of ours; empty where it is not known.
        helo: what that peer called itself; empty where it is not known.
    """

    sender: str
    recipients: tuple[str, ...]
    peer: str = ""
    helo: str = ""


@frozen
class OutgoingMail:
    """A composed mail, ready for a :class:`servicekit.ports.mail.Mailer`.

    Attributes:
        message_id: with angle brackets; the same in ``raw``.
        envelope_from: where bounces go; empty for mail that must never bounce.
        to: the recipients of the envelope, at least one.
        raw: the whole mail in 7-bit ASCII, lines ending in CRLF. Not in the repr: it holds what people wrote.
    """

    message_id: str
    envelope_from: str
    to: tuple[str, ...]
    raw: bytes = field(repr=False)


@frozen
class CalendarPart:
    """A calendar file that goes with a mail (RFC 6047, 2.4); ``method`` as it stands in ``content``, empty for none."""

    method: str
    content: bytes = field(repr=False)
