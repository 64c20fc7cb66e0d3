"""An SMSC on loopback for tests: real SMPP 3.4 over TCP, its messages coded by the wheel ``smpp34``, faults on demand.

Rules kept here: it takes and answers what it is sent, and remembers it; it pushes what it is told to push and says how that was
answered; it does wrong only what a test asks for, one submit at a time. Only the headers of PDUs without a body worth
mentioning are written here by hand.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
from collections import deque
from types import TracebackType
from typing import Any, Self

import smpp34
from attrs import frozen

__all__ = ["Answer", "Smsc", "receipt_text"]

BIND, UNBIND, SUBMIT, DELIVER, ENQUIRE = 0x09, 0x06, 0x04, 0x05, 0x15
RESPONSE, NACK = 0x80000000, 0x80000000
WAIT = 20.0  # seconds: far longer than anything takes


@frozen(kw_only=True)
class Answer:
    """How a submit is answered.

    Attributes:
        status: of the response; anything but 0 refuses the submit.
        message_id: of a taken one; made up where None.
        taken: whether the deed is done; None: if the status is 0.
        lose: ``"link"``: the connection is cut in place of an answer; ``"answer"``: none is given, the link stays up.
        nack: answer with generic_nack.
        after: wait for this event before the answer.
    """

    status: int = 0
    message_id: str | None = None
    taken: bool | None = None
    lose: str = ""
    nack: bool = False
    after: threading.Event | None = None


class Link:
    """One connection of an ESME."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.bound = False
        self.writing = threading.Lock()
        self.numbers = itertools.count(1)
        self.waiting: dict[int, tuple[threading.Event, list[int]]] = {}

    def write(self, command: int, status: int, number: int, body: bytes = b"") -> None:
        """One PDU."""
        with self.writing, contextlib.suppress(OSError):
            self.connection.sendall(struct.pack(">IIII", 16 + len(body), command, status, number) + body)

    def read(self) -> tuple[int, int, int, bytes] | None:
        """The next PDU: command, status, number, the whole of it; None at the end."""
        try:
            head = self._exactly(16)
            length, command, status, number = struct.unpack(">IIII", head)
            return command, status, number, head + self._exactly(length - 16)
        except (OSError, EOFError):
            return None

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            part = self.connection.recv(count - len(found))
            if not part:
                raise EOFError
            found += part
        return found

    def cut(self) -> None:
        """End the connection, both ways."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        for event, _ in list(self.waiting.values()):
            event.set()


class Smsc:
    """An SMSC; use it in a ``with``.

    Attributes:
        submits: what was taken, as decoded; ``ids`` are the ids given for them.
        asked: every submit that came, taken or not; ``octets`` are their PDUs.
        answers: for the next submits.
        binds: system ids and passwords, as they came.
        bind_status: what binds are answered with, -1: with generic_nack, -2: not at all; None: by the password.
        deaf: nothing is answered any more, and nothing is read into the lists.
        greeting: octets that are sent before a bind is answered.
        heard: what came that is asked for nowhere else, as command, status and number.
    """

    system_id, password = "sonnenhof", "p8ssw0rd"

    def __init__(self, *, hexadecimal: bool = False) -> None:
        self.hexadecimal = hexadecimal
        self.submits: list[Any] = []
        self.asked: list[Any] = []
        self.octets: list[bytes] = []
        self.ids: list[str] = []
        self.answers: deque[Answer] = deque()
        self.binds: list[tuple[str, str]] = []
        self.bind_status: int | None = None
        self.enquiries = 0
        self.unbinds = 0
        self.deaf = False
        self.greeting = b""
        self.heard: list[tuple[int, int, int]] = []
        self.bound = threading.Event()
        self._numbers = itertools.count(0xA1B2C3)
        self._links: list[Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
        for thread in self._threads:
            thread.join(WAIT)

    def down(self) -> None:
        """Listen no more, and cut all links."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def up(self) -> None:
        """Listen again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[-1].start()

    def cut(self) -> None:
        """Cut all links."""
        self.bound.clear()
        links, self._links = self._links, []
        for link in links:
            link.cut()

    def _accept(self) -> None:
        listener = self._listener
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            link = Link(connection)
            self._links.append(link)
            self._threads.append(threading.Thread(target=self._serve, args=[link], daemon=True))
            self._threads[-1].start()

    def _serve(self, link: Link) -> None:
        while (pdu := link.read()) is not None:
            if not self.deaf:
                self._hear(link, *pdu)
        link.cut()

    def _hear(self, link: Link, command: int, status: int, number: int, pdu: bytes) -> None:
        if command == BIND:
            self._bind(link, number, pdu)
        elif command == SUBMIT:
            self.octets.append(pdu)
            self._submit(link, number, smpp34.decode(pdu))
        elif command == ENQUIRE:
            self.enquiries += 1
            link.write(command | RESPONSE, 0, number)
        elif command == UNBIND:
            self.unbinds += 1
            link.write(command | RESPONSE, 0, number)
            link.cut()
        elif command in {DELIVER | RESPONSE, NACK} and number in link.waiting:
            event, answer = link.waiting[number]
            answer[:] = [command, status]
            event.set()
        else:
            self.heard.append((command, status, number))

    def _bind(self, link: Link, number: int, pdu: bytes) -> None:
        system_id, password, *_ = pdu[16:].decode("latin-1").split("\0")
        good = (system_id, password) == (self.system_id, self.password)
        status = self.bind_status if self.bind_status is not None else 0 if good else 0x0E
        if status == 0:  # whoever saw this bind and pushes waits for this link, and takes none that is gone
            self.bound.clear()
            for before in self._links:
                before.bound = False
        self.binds.append((system_id, password))
        if status < 0:
            if status == -1:
                link.write(NACK, 0x03, number)
            return
        with contextlib.suppress(OSError):  # an ESME that went while it was greeted
            link.connection.sendall(self.greeting)
        link.write(BIND | RESPONSE, status, number, b"smsc\0" if status == 0 else b"")
        if status == 0:
            link.bound = True
            self.bound.set()

    def _submit(self, link: Link, number: int, pdu: Any) -> None:
        self.asked.append(pdu)
        answer = self.answers.popleft() if self.answers else Answer()
        made = next(self._numbers)
        message_id = answer.message_id or (f"{made:X}" if self.hexadecimal else str(made))
        if answer.taken if answer.taken is not None else answer.status == 0:
            self.submits.append(pdu)
            self.ids.append(message_id)
        if answer.after is not None:
            answer.after.wait(WAIT)
        if answer.lose == "link":
            link.cut()
        elif answer.nack:
            link.write(NACK, answer.status, number)
        elif not answer.lose:
            body = b"" if answer.status else message_id.encode() + b"\0"
            link.write(SUBMIT | RESPONSE, answer.status, number, body)

    # Pushing

    def deliver(self, **fields: Any) -> list[int]:
        """Push a deliver_sm; gives command and status of what answered it, nothing where nothing did."""
        assert self.bound.wait(WAIT), "nobody has bound"
        link = next(link for link in reversed(self._links) if link.bound)
        number = next(link.numbers)
        event, answer = link.waiting[number] = threading.Event(), list[int]()
        given = {"source_addr": "41791234567", "destination_addr": "46766861004", **fields}
        pdu = smpp34.DeliverSm(**given, sequence_number=number).encode()
        with link.writing:
            link.connection.sendall(pdu)
        event.wait(WAIT)
        del link.waiting[number]
        return answer

    def push(self, pdu: bytes) -> None:
        """Raw bytes to the newest bound link."""
        assert self.bound.wait(WAIT), "nobody has bound"
        next(link for link in reversed(self._links) if link.bound).connection.sendall(pdu)

    def unbind(self) -> None:
        """Ask the ESME to go."""
        self.push(struct.pack(">IIII", 16, UNBIND, 0, 77))

    def receipt(self, message_id: str, state: str = "DELIVRD", *, tlvs: bool = False, **fields: Any) -> list[int]:
        """Push a receipt, as text or (``state`` being a number of ``message_state``) as TLVs alone."""
        given = {"esm_class": 0x04, "destination_addr": "Sonnenhof", **fields}
        if not tlvs:
            return self.deliver(short_message=receipt_text(message_id, state).encode(), **given)
        named = [
            smpp34.Tlv(0x001E, message_id.encode() + b"\0"),
            smpp34.Tlv(0x0427, bytes([int(state)])),
        ]
        return self.deliver(tlvs=named, **given)


def receipt_text(message_id: str, state: str = "DELIVRD", *, done: str = "2603020900", err: str = "000") -> str:
    """A receipt's text as most SMSCs write it (SMPP 3.4, appendix B)."""
    return f"id:{message_id} sub:001 dlvrd:001 submit date:2603020859 done date:{done} stat:{state} err:{err} text:See you at ni"
