"""The kit: the composition root, and the four verbs that are its whole surface.

Rules kept here: everything is an argument of :meth:`Kit.open`, nothing comes from the environment; every call says who asks;
a call is one transaction, so an error means that nothing was written.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self, TypeVar, overload

from servicekit.adapters.storage import storage_of
from servicekit.commands import Command, Principal, Query
from servicekit.errors import ConfigurationError
from servicekit.moments import Clock, Instant
from servicekit.outbox.retry import RetryPolicy
from servicekit.permissions import SCOPES, ScopeRegistry
from servicekit.ports.http import HookAnswer
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.push import Reach
from servicekit.runtime.entropy import SystemClock, mint, random_bytes
from servicekit.runtime.intake import Intake
from servicekit.runtime.posting import SafePoster
from servicekit.usecases import commands, inquiries, queries
from servicekit.usecases.asking import Asked, Worked
from servicekit.usecases.carriers import Carriers
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Work, evenly

if TYPE_CHECKING:
    import httpx

    from servicekit.adapters.exports import LogForm, Progress
    from servicekit.mail import Envelope
    from servicekit.messages import Route, SearchLog
    from servicekit.outbox.reconciled import Reconciled
    from servicekit.ports.doors import Doors
    from servicekit.ports.mail import Mailer, SenderProof
    from servicekit.ports.meetings import MeetingApp, Meetings
    from servicekit.ports.passwords import Passwords
    from servicekit.ports.texts import Texts
    from servicekit.runtime.http import HttpDriver
    from servicekit.runtime.reconciler import Drive
    from servicekit.runtime.relay import Delivered, Relay
    from servicekit.usecases.mailing import MailTaken

__all__ = ["Kit"]

T = TypeVar("T")


class Kit:
    """A running kit over one database. Safe for many threads; close it, or use it in a ``with``.

    >>> from servicekit.groups import FoundOrganisation
    >>> with Kit.open("sqlite:///:memory:") as kit:
    ...     founded = kit.perform(
    ...         FoundOrganisation(name="Salon", zone="Europe/Stockholm", admin="anna@salon.example"),
    ...         by=Principal.operator("set-up"),
    ...     )
    >>> founded.root.name
    'Salon'
    """

    def __init__(
        self,
        storage: Storage,
        wiring: Wiring,
        *,
        clock: Clock,
        relay: Mapping[str, object],
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._storage = storage
        self._wiring = wiring
        self._clock = clock
        self._relay_settings = relay
        self._transport = transport
        self._driver: HttpDriver | None = None
        self._lock = threading.Lock()
        self._intake = Intake(storage, wiring, mint)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        texts: Texts | Sequence[Texts] | Carriers | None = None,
        routes: Sequence[Route] = (),
        doors: Doors | None = None,
        meetings: Meetings | MeetingApp | None = None,
        mail: Mailer | None = None,
        gateway_domain: str = "",
        base_url: str = "",
        mail_from: str = "",
        senders: SenderProof | None = None,
        password_url: str = "",
        invitation_url: str = "",
        passwords: Passwords | None = None,
        scopes: ScopeRegistry = SCOPES,
        clock: Clock | None = None,
        in_flight: int = 16,
        lease: timedelta = timedelta(minutes=2),
        longest_call: timedelta = timedelta(seconds=45),
        retry: RetryPolicy | None = None,
        push_private: bool | Sequence[str] = False,
        transport: httpx.BaseTransport | None = None,
        migrate: bool = True,
    ) -> Self:
        """Open a kit, and bring its tables up to date.

        Args:
            url: ``sqlite:///salon.db`` (relative), ``sqlite:////var/lib/salon.db`` (absolute), or
                ``postgresql://user:password@host/database`` (extra ``postgres``).
            texts, doors, meetings, mail: adapters; what is absent is refused where something needs it. Of carriers of texts
                there may be several, each under a name of its own.
            routes: which carrier a text goes to, and to which one after it; without them to all, in the order of ``texts``.
            gateway_domain: mails to ``<number>@<gateway_domain>`` become texts, and answers come from there.
            base_url: where the application answers, for links of ours that stand in notices.
            mail_from: the address that notices come from.
            senders: how senders of mails are proven: :class:`servicekit.mail.TrustedResults`,
                :class:`servicekit.adapters.mail.authenticity.DnsProof` or :class:`servicekit.mail.VerifiedInFront`. Without
                it no mail is taken in.
            password_url: where a new user chooses a password, such as ``https://sms.example/password/{token}``; needs
                ``mail``. Without it new users get no welcome mail.
            invitation_url: where a customer user of the portal follows its invitation, such as
                ``https://portal.example/invitation/{token}``; needs ``mail``. Without it nobody is invited.
            passwords: hashes passwords: :class:`servicekit.adapters.passwords.Argon2`. Without it nobody logs in here.
            scopes: the scopes that can be granted: ``SCOPES.extended(...)`` of :mod:`servicekit.permissions` adds the
                application's own.
            clock: tells the time where a call does not say ``at``.
            in_flight, lease, longest_call, retry: see :class:`servicekit.runtime.relay.Relay`.
            push_private: where pushes may go besides public addresses over TLS: networks such as ``10.1.0.0/16``, or True
                for any address; also over ``http`` there. See :class:`servicekit.push.SetPush`.
            transport: an httpx transport instead of the network, such as a simulator's; pushes go over it, too.
            migrate: whether to bring the tables up to date; without it, tables that are not are refused, and somebody else
                brings them up to date (``servicekit migrate``).

        Raises:
            ConfigurationError: the URL, or how the parts fit together.
            StorageError: the database cannot be brought up to date; ``schema_too_old`` where it is not and shall not be.
        """
        reach = Reach.of(push_private)
        wiring = Wiring(
            texts=Carriers.of(texts, routes),
            doors=doors,
            meetings=meetings,
            mail=mail,
            gateway_domain=gateway_domain,
            base_url=base_url,
            mail_from=mail_from,
            senders=senders,
            password_url=password_url,
            invitation_url=invitation_url,
            passwords=passwords,
            scopes=scopes,
            random_bytes=random_bytes,
            poster=SafePoster(reach, transport=transport),
            reach=reach,
        )
        storage = storage_of(url)
        settings = {
            "in_flight": in_flight,
            "lease": lease,
            "longest_call": longest_call,
            "policy": retry or RetryPolicy(),
        }
        kit = cls(storage, wiring, clock=clock or SystemClock(), relay=settings, transport=transport)
        try:
            (storage.migrate if migrate else storage.check)()
        except BaseException:
            kit.close()
            raise
        return kit

    def perform(
        self, command: Command[T], *, by: Principal, at: Instant | None = None, within: object | None = None
    ) -> T:
        """Carry out a change, in one transaction, with all that follows from it enqueued.

        A few commands ask a vendor before, or hash a password (their docstring says so), outside of any transaction of ours.

        Args:
            command: what shall change.
            by: who asks.
            at: the present instant; the kit's clock by default.
            within: the application's own connection (``sqlite3`` or psycopg, also the one under Django or SQLAlchemy) with a
                transaction open on it: its rows and ours are then there together or not at all. The application commits.

        Raises:
            Refused: a rule said no, and nothing was written.
            OutsideError: a vendor could not be asked; nothing was written.
            StorageBusy: others held the database; the same may be tried again. With ``within`` that is the application's to
                do, with its whole transaction.
        """
        asked = self.inquire(command, by=by, at=at, within=within)
        told = () if asked is None else (self._http().run(asked.flow()),)
        return self.carry_out(command, told, by=by, at=at, within=within)

    def inquire(
        self, command: Command[Any], *, by: Principal, at: Instant | None = None, within: object | None = None
    ) -> Asked[object] | None:
        """What a vendor is to be asked before the command is carried out; None for nearly every command, at no cost.

        What only takes the processor a while, such as hashing a password, is done in here.

        For those who drive flows themselves, such as :class:`servicekit.AsyncKit`; it raises as :meth:`perform` does.
        """
        inquiry = inquiries().get(type(command))
        if inquiry is None:
            return None
        with self._storage.read() if within is None else self._storage.join(within) as store:
            asked: Asked[object] | Worked[object] | None = evenly(inquiry, self._work(store, by, at), command)
        return asked.done() if isinstance(asked, Worked) else asked

    def carry_out(
        self,
        command: Command[T],
        told: tuple[object, ...],
        *,
        by: Principal,
        at: Instant | None = None,
        within: object | None = None,
    ) -> T:
        """The part of :meth:`perform` that is a transaction; ``told``: what :meth:`inquire` has given, once it was asked."""
        handler = commands().get(type(command))
        if handler is None:
            raise ConfigurationError(f"{type(command).__name__} is no command of servicekit: pass one to perform().")

        def change(store: Transaction) -> T:
            result: T = evenly(handler, self._work(store, by, at), command, *told)
            return result

        if within is None:
            return transact(self._storage, change)
        with self._storage.join(within) as store:
            return change(store)

    def ask(self, query: Query[T], *, by: Principal, at: Instant | None = None) -> T:
        """Answer a reading. It writes nothing; a few readings also ask a vendor (their docstring says so).

        Raises:
            Refused: the asker may not read it, or it is not there.
            OutsideError: a vendor could not be asked.
        """
        result = self.read(query, by=by, at=at)
        return self._http().run(result.flow()) if isinstance(result, Asked) else result

    def read(self, query: Query[T], *, by: Principal, at: Instant | None = None) -> T | Asked[T]:
        """The part of :meth:`ask` that is a transaction: the answer, or the flow that asks a vendor for it.

        For those who drive flows themselves, such as :class:`servicekit.AsyncKit`; it raises as :meth:`ask` does.
        """
        handler = queries().get(type(query))
        if handler is None:
            raise ConfigurationError(f"{type(query).__name__} is no query of servicekit: pass one to ask().")
        with self._storage.read() as store:
            result: T | Asked[T] = evenly(handler, self._work(store, by, at), query)
        return result

    def export_log(
        self,
        query: SearchLog,
        to: BinaryIO,
        *,
        by: Principal,
        form: LogForm | str = "csv",
        texts: bool = False,
        progress: Progress | None = None,
        at: Instant | None = None,
    ) -> int:
        """Write all rows of a query of the log to a file, from one moment's state, in memory that does not grow with them.

        Args:
            query: what is wanted, in which order; it is not cut into pages.
            to: opened for bytes, and left open.
            by: who asks; needs ``log:read`` as for the query.
            form: ``csv``, ``tsv``, or ``xlsx`` (extra ``xlsx``); see :class:`servicekit.adapters.exports.LogForm`.
            texts: whether the words of the messages are in it.
            progress: told again and again how many rows are written, and of how many; what it raises stops the export. The
                second costs a pass over the rows.
            at: the present instant.

        Returns:
            How many rows there are in it.

        Raises:
            MissingExtra: ``xlsx``.
            Refused: as for the query; nothing was written to the file.
        """
        from servicekit.adapters.exports import LogForm, write_log
        from servicekit.usecases.log import read_whole_log

        with self._storage.read() as store:
            log = evenly(read_whole_log, self._work(store, by, at), query)
            return write_log(
                to, LogForm(form), zone=log.zone, chunks=log.chunks, count=log.count, texts=texts, progress=progress
            )

    def deliver(self) -> Delivered:
        """Do what is due outside, until nothing is. Any number of processes may do so at once."""
        return self.relay().run_until_idle()

    def relay(self) -> Relay:
        """A relay over this kit, to be run in a thread or process of its own: ``kit.relay().run(stop)``."""
        from servicekit.runtime.relay import Relay

        return Relay(
            storage=self._storage,
            wiring=self._wiring,
            driver=None if self._transport is None else self._http(),
            clock=self._clock,
            mint=mint,
            **self._relay_settings,  # type: ignore[arg-type]
        )

    def reconcile(self, *, remove_strays: bool = False, drive: Drive | None = None) -> Reconciled:
        """Compare the keys and meetings that vendors list with what bookings want, once, and enqueue what mends them.

        Relays may run meanwhile, and have to for anything to be mended. Costs a request for each page of each list and one for
        each difference; see :mod:`servicekit.runtime.reconciler`.

        Args:
            remove_strays: whether to end what carries a marker of ours and belongs to nobody. Do not where another database
                uses the same account, such as that of a test system: what is its own is a stray to this one.
            drive: drives flows instead of the kit, such as :class:`servicekit.AsyncKit` does.

        Returns:
            Every difference with what was done about it, and the places that could not be compared.

        Raises:
            ConfigurationError: the kit has neither doors nor meetings.
        """
        from servicekit.runtime.reconciler import Reconciler

        reconciler = Reconciler(
            storage=self._storage,
            wiring=self._wiring,
            drive=drive or self._http().run,
            clock=self._clock,
            mint=mint,
        )
        return reconciler.run(remove_strays=remove_strays)

    @overload
    def receive(
        self, source: Literal["mail"], headers: Envelope, body: bytes, *, at: Instant | None = None
    ) -> MailTaken: ...
    @overload
    def receive(
        self, source: str, headers: Mapping[str, str], body: bytes, *, at: Instant | None = None
    ) -> HookAnswer: ...
    def receive(
        self, source: str, headers: Envelope | Mapping[str, str], body: bytes, *, at: Instant | None = None
    ) -> MailTaken | HookAnswer:
        """Take in what the outside tells: a mail, or a vendor's webhook. It is proven first, then stored once.

        Args:
            source: ``"mail"`` with an :class:`servicekit.mail.Envelope`, or an adapter's name with the call's headers.
            headers: the envelope, or the HTTP headers.
            body: the raw mail, or the raw body: proofs are computed over the very bytes.
            at: the present instant.

        Returns:
            What became of the mail, or how to answer the call.

        Raises:
            UnreadableInput: forged, stale, misshapen, or no mail; answer 4xx. Of mails it is counted that they came.
            Refused: no text, no recipient, a sender that no group takes; nothing was written.
            Unreachable: who sent the mail cannot be proven now; it is to come again.
            ConfigurationError: no adapter has that name, or the kit was opened without ``gateway_domain`` or ``senders``.
        """
        return self._intake.receive(source, headers, body, at or self._clock.now())

    @property
    def gateway_domain(self) -> str:
        """The domain whose mails become texts; empty where there is none."""
        return self._wiring.gateway_domain

    @property
    def takes_mail(self) -> bool:
        """Whether it was opened with all that :meth:`receive` needs for a mail."""
        return bool(self._wiring.gateway_domain) and self._wiring.senders is not None

    def hopeless(self, recipient: str) -> str | None:
        """Why a mail to this address can become no text, whoever sends it; None where it perhaps can. Reads nothing.

        For mail servers that ask before they take a mail: the ``judge`` of a
        :class:`servicekit.adapters.mail.listener.Listener`.
        """
        from servicekit.usecases.mailing import why_hopeless

        return why_hopeless(recipient)

    @property
    def sources(self) -> frozenset[str]:
        """The names that :meth:`receive` knows besides ``"mail"``: those of the adapters that vendors call back."""
        return frozenset(self._wiring.hooked)

    def close(self) -> None:
        """Let go of the database and of HTTP connections."""
        self._storage.close()
        if self._driver is not None:
            self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self, store: Transaction, by: Principal, at: Instant | None) -> Work:
        return Work(store, at or self._clock.now(), by, self._wiring, mint)

    def _http(self) -> HttpDriver:
        with self._lock:
            if self._driver is None:
                from servicekit.runtime.http import HttpDriver

                self._driver = HttpDriver(self._transport)
            return self._driver
