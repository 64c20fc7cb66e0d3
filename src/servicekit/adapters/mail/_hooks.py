"""What a mail server is answered, and when: the hooks that aiosmtpd calls by the names it knows.

Rules kept here:

* A mail is answered with 250 only after ``receive`` has returned, which it does only after its transaction is committed.
  So a mail is stored here, or kept by the server that sent it: never lost, at worst delivered twice.
* What proves no sender is answered with 250 too, and dropped: unreadable mails here, forged ones by ``receive``. The server in
  front has taken the mail already and would bounce a refusal to whoever the mail claims to be from, who never sent it.
* What a proven sender may not do is refused for good (554), with the reason for it. What went wrong on our side, or in the DNS,
  asks to come again (451) and tells the other side nothing.
* Recipients are judged when they are named, where one refusal does not hurt the others. Any other domain than the gateway's
  gets 550: this is no relay.
* LMTP answers once for each recipient that was taken (RFC 2033, 4.2): 550 for those that ``receive`` refuses, the same answer
  for all others, since a mail is stored once. Over SMTP there is one answer for all, so those refused go unsaid.
* Who sent the mail to the server in front is known only if that server says so (``XFORWARD``, which Postfix speaks); it is asked
  only where ``xforward`` is set, since whoever may speak it is believed.
"""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from servicekit.adapters.mail._hands import Hands
from servicekit.errors import OutsideError, Refused, StorageError, UnreadableInput
from servicekit.mail import Envelope

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Session
    from aiosmtpd.smtp import Envelope as WireEnvelope

    from servicekit.adapters.mail._wire import SmtpServer

__all__ = ["Hooks", "Judge", "Receive"]

_log = logging.getLogger(__name__)

Receive = Callable[[Envelope, bytes], object]
"""Stores a mail; returns after it is stored. Blocking; called from several threads at once.

What it returns may have ``refusals``: a sentence for each recipient that gets nothing, as
:class:`servicekit.usecases.mailing.MailTaken` has; and ``ignored``: why the mail became nothing, for the log.
"""

Judge = Callable[[str], str | None]
"""Why a recipient is refused, in one sentence; None if it is welcome. Blocking; called from several threads at once, or from the
listener's own where it never waits."""

_TAKEN = "250 2.0.0 OK: stored"
_DROPPED = "250 2.0.0 OK: dropped"
_UNDECIDED = "451 4.7.0 The sender cannot be verified now: send it again later"
_LATER = "451 4.3.0 Something went wrong here, the mail was not taken: send it again later"
_LONGEST_REPLY = 400  # characters of a refusal: a reply line has at most 512 (RFC 5321, 4.5.3.1.5)


class Hooks:
    """See the top of this file."""

    hands: Hands[tuple[str, Mapping[str, str]]]
    """Who stores; whoever serves sets it before the first mail comes."""

    def __init__(
        self,
        receive: Receive,
        judge: Judge | None,
        domain: str,
        most_recipients: int,
        *,
        judge_waits: bool,
        xforward: bool,
    ) -> None:
        self.xforward = xforward
        self._receive = receive
        self._judge = judge
        self._judge_waits = judge_waits
        self._domain = domain.lower()
        self._most_recipients = most_recipients

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: WireEnvelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # Commands are read from a buffer, one after the other, as RFC 2920 asks.
        codes = ["250-ENHANCEDSTATUSCODES"] if hasattr(server, "smtp_LHLO") else []
        forward = ["250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"] if self.xforward else []
        return [responses[0], "250-PIPELINING", *codes, *forward, *responses[1:]]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: WireEnvelope, address: str, options: list[str]
    ) -> str:
        if address.rpartition("@")[2].lower() != self._domain:
            return f"550 5.7.1 {_one_line(address)} is not ours: this server takes mail for {self._domain} alone"
        if len(envelope.rcpt_tos) >= self._most_recipients:
            return f"452 4.5.3 Too many recipients: at most {self._most_recipients} in one mail"
        reason = await self._why_not(address)
        if reason is not None:
            return f"550 5.1.1 {_one_line(reason)}"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def _why_not(self, address: str) -> str | None:
        if self._judge is None or not self._judge_waits:
            return self._judge(address) if self._judge else None
        return await asyncio.to_thread(self._judge, address)

    async def handle_DATA(self, server: SmtpServer, session: Session, envelope: WireEnvelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        told = self._envelope(server, session, envelope)
        # If the other side hangs up, the mail is stored all the same, and known again when it comes once more.
        answer, refusals = await self.hands.carry_out(partial(self._store, told, content))
        if refusals:
            server.replies = [
                f"550 5.1.1 {_one_line(refusals[one])}" if one in refusals else answer for one in envelope.rcpt_tos
            ]
        return answer

    def _envelope(self, server: SmtpServer, session: Session, envelope: WireEnvelope) -> Envelope:
        sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
        if self.xforward:
            peer, helo = server.forwarded.get("ADDR", ""), server.forwarded.get("HELO", "")
        else:
            peer, helo = session.peer[0] if session.peer else "", session.host_name or ""
        return Envelope(sender, tuple(envelope.rcpt_tos), peer=peer, helo=helo)

    async def handle_exception(self, error: Exception) -> str:
        _log.error("A mail server's command failed", exc_info=error)
        return _LATER

    def _store(self, envelope: Envelope, raw: bytes) -> tuple[str, Mapping[str, str]]:
        """What is answered, and why to single recipients otherwise."""
        try:
            taken = self._receive(envelope, raw)
        except UnreadableInput as error:
            _log.warning("A mail was dropped, nobody can read it (%s): %s", error.code, error.message)
            return _DROPPED, {}
        except Refused as error:
            return f"554 5.7.1 {_one_line(error.message)}", {}
        except OutsideError as error:
            _log.warning("The sending server keeps a mail: %s", error.message)
            return _UNDECIDED, {}
        except StorageError:
            _log.warning("The database took no mail; the sending server keeps it", exc_info=True)
            return _LATER, {}
        except Exception:  # noqa: BLE001  # whatever it is: without an answer the mail would be lost, with one it is kept
            _log.exception("A mail could not be taken; the sending server keeps it")
            return _LATER, {}
        ignored = getattr(taken, "ignored", "")
        if ignored:
            _log.info("A mail was dropped: %s", ignored)
        return _DROPPED if ignored else _TAKEN, getattr(taken, "refusals", {})


def _one_line(text: str) -> str:
    """A sentence for a reply line: ASCII, because not every client may be answered in UTF-8 (RFC 6531, 3.5)."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return " ".join("".join(char if char.isprintable() else " " for char in plain).split())[:_LONGEST_REPLY]
