"""The ports to mail servers: hand over one mail, and learn that it was taken; prove whom a mail that came is from.

A mailer adds nothing to a mail and changes nothing in it; it says by the type of its error what may be done next.
"""

from __future__ import annotations

from typing import Protocol

from attrs import field, frozen

from servicekit.mail import Envelope, OutgoingMail, Verdict
from servicekit.outbox.facts import Evidence

__all__ = ["MailReceipt", "Mailer", "SenderProof"]


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


class SenderProof(Protocol):
    """Finds out whether a mail is from the domain in its From field."""

    def judge(self, envelope: Envelope, raw: bytes, from_address: str) -> Verdict:
        """Proven, unproven, or not to be told now. It may block on the DNS, and never raises for what the mail holds.

        Args:
            envelope: with the peer's address, where it is known.
            raw: the mail as it came over the wire.
            from_address: the one address in From, in lower case, its domain in ASCII.
        """
        ...
