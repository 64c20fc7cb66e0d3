"""The port to whoever takes our mail: hand over one mail, and learn that it was taken.

A mailer adds nothing to a mail and changes nothing in it; it says by the type of its error what may be done next.
"""

from __future__ import annotations

from typing import Protocol

from attrs import field, frozen

from servicekit.mail import OutgoingMail
from servicekit.outbox.facts import Evidence

__all__ = ["MailReceipt", "Mailer"]


@frozen(kw_only=True)
class MailReceipt:
    """A mail server took the mail; whether it arrives is not known.

    Attributes:
        vendor_id: the mail's own message id, with angle brackets: mail servers log it.
        evidence: what the server said: ``reply``, and ``refused`` with its answer for each recipient that it did not take.
    """

    vendor_id: str
    evidence: Evidence = field(factory=dict, repr=False)


class Mailer(Protocol):
    """Something that takes mail, mostly a mail server."""

    @property
    def name(self) -> str:
        """Its name in the log."""
        ...

    def send(self, mail: OutgoingMail) -> MailReceipt:
        """Hand over one mail. Blocks until the server has answered; run it in a thread where that matters.

        Raises:
            Unreachable: nothing was handed over.
            Throttled: the server asks to come again later; nothing was handed over.
            Rejected: the server will never take it; ``facts`` has ``status`` and ``body``.
            OutcomeUnknown: the connection was lost after the mail had left: it may have been taken.
            Unsupported: the server lacks what the mailer was told to use (encryption, a login).
        """
        ...
