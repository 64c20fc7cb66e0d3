"""The intake: mails and vendors' webhooks, proven first and then stored once.

Rules kept here: nothing is asked of the DNS or computed over a body while a transaction is open; those who come at once share a
commit where the database has one writer. Refused: what no adapter is for, and what is forged, stale or misshapen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from servicekit.commands import Principal
from servicekit.errors import ConfigurationError, UnreadableMail
from servicekit.moments import Instant
from servicekit.ports.http import HookAnswer
from servicekit.ports.store import Storage, Transaction
from servicekit.runtime.sharing import SharedCommits
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Mint, Work

if TYPE_CHECKING:
    from servicekit.usecases.mailing import MailTaken

__all__ = ["Intake"]


class Intake:
    """Takes in what the outside tells, in any number of threads."""

    def __init__(self, storage: Storage, wiring: Wiring, mint: Mint) -> None:
        self._commits = SharedCommits(storage)
        self._wiring = wiring
        self._mint = mint

    def receive(self, source: str, headers: object, body: bytes, at: Instant) -> MailTaken | HookAnswer:
        """As :meth:`servicekit.Kit.receive`, which says what comes in, what comes of it and what is raised."""
        if source == "mail":
            return self._mail(headers, body, at)
        adapter = self._wiring.hooked.get(source)
        if adapter is None:
            raise ConfigurationError(
                f"No adapter is called {source!r}: open the kit with it, or mend the webhook's address."
            )
        if not isinstance(headers, Mapping):
            raise ConfigurationError("A webhook comes with its HTTP headers; an envelope belongs to source 'mail'.")
        hook = adapter.read({name.lower(): value for name, value in headers.items()}, body, at)
        if hook.facts:
            from servicekit.usecases.hearing import hear

            def take_in(store: Transaction) -> None:
                work = self._work(store, f"webhook of {source}", at)
                for fact in hook.facts:
                    hear(work, fact)

            self._commits.transact(take_in)
        return hook.answer

    def _mail(self, envelope: object, raw: bytes, at: Instant) -> MailTaken:
        from servicekit.mail import Envelope, Unproven
        from servicekit.usecases.mailing import count_unreadable, mail_of, take_mail, worth_proving

        if not isinstance(envelope, Envelope):
            raise ConfigurationError("A mail comes with its servicekit.mail.Envelope: who sends, and to whom.")
        try:
            mail = mail_of(self._wiring, envelope, raw)
        except UnreadableMail as error:
            unreadable = error
            self._commits.transact(lambda store: count_unreadable(self._work(store, "mail", at), envelope, unreadable))
            raise
        senders = self._wiring.need(self._wiring.senders, "senders")
        # Before the transaction: the DNS may be slow.
        verdict = senders.judge(envelope, raw, mail.from_address) if worth_proving(mail) else Unproven("a machine's")
        return self._commits.transact(lambda store: take_mail(self._work(store, "mail", at), envelope, mail, verdict))

    def _work(self, store: Transaction, who: str, at: Instant) -> Work:
        return Work(store, at, Principal.operator(who), self._wiring, self._mint)
