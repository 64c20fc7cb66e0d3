"""The link to an SMSC: bound as transceiver when it is needed, and bound anew when it was lost (SMPP 3.4, 2.2 to 2.8).

Rules kept here:

* A thread of its own runs an event loop; everybody else calls :meth:`Link.submit` and waits.
* A submit that was never written is ``Unreachable``. One that was written and not answered, because the link was lost or
  time has run out, is ``OutcomeUnknown``; nothing is ever written twice.
* After a lost link it binds anew at once, after failures, and where it is lost again and again, with growing pauses. Who
  wants to submit meanwhile hears why it cannot be.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ssl import SSLContext

from attrs import field, frozen

from servicekit.adapters.texts.smpp.pdus import Pdu, body_of, described
from servicekit.adapters.texts.smpp.session import OK, Pushed, Session, numbers
from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Unreachable
from servicekit.ports.texts import ACCOUNT_REFUSED

__all__ = ["Address", "Link"]

_log = logging.getLogger("servicekit.smpp")

_SYSTEM_ERROR = 0x08
_REFUSALS = frozenset({0x0D, 0x0E, 0x0F, 0x53})  # bind failed, password, system id, system type
_LAST_WORDS = 2.0  # seconds for unbinding


@frozen(kw_only=True)
class Address:
    """Where an SMSC is, and as whom to bind; times in seconds.

    Attributes:
        window: submits that may be unanswered at once.
        connecting: what connecting may take, and what binding may.
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


class Link:
    """A link; it is made idle, and starts when it is needed.

    Args:
        address: of the SMSC.
        pushed: takes what the SMSC pushes.
    """

    def __init__(self, address: Address, pushed: Pushed) -> None:
        self._address = address
        self._pushed = pushed
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._numbers = numbers()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{address.vendor} receives")
        # What follows belongs to the loop's own thread.
        self._loop: asyncio.AbstractEventLoop
        self._keeper: asyncio.Task[None]
        self._session: Session | None = None
        self._trouble: OutsideError | None = None
        self._changed = asyncio.Event()
        self._window = asyncio.Semaphore(address.window)

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
            self._loop = asyncio.new_event_loop()
            self._keeper = self._loop.create_task(self._keep())
            self._thread = threading.Thread(target=self._run, name=f"{self._address.vendor} link", daemon=True)
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
        self._pool.shutdown()

    # Within the loop

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._keeper)
        # Those who still wait hear that there is nothing to wait for.
        self._fail(self._unreachable("the link was closed"))
        self._loop.run_until_complete(self._left_alone())
        self._loop.close()

    async def _left_alone(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*left, return_exceptions=True)

    async def _end(self) -> None:
        if self._session is not None:
            with suppress(OSError):
                await asyncio.wait_for(self._session.ask("unbind"), _LAST_WORDS)
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
        address = self._address
        async with asyncio.timeout(address.connecting):
            reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.tls)
        session = Session(
            address.vendor, reader, writer, self._numbers, self._pushed, self._pool, enquiring=address.enquiring
        )
        try:
            async with asyncio.timeout(address.connecting):
                await self._bind(session)
            self._session = session
            self._changed.set()
            _log.info("%s: bound to %s:%s", address.vendor, address.host, address.port)
            lost = await session.serve()
            _log.warning("%s: the link was lost: %s", address.vendor, lost)
        finally:
            self._session = None
            self._changed.clear()
            await session.end()

    async def _bind(self, session: Session) -> None:
        session.write(
            "bind_transceiver",
            next(self._numbers),
            system_id=self._address.system_id,
            password=self._address.password,
            system_type=self._address.system_type,
        )
        answer = await session.read()
        while answer.command not in {"bind_transceiver_resp", "generic_nack"}:
            answer = await session.read()
        if answer.status == OK and answer.command == "bind_transceiver_resp":
            return
        said = f"{self._address.vendor} does not let us bind: {described(answer.status)} (0x{answer.status:08x})"
        facts = {"vendor": self._address.vendor, "status": f"0x{answer.status:08x}", "body": described(answer.status)}
        if answer.status in _REFUSALS:
            raise Rejected(said, code=ACCOUNT_REFUSED, **facts)
        raise Unreachable(said, **facts)

    async def _submit(self, fields: dict[str, object], seconds: float) -> tuple[int, str]:
        ends = self._loop.time() + seconds
        try:
            async with asyncio.timeout_at(ends):
                await self._window.acquire()
        except TimeoutError:
            raise self._unreachable("all of the window was unanswered for too long; nothing was sent") from None
        try:
            session = await self._bound(ends)
            async with asyncio.timeout_at(ends):
                answer = await session.ask("submit_sm", **fields)
        except TimeoutError:
            raise self._unknown("was not answered in time") from None
        except OSError:
            raise self._unknown("was lost before the answer came") from None
        finally:
            self._window.release()
        return self._outcome(answer)

    def _outcome(self, answer: Pdu) -> tuple[int, str]:
        if answer.command == "generic_nack":
            return answer.status or _SYSTEM_ERROR, ""
        if answer.status != OK:
            return answer.status, ""
        try:
            named = body_of(answer)[0].message_id or b""
        except ValueError:
            named = b""
        message_id = named.decode("latin-1").strip()
        if not message_id:
            raise self._unknown("was taken without being given an id", code="unreadable_answer")
        return OK, message_id

    async def _bound(self, ends: float) -> Session:
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

    def _unreachable(self, why: str) -> Unreachable:
        return Unreachable(f"{self._address.vendor}: {why}", vendor=self._address.vendor)

    def _unknown(self, why: str, code: str = "") -> OutcomeUnknown:
        said = f"The submit to {self._address.vendor} {why}; it may be on its way"
        return OutcomeUnknown(said, code=code, vendor=self._address.vendor)


def _again(error: OutsideError) -> OutsideError:
    """The same error for another caller: one that was raised before brings its traces along."""
    return type(error)(error.message, code=error.code, **error.facts)
