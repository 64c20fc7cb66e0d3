"""The kit for asyncio: the same four verbs, awaited.

Rules kept here:

* It is the very kit beneath: every transaction is the one that :class:`servicekit.Kit` runs, in one hop to a thread of the
  kit's own; calls outside are awaited, so a vendor that is slow holds no thread.
* Cancelling leaves nothing half done. A transaction that has begun is waited for, and is there as a whole or not at all; one
  that has not begun never begins. A delivery that is cancelled while it is outside is taken up again once its lease has run
  out, and looked up first, as after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self, TypedDict, TypeVar, Unpack, overload

from servicekit.commands import Command, Principal, Query
from servicekit.kit import Kit
from servicekit.moments import Clock, Instant
from servicekit.ports.http import HookAnswer, HttpFlow
from servicekit.runtime.hop import hop
from servicekit.runtime.http import AsyncHttpDriver
from servicekit.usecases import inquiries
from servicekit.usecases.asking import Asked

if TYPE_CHECKING:
    import httpx

    from servicekit.adapters.exports import LogForm, Progress
    from servicekit.mail import Envelope
    from servicekit.messages import Route, SearchLog
    from servicekit.outbox.reconciled import Reconciled
    from servicekit.outbox.retry import RetryPolicy
    from servicekit.permissions import ScopeRegistry
    from servicekit.ports.doors import Doors
    from servicekit.ports.mail import Mailer, SenderProof
    from servicekit.ports.meetings import MeetingApp, Meetings
    from servicekit.ports.passwords import Passwords
    from servicekit.ports.texts import Texts
    from servicekit.runtime.relay import Delivered
    from servicekit.usecases.carriers import Carriers
    from servicekit.usecases.mailing import MailTaken

__all__ = ["AsyncKit", "KitOptions"]

T = TypeVar("T")


class KitOptions(TypedDict, total=False):
    """What :meth:`AsyncKit.open` passes on to :meth:`servicekit.Kit.open`, which says what each is."""

    texts: Texts | Sequence[Texts] | Carriers | None
    routes: Sequence[Route]
    doors: Doors | None
    meetings: Meetings | MeetingApp | None
    mail: Mailer | None
    gateway_domain: str
    base_url: str
    mail_from: str
    senders: SenderProof | None
    password_url: str
    invitation_url: str
    passwords: Passwords | None
    clock: Clock | None
    in_flight: int
    lease: timedelta
    longest_call: timedelta
    retry: RetryPolicy | None
    push_private: bool | Sequence[str]
    scopes: ScopeRegistry
    migrate: bool


class AsyncKit:
    """A running kit for one event loop; opened by :meth:`open`, which closes it, too.

    ::

        async with AsyncKit.open("sqlite:///salon.db") as kit:
            booking = await kit.perform(Book(...), by=anna)
    """

    def __init__(self, kit: Kit, driver: AsyncHttpDriver, executor: ThreadPoolExecutor) -> None:
        self._kit = kit
        self._driver = driver
        self._executor = executor

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        threads: int = 8,
        transport: httpx.AsyncBaseTransport | None = None,
        **options: Unpack[KitOptions],
    ) -> AsyncIterator[Self]:
        """Open a kit for the length of an ``async with``; at its end what is under way is finished first.

        Args:
            url: as for :meth:`servicekit.Kit.open`.
            threads: how many transactions run at once, at most; on PostgreSQL each has a connection.
            transport: an httpx transport for asyncio instead of the network.
            options: everything else that :meth:`servicekit.Kit.open` takes, under the same names.

        Raises:
            ConfigurationError, StorageError: as for :meth:`servicekit.Kit.open`.
        """
        opened: list[Kit] = []  # also where this is cancelled while the kit opens
        with ThreadPoolExecutor(threads, thread_name_prefix="servicekit") as executor:
            try:
                await hop(executor, lambda: opened.append(Kit.open(url, **options)))
                async with AsyncHttpDriver(transport) as driver:
                    yield cls(opened[0], driver, executor)
            finally:
                for kit in opened:
                    kit.close()

    async def perform(
        self, command: Command[T], *, by: Principal, at: Instant | None = None, within: object | None = None
    ) -> T:
        """Carry out a change, as :meth:`servicekit.Kit.perform` does.

        A connection that is passed as ``within`` is used in another thread while this is awaited: one of psycopg may be,
        one of ``sqlite3`` only if it was opened with ``check_same_thread=False``.
        """
        told: tuple[object, ...] = ()
        if type(command) in inquiries():
            asked = await hop(self._executor, lambda: self._kit.inquire(command, by=by, at=at, within=within))
            told = () if asked is None else (await self._driver.run(asked.flow()),)
        return await hop(self._executor, lambda: self._kit.carry_out(command, told, by=by, at=at, within=within))

    async def ask(self, query: Query[T], *, by: Principal, at: Instant | None = None) -> T:
        """Answer a reading, as :meth:`servicekit.Kit.ask` does."""
        result = await hop(self._executor, lambda: self._kit.read(query, by=by, at=at))
        return await self._driver.run(result.flow()) if isinstance(result, Asked) else result

    @overload
    async def receive(
        self, source: Literal["mail"], headers: Envelope, body: bytes, *, at: Instant | None = None
    ) -> MailTaken: ...
    @overload
    async def receive(
        self, source: str, headers: Mapping[str, str], body: bytes, *, at: Instant | None = None
    ) -> HookAnswer: ...
    async def receive(
        self, source: str, headers: Any, body: bytes, *, at: Instant | None = None
    ) -> MailTaken | HookAnswer:
        """Take in a mail or a vendor's webhook, as :meth:`servicekit.Kit.receive` does."""
        taken: MailTaken | HookAnswer = await hop(
            self._executor, lambda: self._kit.receive(source, headers, body, at=at)
        )
        return taken

    async def export_log(
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
        """Write a log to a file, as :meth:`servicekit.Kit.export_log` does, in one of the kit's threads.

        ``progress`` is called in that thread. Cancelled, it goes on to its end before the cancelling is over, unless
        ``progress`` raises.
        """
        more: Any = {"by": by, "form": form, "texts": texts, "progress": progress, "at": at}
        return await hop(self._executor, lambda: self._kit.export_log(query, to, **more))

    async def deliver(self) -> Delivered:
        """Do what is due outside, until nothing is, as :meth:`servicekit.Kit.deliver` does."""
        return await self._kit.relay().deliver(self._driver)

    async def reconcile(self, *, remove_strays: bool = False) -> Reconciled:
        """Compare with what vendors list, as :meth:`servicekit.Kit.reconcile` does; it holds one of the kit's threads.

        Cancelled, it goes on to its end before the cancelling is over: a pass is not cut off in the middle.
        """
        loop = asyncio.get_running_loop()

        def drive(flow: HttpFlow[T]) -> T:
            return asyncio.run_coroutine_threadsafe(self._driver.run(flow), loop).result()

        return await hop(self._executor, lambda: self._kit.reconcile(remove_strays=remove_strays, drive=drive))

    @property
    def sources(self) -> frozenset[str]:
        """The names that :meth:`receive` knows besides ``"mail"``."""
        return self._kit.sources
