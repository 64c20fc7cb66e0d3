"""The link to an SMSC: bound as transceiver, kept alive, bound anew when it was lost (SMPP 3.4, 2.2 to 2.8).

Rules kept here:

* A thread of its own runs an event loop; everybody else calls :meth:`Link.submit` and waits.
* A submit that was never written is ``Unreachable``. One that was written and not answered, because the link was lost or
  time has run out, is ``OutcomeUnknown``; nothing is ever written twice.
* A deliver_sm is answered when ``deliver`` has returned the status for it, one after the other, beside what else goes on.
  One that came over a link that was lost meanwhile is answered nowhere: the SMSC pushes it once more.
* After a lost link it binds anew at once, after failures, and where it is lost again and again, with growing pauses. An
  SMSC that does not answer enquire_link is as good as gone.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ssl import SSLContext
from typing import Any

from attrs import define, field, frozen

from servicekit.adapters.texts.smpp.pdus import HEADER, Pdu, body_of, described, head, written
from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Unreachable
from servicekit.ports.texts import ACCOUNT_REFUSED

__all__ = ["Address", "Link"]

_log = logging.getLogger("servicekit.smpp")

Deliver = Callable[[Any, dict[str, str]], int]

OK, NO_SUCH_COMMAND, SYSTEM_ERROR, THROTTLED, UNREADABLE = 0x00, 0x03, 0x08, 0x58, 0x02
_REFUSALS = frozenset({0x0D, 0x0E, 0x0F, 0x53})  # bind failed, password, system id, system type
_MOST_WAITING = 1000  # deliver_sm; more are asked to come later
_LAST_WORDS = 2.0  # seconds for unbinding
_HIGHEST = 0x7FFFFFFF  # of a sequence number


@frozen(kw_only=True)
class Address:
    """Where an SMSC is, and as whom to bind; times in seconds.

    Attributes:
        window: submits that may be unanswered at once.
        connecting: what connecting and binding may take.
        enquiring: after so long without a word enquire_link is sent, and must be answered as quickly.
        pauses: between failed tries to bind; the last one again and again.
    """

    vendor: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    tls: SSLContext | None = field(default=None, repr=False)
    window: int = 10
    connecting: float = 10.0
    enquiring: float = 30.0
    pauses: tuple[float, ...] = (1.0, 2.0, 5.0, 15.0, 60.0)


@define(eq=False)
class _Session:
    """One connection, bound."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answers: dict[int, asyncio.Future[Pdu]] = field(factory=dict)
    pushed: asyncio.Queue[Pdu] = field(factory=lambda: asyncio.Queue(_MOST_WAITING))
    heard: bool = False

    def write(self, command: str, number: int, **fields: object) -> None:
        self.writer.write(written(command, number, **fields))


class Link:
    """A link; it is made idle, and starts when it is needed.

    Args:
        address: of the SMSC.
        deliver: takes the body of a deliver_sm and its TLVs (``pdus.body_of``), and gives the status to answer with. It is
            called in a thread of its own, one call after the other.
        settled: is told the same once the SMSC was answered that all is well.
    """

    def __init__(self, address: Address, deliver: Deliver, settled: Callable[[Any, dict[str, str]], None]) -> None:
        self._address = address
        self._deliver = deliver
        self._settled = settled
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._numbers = itertools.cycle(range(1, _HIGHEST))
        self._session: _Session | None = None
        self._trouble: OutsideError | None = None
        self._changed = asyncio.Event()
        self._window = asyncio.Semaphore(address.window)
        self._keeper: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{address.vendor} receives")

    def start(self) -> None:
        """Connect and bind, in the background; once is enough.

        Raises:
            MissingExtra: smpplib is not installed.
            Unreachable: it was closed.
        """
        with self._lock:
            self._start()

    def _start(self) -> None:
        described(OK)  # where smpplib is absent, that is said here and now
        if self._closed:
            raise self._unreachable("the link was closed")
        if self._thread is None:
            name = f"{self._address.vendor} link"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def submit(self, fields: dict[str, object], seconds: float) -> tuple[int, str]:
        """Write one submit_sm and wait for its answer: the status, and the message id where it was taken.

        Raises:
            Unreachable: it was not written.
            OutcomeUnknown: it was written, and not answered within ``seconds`` or before the link was lost.
            Rejected: the SMSC does not let us bind (``account_refused``).
        """
        with self._lock:  # so that what is begun before the end is finished in it
            self._start()
            waiting = asyncio.run_coroutine_threadsafe(self._submit(fields, seconds), self._loop)
        return waiting.result()

    def close(self) -> None:
        """Unbind, and end. What is unanswered then is ``OutcomeUnknown``."""
        with self._lock:
            closed, self._closed = self._closed, True
            if not closed and self._thread is not None:
                asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        if self._thread is not None:
            self._thread.join()
        self._loop.close()
        self._pool.shutdown()

    # Within the loop

    def _run(self) -> None:
        self._keeper = self._loop.create_task(self._keep())
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._keeper)
        # Those who still wait for an answer hear that there will be none.
        self._fail(self._unreachable("the link was closed"))
        left = asyncio.all_tasks(self._loop)
        if left:
            self._loop.run_until_complete(asyncio.wait(left))

    async def _end(self) -> None:
        if self._session is not None:
            with suppress(OSError):
                await asyncio.wait_for(self._asked(self._session, "unbind"), _LAST_WORDS)
        assert self._keeper is not None
        self._keeper.cancel()

    async def _keep(self) -> None:
        failures, pauses = 0, self._address.pauses
        while True:
            began = self._loop.time()
            try:
                await self._hold()
            except (OSError, EOFError, ValueError, OutsideError) as error:
                self._fail(error)
            failures = 0 if self._loop.time() - began > pauses[0] else failures + 1
            if failures:
                await asyncio.sleep(pauses[min(failures, len(pauses)) - 1])
                self._trouble = None

    def _fail(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        _log.warning("%s: no link to %s:%s: %s", self._address.vendor, self._address.host, self._address.port, said)
        self._trouble = error if isinstance(error, OutsideError) else self._unreachable(f"no link: {said}")
        self._changed.set()

    async def _hold(self) -> None:
        """Connect, bind, and serve until the link is lost.

        Raises:
            OSError, EOFError, ValueError, OutsideError: it could not be bound.
        """
        async with asyncio.timeout(self._address.connecting):
            reader, writer = await asyncio.open_connection(
                self._address.host, self._address.port, ssl=self._address.tls
            )
        session = _Session(reader, writer)
        try:
            async with asyncio.timeout(self._address.connecting):
                await self._bind(session)
            self._session, self._trouble = session, None
            self._changed.set()
            _log.info("%s: bound to %s:%s", self._address.vendor, self._address.host, self._address.port)
            lost = await self._serve(session)
            _log.warning("%s: the link was lost: %s", self._address.vendor, lost)
        finally:
            self._session = None
            self._changed.clear()
            for answer in session.answers.values():
                if not answer.done():
                    answer.set_exception(ConnectionResetError())
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _bind(self, session: _Session) -> None:
        session.write(
            "bind_transceiver",
            self._next(),
            system_id=self._address.system_id,
            password=self._address.password,
            system_type=self._address.system_type,
        )
        answer = await _read(session)
        while answer.command not in {"bind_transceiver_resp", "generic_nack"}:
            answer = await _read(session)
        if answer.status == OK and answer.command == "bind_transceiver_resp":
            return
        said = f"{self._address.vendor} does not let us bind: {described(answer.status)} (0x{answer.status:08x})"
        facts = {"vendor": self._address.vendor, "status": f"0x{answer.status:08x}", "body": described(answer.status)}
        if answer.status in _REFUSALS:
            raise Rejected(said, code=ACCOUNT_REFUSED, **facts)
        raise Unreachable(said, **facts)

    async def _serve(self, session: _Session) -> str:
        """Hear, answer and enquire until one of them ends; why it did."""
        jobs: list[Coroutine[Any, Any, None]] = [self._hear(session), self._answer(session), self._enquire(session)]
        tasks = [asyncio.ensure_future(job) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            error = next(iter(done)).exception()
            if not isinstance(error, OSError | EOFError | ValueError | None):
                _log.error("%s: the link ends in an unforeseen way", self._address.vendor, exc_info=error)
            return f"{type(error).__name__}: {error}" if error else "the SMSC unbound"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, session: _Session) -> None:
        while True:
            pdu = await _read(session)
            session.heard = True
            if pdu.number in session.answers and (pdu.command.endswith("_resp") or pdu.command == "generic_nack"):
                answer = session.answers[pdu.number]
                if not answer.done():
                    answer.set_result(pdu)
            elif pdu.command == "deliver_sm":
                if session.pushed.full():
                    session.write("deliver_sm_resp", pdu.number, status=THROTTLED)
                else:
                    session.pushed.put_nowait(pdu)
            elif pdu.command == "enquire_link":
                session.write("enquire_link_resp", pdu.number)
            elif pdu.command == "unbind":
                session.write("unbind_resp", pdu.number)
                await session.writer.drain()
                return
            elif not pdu.command.endswith("_resp") and pdu.command != "generic_nack":
                session.write("generic_nack", pdu.number, status=NO_SUCH_COMMAND)

    async def _answer(self, session: _Session) -> None:
        while True:
            pdu = await session.pushed.get()
            try:
                read, tlvs = body_of(pdu)
            except ValueError as error:
                _log.error("%s: %s was answered as unreadable", self._address.vendor, error)
                session.write("deliver_sm_resp", pdu.number, status=UNREADABLE)
                continue
            status = await self._loop.run_in_executor(self._pool, self._deliver, read, tlvs)
            session.write("deliver_sm_resp", pdu.number, status=status)
            await session.writer.drain()
            if status == OK:
                self._settled(read, tlvs)

    async def _enquire(self, session: _Session) -> None:
        while True:
            session.heard = False
            await asyncio.sleep(self._address.enquiring)
            if not session.heard:
                async with asyncio.timeout(self._address.enquiring):
                    await self._asked(session, "enquire_link")

    async def _submit(self, fields: dict[str, object], seconds: float) -> tuple[int, str]:
        ends = self._loop.time() + seconds
        try:
            async with asyncio.timeout_at(ends):
                await self._window.acquire()
        except TimeoutError:
            raise self._unreachable("all of the window was unanswered for too long; nothing was sent") from None
        try:
            session = await self._bound(ends)
            try:
                async with asyncio.timeout_at(ends):
                    answer = await self._asked(session, "submit_sm", **fields)
            except OSError as error:
                why = (
                    "was not answered in time" if isinstance(error, TimeoutError) else "was lost before the answer came"
                )
                raise OutcomeUnknown(
                    f"The submit to {self._address.vendor} {why}; it may have been taken", vendor=self._address.vendor
                ) from None
        finally:
            self._window.release()
        return self._outcome(answer)

    def _outcome(self, answer: Pdu) -> tuple[int, str]:
        if answer.command == "generic_nack":
            return answer.status or SYSTEM_ERROR, ""
        if answer.status != OK:
            return answer.status, ""
        try:
            named = body_of(answer)[0].message_id or b""
        except ValueError:
            named = b""
        message_id = named.decode("latin-1").strip()
        if not message_id:
            raise OutcomeUnknown(
                f"{self._address.vendor} took a submit without giving it an id; it may be on its way",
                code="unreadable_answer",
                vendor=self._address.vendor,
            )
        return OK, message_id

    async def _bound(self, ends: float) -> _Session:
        """The session, once there is one; the error, where there is none."""
        while self._session is None:
            if self._trouble is not None:
                raise _again(self._trouble)
            try:
                async with asyncio.timeout_at(ends):
                    await self._changed.wait()
            except TimeoutError:
                raise self._unreachable("the link was not up in time; nothing was sent") from None
            self._changed.clear()
        return self._session

    async def _asked(self, session: _Session, command: str, **fields: object) -> Pdu:
        """Write a request, and wait for its answer.

        Raises:
            OSError: the link was lost; it may have been read.
        """
        number = self._next()
        answer: asyncio.Future[Pdu] = self._loop.create_future()
        session.answers[number] = answer
        try:
            session.write(command, number, **fields)
            return await answer
        finally:
            del session.answers[number]

    def _next(self) -> int:
        return next(self._numbers)

    def _unreachable(self, why: str) -> Unreachable:
        return Unreachable(f"{self._address.vendor}: {why}", vendor=self._address.vendor)


async def _read(session: _Session) -> Pdu:
    octets = await session.reader.readexactly(HEADER)
    length, command, status, number = head(octets)
    return Pdu(command, status, number, octets + await session.reader.readexactly(length - HEADER))


def _again(error: OutsideError) -> OutsideError:
    """The same error for another caller: one that was raised before brings its traces along."""
    return type(error)(error.message, code=error.code, **error.facts)
