"""aiosmtpd's servers, with what they lack. Imported only by a :class:`~servicekit.adapters.mail.listener.Listener` that is made.

* Both take long lines.
* LMTP: aiosmtpd answers once after the data, whatever the number of recipients; RFC 2033 (4.2) wants an answer for each that was
  taken, also where the mail was too large or our own code failed. And it wants enhanced status codes (5; RFC 2034).
"""

from __future__ import annotations

import re

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

__all__ = ["LmtpServer", "SmtpServer"]

_LONGEST_LINE = 100_000  # bytes; RFC 5321 wants 1000, but programs that send alarms write whole paragraphs on one line
_WITHOUT_CODE = re.compile(r"^([245])\d\d (?!\d\.\d)")


class SmtpServer(SMTP):
    """SMTP, as it is."""

    line_length_limit = _LONGEST_LINE


class LmtpServer(LMTP):
    """LMTP as RFC 2033 has it."""

    line_length_limit = _LONGEST_LINE
    _answers_due = 0
    _greeting = True

    async def push(self, status: str | bytes) -> None:
        """Send a reply: with an enhanced status code, and once for each recipient where it is about the data."""
        text = status.decode("ascii") if isinstance(status, bytes) else status
        if text.startswith("354 ") and self.envelope is not None:
            self._answers_due = len(self.envelope.rcpt_tos)
            await super().push(text)
            return
        times, self._answers_due = max(self._answers_due, 1), 0
        for _ in range(times):
            await super().push(self._coded(text))

    def _coded(self, status: str) -> str:
        # Neither the greeting nor the answer to LHLO has a code (RFC 2034, 3).
        bare = self._greeting or status == "250 HELP"
        self._greeting = False
        return status if bare else _WITHOUT_CODE.sub(r"\g<0>\1.0.0 ", status)
