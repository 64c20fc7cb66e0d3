"""One connection to an SMSC, from the bind to its loss: what is asked, what is pushed, and what keeps it alive.

Rules kept here:

* Requests and their answers belong together by number; an answer that nobody waits for any more is passed over.
* Pushes are taken one after the other, in a thread, beside everything else; more than :data:`MOST_WAITING` must come later.
* After silence enquire_link is sent; an SMSC that does not answer it is as good as gone.
* What is no PDU ends the connection: nothing after it could be told apart.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, Protocol

from attrs import define, field

from servicekit.adapters.texts.smpp.pdus import HEADER, Pdu, body_of, head, written

__all__ = ["OK", "Pushed", "Session", "numbers"]

_log = logging.getLogger("servicekit.smpp")

OK = 0x00
_UNREADABLE, _NO_SUCH_COMMAND, _THROTTLED = 0x02, 0x03, 0x58  # SMPP 3.4, 5.1.3
MOST_WAITING = 1000
_HIGHEST = 0x7FFFFFFF  # of a sequence number (3.2)


def numbers() -> Iterator[int]:
    """The numbers of requests, round and round."""
    return itertools.cycle(range(1, _HIGHEST))


class Pushed(Protocol):
    """Takes what the SMSC pushes: the body of a deliver_sm, and its TLVs (``pdus.body_of``)."""

    def deliver(self, pdu: Any, tlvs: dict[str, str]) -> int:
        """The status to answer with. Called in a thread of its own, one call after the other."""
        ...

    def settled(self, pdu: Any, tlvs: dict[str, str]) -> None:
        """The same was answered "well"."""
        ...

    def lost(self) -> None:
        """The link was lost."""
        ...


@define(eq=False)
class Session:
    """A connection; all of it runs in one event loop but ``pushed.deliver``, which runs in ``pool``.

    Attributes:
        numbers: of the requests; they go on from one connection to the next.
        enquiring: seconds of silence before enquire_link, and seconds for its answer.
    """

    vendor: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    numbers: Iterator[int]
    pushed: Pushed
    pool: Executor
    enquiring: float
    _answers: dict[int, asyncio.Future[Pdu]] = field(init=False, factory=dict)
    _waiting: asyncio.Queue[Pdu] = field(init=False, factory=lambda: asyncio.Queue(MOST_WAITING))
    _heard: bool = field(init=False, default=False)

    def write(self, command: str, number: int, **fields: object) -> None:
        """Write one PDU."""
        self.writer.write(written(command, number, **fields))

    async def read(self) -> Pdu:
        """The next PDU.

        Raises:
            OSError, EOFError, ValueError: there is none any more.
        """
        octets = await self.reader.readexactly(HEADER)
        length, command, status, number = head(octets)
        return Pdu(command, status, number, octets + await self.reader.readexactly(length - HEADER))

    async def ask(self, command: str, **fields: object) -> Pdu:
        """Write a request, and wait for its answer. Without a wait in between, so that nothing is lost before it is written.

        Raises:
            OSError: the connection was lost; the request may have been read.
        """
        number = next(self.numbers)
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            self.write(command, number, **fields)
            return await answer
        finally:
            del self._answers[number]

    async def serve(self) -> str:
        """Hear, answer and enquire until one of them ends; why it did."""
        jobs: list[Coroutine[Any, Any, None]] = [self._hear(), self._answer(), self._enquire()]
        tasks = [asyncio.ensure_future(job) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            error = next(iter(done)).exception()
            if not isinstance(error, OSError | EOFError | ValueError | None):
                _log.error("%s: the link ends in an unforeseen way", self.vendor, exc_info=error)
            return f"{type(error).__name__}: {error}" if error else "the SMSC unbound"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def end(self) -> None:
        """Let go of the connection; who waits for an answer hears that it was lost."""
        for answer in self._answers.values():
            with suppress(asyncio.InvalidStateError):  # it came at the last moment
                answer.set_exception(ConnectionResetError())
        self.pushed.lost()
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def _hear(self) -> None:
        while True:
            pdu = await self.read()
            self._heard = True
            if pdu.number in self._answers and (pdu.command.endswith("_resp") or pdu.command == "generic_nack"):
                with suppress(asyncio.InvalidStateError):  # its time has just run out
                    self._answers[pdu.number].set_result(pdu)
            elif pdu.command == "deliver_sm":
                if self._waiting.full():
                    self.write("deliver_sm_resp", pdu.number, status=_THROTTLED)
                else:
                    self._waiting.put_nowait(pdu)
            elif pdu.command == "enquire_link":
                self.write("enquire_link_resp", pdu.number)
            elif pdu.command == "unbind":
                self.write("unbind_resp", pdu.number)
                await self.writer.drain()
                return
            elif not pdu.command.endswith("_resp") and pdu.command != "generic_nack":
                self.write("generic_nack", pdu.number, status=_NO_SUCH_COMMAND)

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            pdu = await self._waiting.get()
            try:
                read, tlvs = body_of(pdu)
            except ValueError as error:
                _log.error("%s: %s was answered as unreadable", self.vendor, error)
                self.write("deliver_sm_resp", pdu.number, status=_UNREADABLE)
                continue
            status = await loop.run_in_executor(self.pool, self.pushed.deliver, read, tlvs)
            self.write("deliver_sm_resp", pdu.number, status=status)
            await self.writer.drain()
            if status == OK:
                self.pushed.settled(read, tlvs)

    async def _enquire(self) -> None:
        while True:
            self._heard = False
            await asyncio.sleep(self.enquiring)
            if not self._heard:
                async with asyncio.timeout(self.enquiring):
                    await self.ask("enquire_link")
